/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The second belt in the daemon: systemd's drop-ins (agentd/syscalls/dropin_files.h) kept in
 * step with what runs, told of when they cannot be, and shown.
 *
 * They outlive the daemon and a boot, so they are written only of what nothing takes back by
 * itself: while an apply waits for its confirmation, they are only taken away.
 */
#ifndef VP_AGENTD_BELT_H
#define VP_AGENTD_BELT_H

#include <jansson.h>

#include "agentd/agent.h"

struct vp_belt;

/* *belt is owned by the caller. */
int vp_belt_start(struct vp_belt **belt, struct vp_agent *agent, struct vp_error *err);
void vp_belt_stop(struct vp_belt *belt); /* NULL-safe; the drop-ins stay */

/* What runs may have changed, or the files. NULL-safe. */
void vp_belt_keep(struct vp_belt *belt);

/* Why they are not as meant; the belt's. NULL: they are. NULL-safe. */
const char *vp_belt_problem(const struct vp_belt *belt);

/*
 * Each service of a plan that could have one, owned by the caller: what it says, and how it
 * stands on this host. `only`: of this patch; NULL: all.
 */
json_t *vp_belt_document(const struct vp_plan *plan, const struct vp_host *host,
			 const struct vp_patch *only);

#endif
