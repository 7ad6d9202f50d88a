/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Denied system calls in the daemon's loop: vpatchd-denials runs while there are filters, its
 * records are given to the rules that deny the call, counted and told as events.
 */
#ifndef VP_AGENTD_DENYING_H
#define VP_AGENTD_DENYING_H

#include <jansson.h>

#include "agentd/agent.h"
#include "agentd/answer/message.h"

struct vp_denying;

/* Nothing runs before there is a filter. *denying is owned by the caller. */
int vp_denying_start(struct vp_denying **denying, struct vp_agent *agent,
		     struct vp_error *err);
/* What was counted goes into the agent's totals and is told; NULL-safe. */
void vp_denying_stop(struct vp_denying *denying);

/* This is about to run: what its filters deny is heard from the first one on. NULL-safe. */
void vp_denying_expect(struct vp_denying *denying, const struct vp_plan *plan);

/* Calls were denied by vpatchd-answer, which knows whose rule it was. NULL-safe. */
void vp_denying_answered(struct vp_denying *denying, const struct vp_answer_note *denied);

/* What runs has changed. */
void vp_denying_changed(struct vp_denying *denying);

/* Add what was counted since the start, by tag. NULL-safe. */
void vp_denying_counts(const struct vp_denying *denying, struct vp_counts *counts);

/*
 * For status, owned by the caller: "reporter" ("off": no filters, "running", "degraded",
 * "down"), "reported" (missing: not yet known), "detail", "denied", "others", "lost",
 * "restarts". NULL-safe.
 */
json_t *vp_denying_document(const struct vp_denying *denying);

/* Why denied calls are not told here though there are filters, owned by the caller; NULL: they
 * are, or it is not known yet. NULL-safe. */
char *vp_denying_problem(const struct vp_denying *denying);

#endif
