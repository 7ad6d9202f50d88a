/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls that would be denied, summed up: who makes which, how often. Pure. */
#ifndef VP_OBSERVE_REFUSALS_H
#define VP_OBSERVE_REFUSALS_H

#include "agentd/ctl/observe/trace.h"
#include "modules/seccomp/vectors.h"

/* More different ones than that are counted, and not listed. */
#define VP_REFUSALS_MOST 1000

struct vp_refusal {
	size_t target;
	pid_t process;
	char name[VP_TRACE_NAME]; /* of the process; "": not known */
	/* With the arguments of the first one: `count` how many, `unsaid` those that differ.
	 */
	struct vp_observed call;
	uint8_t decisive; /* arguments that the rules look at: the same in all of a line */
	uint32_t action;  /* the word that the filter returns */
};

/* All-zero: empty. */
struct vp_refusals {
	VP_ARRAY(struct vp_refusal) lines;
	uint32_t *slots; /* index of a line + 1; open addressing */
	uint64_t more;	 /* calls that had no line any more */
};

void vp_refusals_free(struct vp_refusals *refusals);

/*
 * One more of these: `line` says of what, its call.count how many. Calls are the same where
 * process, number, outcome and the decisive arguments are.
 */
void vp_refusals_add(struct vp_refusals *refusals, const struct vp_refusal *line);

/*
 * A line to add, from a call that the filter answers with `action`: finds out which of the
 * arguments are decisive, and which are of no interest to a reader.
 */
void vp_refusal_of(const struct vp_filter *filter, uint32_t audit, int nr,
		   const uint64_t arguments[VP_CALL_ARGUMENTS], uint32_t action,
		   struct vp_refusal *line);

#endif
