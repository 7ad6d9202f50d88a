/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One thread stopped once, and the filter installed through it. */
#ifndef VP_INJECT_VISIT_H
#define VP_INJECT_VISIT_H

#include "agentd/inject/inject.h"

/* What happened to the thread. Where it is not VISIT_DONE or VISIT_PRESENT, nothing was
 * changed but what `injected` has in its flags. */
enum vp_visit_end {
	VP_VISIT_DONE,
	VP_VISIT_PRESENT,  /* it had the filter */
	VP_VISIT_DIVERGED, /* thread `detail` has other filters: not for all at once */
	VP_VISIT_PRCTL,	   /* seccomp(2) is denied to it, prctl(2) is not */
	VP_VISIT_LATE,	   /* it did not stop in time; one that is held runs then */
	VP_VISIT_GONE,	   /* it has ended */
	VP_VISIT_REFUSED,  /* `reason` and `detail` */
};

struct vp_visit {
	const struct vp_target *target;
	const struct vp_thread *thread;
	bool together; /* for all threads at once */
	bool prctl;    /* by prctl(2) */
	bool held;     /* it is ours and stopped, and stays so: see vp_remote_hold */
	struct vp_injected *injected;
	int listener; /* of the filter that was installed; 0: none */

	enum vp_inject_reason reason;
	int64_t detail;
};

enum vp_visit_end vp_visit(struct vp_injector *injector, struct vp_visit *visit);

/* Let a stopped thread go; `slept`: nanoseconds that its call has lasted, or -1. */
int vp_visit_let_go(const struct vp_injector *injector, struct vp_remote *remote,
		    int64_t slept, bool may_restart, struct vp_injected *injected);

#endif
