/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The filter that a sample of calls is run under. Pure. */
#ifndef VP_LAB_CALL_FILTER_H
#define VP_LAB_CALL_FILTER_H

#include "agentd/ctl/lab/call_mutant.h"
#include "modules/seccomp/filter.h"

/*
 * Of one section of a patch, with those of the same patch that share a unit or process with
 * it, as a service of it would have it; enforced, whatever the mode is. `mutant` may be NULL.
 * 0 or -errno, as vp_filter_compile, or -ENODATA for a mutant that leaves no rule.
 */
int vp_call_filter_compile(const struct vp_patch *patch, size_t section,
			   const struct vp_call_mutant *mutant, struct vp_filter **filter,
			   struct vp_error *err);

/*
 * A program that does the same but with other errno values, none of which a kernel
 * returns by itself: where it shows, it was the filter. The instructions are the caller's.
 */
struct sock_filter *vp_call_filter_twin(const struct vp_bpf *program);
/* What it returns for that errno. */
int vp_call_filter_twin_errno(int error);

#endif
