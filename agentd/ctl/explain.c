/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpatchctl explain: everything about one patch. The daemon knows what runs;
 * without it the patch is looked up in the files and as much of the kernel as
 * this user may read.
 */
#include <string.h>

#include "agentd/ctl/remote.h"
#include "agentd/ctl/render.h"
#include "agentd/ctl/survey.h"
#include "agentd/ctl/verbs.h"
#include "agentd/document.h"
#include "policy/plan.h"

/* One pair a line: the key stands on the first only. */
static void render_each(const char *key, const json_t *array, struct vp_page *page)
{
	const json_t *item;
	size_t i;

	json_array_foreach (array, i, item)
		vp_page_pair(page, i ? "" : key, json_string_value(item));
}

static void render_patch(const json_t *patch, struct vp_page *page)
{
	const char *state = vp_json_get_text(patch, "state");
	const char *expires = vp_json_get_text(patch, "expires");

	vp_page_tone(page, VP_TONE_BOLD, "%s: %s", vp_render_text(patch, "id"),
		     vp_render_text(patch, "title"));
	vp_page_pair(page, "severity", vp_json_get_text(patch, "severity"));
	vp_page_pairf(page, "state", "%s (mode %s)", state ? state : "?",
		      vp_render_text(patch, "mode"));
	vp_page_pair(page, "overridden", vp_json_get_text(patch, "overridden"));
	if (expires)
		vp_page_pairf(page, "expires", "%s; then: %s", expires,
			      vp_json_get_text(patch, "on_expiry"));
	else
		vp_page_pair(page, "expires", "never");
	vp_page_pair(page, "file", vp_json_get_text(patch, "file"));
	vp_page_pair(page, "owner", vp_json_get_text(patch, "owner"));
	vp_page_pair(page, "reason", vp_json_get_text(patch, "reason"));
	render_each("affects", json_object_get(patch, "affects"), page);
	render_each("fixed by", json_object_get(patch, "fixed_by"), page);
	render_each("references", json_object_get(patch, "references"), page);
}

static void render_where(const json_t *rule, struct vp_page *page)
{
	_cleanup_strbuf_ struct vp_strbuf ports = { 0 }, addresses = { 0 };
	bool local = json_is_true(json_object_get(rule, "local"));

	vp_render_list(json_object_get(rule, "ports"), &ports);
	vp_render_list(json_object_get(rule, "addresses"), &addresses);
	vp_page_pairf(page, "shields", "%s of %s (service %s, %s)", vp_strbuf_text(&ports),
		      local ? "this host" : vp_strbuf_text(&addresses),
		      vp_render_text(rule, "service"), vp_render_text(rule, "direction"));
}

/* Of an inspected rule: which class its service is of, why, and what that means. */
static void render_failure(const json_t *failure, struct vp_page *page)
{
	const json_t *row;
	size_t i;

	if (!json_is_object(failure))
		return;
	vp_page_pair(page, "if unreadable", vp_render_text(failure, "text"));
	json_array_foreach (json_object_get(failure, "verdicts"), i, row)
		vp_page_pairf(page, "", "%s: when %s, it %s", vp_render_text(row, "cause"),
			      vp_render_text(row, "text"), vp_render_text(row, "verdict"));
}

static void render_rule(const json_t *rule, struct vp_page *page)
{
	_cleanup_strbuf_ struct vp_strbuf counts = { 0 };
	_cleanup_free_ char *heading = vp_format("Rule %s", vp_render_text(rule, "name"));

	vp_page_heading(page, heading);
	render_where(rule, page);
	render_each("when", json_object_get(rule, "conditions"), page);
	render_each("except", json_object_get(rule, "exceptions"), page);
	vp_page_pairf(page, "action", "%s (mode %s)", vp_render_text(rule, "action"),
		      vp_render_text(rule, "mode"));
	vp_page_pairf(page, "enforced at", "%s, because %s", vp_render_text(rule, "point"),
		      vp_render_text(rule, "placement"));
	if (json_object_get(rule, "packets"))
		vp_render_counts(rule, &counts);
	else
		vp_strbuf_adds(&counts, "not known");
	vp_page_pair(page, "matched", vp_strbuf_text(&counts));
	vp_page_pair(page, "tag", vp_json_get_text(rule, "tag"));
	render_failure(json_object_get(rule, "failure"), page);
	render_each("objects", json_object_get(rule, "objects"), page);
}

static void render_coverage(const json_t *targets, struct vp_page *page)
{
	const json_t *target;
	size_t i;

	json_array_foreach (targets, i, target) {
		const char *unit = vp_json_get_text(target, "unit");

		vp_page_pairf(page, i ? "" : "on",
			      "%s: %llu processes covered, %llu in part, %llu not, %llu under "
			      "way",
			      unit ? unit : vp_render_text(target, "process"),
			      (unsigned long long)vp_json_get_number(target, "covered"),
			      (unsigned long long)vp_json_get_number(target, "partial"),
			      (unsigned long long)vp_json_get_number(target, "refused"),
			      (unsigned long long)vp_json_get_number(target, "pending"));
	}
}

static void render_section(const json_t *section, struct vp_page *page)
{
	_cleanup_free_ char *heading =
		vp_format("System calls %s", vp_render_text(section, "name"));

	vp_page_heading(page, heading);
	render_each("denied", json_object_get(section, "deny"), page);
	vp_page_pairf(page, "action", "errno %s (mode %s)", vp_render_text(section, "errno"),
		      vp_render_text(section, "mode"));
	if (!strcmp(vp_render_text(section, "no_new_privileges"), "allow"))
		vp_page_pair(page, "privileges", VP_NO_NEW_PRIVS_EFFECT);
	if (json_is_true(json_object_get(section, "revocable")))
		vp_page_pair(
			page, "revocable",
			"by vpatchd-answer, at once; not where a rule without `revocable` "
			"denies the call too");
	render_coverage(json_object_get(section, "coverage"), page);
	vp_page_pairf(page, "matched", "%llu calls",
		      (unsigned long long)vp_json_get_number(section, "calls"));
	vp_page_pair(page, "tag", vp_json_get_text(section, "tag"));
}

static void render_dropins(const json_t *dropins, struct vp_page *page)
{
	if (!json_array_size(dropins))
		return;
	vp_page_heading(page, "Drop-ins of systemd, from the next start of a service on");
	vp_render_dropins(dropins, true, page);
}

void vp_render_explain(const json_t *document, struct vp_page *page)
{
	const json_t *rules = json_object_get(document, "rules");
	const json_t *sections = json_object_get(document, "syscalls");
	const json_t *rule, *note;
	size_t i;

	render_patch(json_object_get(document, "patch"), page);
	if (vp_json_get_number(document, "generation"))
		vp_page_pairf(page, "generation", "%llu",
			      (unsigned long long)vp_json_get_number(document, "generation"));
	vp_page_pair(page, "note", vp_json_get_text(document, "note"));
	json_array_foreach (json_object_get(document, "notes"), i, note)
		vp_page_pair(page, "note", json_string_value(note));
	json_array_foreach (rules, i, rule)
		render_rule(rule, page);
	json_array_foreach (sections, i, rule)
		render_section(rule, page);
	render_dropins(json_object_get(document, "dropins"), page);
	if (!json_array_size(rules) && !json_array_size(sections))
		vp_page_line(page, 2,
			     "  no rule of this patch is in the plan: it is switched off, "
			     "expired, or cannot be enforced here");
	vp_render_blind_spots(json_object_get(document, "blind_spots"), page);
	vp_page_blank(page);
	vp_page_line(page, 0,
		     "Shielded, not fixed: the flaw stays until the software is updated.");
}

/* Look the id up in what `survey` has read; NULL when it is not there. */
static json_t *try_survey(const struct vp_ctl *ctl, struct vp_survey *survey,
			  const struct vp_config *config, const char *note)
{
	json_t *document;

	if (!vp_policy_find(&survey->policy, ctl->operands[0]))
		return NULL;
	vp_survey_this_host(survey, config, true);
	vp_survey_plan(survey);
	document = vp_survey_explain(survey, ctl->operands[0]);
	vp_json_set_text(document, "note", note);
	json_object_set(document, "notes", survey->notes);
	return document;
}

static enum vp_exit explain_files(const struct vp_ctl *ctl, const char *why,
				  enum vp_exit status)
{
	_cleanup_survey_ struct vp_survey installed = { 0 }, shipped = { 0 };
	_cleanup_config_ struct vp_config config = { 0 };
	_cleanup_json_ json_t *document = NULL;
	const char *catalogue = VP_CATALOGUE;
	_cleanup_free_ char *note = NULL;
	struct vp_error err = { 0 };

	if (vp_settings_read(ctl, &config, &err))
		return vp_output_failure(ctl->out, VP_EXIT_USAGE, "%s", err.text);
	note = vp_format("this is what the files in %s say, not what runs: %s", config.policy,
			 why);
	vp_survey_read_configured(&installed, &config);
	document = try_survey(ctl, &installed, &config, note);
	if (!document) {
		vp_survey_read(&shipped, &catalogue, 1, NULL);
		document =
			try_survey(ctl, &shipped, &config,
				   "from the catalogue: this patch is not installed on this "
				   "host and shields nothing");
	}
	if (!document)
		return vp_output_failure(ctl->out, VP_EXIT_USAGE,
					 "%s: no such patch runs, nor is one in %s or %s",
					 ctl->operands[0], config.policy, catalogue);
	vp_output_document(ctl->out, document, vp_render_explain);
	return status;
}

enum vp_exit vp_ctl_explain(const struct vp_ctl *ctl)
{
	struct vp_message request = { .type = VP_REQUEST_EXPLAIN };
	_cleanup_json_ json_t *answer = NULL;
	struct vp_error err = { 0 };
	enum vp_exit status;

	request.arguments[VP_ARG_ID] = ctl->operands[0];
	if (vp_remote_ask(ctl, &request, &status, &answer, &err))
		return status == VP_EXIT_USAGE
			       ? vp_output_failure(ctl->out, status, "%s", err.text)
			       : explain_files(ctl, err.text, VP_EXIT_GOOD);
	if (status == VP_EXIT_USAGE)
		return explain_files(ctl,
				     "the patch is not part of what runs; 'vpatchctl apply' "
				     "installs the folder",
				     VP_EXIT_GOOD);
	return vp_remote_print(ctl, status, answer, vp_render_explain);
}
