/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings of a document, wherever it was made (here by check, or by the daemon
 * that refused an apply), printed by the one function that prints findings.
 */
#include "agentd/ctl/findings.h"

#include <string.h>

#include "agentd/document.h"
#include "policy/diagnostic.h"

static enum vp_finding_level level_of(const json_t *item)
{
	const char *level = vp_json_get_text(item, "level");

	if (level && !strcmp(level, "warning"))
		return VP_FINDING_WARNING;
	if (level && !strcmp(level, "note"))
		return VP_FINDING_NOTE;
	return VP_FINDING_ERROR;
}

void vp_findings_render(const json_t *list, struct vp_page *page)
{
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };
	const json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		const struct vp_location at = {
			.file = vp_json_get_text(item, "file"),
			.line = (uint32_t)vp_json_get_number(item, "line"),
			.column = (uint32_t)vp_json_get_number(item, "column"),
		};
		const char *said = vp_json_get_text(item, "text");
		struct vp_findings one = { 0 };

		vp_find(&one, level_of(item), &at, "%s", said ? said : "");
		vp_findings_print(&one, &text);
		vp_findings_free(&one);
	}
	vp_page_raw(page, vp_strbuf_text(&text));
}

void vp_findings_count(const json_t *list, size_t *errors, size_t *warnings)
{
	const json_t *item;
	size_t i;

	*errors = *warnings = 0;
	json_array_foreach (list, i, item) {
		*errors += level_of(item) == VP_FINDING_ERROR;
		*warnings += level_of(item) == VP_FINDING_WARNING;
	}
}
