/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of every document of doc/schemas.md, each beside its verb; and what they share.
 * Pure. */
#ifndef VP_AGENTD_CTL_RENDER_H
#define VP_AGENTD_CTL_RENDER_H

#include "agentd/ctl/output.h"
#include "agentd/ctl/page.h"

vp_render vp_render_check, vp_render_plan, vp_render_explain, vp_render_status,
	vp_render_events, vp_render_event, vp_render_history, vp_render_panic;

/* A member to put into a sentence: never NULL, "?" where the document has none. */
const char *vp_render_text(const json_t *object, const char *key);

/* Of a `result` member: good, or not. NULL is plain. */
enum vp_tone vp_result_tone(const char *result);

/* Of a patch's `state` or `mode`. */
enum vp_tone vp_state_tone(const char *state);

/* "a, b, c" of an array of texts. */
void vp_render_list(const json_t *array, struct vp_strbuf *out);

/* A section of items with a code, perhaps a patch, and a text; nothing when there are none. */
void vp_render_coded(const char *heading, const json_t *list, struct vp_page *page);

/* A row of the verdicts of a failure class. */
void vp_render_verdict(const json_t *row, struct vp_page *page);

/* The "Blind spots" section; nothing when there are none. */
void vp_render_blind_spots(const json_t *blind_spots, struct vp_page *page);

/* The drop-ins of systemd, a pair each: how it stands and what it says; `rules`: what not,
 * too. Nothing when there are none. */
void vp_render_dropins(const json_t *dropins, bool rules, struct vp_page *page);

/* What would change from one vpatch.plan/1 to another; `whole`: what is not in `plan` goes. */
json_t *vp_plan_changes(const json_t *active, const json_t *plan, bool whole);

/* "1,234 packets, 56 bytes" */
void vp_render_counts(const json_t *object, struct vp_strbuf *out);

#endif
