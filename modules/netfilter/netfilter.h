/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The netfilter enforcement point, and what it offers beyond struct vp_module.
 * Its instance is a struct vp_instance of vp_netfilter_module.open().
 */
#ifndef VP_NETFILTER_NETFILTER_H
#define VP_NETFILTER_NETFILTER_H

#include "modules/module.h"

extern const struct vp_module vp_netfilter_module;

/*
 * Put back what was committed last, after somebody else removed or changed it:
 * the whole table in one transaction when it is gone, else only what differs.
 * Counters begin with the higher of `counts` (may be NULL) and the values read
 * last. Returns 0 or -errno; -ENODATA when this instance never committed anything
 * (prepare and commit the stored generation instead).
 */
int vp_netfilter_repair(struct vp_instance *instance, const struct vp_counts *counts,
			struct vp_error *err);

/*
 * Remove kept objects (counters, limits, the sets of limits per source) and counts that
 * nothing refers to and whose tag is not among `tags`: for patches that no stored
 * generation knows any more, the running one included. Returns how many were removed,
 * or -errno.
 */
int vp_netfilter_forget(struct vp_instance *instance, const uint32_t *tags, size_t count,
			struct vp_error *err);

#endif
