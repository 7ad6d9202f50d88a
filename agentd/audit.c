/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What comes over the socket of the audit group: see audit.h. Only messages of the
 * kernel itself are looked at, and only their type; what is in them is
 * audit_record.c's.
 */
#include "agentd/audit.h"

#include <errno.h>
#include <sys/socket.h>

#include <linux/netlink.h>
#include <linux/sock_diag.h>

#define RECORDS_MAX 4096  /* read in a row: other work must not wait for ever */
#define MESSAGE_MAX 16384 /* both names in hexadecimal, and a label */

/* The socket's own count of what it dropped; the kernel's answer says only that it did. */
static void count_lost(int fd, struct vp_audit_counts *counts)
{
	uint32_t memory[SK_MEMINFO_VARS];
	socklen_t len = sizeof(memory);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, &len) || len != sizeof(memory))
		counts->lost++;
	else if (memory[SK_MEMINFO_DROPS] > counts->lost)
		counts->lost = memory[SK_MEMINFO_DROPS];
}

/* That something was dropped is said once, until the socket is empty; what, is counted on. */
static void overrun(int fd, struct vp_audit_counts *counts, bool begins)
{
	if (begins || counts->overrun)
		count_lost(fd, counts);
	counts->overrun = begins;
}

static bool handle(const uint8_t *message, size_t len, struct vp_audit_counts *counts,
		   const struct vp_audit_reader *reader)
{
	struct vp_audit_record record;

	switch (vp_audit_message(message, len, &record)) {
	case VP_AUDIT_DENIAL:
		return reader->take(reader->data, &record);
	case VP_AUDIT_BROKEN:
		counts->foreign++;
		break;
	case VP_AUDIT_OTHER:
		break;
	}
	return true;
}

bool vp_audit_receive(int fd, struct vp_audit_counts *counts,
		      const struct vp_audit_reader *reader)
{
	static uint8_t message[MESSAGE_MAX];
	bool more = true;

	for (int i = 0; i < RECORDS_MAX && more; i++) {
		struct sockaddr_nl from = { 0 };
		socklen_t size = sizeof(from);
		ssize_t len = recvfrom(fd, message, sizeof(message), MSG_DONTWAIT | MSG_TRUNC,
				       (struct sockaddr *)&from, &size);

		if (len < 0 && errno == ENOBUFS)
			overrun(fd, counts, true);
		else if (len < 0 && errno == EAGAIN)
			return overrun(fd, counts, false), true;
		else if (len < 0)
			return errno == EINTR;
		else if (from.nl_pid || (size_t)len > sizeof(message))
			counts->foreign++;
		else
			more = handle(message, (size_t)len, counts, reader);
	}
	return more;
}
