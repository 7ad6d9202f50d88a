/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpatchctl plan: what would be enforced where, and what would change. Plans
 * here, from files and this host's facts; the daemon is only asked what runs.
 */
#include "policy/plan.h"

#include <string.h>

#include "agentd/ctl/findings.h"
#include "agentd/ctl/remote.h"
#include "agentd/ctl/render.h"
#include "agentd/ctl/survey.h"
#include "agentd/ctl/verbs.h"
#include "agentd/document.h"

/* The patches of a document by id; owned by the caller. */
static json_t *by_id(const json_t *document)
{
	json_t *found = json_object();
	json_t *patch;
	size_t i;

	json_array_foreach (json_object_get(document, "patches"), i, patch) {
		const char *id = vp_json_get_text(patch, "id");

		if (id)
			json_object_set(found, id, patch);
	}
	return found;
}

static bool differs(const json_t *one, const json_t *other, const char *key)
{
	const char *a = vp_json_get_text(one, key), *b = vp_json_get_text(other, key);

	return a && b && strcmp(a, b);
}

static void add_change(json_t *changes, const json_t *patch, const json_t *active)
{
	const char *id = vp_json_get_text(patch, "id");
	_cleanup_free_ char *line = NULL;

	if (!active)
		line = vp_format("+ %s: %s", id, vp_render_text(patch, "title"));
	else if (differs(active, patch, "mode"))
		line = vp_format("~ %s: %s, now %s", id, vp_render_text(patch, "mode"),
				 vp_render_text(active, "mode"));
	else if (differs(active, patch, "digest"))
		line = vp_format("~ %s: changed definition or overrides", id);
	if (line)
		vp_json_append_text(changes, line);
}

json_t *vp_plan_changes(const json_t *active, const json_t *plan, bool whole)
{
	_cleanup_json_ json_t *before = by_id(active), *after = by_id(plan);
	json_t *changes = json_array();
	json_t *patch;
	const char *id;

	json_object_foreach (after, id, patch)
		add_change(changes, patch, json_object_get(before, id));
	json_object_foreach (before, id, patch) {
		_cleanup_free_ char *line = vp_format("- %s", id);

		if (whole && !json_object_get(after, id))
			vp_json_append_text(changes, line);
	}
	return changes;
}

static void add_running(const struct vp_ctl *ctl, json_t *document)
{
	const struct vp_message request = { .type = VP_REQUEST_PLAN };
	_cleanup_json_ json_t *active = NULL;
	struct vp_error err = { 0 };
	enum vp_exit status;

	if (vp_remote_ask(ctl, &request, &status, &active, &err) || status != VP_EXIT_GOOD)
		return;
	vp_json_set_number(document, "running", vp_json_get_number(active, "generation"));
	json_object_set_new(document, "changes",
			    vp_plan_changes(active, document, !ctl->operand_count));
}

static void render_changes(const json_t *document, struct vp_page *page)
{
	const json_t *changes = json_object_get(document, "changes");
	const json_t *line;
	size_t i;

	if (!json_object_get(document, "running")) {
		vp_page_line(page, 0,
			     "The daemon does not answer: what would change is not known.");
		return;
	}
	vp_page_line(page, 0, "Against generation %llu, which runs:%s",
		     (unsigned long long)vp_json_get_number(document, "running"),
		     json_array_size(changes) ? "" : " nothing would change.");
	json_array_foreach (changes, i, line)
		vp_page_line(page, 4, "  %s", json_string_value(line));
}

static void render_rule(const json_t *rule, struct vp_page *page)
{
	_cleanup_strbuf_ struct vp_strbuf ports = { 0 }, addresses = { 0 };
	bool local = json_is_true(json_object_get(rule, "local"));
	const json_t *failure = json_object_get(rule, "failure");

	vp_render_list(json_object_get(rule, "ports"), &ports);
	vp_render_list(json_object_get(rule, "addresses"), &addresses);
	vp_page_line(page, 6, "    %s: %s of %s, at %s: %s", vp_render_text(rule, "name"),
		     vp_strbuf_text(&ports), local ? "this host" : vp_strbuf_text(&addresses),
		     vp_render_text(rule, "point"), vp_render_text(rule, "placement"));
	if (failure)
		vp_page_line(page, 8, "      when it cannot be read: %s",
			     vp_render_text(failure, "text"));
}

static void render_section(const json_t *section, struct vp_page *page)
{
	const json_t *units = json_object_get(section, "units");
	const json_t *processes = json_object_get(section, "processes");
	unsigned long long rules = vp_json_get_number(section, "rules");
	_cleanup_strbuf_ struct vp_strbuf targets = { 0 };

	vp_render_list(units, &targets);
	if (json_array_size(units) && json_array_size(processes))
		vp_strbuf_adds(&targets, ", ");
	vp_render_list(processes, &targets);
	if (!targets.len)
		vp_strbuf_adds(&targets, "the services that the site names");
	vp_page_line(page, 6, "    %s: %s, at %s: %llu rule%s on system calls, errno %s",
		     vp_render_text(section, "name"), vp_strbuf_text(&targets),
		     vp_render_text(section, "point"), rules, rules == 1 ? "" : "s",
		     vp_render_text(section, "errno"));
	if (!strcmp(vp_render_text(section, "no_new_privileges"), "allow"))
		vp_page_line(page, 6, "      %s", VP_NO_NEW_PRIVS_EFFECT);
}

static void render_patch(const json_t *patch, struct vp_page *page)
{
	const char *overridden = vp_json_get_text(patch, "overridden");
	const json_t *rule, *section;
	size_t i;

	vp_page_line(page, 4, "  %s  %s, %s: %s", vp_render_text(patch, "id"),
		     vp_render_text(patch, "severity"), vp_render_text(patch, "mode"),
		     vp_render_text(patch, "title"));
	if (overridden)
		vp_page_line(page, 6, "    overridden: %s", overridden);
	json_array_foreach (json_object_get(patch, "rules"), i, rule)
		render_rule(rule, page);
	json_array_foreach (json_object_get(patch, "syscalls"), i, section)
		render_section(section, page);
}

/* "2 patches, 3 rules, 1 section of system calls." */
static void render_sums(const json_t *patches, struct vp_page *page)
{
	size_t i, count = json_array_size(patches), rules = 0, sections = 0;
	_cleanup_free_ char *more = NULL;
	const json_t *patch;

	json_array_foreach (patches, i, patch) {
		rules += json_array_size(json_object_get(patch, "rules"));
		sections += json_array_size(json_object_get(patch, "syscalls"));
	}
	more = sections ? vp_format(", %zu section%s of system calls", sections,
				    sections == 1 ? "" : "s")
			: vp_strdup("");
	vp_page_line(page, 0, "%zu patch%s, %zu rule%s%s. Shielded, not fixed.", count,
		     count == 1 ? "" : "es", rules, rules == 1 ? "" : "s", more);
}

static void render_failures(const json_t *failures, struct vp_page *page)
{
	const char *class;
	json_t *verdicts, *row;
	size_t i;

	json_object_foreach ((json_t *)(uintptr_t)failures, class, verdicts) {
		_cleanup_free_ char *heading =
			vp_format("When traffic of class %s cannot be read", class);

		vp_page_heading(page, heading);
		json_array_foreach (verdicts, i, row)
			vp_render_verdict(row, page);
	}
}

/* As they stand now: what would be written is `missing` or `changed`. */
static void render_dropins(const json_t *dropins, struct vp_page *page)
{
	if (!json_array_size(dropins))
		return;
	vp_page_heading(page, "Drop-ins of systemd, beside the filters");
	vp_render_dropins(dropins, false, page);
}

void vp_render_plan(const json_t *document, struct vp_page *page)
{
	const json_t *patches = json_object_get(document, "patches");
	const json_t *patch, *note;
	size_t i;

	vp_findings_render(json_object_get(document, "findings"), page);
	json_array_foreach (json_object_get(document, "notes"), i, note)
		vp_page_line(page, 0, "note: %s", json_string_value(note));
	render_changes(document, page);
	vp_page_heading(page, "Plan, in order of evaluation");
	json_array_foreach (patches, i, patch)
		render_patch(patch, page);
	render_failures(json_object_get(document, "failures"), page);
	render_dropins(json_object_get(document, "dropins"), page);
	vp_render_blind_spots(json_object_get(document, "blind_spots"), page);
	vp_page_blank(page);
	render_sums(patches, page);
}

static enum vp_exit print_document(const struct vp_ctl *ctl, const struct vp_survey *survey)
{
	_cleanup_json_ json_t *document = vp_survey_plan_document(survey);

	json_object_set_new(document, "findings", vp_json_findings(&survey->findings));
	json_object_set(document, "notes", survey->notes);
	add_running(ctl, document);
	vp_output_document(ctl->out, document, vp_render_plan);
	return survey->findings.errors ? VP_EXIT_FINDINGS : VP_EXIT_GOOD;
}

/* Only the artefact goes to standard output: another program reads it. */
static enum vp_exit print_artefact(const struct vp_ctl *ctl, const struct vp_survey *survey,
				   const char *format)
{
	_cleanup_strbuf_ struct vp_strbuf findings = { 0 };
	_cleanup_free_ char *text = NULL;
	struct vp_error err = { 0 };
	const json_t *note;
	size_t i;

	json_array_foreach (survey->notes, i, note)
		vp_output_note(ctl->out, "%s", json_string_value(note));
	if (survey->findings.errors) {
		vp_findings_print(&survey->findings, &findings);
		return vp_output_failure(ctl->out, VP_EXIT_FINDINGS, "cannot plan:\n%s",
					 vp_strbuf_text(&findings));
	}
	if (vp_survey_artefact(survey, format, &text, &err))
		return vp_output_failure(ctl->out, VP_EXIT_FINDINGS, "%s", err.text);
	vp_output_raw(ctl->out, text);
	return VP_EXIT_GOOD;
}

enum vp_exit vp_ctl_plan(const struct vp_ctl *ctl)
{
	const char *format = ctl->option[VP_OPTION_FORMAT];
	_cleanup_survey_ struct vp_survey survey = { 0 };
	_cleanup_config_ struct vp_config config = { 0 };
	struct vp_error err = { 0 };

	if (format && !strcmp(format, "json"))
		ctl->out->ops = &vp_output_json;
	if (vp_settings_read(ctl, &config, &err))
		return vp_output_failure(ctl->out, VP_EXIT_USAGE, "%s", err.text);
	vp_output_progress(ctl->out, "reading definitions", 0, 0);
	if (ctl->operand_count)
		vp_survey_read(&survey, ctl->operands, ctl->operand_count,
			       ctl->option[VP_OPTION_OVERRIDES]);
	else
		vp_survey_read_configured(&survey, &config);
	vp_output_progress(ctl->out, "planning", 0, 0);
	vp_survey_this_host(&survey, &config, ctl->operand_count > 0);
	vp_survey_plan(&survey);
	if (format && (!strcmp(format, "nft") || !strcmp(format, "bpf")))
		return print_artefact(ctl, &survey, format);
	return print_document(ctl, &survey);
}
