/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sample over one path: what a sample becomes when families and addresses are multiplied
 * out. */
#ifndef VP_LAB_TRIAL_H
#define VP_LAB_TRIAL_H

#include "agentd/ctl/lab/judge.h"

struct vp_trial {
	const struct vp_sample *sample;
	struct vp_rule rule; /* as defined: a shallow copy that mutants do not change; name
				NULL: none */
	struct vp_path path;
	enum vp_direction direction;
	struct vp_arrival control; /* without the shield */
	bool skipped;	/* a shape in which this sample does not arrive even unshielded */
	char *obstacle; /* owned: why it cannot be run at all; or NULL */
};

VP_ARRAY_TYPE(vp_trials, struct vp_trial);

/* Addresses that the patch speaks of: endpoints and senders. *taken is the caller's
 * (vp_array_free()). */
void vp_trials_addresses(const struct vp_patch *patch, struct vp_ranges *taken);

/*
 * Multiply out: each sample in each of its families, against the first address of
 * its service; attack samples against the first address of every entry, so that each
 * entry is proven. With `evasions` attacks also in every other shape, and benign
 * samples in fragments. A sample that has no path at all gets one trial with an obstacle.
 */
void vp_trials_make(struct vp_trials *trials, const struct vp_patch *patch,
		    const struct vp_lab *lab, bool evasions);
void vp_trials_free(struct vp_trials *trials);

/* Assign the addresses that the trials use. 0 or -errno. */
int vp_trials_assign(const struct vp_trials *trials, struct vp_lab *lab, struct vp_error *err);

#endif
