/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text of vpatch.result/1: what a changing request did, or why it was refused. */
#include <string.h>

#include "agentd/ctl/findings.h"
#include "agentd/ctl/page.h"
#include "agentd/ctl/remote.h"
#include "agentd/ctl/render.h"
#include "agentd/document.h"

static void render_changes(const json_t *document, struct vp_page *page)
{
	const json_t *line;
	size_t i;

	json_array_foreach (json_object_get(document, "changes"), i, line)
		vp_page_line(page, 6, "  %s", json_string_value(line));
}

static void render_confirm(const json_t *confirm, struct vp_page *page)
{
	if (!json_is_object(confirm))
		return;
	vp_page_tone(page, VP_TONE_WARN,
		     "Not confirmed yet: run 'vpatchctl confirm' before %s (%llu seconds), "
		     "or generation %llu comes back.",
		     vp_render_text(confirm, "until"),
		     (unsigned long long)vp_json_get_number(confirm, "seconds"),
		     (unsigned long long)vp_json_get_number(confirm, "previous"));
}

static void render_milliseconds(const json_t *document, struct vp_page *page)
{
	static const char *const parts[] = { "policy",	"plan",	  "compile", "store",
					     "prepare", "commit", "verify" };
	const json_t *times = json_object_get(document, "milliseconds");
	_cleanup_strbuf_ struct vp_strbuf line = { 0 };

	if (!json_is_object(times))
		return;
	for (size_t i = 0; i < VP_COUNT(parts); i++)
		if (json_object_get(times, parts[i]))
			vp_strbuf_addf(
				&line, "%s%s %llu", line.len ? ", " : "", parts[i],
				(unsigned long long)vp_json_get_number(times, parts[i]));
	vp_page_line(page, 2, "Took %llu ms%s%s%s.",
		     (unsigned long long)vp_json_get_number(times, "total"),
		     line.len ? " (" : "", vp_strbuf_text(&line), line.len ? ")" : "");
}

static const char *plural(uint64_t number)
{
	return number == 1 ? "" : "es";
}

static void render_dropins(const json_t *document, struct vp_page *page)
{
	const char *problem = vp_json_get_text(document, "dropins");

	if (problem)
		vp_page_tone(page, VP_TONE_WARN, "Drop-ins: %s", problem);
}

static void render_good(const json_t *document, const char *result, struct vp_page *page)
{
	unsigned long long generation = vp_json_get_number(document, "generation");
	unsigned long long patches = vp_json_get_number(document, "patches");
	unsigned long long rules = vp_json_get_number(document, "rules");

	if (!strcmp(result, "unchanged")) {
		vp_page_line(
			page, 0,
			"Nothing to change: generation %llu already runs what was asked for.",
			generation);
		render_dropins(document, page);
		return;
	}
	if (!strcmp(result, "confirmed")) {
		vp_page_line(page, 0, "Confirmed: generation %llu stays.", generation);
		return;
	}
	vp_page_line(
		page, 0,
		"Generation %llu runs: %llu patch%s, %llu rule%s (before: generation %llu). "
		"Shielded, not fixed.",
		generation, patches, plural(patches), rules, rules == 1 ? "" : "s",
		(unsigned long long)vp_json_get_number(document, "previous"));
	render_changes(document, page);
	if (vp_json_get_text(document, "uncovered"))
		vp_page_tone(page, VP_TONE_WARN, "Not all is covered: %s",
			     vp_json_get_text(document, "uncovered"));
	render_dropins(document, page);
	render_confirm(json_object_get(document, "confirm"), page);
	render_milliseconds(document, page);
}

void vp_render_result(const json_t *document, struct vp_page *page)
{
	const char *result = vp_json_get_text(document, "result");

	vp_findings_render(json_object_get(document, "findings"), page);
	if (result && (!strcmp(result, "applied") || !strcmp(result, "unchanged") ||
		       !strcmp(result, "confirmed")))
		render_good(document, result, page);
}
