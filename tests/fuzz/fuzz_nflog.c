/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever comes over the NFLOG socket: no crash, no endless loop, and every
 * record that is made passes the check of the other side. The first byte says
 * how the rest is read: as a datagram of netlink messages, as one message around
 * a packet, or as a record.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>

#include "agentd/nflog.h"
#include "agentd/sandbox.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_report(struct vp_report report)
{
	report.magic = VP_REPORT_MAGIC;
	report.confinement = VP_CONFINED_ALWAYS;
	if (vp_report_check(&report, sizeof(report), NULL))
		abort();
}

static void fuzz_datagram(const uint8_t *data, size_t size)
{
	struct vp_bytes datagram = vp_bytes_of(data, size);
	enum vp_nflog_result result;
	struct vp_nflog message;
	size_t messages = 0;

	do {
		result = vp_nflog_next(&datagram, &message);
		if (result == VP_NFLOG_PACKET)
			check_report(message.report);
		if (++messages > size + 1)
			abort();
	} while (result != VP_NFLOG_END);
}

static void fuzz_packet(const uint8_t *data, size_t size)
{
	struct vp_report report = { .kind = VP_REPORT_DROP, .tag = 1 };

	vp_nflog_packet(data, size, &report);
	check_report(report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	switch (data[0] % 4) {
	case 0:
	case 1:
		fuzz_datagram(data + 1, size - 1);
		break;
	case 2:
		fuzz_packet(data + 1, size - 1);
		break;
	default:
		(void)vp_report_check(data + 1, size - 1, NULL);
	}
	return 0;
}
