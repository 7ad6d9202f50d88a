/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Coverage by system-call filters in the daemon's loop: kept up, told of as events, and
 * shown by status.
 */
#ifndef VP_AGENTD_COVERING_H
#define VP_AGENTD_COVERING_H

#include <jansson.h>

#include "agentd/agent.h"

struct vp_covering;

/* *covering is owned by the caller. */
int vp_covering_start(struct vp_covering **covering, struct vp_agent *agent,
		      struct vp_error *err);
void vp_covering_stop(struct vp_covering *covering); /* NULL-safe */

/* What runs has changed. */
void vp_covering_changed(struct vp_covering *covering);

/*
 * For status, owned by the caller: "targets" (unit or process, patches, sums, processes),
 * "left" (filters that nothing wants any more, by process), "withdrawn" (likewise of those
 * whose calls are let through), "problem". NULL-safe.
 */
json_t *vp_covering_document(const struct vp_covering *covering);

/* Of a placed section: each of its targets, and how many processes of it are covered.
 * Likewise.
 */
json_t *vp_covering_targets(const struct vp_covering *covering,
			    const struct vp_call_placement *call);

/* Why not everything is covered that should be, owned by the caller; NULL: it is. NULL-safe.
 */
char *vp_covering_problem(const struct vp_covering *covering);

/* Why services that start are not covered at once, owned by the caller; NULL: they are, or
 * there is nothing to cover them with. Likewise. */
char *vp_covering_starts(const struct vp_covering *covering);

/* Why revocable denials are not answered as they should be, owned by the caller; NULL: they
 * are, or there are none. Likewise. */
char *vp_covering_answers(const struct vp_covering *covering);

/* Which filters stay on processes though nothing wants them; NULL: none. Likewise. */
char *vp_covering_left(const struct vp_covering *covering);

#endif
