/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records of the kernel's audit that tell of a system call which a filter did not
 * let through (type 1326, AUDIT_SECCOMP). The text holds bytes that processes
 * choose: the name of a task and the path of its program. Pure: bytes in, record
 * out, every field checked; fuzzed. The form is that of audit_log_task() and
 * audit_seccomp() in the kernel's kernel/auditsc.c.
 */
#ifndef VP_AGENTD_AUDIT_RECORD_H
#define VP_AGENTD_AUDIT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VP_AUDIT_COMM 16  /* bytes, with the NUL */
#define VP_AUDIT_EXE  256 /* likewise */

struct vp_audit_record {
	uint64_t time;	       /* microseconds since the epoch, whole milliseconds */
	uint64_t serial;       /* of the event; gaps mean nothing: others count there too */
	uint64_t ip;	       /* of the instruction behind the call */
	uint32_t pid;	       /* of the process (not thread), in the first pid namespace */
	uint32_t uid;	       /* in the first user namespace */
	uint32_t architecture; /* AUDIT_ARCH_... */
	uint32_t action;       /* SECCOMP_RET_..., without its data: the errno is not told */
	int32_t call;	       /* number in that architecture; of x32 with bit 30 */
	bool compat;
	bool cut; /* comm or exe had more bytes than there is room for */
	/* NUL-terminated, zeros behind; any other bytes are possible */
	char comm[VP_AUDIT_COMM];
	char exe[VP_AUDIT_EXE]; /* "": the kernel named none */
};

enum vp_audit_result {
	VP_AUDIT_DENIAL, /* *out is filled */
	VP_AUDIT_OTHER,	 /* a record of another type */
	VP_AUDIT_BROKEN, /* not in the form of the kernel's */
};

/* The netlink message of a received datagram: audit sends one in each. */
enum vp_audit_result vp_audit_message(const void *data, size_t len,
				      struct vp_audit_record *out);

/* The text of one such record. 0 or -EPROTO; *out is touched only on success. */
int vp_audit_record_parse(const char *text, size_t len, struct vp_audit_record *out);

#endif
