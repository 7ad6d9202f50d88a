/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever comes over the audit socket: no crash, and every record that is made of
 * it passes the check of the other side. The first byte says how the rest is read:
 * as a datagram, as the text of a record (several, a line each, counted together),
 * or as a record of vpatchd-denials.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/audit_record.h"
#include "agentd/denial.h"
#include "agentd/denial_sums.h"
#include "agentd/sandbox.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t handed_on;

static bool take(void *data, struct vp_denial *denial)
{
	(void)data;
	denial->magic = VP_DENIAL_MAGIC;
	denial->confinement = VP_CONFINED_ALWAYS;
	if (vp_denial_check(denial, sizeof(*denial), NULL))
		abort();
	handed_on += denial->count;
	return true;
}

static void fuzz_texts(const char *text, size_t size)
{
	static const struct vp_denial_receiver receiver = { take, NULL };
	static struct vp_denial_sums sums;
	struct vp_audit_record record;
	uint64_t added = 0;

	memset(&sums, 0, sizeof(sums));
	handed_on = 0;
	while (size) {
		const char *end = memchr(text, '\n', size);
		size_t len = end ? (size_t)(end - text) : size;

		if (!vp_audit_record_parse(text, len, &record)) {
			vp_denial_sums_add(&sums, &record, &receiver);
			added++;
		}
		text += len + !!end;
		size -= len + !!end;
	}
	vp_denial_sums_flush(&sums, &receiver);
	if (handed_on != added)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vp_audit_record record;

	if (!size)
		return 0;
	switch (data[0] % 4) {
	case 0:
		(void)vp_audit_message(data + 1, size - 1, &record);
		break;
	case 1:
	case 2:
		fuzz_texts((const char *)data + 1, size - 1);
		break;
	default:
		(void)vp_denial_check(data + 1, size - 1, NULL);
	}
	return 0;
}
