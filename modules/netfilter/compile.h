/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plan to nftables ruleset. Pure: no kernel, no clock, the same output for the same input. */
#ifndef VP_NETFILTER_COMPILE_H
#define VP_NETFILTER_COMPILE_H

#include "lib/error.h"
#include "modules/netfilter/ruleset.h"
#include "policy/plan.h"

/*
 * Compile the placements of the netfilter point, and for those of the inspection point what
 * sends it their packets (queue.h). *ruleset is owned by the caller
 * (vp_ruleset_free) and refers to nothing of plan and host. Returns 0 or
 * -errno with the patch, rule and cure in *err; *ruleset is then untouched.
 */
int vp_ruleset_compile(const struct vp_plan *plan, const struct vp_host *host,
		       uint64_t generation, struct vp_ruleset **ruleset, struct vp_error *err);

#endif
