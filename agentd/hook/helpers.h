/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processes that each see to one start, as the worker that forks them knows them: any
 * number at once, none of them is waited for. Where one does not answer the kernel in time,
 * or dies, the worker answers.
 */
#ifndef VP_HOOK_HELPERS_H
#define VP_HOOK_HELPERS_H

#include "agentd/hook/start.h"

#define VP_HOOK_HELPERS	   256
#define VP_HOOK_UNANSWERED 16 /* of them at once: more would only hold each other up */

struct vp_hook_helper {
	pid_t id;
	int group, event; /* copies of ours; -1: answered */
	uint64_t since;	  /* nanoseconds, CLOCK_MONOTONIC */
};

struct vp_hook_helpers {
	struct vp_hook_helper places[VP_HOOK_HELPERS]; /* id 0: free */
	atomic_bool *answered;			       /* for each, shared with them */
};

/* 0 or -errno. */
int vp_hook_helpers_open(struct vp_hook_helpers *helpers);

/* See to a start. `start`'s event is the helpers' then. 0; -EAGAIN: too many; or -errno. */
int vp_hook_helpers_start(struct vp_hook_helpers *helpers, struct vp_hook_start *start);

/* How many starts can be seen to now. */
size_t vp_hook_helpers_room(const struct vp_hook_helpers *helpers);

/* Those that have answered, have ended, or take too long. True: one did not see to its start.
 */
bool vp_hook_helpers_check(struct vp_hook_helpers *helpers);

#endif
