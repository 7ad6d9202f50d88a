/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The documents of reading requests (doc/schemas.md), made from the agent; nothing is changed.
 */
#ifndef VP_AGENTD_STATUS_H
#define VP_AGENTD_STATUS_H

#include <jansson.h>

#include "agentd/agent.h"
#include "agentd/message.h"

/* vpatch.status/1; `id` NULL: all patches. NULL when there is no such patch. */
json_t *vp_status_document(struct vp_agent *agent, const char *id, enum vp_exit *status);

/* vpatch.explain/1, or NULL when there is no such patch. */
json_t *vp_explain_document(struct vp_agent *agent, const char *id);

/* vpatch.history/1 */
json_t *vp_history_document(struct vp_agent *agent);

/* vpatch.plan/1 */
json_t *vp_plan_document(struct vp_agent *agent);

/* What a patch is at the moment: "enforced", "monitored", "disabled", "expired". */
const char *vp_patch_state(const struct vp_active *active, const struct vp_patch *patch);
/* "enforce", "monitor", "disabled": the mode in effect. */
const char *vp_patch_mode(const struct vp_active *active, const struct vp_patch *patch);

/* code, text, patch: those of `patch`, or all with `any`. NULL patch: of the host. */
json_t *vp_blind_spots_document(const struct vp_plan *plan, const struct vp_patch *patch,
				bool any);

/* Array of the problems that there are; *bad: one of them makes the exit status 1. */
json_t *vp_problems_document(struct vp_agent *agent, json_t *folder, bool *bad);

#endif
