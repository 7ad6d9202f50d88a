/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpatchctl history: what was asked for, by whom and why, and the stored generations. */
#include "agentd/ctl/page.h"
#include "agentd/ctl/remote.h"
#include "agentd/ctl/render.h"
#include "agentd/ctl/settings.h"
#include "agentd/ctl/verbs.h"
#include "agentd/document.h"
#include "agentd/status.h"

static void add_number(struct vp_table *table, const json_t *object, const char *key)
{
	if (json_object_get(object, key))
		vp_table_cellf(table, VP_TONE_PLAIN, "%llu",
			       (unsigned long long)vp_json_get_number(object, key));
	else
		vp_table_cell(table, VP_TONE_PLAIN, "-");
}

/* "CHG-4711: reason", or what there is of it. */
static void add_why(struct vp_table *table, const json_t *object)
{
	const char *reason = vp_json_get_text(object, "reason");
	const char *ticket = vp_json_get_text(object, "ticket");
	const char *error = vp_json_get_text(object, "error");

	vp_table_cellf(table, error ? VP_TONE_BAD : VP_TONE_PLAIN, "%s%s%s%s%s",
		       ticket ? ticket : "", ticket && (reason || error) ? ": " : "",
		       reason ? reason : "", reason && error ? ": " : "", error ? error : "");
}

static void render_entries(const json_t *entries, struct vp_page *page)
{
	static const struct vp_column columns[] = {
		{ "TIME", false, false },   { "REQUEST", false, false },
		{ "RESULT", false, false }, { "GENERATION", true, false },
		{ "WHO", false, true },	    { "WHY", false, true },
	};
	struct vp_table table = { .columns = columns, .count = VP_COUNT(columns) };
	const json_t *entry;
	size_t i;

	json_array_foreach (entries, i, entry) {
		const char *result = vp_json_get_text(entry, "result");

		vp_table_cell(&table, VP_TONE_PLAIN, vp_json_get_text(entry, "time"));
		vp_table_cell(&table, VP_TONE_PLAIN, vp_json_get_text(entry, "request"));
		vp_table_cell(&table, vp_result_tone(result), result);
		add_number(&table, entry, "generation");
		vp_table_cell(&table, VP_TONE_PLAIN, vp_json_get_text(entry, "who"));
		add_why(&table, entry);
	}
	vp_table_print(&table, page);
}

static void render_generations(const json_t *generations, struct vp_page *page)
{
	static const struct vp_column columns[] = {
		{ " ", false, false },	     { "GENERATION", true, false },
		{ "TIME", false, false },    { "PATCHES", true, false },
		{ "RESTORES", true, false }, { "WHO", false, true },
		{ "WHY", false, true },
	};
	struct vp_table table = { .columns = columns, .count = VP_COUNT(columns) };
	const json_t *generation;
	size_t i;

	json_array_foreach (generations, i, generation) {
		bool current = json_is_true(json_object_get(generation, "current"));

		vp_table_cell(&table, VP_TONE_GOOD, current ? "*" : " ");
		add_number(&table, generation, "number");
		vp_table_cell(&table, VP_TONE_PLAIN, vp_json_get_text(generation, "time"));
		add_number(&table, generation, "patches");
		add_number(&table, generation, "restores");
		vp_table_cell(&table, VP_TONE_PLAIN, vp_json_get_text(generation, "who"));
		add_why(&table, generation);
	}
	vp_table_print(&table, page);
}

void vp_render_history(const json_t *document, struct vp_page *page)
{
	const json_t *entries = json_object_get(document, "entries");
	const json_t *generations = json_object_get(document, "generations");

	if (!json_array_size(entries) && !json_array_size(generations)) {
		vp_page_line(page, 0, "Nothing was ever applied; 'vpatchctl apply' does.");
		return;
	}
	if (json_array_size(entries)) {
		vp_page_heading(page, "What happened");
		render_entries(entries, page);
	}
	if (json_array_size(generations)) {
		vp_page_heading(page, "Stored generations ('*' runs; 'vpatchctl rollback "
				      "GENERATION' goes to one)");
		render_generations(generations, page);
	}
}

/* The state folder says the same as the daemon, to those who may read it. */
static enum vp_exit print_stored(const struct vp_ctl *ctl, const char *why)
{
	struct vp_agent agent = { 0 };
	_cleanup_json_ json_t *document = NULL;
	struct vp_error err = { 0 };
	enum vp_exit status = VP_EXIT_GOOD;

	if (vp_settings_read(ctl, &agent.config, &err)) {
		status = vp_output_failure(ctl->out, VP_EXIT_USAGE, "%s", err.text);
	} else {
		vp_state_name(&agent.state, agent.config.state);
		if (vp_state_current(&agent.state, &agent.running, &err)) {
			status = vp_output_failure(ctl->out, VP_EXIT_UNREACHABLE, "%s; and %s",
						   why, err.text);
		} else {
			document = vp_history_document(&agent);
			vp_output_note(ctl->out, "from the state folder: %s", why);
			vp_output_document(ctl->out, document, vp_render_history);
		}
		vp_state_free(&agent.state);
	}
	vp_config_free(&agent.config);
	return status;
}

enum vp_exit vp_ctl_history(const struct vp_ctl *ctl)
{
	const struct vp_message request = { .type = VP_REQUEST_HISTORY };
	_cleanup_json_ json_t *answer = NULL;
	struct vp_error err = { 0 };
	enum vp_exit status;

	if (!vp_remote_ask(ctl, &request, &status, &answer, &err))
		return vp_remote_print(ctl, status, answer, vp_render_history);
	if (status == VP_EXIT_UNREACHABLE)
		return print_stored(ctl, err.text);
	return vp_output_failure(ctl->out, status, "%s", err.text);
}
