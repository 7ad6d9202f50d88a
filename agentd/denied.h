/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose rule it was: from a record of a denied system call and the filters of the process to
 * the tags of the rules that deny it. The kernel tells no arguments, so several rules on
 * one call are told apart only where they have different actions. Pure.
 */
#ifndef VP_AGENTD_DENIED_H
#define VP_AGENTD_DENIED_H

#include "agentd/denial.h"
#include "agentd/event.h"
#include "modules/seccomp/filter.h"
#include "policy/plan.h"

enum vp_denied_cause {
	VP_DENIED_FOREIGN, /* by none of these filters: another program's, not our concern */
	VP_DENIED_RULE,	   /* by the first of `tags`, or where there are more by any of them */
	VP_DENIED_ABI,	   /* by one of these filters, which closes the ABI of the call */
};

struct vp_denied {
	enum vp_denied_cause cause;
	struct vp_filter_tags tags; /* by vp_denied_find(); to be freed */
};

/* `filters`: those on the process, the oldest first; NULL ones are left out. */
void vp_denied_find(const struct vp_filter *const *filters, size_t count,
		    const struct vp_denial *denial, struct vp_denied *denied);

/* The section of a plan with that tag; NULL: none. */
const struct vp_call_placement *vp_denied_placement(const struct vp_plan *plan, uint32_t tag);

/*
 * Fill in what an event says of the call: its name, the errno where all rules on it that may
 * have denied it have the same, and the other sections that it may have been.
 */
void vp_denied_describe(const struct vp_plan *plan, const struct vp_denied *denied,
			const struct vp_denial *denial, struct vp_event_call *call);

#endif
