/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One merged filter for each unit or process that a plan names: the [syscalls] sections of all
 * patches on it, in evaluation order; and one more of those that are enforced with
 * `revocable = yes`, which has a listener and changes when nothing else does. What names a
 * template of units is merged into the filters of its instances that are named too, behind
 * what names these: lib/unit.h. Pure.
 *
 * What the definitions' samples say is asked of the programs before anything is installed:
 * of each section alone all of its samples, of the merged filter those that must be denied.
 */
#ifndef VP_SECCOMP_TARGETS_H
#define VP_SECCOMP_TARGETS_H

#include "modules/seccomp/filter.h"
#include "policy/plan.h"

struct vp_target_filter {
	struct vp_call_target target; /* owned */
	struct vp_filter *filter;     /* shared: vp_filter_share */
	bool revocable;		      /* its denials are answered by a listener */
	bool no_new_privs;	      /* may be set where the filter needs it */
	uint64_t digest;	      /* of target and program */
	char *patches;		      /* their ids, ", " between them */
};

VP_ARRAY_TYPE(vp_target_filters, struct vp_target_filter);

/*
 * In order of the plan's first mention. `filters` is empty before, and the caller's after
 * success. -EOPNOTSUPP: another architecture, or a call that libseccomp does not know;
 * -EBADMSG: a sample is not met (the text has the call); or as vp_filter_compile.
 */
int vp_target_filters_build(const struct vp_plan *plan, struct vp_target_filters *filters,
			    struct vp_error *err);
void vp_target_filters_free(struct vp_target_filters *filters);

/* Are its denials answered by a listener? What only logs has nothing to take back. */
bool vp_call_is_revocable(const struct vp_call_placement *call);

/* By which a listener's owner knows the target: of its kind and name, never 0. */
uint64_t vp_call_target_key(const struct vp_call_target *target);

/* "nginx.service", "/usr/sbin/nginx"; the same target? */
bool vp_call_target_is(const struct vp_call_target *a, const struct vp_call_target *b);

/* Names a tag by its patch and section, for vp_filter_print and others; context: the plan. */
const char *vp_plan_call_name(uint32_t tag, void *plan);

#endif
