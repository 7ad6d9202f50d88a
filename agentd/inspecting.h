/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inspection's processes in the daemon's loop: they are heard, looked after,
 * replaced, and what they say becomes events.
 */
#ifndef VP_AGENTD_INSPECTING_H
#define VP_AGENTD_INSPECTING_H

#include <jansson.h>

#include "agentd/agent.h"

struct vp_inspecting;

/* Nothing runs before a generation has rules for it. *inspecting is owned by the caller. */
int vp_inspecting_start(struct vp_inspecting **inspecting, struct vp_agent *agent,
			struct vp_error *err);
void vp_inspecting_stop(struct vp_inspecting *inspecting); /* NULL-safe */

/* Another daemon's processes read before: see vp_pairs_resume(). */
void vp_inspecting_resume(struct vp_inspecting *inspecting);

/* What runs has changed. */
void vp_inspecting_changed(struct vp_inspecting *inspecting);

/*
 * For status, owned by the caller: "processes" (class, index, state, pid, restarts,
 * ended, detail), "generation", "counts" by class and reason. NULL-safe.
 */
json_t *vp_inspecting_document(const struct vp_inspecting *inspecting);
/* Does everything run that has rules? NULL-safe: nothing has. */
bool vp_inspecting_is_good(const struct vp_inspecting *inspecting);

#endif
