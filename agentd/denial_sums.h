/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Equal denials counted together, in bounded memory and with a bounded number of
 * records in each interval, so that a process which makes denied calls in a loop,
 * or forks others that do, costs vpatchd nothing. No denial is left out or counted
 * twice: the counts of all records add up to what was added.
 *
 * The first of its kind goes on at once, while its process lives and can be looked
 * up; its repeats are counted, and go on as one record when the interval ends.
 * Beyond VP_DENIAL_KEYS processes and calls in an interval they are counted by
 * program, uid and call; beyond VP_DENIAL_PROGRAMS of these, as one number.
 * Whose unit a process is in is not known here: the process that parses has no
 * file system. vpatchd looks it up.
 */
#ifndef VP_AGENTD_DENIAL_SUMS_H
#define VP_AGENTD_DENIAL_SUMS_H

#include <stdbool.h>

#include "agentd/audit_record.h"
#include "agentd/denial.h"

#define VP_DENIAL_KEYS	   256
#define VP_DENIAL_PROGRAMS 64
/* Records in an interval: first ones, repeats, by program, the rest. */
#define VP_DENIAL_MOST (2 * VP_DENIAL_KEYS + VP_DENIAL_PROGRAMS + 1)

struct vp_denial_sums {
	size_t len, programs_len;
	struct vp_denial keys[VP_DENIAL_KEYS];
	struct vp_denial programs[VP_DENIAL_PROGRAMS];
	struct vp_denial rest;
};

/* Takes a record of kind VP_DENIAL_CALLS whose head it fills in. False ends the work. */
struct vp_denial_receiver {
	bool (*take)(void *data, struct vp_denial *denial);
	void *data;
};

/* One denial. False when the receiver took something, and wanted no more. */
bool vp_denial_sums_add(struct vp_denial_sums *sums, const struct vp_audit_record *record,
			const struct vp_denial_receiver *receiver);

/* Is anything counted that did not go on yet? */
bool vp_denial_sums_pending(const struct vp_denial_sums *sums);

/* The interval ends: what was counted goes on. False as above; nothing is counted twice. */
bool vp_denial_sums_flush(struct vp_denial_sums *sums,
			  const struct vp_denial_receiver *receiver);

#endif
