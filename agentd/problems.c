/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is not as it should be, for status: one row a problem. */
#include <inttypes.h>
#include <string.h>

#include "agentd/covering.h"
#include "agentd/denying.h"
#include "agentd/document.h"
#include "agentd/dropin_keeper.h"
#include "agentd/inspecting.h"
#include "agentd/reporting.h"
#include "agentd/status.h"

static json_t *add(json_t *problems, const char *code, const char *text)
{
	json_t *problem = json_object();

	vp_json_set_text(problem, "code", code);
	vp_json_set_text(problem, "text", text);
	json_array_append_new(problems, problem);
	return problem;
}

static void add_panic(const struct vp_agent *agent, json_t *problems, bool *bad)
{
	struct vp_panic_marker marker;

	if (!vp_state_panicked(&agent->state, &marker))
		return;
	add(problems, "panic",
	    "nothing is installed after a panic; when the cause is gone: vpatchctl apply"
	    " --after-panic");
	*bad = true;
}

static void add_lasting(const struct vp_agent *agent, json_t *problems, bool *bad)
{
	const struct {
		const char *code, *text;
	} rows[] = {
		{ "drift", agent->drift },
		{ "record", agent->record_failed },
		{ "module", agent->module_failed },
		{ "policy", agent->start_failed },
	};

	for (size_t i = 0; i < VP_COUNT(rows); i++)
		if (rows[i].text) {
			add(problems, rows[i].code, rows[i].text);
			*bad = true;
		}
}

static void add_folder(json_t *folder, json_t *problems, bool *bad)
{
	const json_t *findings = json_object_get(folder, "findings");
	const char *text = vp_json_get_text(json_array_get(findings, 0), "text");
	const char *file = vp_json_get_text(json_array_get(findings, 0), "file");
	_cleanup_free_ char *whole = NULL;

	if (json_array_size(findings)) {
		whole = vp_format(
			"the policy folder is broken, the last good generation stays:"
			" %s:%" PRIu64 ": %s",
			file ? file : "",
			vp_json_get_number(json_array_get(findings, 0), "line"),
			text ? text : "");
		add(problems, "policy", whole);
		*bad = true;
	} else if (json_is_true(json_object_get(folder, "differs"))) {
		add(problems, "differs",
		    "the policy folder is not what runs; vpatchctl plan shows the difference");
	}
}

static void add_expired(const struct vp_agent *agent, json_t *problems, bool *bad)
{
	const struct vp_active *active = agent->active;

	vp_array_each (patch, &active->policy.patches) {
		_cleanup_free_ char *text = NULL;
		char at[VP_TIME_TEXT];

		if (!(*patch)->expires || (*patch)->expires > time(NULL) || (*patch)->disabled)
			continue;
		text = vp_format("%s expired at %s (on-expiry = %s)", (*patch)->id,
				 vp_time_print((*patch)->expires, at),
				 vp_on_expiry_name((*patch)->on_expiry));
		vp_json_set_text(add(problems, "expired", text), "patch", (*patch)->id);
		*bad = true;
	}
}

static void add_clock(const struct vp_agent *agent, json_t *problems)
{
	bool dated = false;

	vp_array_each (patch, &agent->active->policy.patches)
		dated = dated || (*patch)->expires;
	if (dated && !agent->active->host.clock_synchronised)
		add(problems, "clock",
		    "the clock is not synchronised: nothing expires until it is");
}

static void add_confirm(const struct vp_agent *agent, json_t *problems)
{
	struct vp_confirm confirm;
	_cleanup_free_ char *text = NULL;
	char until[VP_TIME_TEXT];

	if (!vp_state_confirm(&agent->state, &confirm))
		return;
	text = vp_format("generation %" PRIu64 " is not confirmed; without `vpatchctl confirm`"
			 " generation %" PRIu64 " comes back at %s",
			 confirm.generation, confirm.previous,
			 vp_time_print(confirm.deadline, until));
	add(problems, "unconfirmed", text);
}

/* Calls are denied all the same: worth knowing, no reason for alarm. */
static char *unheard_text(const struct vp_agent *agent)
{
	_cleanup_free_ char *problem = vp_denying_problem(agent->denying);

	return problem ? vp_format("denied system calls are not reported: %s", problem) : NULL;
}

static void add_coverage(const struct vp_agent *agent, json_t *problems, bool *bad)
{
	_cleanup_free_ char *problem = vp_covering_problem(agent->covering);
	_cleanup_free_ char *left = vp_covering_left(agent->covering);
	_cleanup_free_ char *starts = vp_covering_starts(agent->covering);
	_cleanup_free_ char *answers = vp_covering_answers(agent->covering);
	_cleanup_free_ char *unheard = unheard_text(agent);

	if (problem) {
		add(problems, "coverage", problem);
		*bad = true;
	}
	if (answers) {
		add(problems, "answers", answers);
		*bad = true;
	}
	if (left)
		add(problems, "left", left);
	if (starts)
		add(problems, "starts", starts);
	if (unheard)
		add(problems, "denials", unheard);
}

static void add_dropins(const struct vp_agent *agent, json_t *problems, bool *bad)
{
	const char *problem = vp_dropin_keeper_problem(agent->dropins);
	_cleanup_free_ char *text =
		problem ? vp_format("drop-ins: %s; to do without them: dropins = no in "
				    "vpatchd.conf(5)",
				    problem)
			: NULL;

	if (!text)
		return;
	add(problems, "dropins", text);
	*bad = true;
}

json_t *vp_problems_document(struct vp_agent *agent, json_t *folder, bool *bad)
{
	json_t *problems = json_array();

	add_panic(agent, problems, bad);
	add_lasting(agent, problems, bad);
	add_folder(folder, problems, bad);
	add_confirm(agent, problems);
	if (agent->active) {
		add_expired(agent, problems, bad);
		add_clock(agent, problems);
	}
	if (agent->reporting && !vp_reporting_is_good(agent->reporting)) {
		add(problems, "reporter",
		    "vpatchd-events does not run as it should: blocks are counted but not"
		    " reported one by one");
		*bad = true;
	}
	if (!vp_inspecting_is_good(agent->inspecting)) {
		add(problems, "inspection",
		    "not every inspection process runs as it should: services that they read"
		    " are as their on-failure says");
		*bad = true;
	}
	add_coverage(agent, problems, bad);
	add_dropins(agent, problems, bad);
	return problems;
}
