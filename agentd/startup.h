/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From whatever the last process left, at whatever instant it ended, to a known
 * state: the panic marker, the kernel, the state folder and the policy folder
 * are asked in this order.
 */
#ifndef VP_AGENTD_STARTUP_H
#define VP_AGENTD_STARTUP_H

#include "agentd/agent.h"

/*
 * Adopt what the kernel runs, untouched where it is as meant, or install the
 * last good generation. Does not look at the policy folder. Failures become lasting
 * problems of the agent. Returns 0 when something runs as meant or nothing was
 * ever applied, else -errno.
 */
int vp_startup_restore(struct vp_agent *agent, struct vp_error *err);

/* Apply the policy folder when it changed since the decision that led to what runs. */
void vp_startup_folder(struct vp_agent *agent);

#endif
