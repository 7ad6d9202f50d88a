/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What came of a transaction, told: exit status, answer document, history,
 * event. The transaction itself is in transaction.c.
 */
#include <inttypes.h>
#include <string.h>

#include "agentd/document.h"
#include "agentd/message.h"
#include "agentd/transaction.h"
#include "lib/log.h"

#define CHANGES_MAX 200

static const struct {
	const char *name;
	enum vp_exit status;
} results[] = {
	[VP_RESULT_APPLIED] = { "applied", VP_EXIT_GOOD },
	[VP_RESULT_UNCHANGED] = { "unchanged", VP_EXIT_GOOD },
	[VP_RESULT_CONFIRMED] = { "confirmed", VP_EXIT_GOOD },
	[VP_RESULT_REFUSED] = { "refused", VP_EXIT_FORBIDDEN },
	[VP_RESULT_INVALID] = { "invalid", VP_EXIT_USAGE },
	[VP_RESULT_FAILED] = { "failed", VP_EXIT_UNREACHABLE },
};

const char *vp_result_name(enum vp_result result)
{
	return results[result].name;
}

enum vp_exit vp_outcome_exit(const struct vp_outcome *outcome)
{
	return results[outcome->result].status;
}

void vp_outcome_free(struct vp_outcome *outcome)
{
	vp_findings_free(&outcome->findings);
	vp_strbuf_free(&outcome->changes);
	free(outcome->uncovered);
	free(outcome->dropins);
}

/* So many lines are read by nobody; `vpatchctl plan` has them all. */
static void set_changes(json_t *document, const struct vp_outcome *outcome)
{
	_cleanup_free_ char *text = vp_strdup(vp_strbuf_text(&outcome->changes));
	json_t *list = json_array();
	char *rest = text, *line;
	uint64_t omitted = 0;

	while ((line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		if (json_array_size(list) < CHANGES_MAX)
			vp_json_append_text(list, line);
		else
			omitted++;
	}
	json_object_set_new(document, "changes", list);
	if (omitted)
		vp_json_set_number(document, "changes_omitted", omitted);
}

static json_t *times_of(const struct vp_outcome *outcome)
{
	json_t *times = json_object();

	vp_json_set_number(times, "read", outcome->milliseconds.read);
	vp_json_set_number(times, "policy", outcome->milliseconds.policy);
	vp_json_set_number(times, "plan", outcome->milliseconds.plan);
	vp_json_set_number(times, "compile", outcome->milliseconds.compile);
	vp_json_set_number(times, "store", outcome->milliseconds.store);
	vp_json_set_number(times, "prepare", outcome->milliseconds.prepare);
	vp_json_set_number(times, "commit", outcome->milliseconds.commit);
	vp_json_set_number(times, "verify", outcome->milliseconds.verify);
	vp_json_set_number(times, "total", outcome->milliseconds.total);
	return times;
}

static json_t *confirm_of(const struct vp_outcome *outcome)
{
	json_t *confirm = json_object();
	time_t left = outcome->confirm_until - time(NULL);

	vp_json_set_number(confirm, "seconds", left > 0 ? (uint64_t)left : 0);
	vp_json_set_time(confirm, "until", outcome->confirm_until);
	vp_json_set_number(confirm, "previous", outcome->previous);
	return confirm;
}

json_t *vp_outcome_document(const struct vp_outcome *outcome, const char *request)
{
	json_t *document = vp_json_document("vpatch.result/1");

	vp_json_set_text(document, "request", request);
	vp_json_set_text(document, "result", vp_result_name(outcome->result));
	if (vp_outcome_exit(outcome))
		vp_json_set_text(document, "error", outcome->error.text);
	json_object_set_new(document, "findings", vp_json_findings(&outcome->findings));
	vp_json_set_number(document, "generation", outcome->generation);
	vp_json_set_number(document, "previous", outcome->previous);
	vp_json_set_number(document, "patches", outcome->patches);
	vp_json_set_number(document, "rules", outcome->rules);
	set_changes(document, outcome);
	vp_json_set_text(document, "uncovered", outcome->uncovered);
	vp_json_set_text(document, "dropins", outcome->dropins);
	if (outcome->confirm_until && outcome->result == VP_RESULT_APPLIED)
		json_object_set_new(document, "confirm", confirm_of(outcome));
	json_object_set_new(document, "milliseconds", times_of(outcome));
	return document;
}

/* The first error finding says more than "the policy has errors". */
static const char *error_text(const struct vp_outcome *outcome, struct vp_strbuf *room)
{
	if (!outcome->findings.errors)
		return outcome->error.text;
	vp_array_each (finding, &outcome->findings.list)
		if (finding->level == VP_FINDING_ERROR) {
			vp_strbuf_addf(room, "%s:%u:%u: %s",
				       finding->file ? finding->file : "", finding->line,
				       finding->column, finding->text);
			break;
		}
	if (outcome->findings.errors > 1)
		vp_strbuf_addf(room, " (and %zu more)", outcome->findings.errors - 1);
	return vp_strbuf_text(room);
}

static enum vp_event_kind event_kind(const struct vp_order *order,
				     const struct vp_outcome *outcome)
{
	static const struct {
		const char *request;
		enum vp_event_kind kind;
	} kinds[] = {
		{ "rollback", VP_EVENT_ROLLBACK }, { "unconfirmed", VP_EVENT_ROLLBACK },
		{ "enable", VP_EVENT_CHANGED },	   { "disable", VP_EVENT_CHANGED },
		{ "mode", VP_EVENT_CHANGED },	   { "expiry", VP_EVENT_EXPIRED },
		{ "confirm", VP_EVENT_CONFIRMED },
	};

	if (vp_outcome_exit(outcome))
		return VP_EVENT_APPLY_FAILED;
	for (size_t i = 0; i < VP_COUNT(kinds); i++)
		if (!strcmp(order->request, kinds[i].request))
			return kinds[i].kind;
	return VP_EVENT_APPLIED;
}

static void tell(struct vp_agent *agent, const struct vp_order *order,
		 const struct vp_outcome *outcome, const char *error)
{
	struct vp_event event;

	if (vp_outcome_exit(outcome)) {
		event = vp_event_make(event_kind(order, outcome), "%s %s: %s", order->request,
				      vp_result_name(outcome->result), error);
		vp_log_error("%s", event.text);
	} else {
		event = vp_event_make(event_kind(order, outcome),
				      "%s: generation %" PRIu64 " has %" PRIu64 " patches%s%s",
				      order->request, outcome->generation, outcome->patches,
				      order->reason ? "; reason: " : "",
				      order->reason ? order->reason : "");
		vp_log_info("%s", event.text);
	}
	event.generation = outcome->generation;
	vp_event_set(event.actor, sizeof(event.actor),
		     order->actor ? order->actor : order->who);
	vp_agent_event(agent, &event);
}

void vp_history_add(struct vp_agent *agent, const struct vp_order *order,
		    const struct vp_outcome *outcome)
{
	_cleanup_json_ json_t *entry = json_object();
	_cleanup_strbuf_ struct vp_strbuf room = { 0 };
	const char *error = vp_outcome_exit(outcome) ? error_text(outcome, &room) : NULL;
	struct vp_error err;

	if (outcome->result == VP_RESULT_UNCHANGED)
		return;
	vp_json_set_time(entry, "time", time(NULL));
	vp_json_set_text(entry, "request", order->request);
	vp_json_set_text(entry, "result", vp_result_name(outcome->result));
	vp_json_set_number(entry, "generation", outcome->generation);
	vp_json_set_number(entry, "previous", outcome->previous);
	vp_json_set_text(entry, "who", order->who);
	vp_json_set_text(entry, "reason", order->reason);
	vp_json_set_text(entry, "ticket", order->ticket);
	vp_json_set_text(entry, "error", error);
	if (vp_state_add_history(&agent->state, entry, &err))
		vp_log_warning("%s", err.text);
	tell(agent, order, outcome, error);
}
