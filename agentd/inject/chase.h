/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A filter on processes that come and go faster than anybody could be asked for them one by
 * one. Whoever is found is held at once, with what it forks meanwhile, and only then covered:
 * a lineage that was hit once does not get away, for what it forks later inherits.
 *
 * Nothing is frozen: should the injector die, the kernel lets all go.
 */
#ifndef VP_INJECT_CHASE_H
#define VP_INJECT_CHASE_H

#include "agentd/inject/inject.h"
#include "agentd/inject/request.h"

struct vp_chase {
	enum vp_request_chase kind;
	const char *name;
	unsigned int milliseconds; /* at most */
	/* what came of it */
	bool settled;		   /* the last ones found all had the filter already */
	uint32_t covered, present; /* processes: that lacked the filter, that had it */
};

/* In a process that has no children and traces nobody else. Signals are blocked meanwhile. */
void vp_chase(struct vp_injector *injector, struct vp_chase *chase);

#endif
