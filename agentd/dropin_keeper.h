/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drop-ins of systemd (agentd/syscalls/dropin_files.h) kept in step with what runs, told of
 * when they cannot be, and shown.
 *
 * They outlive the daemon and a boot, so they are written only of what nothing takes back by
 * itself: while an apply waits for its confirmation, they are only taken away.
 */
#ifndef VP_AGENTD_DROPIN_KEEPER_H
#define VP_AGENTD_DROPIN_KEEPER_H

#include <jansson.h>

#include "agentd/agent.h"

struct vp_dropin_keeper;

/* *keeper is owned by the caller. */
int vp_dropin_keeper_start(struct vp_dropin_keeper **keeper, struct vp_agent *agent,
			   struct vp_error *err);
void vp_dropin_keeper_stop(struct vp_dropin_keeper *keeper); /* NULL-safe; the drop-ins stay */

/* What runs may have changed, or the files. NULL-safe. */
void vp_dropin_keeper_look(struct vp_dropin_keeper *keeper);

/* Why they are not as meant; the keeper's. NULL: they are. NULL-safe. */
const char *vp_dropin_keeper_problem(const struct vp_dropin_keeper *keeper);

/*
 * Each service of a plan that could have one, owned by the caller: what it says, and how it
 * stands on this host. `only`: of this patch; NULL: all.
 */
json_t *vp_dropin_document(const struct vp_plan *plan, const struct vp_host *host,
			   const struct vp_patch *only);

#endif
