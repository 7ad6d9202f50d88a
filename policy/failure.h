/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of inspected traffic that cannot be read, and which patch decides that:
 * of an endpoint's enforced patches the strictest. Pure. What is said here is done by
 * modules/netfilter/compile_queue.c and modules/inspection/judge.c.
 */
#ifndef VP_POLICY_FAILURE_H
#define VP_POLICY_FAILURE_H

#include "policy/plan.h"

/* By strictness. */
enum vp_failure_class {
	VP_CLASS_WATCH, /* only monitored: never altered, whatever fails */
	VP_CLASS_PASS,
	VP_CLASS_BLOCK,
	VP_FAILURE_CLASSES
};

/* "watch", "pass", "block": as status and events name them */
const char *vp_failure_class_name(enum vp_failure_class class);

/* Of a rule alone. */
enum vp_failure_class vp_failure_class_of(const struct vp_placement *placement);

enum vp_failure_cause {
	VP_CAUSE_GONE,	     /* processes dead, hung, or too slow for their deadline */
	VP_CAUSE_OVERLOAD,   /* a queue is full */
	VP_CAUSE_BOUND,	     /* of memory or time */
	VP_CAUSE_BROKEN,     /* not understood, or a pattern that could not be decided */
	VP_CAUSE_AMBIGUOUS,  /* two readers may read it differently */
	VP_CAUSE_UNREADABLE, /* encrypted, upgraded, another protocol */
	VP_CAUSE_MIDSTREAM,  /* the beginning was not seen */
	VP_FAILURE_CAUSES
};

/* A stable word. */
const char *vp_failure_cause_name(enum vp_failure_cause cause);
/* The cause in plain words, and what happens then to packets of the class. */
const char *vp_failure_cause_text(enum vp_failure_cause cause);
const char *vp_failure_verdict(enum vp_failure_class class, enum vp_failure_cause cause);

/* Who decides for a placement: itself, or one that shields some of the same. */
struct vp_failure_decider {
	const struct vp_placement *placement; /* NULL: it is not inspected */
	enum vp_failure_class class;
	bool elsewhere; /* the deciding one is of other ports or addresses: where both are */
};

VP_ARRAY_TYPE(vp_failure_deciders, struct vp_failure_decider);

/* For all placements of the plan, in their order; to be freed with vp_array_free(). */
void vp_failure_decide(const struct vp_plan *plan, struct vp_failure_deciders *deciders);

/* "class block, decided by CVE-..., where both shield the same", behind what is there. */
void vp_failure_print(const struct vp_failure_decider *decider, struct vp_strbuf *out);

#endif
