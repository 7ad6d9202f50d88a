/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What came of a call: it returned, or did something else to who made it. Pure. */
#ifndef VP_LAB_OUTCOME_H
#define VP_LAB_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

enum vp_outcome_kind {
	VP_OUTCOME_RETURNED, /* `value`: what, -errno for an error */
	VP_OUTCOME_EXITED,   /* the process ended with status `value` */
	VP_OUTCOME_KILLED,   /* it was ended by signal `value` */
	VP_OUTCOME_BLOCKED,  /* the call had not returned when its time was over */
	VP_OUTCOME_UNMADE, /* it was not made: the filter could not be put on, errno `value` */
	VP_OUTCOMES
};

struct vp_outcome {
	uint32_t kind; /* enum vp_outcome_kind */
	uint32_t zero;
	int64_t value;
};

/* The errno that it returned; 0: it did not return, or without an error. */
int vp_outcome_error(const struct vp_outcome *outcome);

/* Would a program notice the difference? Results without an error count as one. */
bool vp_outcome_same(const struct vp_outcome *a, const struct vp_outcome *b);

#define VP_OUTCOME_TEXT 48

/* "EPERM", "success", "ended by signal 11", "blocked", ... Returns `text`. */
const char *vp_outcome_print(const struct vp_outcome *outcome,
			     char text[static VP_OUTCOME_TEXT]);

#endif
