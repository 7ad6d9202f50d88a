/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Outcomes compared and put into words: see outcome.h. */
#include "agentd/ctl/lab/outcome.h"

#include <stdio.h>

#include "policy/call.h"

#define ERRNO_MAX 4095 /* MAX_ERRNO of the kernel */

int vp_outcome_error(const struct vp_outcome *outcome)
{
	if (outcome->kind != VP_OUTCOME_RETURNED || outcome->value >= 0 ||
	    outcome->value < -ERRNO_MAX)
		return 0;
	return (int)-outcome->value;
}

bool vp_outcome_same(const struct vp_outcome *a, const struct vp_outcome *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == VP_OUTCOME_RETURNED)
		return vp_outcome_error(a) == vp_outcome_error(b);
	return a->value == b->value;
}

const char *vp_outcome_print(const struct vp_outcome *outcome,
			     char text[static VP_OUTCOME_TEXT])
{
	int error = vp_outcome_error(outcome), value = (int)outcome->value;
	const char *name = error ? vp_call_errno_name(error) : "success";

	switch ((enum vp_outcome_kind)outcome->kind) {
	case VP_OUTCOME_RETURNED:
		if (name)
			snprintf(text, VP_OUTCOME_TEXT, "%s", name);
		else
			snprintf(text, VP_OUTCOME_TEXT, "errno %d", error);
		break;
	case VP_OUTCOME_EXITED:
		snprintf(text, VP_OUTCOME_TEXT, "ended with status %d", value);
		break;
	case VP_OUTCOME_KILLED:
		snprintf(text, VP_OUTCOME_TEXT, "ended by signal %d", value);
		break;
	case VP_OUTCOME_BLOCKED:
		snprintf(text, VP_OUTCOME_TEXT, "blocked");
		break;
	case VP_OUTCOME_UNMADE:
	case VP_OUTCOMES:
	default:
		snprintf(text, VP_OUTCOME_TEXT, "not made (errno %d)", value);
	}
	return text;
}
