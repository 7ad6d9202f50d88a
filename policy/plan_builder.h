/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plan while it is made: what the parts of the planner share. */
#ifndef VP_POLICY_PLAN_BUILDER_H
#define VP_POLICY_PLAN_BUILDER_H

#include "policy/plan.h"

struct vp_plan_builder {
	struct vp_plan *plan;
	const struct vp_host *host;
	unsigned int points;
	struct vp_findings *findings;
	const struct vp_patch *patch; /* the current one */
	enum vp_mode mode;	      /* its effective mode */
	/* seen anywhere: bounded sets, services of this host, bytes of UDP datagrams */
	bool bounded, published, batched;
	unsigned int unseen; /* what inspection does not see: bits of plan.c's */
	unsigned int
		forced; /* VP_LIFELINE_BITs that somebody shields with management = force */
};

/* Add a blind spot of a patch (NULL: of the host), once; takes the text. */
void vp_plan_blind_spot(struct vp_plan *plan, const struct vp_patch *patch, const char *code,
			char *text);

/* Place the sections of the current patch; `tags` are theirs, in order. */
void vp_plan_place_calls(struct vp_plan_builder *b, const uint32_t *tags);

/* What all of the plan's filters together do not see of what one of its sections denies, and
 * on whom they cannot be. */
void vp_plan_unseen_calls(struct vp_plan *plan);

#endif
