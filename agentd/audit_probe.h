/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does this host report denied system calls? A child puts a filter on itself, makes
 * one call that the filter denies and logs, and ends. Its record must then come
 * over a socket that was opened before (vp_audit_open).
 */
#ifndef VP_AGENTD_AUDIT_PROBE_H
#define VP_AGENTD_AUDIT_PROBE_H

#include <stdbool.h>
#include <sys/types.h>

#include "agentd/audit_record.h"
#include "lib/error.h"

struct vp_audit_probe {
	pid_t pid;		  /* of the child, which has ended */
	char comm[VP_AUDIT_COMM]; /* its name, which nobody else has */
};

/*
 * Make the denied call. 0, or -errno when no filter could be installed, or the call
 * was not denied. Waits for the child, some milliseconds. Only the caller's own
 * child is waited for.
 */
int vp_audit_probe_run(struct vp_audit_probe *probe, struct vp_error *err);

/* Is it the record of that call? Its process id may be another one in a pid namespace. */
bool vp_audit_probe_is(const struct vp_audit_probe *probe,
		       const struct vp_audit_record *record);

#endif
