/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the kernel's audit records from a socket that vpatchd opened
 * (audit_socket.h): the work of vpatchd-denials, which may do nothing else.
 */
#ifndef VP_AGENTD_AUDIT_H
#define VP_AGENTD_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "agentd/audit_record.h"

struct vp_audit_counts {
	uint64_t lost;	  /* records of any type that the socket had no room for, exactly */
	uint64_t foreign; /* messages that are not the kernel's, or not in its form */
	bool overrun;	  /* something was dropped since the socket was last empty */
};

/* Takes the records of type 1326. False ends the reading. */
struct vp_audit_reader {
	bool (*take)(void *data, const struct vp_audit_record *record);
	void *data;
};

/*
 * Read what is there, at most some thousand records, without waiting. False when
 * the socket is no good any more or the reader wanted no more. System calls: recvfrom
 * and, after a loss, getsockopt, both on `fd`.
 */
bool vp_audit_receive(int fd, struct vp_audit_counts *counts,
		      const struct vp_audit_reader *reader);

#endif
