/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What several documents have in common, as text. */
#include "agentd/ctl/render.h"

#include <string.h>

#include "agentd/document.h"

static bool is_one_of(const char *word, const char *const *words)
{
	for (; word && *words; words++)
		if (!strcmp(word, *words))
			return true;
	return false;
}

enum vp_tone vp_result_tone(const char *result)
{
	static const char *const bad[] = { "refused", "invalid", "failed", NULL };

	return is_one_of(result, bad) ? VP_TONE_BAD : VP_TONE_PLAIN;
}

enum vp_tone vp_state_tone(const char *state)
{
	static const char *const good[] = { "enforced", "enforce", "good", NULL };
	static const char *const warn[] = { "monitored", "monitor", "attention", "empty",
					    NULL };
	static const char *const bad[] = { "disabled",	  "expired", "panic",
					   "unreachable", "unknown", NULL };

	if (is_one_of(state, good))
		return VP_TONE_GOOD;
	if (is_one_of(state, warn))
		return VP_TONE_WARN;
	return is_one_of(state, bad) ? VP_TONE_BAD : VP_TONE_PLAIN;
}

const char *vp_render_text(const json_t *object, const char *key)
{
	const char *text = vp_json_get_text(object, key);

	return text ? text : "?";
}

void vp_render_list(const json_t *array, struct vp_strbuf *out)
{
	const json_t *item;
	size_t i;

	json_array_foreach (array, i, item)
		vp_strbuf_addf(out, "%s%s", i ? ", " : "",
			       json_is_string(item) ? json_string_value(item) : "?");
}

void vp_render_coded(const char *heading, const json_t *list, struct vp_page *page)
{
	const json_t *item;
	size_t i;

	if (json_array_size(list))
		vp_page_heading(page, heading);
	json_array_foreach (list, i, item) {
		const char *patch = vp_json_get_text(item, "patch");

		vp_page_item(page, "%s: %s%s%s", vp_render_text(item, "code"),
			     patch ? patch : "", patch ? ": " : "",
			     vp_render_text(item, "text"));
	}
}

void vp_render_verdict(const json_t *row, struct vp_page *page)
{
	vp_page_item(page, "%s: when %s, it %s", vp_render_text(row, "cause"),
		     vp_render_text(row, "text"), vp_render_text(row, "verdict"));
}

void vp_render_blind_spots(const json_t *blind_spots, struct vp_page *page)
{
	vp_render_coded("Blind spots: what is not seen or not stopped here", blind_spots,
			page);
}

/* "written", "none: why" */
static void add_state(const json_t *dropin, struct vp_strbuf *text)
{
	const char *reason = vp_json_get_text(dropin, "reason");

	vp_strbuf_addf(text, "%s%s%s", vp_render_text(dropin, "state"), reason ? ": " : "",
		       reason ? reason : "");
}

/* ": RestrictAddressFamilies=~AF_ALG, SystemCallArchitectures=native", each once. */
static void add_directives(const json_t *dropin, struct vp_strbuf *text)
{
	const char *before = NULL;
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(dropin, "directives"), i, item) {
		const char *directive = vp_render_text(item, "directive");

		if (!before || strcmp(before, directive) != 0)
			vp_strbuf_addf(text, "%s%s", before ? ", " : ": ", directive);
		before = directive;
	}
}

/* Rule by rule: what each directive is for and how it differs, and which have none. */
static void render_dropin_rules(const json_t *dropin, struct vp_page *page)
{
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(dropin, "directives"), i, item) {
		const char *remark = vp_json_get_text(item, "remark");

		vp_page_pairf(page, "", "  %s for %s%s%s", vp_render_text(item, "directive"),
			      vp_render_text(item, "rule"), remark ? ": " : "",
			      remark ? remark : "");
	}
	json_array_foreach (json_object_get(dropin, "without"), i, item)
		vp_page_pairf(page, "", "  none for %s", json_string_value(item));
}

/* Does none of them have one, for one reason? */
static bool is_none_alike(const json_t *dropins)
{
	const char *first = vp_json_get_text(json_array_get(dropins, 0), "reason");
	const json_t *dropin;
	size_t i;

	json_array_foreach (dropins, i, dropin) {
		const char *reason = vp_json_get_text(dropin, "reason");

		if (strcmp(vp_render_text(dropin, "state"), "none") != 0 || !first ||
		    !reason || strcmp(first, reason) != 0)
			return false;
	}
	return i > 1;
}

void vp_render_dropins(const json_t *dropins, bool rules, struct vp_page *page)
{
	bool alike = is_none_alike(dropins);
	const json_t *dropin;
	size_t i;

	json_array_foreach (dropins, i, dropin) {
		_cleanup_strbuf_ struct vp_strbuf text = { 0 };

		if (alike && i)
			return;
		if (alike)
			vp_strbuf_addf(&text, "of %zu services: ", json_array_size(dropins));
		else
			vp_strbuf_addf(&text, "%s: ", vp_render_text(dropin, "unit"));
		add_state(dropin, &text);
		if (!rules)
			add_directives(dropin, &text);
		vp_page_pair(page, i ? "" : "drop-ins", vp_strbuf_text(&text));
		if (rules)
			render_dropin_rules(dropin, page);
	}
}

void vp_render_counts(const json_t *object, struct vp_strbuf *out)
{
	uint64_t packets = vp_json_get_number(object, "packets");
	uint64_t bytes = vp_json_get_number(object, "bytes");
	char number[2][32];

	vp_strbuf_addf(out, "%s packet%s, %s byte%s", vp_number_text(packets, number[0]),
		       packets == 1 ? "" : "s", vp_number_text(bytes, number[1]),
		       bytes == 1 ? "" : "s");
}
