/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One way to make a call of a sample: made without the filter and under it, and judged.
 * Who makes the calls is the other end of a stage (stage.h).
 *
 * A denied call must return exactly the errno of its rule, and something else without the
 * filter. Where it returns that errno even so (for lack of rights, say), or is not made
 * without a filter because it could do harm, a twin of the filter that has other errno values
 * tells whether it was the filter. An allowed call must do what it does without the filter.
 */
#ifndef VP_LAB_CALL_CASE_H
#define VP_LAB_CALL_CASE_H

#include "agentd/ctl/lab/outcome.h"
#include "agentd/ctl/lab/stage.h"
#include "lib/strbuf.h"

enum vp_case_verdict {
	VP_CASE_GOOD,
	VP_CASE_ALIKE, /* good, but without the filter it would look the same */
	VP_CASE_BAD,
	VP_CASE_UNMADE, /* nobody can tell: it is not made at all */
};

struct vp_call_case {
	const struct vp_attempt *attempt;
	uint32_t action;	  /* what the rules say, a word of seccomp's */
	const char *hazard;	  /* why it is made only where a filter denies it; or NULL */
	bool controlled, twinned; /* are these set? */
	struct vp_outcome control, found, twin;
};

/*
 * Could the call do harm outside of a cell, without a filter? What kind of call it is, in
 * words, or NULL. Nothing that a process without rights does in namespaces of its own reaches
 * the host, but for these.
 */
const char *vp_call_hazard(const struct vp_attempt *attempt);

/*
 * Judge what is in it: pure. *expected and *found say it in words ("EPERM", "EFAULT, as
 * without the filter"); they are appended to.
 */
enum vp_case_verdict vp_call_case_judge(const struct vp_call_case *c,
					struct vp_strbuf *expected, struct vp_strbuf *found);

/* How the case is made on a stage: what was given to it. */
struct vp_case_order {
	const struct vp_stage *stage;
	const struct vp_filter *filter; /* its rules say what is expected */
	struct vp_bpf program;		/* loaded there as FILTER; its twin as TWIN */
};

/* Make and judge. The verdict or -errno. */
int vp_call_case_make(const struct vp_case_order *order, const struct vp_attempt *attempt,
		      struct vp_call_case *c, struct vp_strbuf *expected,
		      struct vp_strbuf *found, struct vp_error *err);

#endif
