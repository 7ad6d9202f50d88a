/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps what runs as it was meant: repairs foreign changes as they happen,
 * plans again when time or a service's ports change, takes back what was not
 * confirmed. All of it on the agent's loop.
 */
#ifndef VP_AGENTD_GUARD_H
#define VP_AGENTD_GUARD_H

#include "agentd/agent.h"

struct vp_guard;

/* *guard is owned by the caller. Watches nothing but time while no module is open. */
int vp_guard_start(struct vp_guard **guard, struct vp_agent *agent, struct vp_error *err);
void vp_guard_stop(struct vp_guard *guard); /* NULL-safe */

/* What runs, or what waits for a confirmation, has changed: set the timers anew. */
void vp_guard_changed(struct vp_guard *guard);

#endif
