/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpatchctl status: whether every enabled patch is enforced as meant. The daemon
 * decides that; without it, this says what the kernel and the stored state say,
 * and that nobody watches.
 */
#include <string.h>

#include "agentd/ctl/findings.h"
#include "agentd/ctl/remote.h"
#include "agentd/ctl/render.h"
#include "agentd/ctl/stored.h"
#include "agentd/ctl/verbs.h"
#include "agentd/document.h"

#define UNCOVERED_MAX 20 /* processes of a target on a page; --json has them all */

static void render_problems(const json_t *document, struct vp_page *page)
{
	const json_t *folder = json_object_get(document, "policy_folder");

	vp_render_coded("Problems", json_object_get(document, "problems"), page);
	vp_findings_render(json_object_get(folder, "findings"), page);
}

static void render_daemon(const json_t *document, struct vp_page *page)
{
	const json_t *daemon = json_object_get(document, "daemon");
	const char *policy = vp_json_get_text(daemon, "policy");

	if (!json_is_object(daemon)) {
		vp_page_pair(page, "daemon", "does not answer");
		return;
	}
	vp_page_pairf(page, "daemon", "running since %s, pid %llu, version %s",
		      vp_render_text(daemon, "since"),
		      (unsigned long long)vp_json_get_number(daemon, "pid"),
		      vp_render_text(document, "version"));
	if (policy)
		vp_page_pairf(
			page, "policy", "%s%s", policy,
			json_is_true(json_object_get(
				json_object_get(document, "policy_folder"), "differs"))
				? " (changed since: 'vpatchctl plan' shows how, 'vpatchctl "
				  "apply' makes it effective)"
				: "");
}

static void render_generation(const json_t *document, struct vp_page *page)
{
	const json_t *generation = json_object_get(document, "generation");
	const char *reason = vp_json_get_text(generation, "reason");
	const char *ticket = vp_json_get_text(generation, "ticket");
	const char *who = vp_json_get_text(generation, "who");

	if (!json_is_object(generation)) {
		vp_page_pair(page, "generation", generation ? "none" : "not known");
		return;
	}
	vp_page_pairf(page, "generation", "%llu, of %s%s%s%s%s%s%s",
		      (unsigned long long)vp_json_get_number(generation, "number"),
		      vp_render_text(generation, "time"), who ? " by " : "", who ? who : "",
		      ticket ? ", " : "", ticket ? ticket : "", reason ? ": " : "",
		      reason ? reason : "");
}

static void render_waiting(const json_t *document, struct vp_page *page)
{
	const json_t *confirm = json_object_get(document, "confirm");
	const json_t *panic = json_object_get(document, "panic");
	const char *reason = vp_json_get_text(panic, "reason");

	if (json_is_object(confirm))
		vp_page_pairf(
			page, "unconfirmed",
			"generation %llu comes back in %llu seconds; 'vpatchctl confirm' "
			"keeps this one",
			(unsigned long long)vp_json_get_number(confirm, "previous"),
			(unsigned long long)vp_json_get_number(confirm, "seconds_left"));
	if (json_is_object(panic))
		vp_page_pairf(page, "panic",
			      "since %s by %s%s%s; 'vpatchctl apply --after-panic' ends it",
			      vp_json_get_text(panic, "time"), vp_json_get_text(panic, "who"),
			      reason && *reason ? ": " : "", reason ? reason : "");
}

static void render_totals(const json_t *document, struct vp_page *page)
{
	const json_t *totals = json_object_get(document, "totals");
	_cleanup_strbuf_ struct vp_strbuf counts = { 0 };

	if (!json_is_object(totals))
		return;
	vp_page_pairf(page, "patches", "%llu: %llu enforced, %llu monitored, %llu disabled",
		      (unsigned long long)vp_json_get_number(totals, "patches"),
		      (unsigned long long)vp_json_get_number(totals, "enforced"),
		      (unsigned long long)vp_json_get_number(totals, "monitored"),
		      (unsigned long long)vp_json_get_number(totals, "disabled"));
	vp_render_counts(totals, &counts);
	vp_page_pairf(page, "matched", "%s, by %llu rule%s", vp_strbuf_text(&counts),
		      (unsigned long long)vp_json_get_number(totals, "rules"),
		      vp_json_get_number(totals, "rules") == 1 ? "" : "s");
}

static void render_events(const json_t *document, struct vp_page *page)
{
	const json_t *events = json_object_get(document, "events");
	const char *detail = vp_json_get_text(events, "detail");
	char number[32];

	if (!json_is_object(events))
		return;
	vp_page_pairf(page, "reporter", "%s%s%s, %s reports lost",
		      vp_render_text(events, "reporter"), detail && *detail ? ": " : "",
		      detail ? detail : "",
		      vp_number_text(vp_json_get_number(events, "lost"), number));
}

static void render_processes(const json_t *processes, struct vp_page *page)
{
	const json_t *process;
	size_t i;

	json_array_foreach (processes, i, process) {
		const char *ended = vp_json_get_text(process, "ended");
		uint64_t restarts = vp_json_get_number(process, "restarts");
		char number[32];

		vp_page_pairf(page, i ? "" : "inspection",
			      "class %s, queue %llu: %s, restarts %s%s%s",
			      vp_render_text(process, "class"),
			      (unsigned long long)vp_json_get_number(process, "index"),
			      vp_render_text(process, "state"),
			      vp_number_text(restarts, number),
			      ended ? ", the last ended " : "", ended ? ended : "");
	}
}

static void add_reasons(const json_t *reasons, struct vp_strbuf *out)
{
	const char *name;
	json_t *count;
	char number[32];

	json_object_foreach ((json_t *)(uintptr_t)reasons, name, count)
		vp_strbuf_addf(out, "%s%s %s", out->len ? ", " : "", name,
			       vp_number_text(vp_json_get_number(reasons, name), number));
}

/* What was read, and what of the services was not. */
static void render_inspection(const json_t *document, struct vp_page *page)
{
	const json_t *inspection = json_object_get(document, "inspection");
	const json_t *processes = json_object_get(inspection, "processes");
	const json_t *counts = json_object_get(inspection, "counts");
	const json_t *unread = json_object_get(inspection, "unread");
	_cleanup_strbuf_ struct vp_strbuf reasons = { 0 };
	char number[4][32];

	if (!json_array_size(processes))
		return;
	render_processes(processes, page);
	add_reasons(json_object_get(counts, "reasons"), &reasons);
	vp_page_pairf(page, "inspected", "%s packets, %s blocked%s%s",
		      vp_number_text(vp_json_get_number(counts, "packets"), number[0]),
		      vp_number_text(vp_json_get_number(counts, "blocked"), number[1]),
		      reasons.len ? "; hits by reason: " : "", vp_strbuf_text(&reasons));
	vp_page_pairf(page, "not inspected",
		      "%s packets passed unread, %s were dropped unread, %s as invalid, %s "
		      "because a queue was full",
		      vp_number_text(vp_json_get_number(unread, "pass") +
					     vp_json_get_number(unread, "watch"),
				     number[0]),
		      vp_number_text(vp_json_get_number(unread, "block"), number[1]),
		      vp_number_text(vp_json_get_number(inspection, "invalid"), number[2]),
		      vp_number_text(vp_json_get_number(inspection, "overruns"), number[3]));
}

static const char *target_name(const json_t *target)
{
	const char *unit = vp_json_get_text(target, "unit");

	return unit ? unit : vp_render_text(target, "process");
}

/* What is not as it should be, process by process, as far as a page bears it. */
static void render_uncovered(const json_t *target, struct vp_page *page)
{
	const json_t *process;
	size_t i;

	json_array_foreach (json_object_get(target, "processes"), i, process) {
		const char *outcome = vp_render_text(process, "outcome");
		const char *reason = vp_json_get_text(process, "reason");

		if (!strcmp(outcome, "covered") || i == UNCOVERED_MAX)
			break; /* these come first */
		vp_page_pairf(page, "", "  process %llu: %s%s%s",
			      (unsigned long long)vp_json_get_number(process, "pid"), outcome,
			      reason ? ": " : "", reason ? reason : "");
	}
}

/* Of those whose calls are let through, the ones that are not come as uncovered ones do. */
static void render_withdrawn(const json_t *filters, struct vp_page *page)
{
	const json_t *filter;
	size_t i;

	json_array_foreach (filters, i, filter) {
		size_t count = json_array_size(json_object_get(filter, "processes"));

		vp_page_pairf(
			page, i ? "" : "withdrawn",
			"%s: the denials of generation %llu (%s) are taken back from %zu "
			"process%s",
			target_name(filter),
			(unsigned long long)vp_json_get_number(filter, "generation"),
			vp_render_text(filter, "patches"), count, count == 1 ? "" : "es");
		render_uncovered(filter, page);
	}
}

static void render_left(const json_t *filters, struct vp_page *page)
{
	const json_t *filter;
	size_t i;

	json_array_foreach (filters, i, filter)
		vp_page_pairf(page, i ? "" : "until restart",
			      "%s: the filter of generation %llu (%s) stays on %zu process%s",
			      target_name(filter),
			      (unsigned long long)vp_json_get_number(filter, "generation"),
			      vp_render_text(filter, "patches"),
			      json_array_size(json_object_get(filter, "processes")),
			      json_array_size(json_object_get(filter, "processes")) == 1
				      ? ""
				      : "es");
}

/* Which processes have their filters. */
static void render_syscalls(const json_t *document, struct vp_page *page)
{
	const json_t *syscalls = json_object_get(document, "syscalls"), *target;
	size_t i;

	json_array_foreach (json_object_get(syscalls, "targets"), i, target) {
		vp_page_pairf(page, i ? "" : "system calls",
			      "%s%s: %llu covered, %llu in part, %llu not, %llu under way",
			      target_name(target),
			      json_is_true(json_object_get(target, "revocable"))
				      ? ", revocably"
				      : "",
			      (unsigned long long)vp_json_get_number(target, "covered"),
			      (unsigned long long)vp_json_get_number(target, "partial"),
			      (unsigned long long)vp_json_get_number(target, "refused"),
			      (unsigned long long)vp_json_get_number(target, "pending"));
		if (vp_json_get_text(target, "reason"))
			vp_page_pairf(page, "", "in part: %s",
				      vp_json_get_text(target, "reason"));
		render_uncovered(target, page);
	}
	render_withdrawn(json_object_get(syscalls, "withdrawn"), page);
	render_left(json_object_get(syscalls, "left"), page);
}

/* What filters denied since the daemon was started; by section it is among the patches. */
static void render_denials(const json_t *document, struct vp_page *page)
{
	const json_t *denials = json_object_get(document, "denials");
	const char *reporter = vp_json_get_text(denials, "reporter");
	char number[2][32];

	if (!reporter || !strcmp(reporter, "off"))
		return;
	vp_page_pairf(page, "denied calls", "%s; vpatchd-denials %s, %s records lost%s",
		      vp_number_text(vp_json_get_number(denials, "denied"), number[0]),
		      reporter, vp_number_text(vp_json_get_number(denials, "lost"), number[1]),
		      json_is_false(json_object_get(denials, "reported"))
			      ? ": this host reports none"
			      : "");
}

/* What the kernel said to vpatchctl itself, when the daemon does not answer. */
static void render_kernel(const json_t *document, struct vp_page *page)
{
	const json_t *module;
	size_t i;

	json_array_foreach (json_object_get(document, "kernel"), i, module) {
		_cleanup_strbuf_ struct vp_strbuf counts = { 0 };
		const char *name = vp_json_get_text(module, "point");
		const char *error = vp_json_get_text(module, "error");

		if (error) {
			vp_page_pair(page, name, error);
			continue;
		}
		if (!vp_json_get_number(module, "generation")) {
			vp_page_pair(page, name, "nothing is installed in the kernel");
			continue;
		}
		vp_render_counts(module, &counts);
		vp_page_pairf(page, name, "generation %llu is in the kernel: %llu rule%s, %s",
			      (unsigned long long)vp_json_get_number(module, "generation"),
			      (unsigned long long)vp_json_get_number(module, "rules"),
			      vp_json_get_number(module, "rules") == 1 ? "" : "s",
			      vp_strbuf_text(&counts));
	}
}

static void add_patch(struct vp_table *table, const json_t *patch)
{
	const char *state = vp_json_get_text(patch, "state");
	const char *expires = vp_json_get_text(patch, "expires");
	bool counted = json_object_get(patch, "packets") != NULL;
	char number[32];

	vp_table_cell(table, VP_TONE_PLAIN, vp_json_get_text(patch, "id"));
	vp_table_cell(table, VP_TONE_PLAIN, vp_json_get_text(patch, "severity"));
	vp_table_cell(table, vp_state_tone(state), state);
	vp_table_cellf(table, VP_TONE_PLAIN, "%zu",
		       json_array_size(json_object_get(patch, "rules")) +
			       json_array_size(json_object_get(patch, "syscalls")));
	vp_table_cell(table, VP_TONE_PLAIN,
		      counted ? vp_number_text(vp_json_get_number(patch, "packets"), number)
			      : "-");
	vp_table_cellf(table, VP_TONE_PLAIN, "%.10s", expires ? expires : "-");
	vp_table_cell(table, VP_TONE_PLAIN, vp_json_get_text(patch, "title"));
}

static void render_overridden(const json_t *patches, struct vp_page *page)
{
	bool any = false;
	const json_t *patch;
	size_t i;

	json_array_foreach (patches, i, patch) {
		const char *overridden = vp_json_get_text(patch, "overridden");

		if (!overridden)
			continue;
		if (!any)
			vp_page_heading(page, "Changed here, against the definition");
		any = true;
		vp_page_item(page, "%s: %s", vp_render_text(patch, "id"), overridden);
	}
}

static void render_patches(const json_t *document, struct vp_page *page)
{
	static const struct vp_column columns[] = {
		{ "ID", false, false },	    { "SEVERITY", false, false },
		{ "STATE", false, false },  { "RULES", true, false },
		{ "PACKETS", true, false }, { "EXPIRES", false, false },
		{ "TITLE", false, true },
	};
	struct vp_table table = { .columns = columns, .count = VP_COUNT(columns) };
	const json_t *patch;
	size_t i;

	json_array_foreach (json_object_get(document, "patches"), i, patch)
		add_patch(&table, patch);
	if (!i)
		return;
	vp_page_heading(page, "Patches");
	vp_table_print(&table, page);
	render_overridden(json_object_get(document, "patches"), page);
}

void vp_render_status(const json_t *document, struct vp_page *page)
{
	const char *summary = vp_json_get_text(document, "summary");

	vp_page_tone(page, vp_state_tone(vp_render_text(document, "state")), "%s",
		     summary ? summary : "no summary");
	render_problems(document, page);
	vp_page_blank(page);
	render_daemon(document, page);
	render_generation(document, page);
	render_waiting(document, page);
	render_totals(document, page);
	render_events(document, page);
	render_inspection(document, page);
	render_syscalls(document, page);
	vp_render_dropins(json_object_get(document, "dropins"), false, page);
	render_denials(document, page);
	render_kernel(document, page);
	render_patches(document, page);
	vp_render_blind_spots(json_object_get(document, "blind_spots"), page);
	vp_page_blank(page);
	vp_page_line(page, 0,
		     "Shielded, not fixed: a patch keeps known attacks away, the flaw stays "
		     "until the software is updated.");
}

enum vp_exit vp_ctl_status(const struct vp_ctl *ctl)
{
	struct vp_message request = { .type = VP_REQUEST_STATUS };
	_cleanup_json_ json_t *answer = NULL, *stored = NULL;
	struct vp_error err = { 0 };
	enum vp_exit status;

	if (ctl->operand_count)
		request.arguments[VP_ARG_ID] = ctl->operands[0];
	if (!vp_remote_ask(ctl, &request, &status, &answer, &err))
		return vp_remote_print(ctl, status, answer, vp_render_status);
	if (status == VP_EXIT_USAGE)
		return vp_output_failure(ctl->out, status, "%s", err.text);
	stored = vp_stored_status(ctl, &err);
	vp_output_document(ctl->out, stored, vp_render_status);
	return status;
}
