/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plan as JSON documents (doc/schemas.md: vpatch.plan/1, vpatch.explain/1).
 * Pure, so that the daemon says it of what runs and vpatchctl of what it planned
 * itself. All results are owned by the caller and never NULL.
 */
#ifndef VP_AGENTD_PLAN_DOCUMENT_H
#define VP_AGENTD_PLAN_DOCUMENT_H

#include <jansson.h>

#include "modules/module.h"
#include "policy/plan.h"

/* vpatch.plan/1. Patches of the policy that are disabled have no rules. */
json_t *vp_plan_document(const struct vp_plan *plan, uint64_t generation);

/*
 * vpatch.explain/1 of one patch of the plan's policy. `counts` may be NULL (not
 * known); `artefact` is the whole compiled plan as text, of which every rule gets
 * the lines that name it; or NULL. `now` decides about expiry; 0: never.
 */
json_t *vp_explain_document(const struct vp_plan *plan, const struct vp_patch *patch,
			    const struct vp_counts *counts, const char *artefact,
			    uint64_t generation, time_t now);

/* Array of `code`, `text`, `patch`. Only of the host (patch NULL) and of `patch`, or of all.
 */
json_t *vp_blind_spots_document(const struct vp_plan *plan, const struct vp_patch *patch,
				bool all);

#endif
