/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The seccomp enforcement point as a module: modules/seccomp compiles, the keeper has the
 * filters put on processes.
 *
 * A filter never leaves a process, so a commit is not undone: it is the last of all modules,
 * and does not fail. A process that cannot be covered is no difference to what was meant
 * either, but a state of its own, which status tells of.
 */
#ifndef VP_SYSCALLS_MODULE_H
#define VP_SYSCALLS_MODULE_H

#include "agentd/syscalls/keeper.h"
#include "modules/module.h"

extern const struct vp_module vp_seccomp_module;

/* For whoever waits for it; NULL-safe. */
struct vp_keeper *vp_seccomp_keeper(struct vp_instance *instance);

#endif
