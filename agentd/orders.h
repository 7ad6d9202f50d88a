/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two kinds of sources that a transaction can have: the policy folder, or
 * those of a stored generation, with the local overrides where they belong.
 */
#ifndef VP_AGENTD_ORDERS_H
#define VP_AGENTD_ORDERS_H

#include "agentd/local.h"
#include "agentd/transaction.h"

/*
 * Apply the policy folder (apply, reload, start). `order` without sources and
 * folder. A broken folder is remembered in agent->folder for status.
 */
void vp_apply_folder(struct vp_agent *agent, const struct vp_order *order,
		     struct vp_outcome *outcome);

/*
 * Apply a stored generation's sources; number 0: no sources at all. `locals`
 * replaces its local overrides (NULL: as they are, without those that have ended).
 */
void vp_apply_generation(struct vp_agent *agent, uint64_t number,
			 const struct vp_locals *locals, const struct vp_order *order,
			 struct vp_outcome *outcome);

/* Digest of the policy folder now; 0 with findings when it cannot be read. */
uint64_t vp_folder_digest(const struct vp_agent *agent, struct vp_findings *findings);

/* The local overrides of what runs. */
int vp_running_locals(const struct vp_agent *agent, struct vp_locals *locals,
		      struct vp_error *err);

/* Where a rollback without a number goes: what ran before what runs. 0: nothing did. */
uint64_t vp_rollback_target(const struct vp_agent *agent);

#endif
