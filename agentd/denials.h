/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpatchd's side of vpatchd-denials: what filters did not let through, in a bounded
 * number of checked records a second. Whether this host tells of denials at all is
 * known a second after the start, because the process tries it.
 *
 *	vp_denials_start(&denials, NULL, &err);
 *	poll vp_denials_fd() for POLLIN; the number changes after a restart
 *	vp_denials_read(denials, &denial) until it returns 0, at most some hundred
 *	times a wake-up; on a timer (each second): vp_denials_tick(denials)
 *
 * A record names a process, not a unit, and no arguments: which unit it is in must
 * be looked up at once, while it lives; which rules deny the call is for the caller
 * to find, and may be more than one.
 */
#ifndef VP_AGENTD_DENIALS_H
#define VP_AGENTD_DENIALS_H

#include <stdbool.h>
#include <stdint.h>

#include "agentd/denial.h"
#include "agentd/helper.h"
#include "lib/error.h"

struct vp_denials; /* opaque */

/*
 * Open the socket and start the process. *denials is always made and owned by the
 * caller (vp_denials_stop). 0, or -errno with the reason when it does not run:
 * vp_denials_tick tries again, which is of no use after -EPERM (no CAP_AUDIT_READ in
 * the first user namespace) and -EPROTONOSUPPORT (no audit).
 * executable: NULL: VP_LIBEXECDIR "/vpatchd-denials".
 */
int vp_denials_start(struct vp_denials **denials, const char *executable,
		     struct vp_error *err);
void vp_denials_stop(struct vp_denials *denials);

/* Before the end: have the rest told. Read until vp_denials_fd() is -1, at most a while. */
void vp_denials_finish(struct vp_denials *denials);

int vp_denials_fd(const struct vp_denials *denials);

/* The next record of denials. 1: filled and checked; 0: nothing now. */
int vp_denials_read(struct vp_denials *denials, struct vp_denial *denial);

/* Like vp_helper_tick. */
int vp_denials_tick(struct vp_denials *denials, struct vp_error *err);

/*
 * Does this host tell of denials? 1: it does, a denied call of our own was told;
 * 0: not yet known; -errno with the reason: it does not, or nobody can read it.
 */
int vp_denials_reported(const struct vp_denials *denials, struct vp_error *err);

struct vp_denials_state {
	struct vp_helper_state process;
	unsigned int confinement; /* VP_CONFINED_ bits; 0: not yet known */
	uint64_t lost;	  /* audit records of any type that found no room: an upper bound */
	uint64_t foreign; /* records not in the form that we know */
	uint64_t records, denials; /* records read, and the denials in them */
};

struct vp_denials_state vp_denials_state(const struct vp_denials *denials);

#endif
