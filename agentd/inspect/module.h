/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inspection enforcement point as a module: modules/inspection compiles, the
 * processes of pairs.h judge. The rules that send them packets are netfilter's
 * (modules/netfilter/queue.h), which is committed first.
 *
 * The processes end with whoever opened the module; so nothing runs that was not
 * prepared by this very process.
 */
#ifndef VP_INSPECT_MODULE_H
#define VP_INSPECT_MODULE_H

#include "agentd/inspect/pairs.h"
#include "modules/module.h"

extern const struct vp_module vp_inspection_module;

/* The processes of an instance, for whoever waits for them; NULL-safe. */
struct vp_pairs *vp_inspection_pairs(struct vp_instance *instance);

#endif
