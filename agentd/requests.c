/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Handlers of requests: see requests.h. The role was checked before (control.c);
 * the arguments are checked here, each by the handler that uses it.
 */
#include "agentd/requests.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "agentd/document.h"
#include "agentd/loop.h"
#include "agentd/orders.h"
#include "agentd/reporting.h"
#include "agentd/session.h"
#include "agentd/sink.h"
#include "agentd/status.h"

#define EVENTS_MAX	10000
#define REFUSAL_EVENTS	10 /* a minute */
#define CONFIRM_MAX	86400
#define DURATION_MAX_MS (366ull * 86400 * 1000)

/* One request being handled. */
struct call {
	struct vp_agent *agent;
	struct vp_connection *connection;
	const struct vp_message *message;
};

static const char *argument(const struct call *call, enum vp_argument_key key)
{
	return call->message->arguments[key];
}

static void answer_error(const struct call *call, const char *text)
{
	vp_connection_answer(
		call->connection, VP_EXIT_USAGE,
		vp_refusal_document(vp_request_name(call->message->type), "invalid", text));
}

static void answer_unknown(const struct call *call, const char *id)
{
	_cleanup_free_ char *text =
		vp_format("%s: no such patch runs; see `vpatchctl status`", id);

	answer_error(call, text);
}

/* An optional decimal. False when it is there and none of that range (answered). */
static bool take_number(const struct call *call, enum vp_argument_key key, uint64_t least,
			uint64_t most, const char *what, uint64_t *number)
{
	const char *text = argument(call, key);
	_cleanup_free_ char *complaint = NULL;
	char *end;

	*number = 0;
	if (!text)
		return true;
	errno = 0;
	*number = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && !errno && *number >= least &&
	    *number <= most)
		return true;
	complaint = vp_format("expected %s from %" PRIu64 " to %" PRIu64 ", found \"%s\"",
			      what, least, most, text);
	answer_error(call, complaint);
	return false;
}

static struct vp_order order_of(const struct call *call)
{
	const struct vp_peer *peer = vp_connection_peer(call->connection);

	return (struct vp_order){
		.request = vp_request_name(call->message->type),
		.who = peer->who,
		.actor = peer->actor,
		.reason = argument(call, VP_ARG_REASON),
		.ticket = argument(call, VP_ARG_TICKET),
	};
}

static void answer_outcome(const struct call *call, struct vp_outcome *outcome)
{
	vp_connection_answer(
		call->connection, vp_outcome_exit(outcome),
		vp_outcome_document(outcome, vp_request_name(call->message->type)));
	vp_outcome_free(outcome);
}

/* While an apply waits for its confirmation, only `confirm` and `rollback` make sense. */
static bool is_unconfirmed(const struct call *call)
{
	struct vp_confirm confirm;
	_cleanup_free_ char *text = NULL;

	if (!vp_state_confirm(&call->agent->state, &confirm))
		return false;
	text = vp_format("generation %" PRIu64 " is not confirmed yet: vpatchctl confirm, or"
			 " vpatchctl rollback, first",
			 confirm.generation);
	answer_error(call, text);
	return true;
}

static void handle_status(const struct call *call)
{
	const char *id = argument(call, VP_ARG_ID);
	enum vp_exit status;
	json_t *document = vp_status_document(call->agent, id, &status);

	if (document)
		vp_connection_answer(call->connection, status, document);
	else
		answer_unknown(call, id);
}

static void handle_explain(const struct call *call)
{
	const char *id = argument(call, VP_ARG_ID);
	json_t *document = id ? vp_explain_document(call->agent, id) : NULL;

	if (document)
		vp_connection_answer(call->connection, VP_EXIT_GOOD, document);
	else if (id)
		answer_unknown(call, id);
	else
		answer_error(call, "expected the id of a patch");
}

static void handle_history(const struct call *call)
{
	vp_connection_answer(call->connection, VP_EXIT_GOOD, vp_history_document(call->agent));
}

static void handle_plan(const struct call *call)
{
	vp_connection_answer(call->connection, VP_EXIT_GOOD, vp_plan_document(call->agent));
}

static void handle_apply(const struct call *call)
{
	struct vp_order order = order_of(call);
	struct vp_session_list sessions = { 0 };
	struct vp_outcome outcome = { 0 };
	uint64_t confirm;

	if (!take_number(call, VP_ARG_CONFIRM, 1, CONFIRM_MAX, "seconds", &confirm) ||
	    is_unconfirmed(call))
		return;
	vp_session_find(vp_connection_peer(call->connection)->pid, &sessions);
	order.sessions = &sessions;
	order.confirm = (unsigned int)confirm;
	order.after_panic = argument(call, VP_ARG_AFTER_PANIC) != NULL;
	order.forced = argument(call, VP_ARG_FORCE) != NULL;
	vp_apply_folder(call->agent, &order, &outcome);
	answer_outcome(call, &outcome);
	vp_array_free(&sessions);
}

static void handle_confirm(const struct call *call)
{
	struct vp_agent *agent = call->agent;
	struct vp_order order = order_of(call);
	struct vp_outcome outcome = { .result = VP_RESULT_CONFIRMED };
	struct vp_confirm confirm;

	if (!vp_state_confirm(&agent->state, &confirm)) {
		answer_error(call, "nothing waits for a confirmation");
		return;
	}
	if (vp_state_clear_confirm(&agent->state, &outcome.error))
		outcome.result = VP_RESULT_FAILED;
	outcome.previous = confirm.previous;
	vp_outcome_describe(&outcome, agent);
	vp_history_add(agent, &order, &outcome);
	if (agent->changed)
		agent->changed(agent);
	answer_outcome(call, &outcome);
}

static void handle_rollback(const struct call *call)
{
	struct vp_agent *agent = call->agent;
	struct vp_order order = order_of(call);
	struct vp_session_list sessions = { 0 };
	struct vp_findings ignored = { 0 };
	struct vp_outcome outcome = { 0 };
	struct vp_confirm confirm;
	uint64_t number;

	if (!take_number(call, VP_ARG_GENERATION, 1, UINT64_MAX, "a generation", &number))
		return;
	if (!number)
		number = vp_state_confirm(&agent->state, &confirm) ? confirm.previous
								   : vp_rollback_target(agent);
	if (!agent->running || (!number && !vp_state_confirm(&agent->state, &confirm))) {
		answer_error(call, "there is no generation to go back to; to take every shield"
				   " away: vpatchctl disable --all");
		return;
	}
	vp_session_find(vp_connection_peer(call->connection)->pid, &sessions);
	order.sessions = &sessions;
	order.restores = number;
	order.folder = vp_folder_digest(agent, &ignored);
	order.always = true;
	vp_apply_generation(agent, number, NULL, &order, &outcome);
	answer_outcome(call, &outcome);
	vp_findings_free(&ignored);
	vp_array_free(&sessions);
}

/* A new local override over what runs, whatever the policy folder says by now. */
static void run_with_locals(const struct call *call, const struct vp_locals *locals)
{
	struct vp_agent *agent = call->agent;
	struct vp_order order = order_of(call);
	struct vp_session_list sessions = { 0 };
	struct vp_outcome outcome = { 0 };

	vp_session_find(vp_connection_peer(call->connection)->pid, &sessions);
	order.sessions = &sessions;
	order.folder = agent->active->generation.folder;
	order.restores = agent->active->generation.restores;
	vp_apply_generation(agent, agent->running, locals, &order, &outcome);
	answer_outcome(call, &outcome);
	vp_array_free(&sessions);
}

static void keep_text(struct vp_text_list *texts, const char *name)
{
	size_t kept = 0;

	vp_array_each (text, texts) {
		if (!strcmp(text->name, name)) {
			texts->data[kept++] = *text;
		} else {
			free(text->name);
			free(text->data);
		}
	}
	texts->len = kept;
}

/*
 * The policy that runs, as it would be without local overrides; of one file only, or
 * with NULL whole. False: it cannot be known.
 */
static bool build_without_locals(const struct call *call, const char *file,
				 struct vp_policy *policy)
{
	struct vp_generation generation = { 0 };
	struct vp_findings ignored = { 0 };
	struct vp_locals none = { 0 };

	if (vp_state_load(&call->agent->state, call->agent->running, &generation, NULL))
		return false;
	vp_locals_write(&none, &generation.sources);
	if (file)
		keep_text(&generation.sources.definitions, file);
	vp_policy_build(policy, &generation.sources, time(NULL), &ignored);
	vp_findings_free(&ignored);
	vp_generation_free(&generation);
	return true;
}

/* Enabling for good what only a local override had disabled needs no override at all. */
static bool may_need_none(const struct vp_local *local)
{
	return local->kind == VP_LOCAL_ENABLED && local->enabled && !local->until;
}

static void override_one(const struct call *call, const struct vp_patch *patch,
			 struct vp_locals *locals, const struct vp_local *local)
{
	struct vp_policy without = { 0 };
	const struct vp_patch *bare = NULL;

	if (may_need_none(local) && build_without_locals(call, patch->file, &without))
		bare = vp_policy_find(&without, local->id);
	if (bare && !bare->disabled)
		vp_locals_remove(locals, local->kind, local->id);
	else
		vp_locals_set(locals, local);
	vp_policy_free(&without);
}

/* All at once, and new: nothing has to be looked for among ten thousand others. */
static void override_all(const struct call *call, struct vp_locals *locals,
			 struct vp_local *local)
{
	struct vp_policy without = { 0 };
	bool known = may_need_none(local) && build_without_locals(call, NULL, &without);

	vp_locals_clear(locals, local->kind);
	vp_array_each (patch, &call->agent->active->policy.patches) {
		const struct vp_patch *bare =
			known ? vp_policy_find(&without, (*patch)->id) : NULL;

		local->id = (*patch)->id;
		if (!bare || bare->disabled)
			vp_locals_add(locals, local);
	}
	vp_policy_free(&without);
}

/* ID or ALL, and DURATION, are common to enable, disable and mode. */
static void override(const struct call *call, struct vp_local *local)
{
	const char *id = argument(call, VP_ARG_ID);
	struct vp_locals locals = { 0 };
	_cleanup_free_ char *own_id = vp_strdup(id);
	const struct vp_patch *patch = NULL;
	struct vp_error err;
	uint64_t duration;

	if (!id == !argument(call, VP_ARG_ALL)) {
		answer_error(call, "expected the id of a patch, or all");
		return;
	}
	if (!take_number(call, VP_ARG_DURATION, 1000, DURATION_MAX_MS, "milliseconds",
			 &duration) ||
	    is_unconfirmed(call))
		return;
	if (!call->agent->active) {
		answer_error(call, "nothing has been applied yet: vpatchctl apply");
		return;
	}
	if (id)
		patch = vp_policy_find(&call->agent->active->policy, id);
	if (id && !patch) {
		answer_unknown(call, id);
		return;
	}
	if (vp_running_locals(call->agent, &locals, &err)) {
		answer_error(call, err.text);
		return;
	}
	local->until = duration ? time(NULL) + (time_t)((duration + 999) / 1000) : 0;
	local->id = own_id;
	if (patch)
		override_one(call, patch, &locals, local);
	else
		override_all(call, &locals, local);
	run_with_locals(call, &locals);
	vp_locals_free(&locals);
}

static void handle_switch(const struct call *call, bool enabled)
{
	_cleanup_free_ char *by = vp_strdup(vp_connection_peer(call->connection)->who);
	_cleanup_free_ char *reason = vp_strdup(argument(call, VP_ARG_REASON));
	struct vp_local local = {
		.kind = VP_LOCAL_ENABLED, .enabled = enabled, .by = by, .reason = reason
	};

	override(call, &local);
}

static void handle_enable(const struct call *call)
{
	handle_switch(call, true);
}

static void handle_disable(const struct call *call)
{
	handle_switch(call, false);
}

static void handle_mode(const struct call *call)
{
	_cleanup_free_ char *by = vp_strdup(vp_connection_peer(call->connection)->who);
	_cleanup_free_ char *reason = vp_strdup(argument(call, VP_ARG_REASON));
	const char *mode = argument(call, VP_ARG_MODE);
	struct vp_local local = { .kind = VP_LOCAL_MODE, .by = by, .reason = reason };

	if (!mode || (strcmp(mode, "enforce") != 0 && strcmp(mode, "monitor") != 0)) {
		answer_error(call, "expected the mode enforce or monitor");
		return;
	}
	local.mode = strcmp(mode, "enforce") ? VP_MODE_MONITOR : VP_MODE_ENFORCE;
	override(call, &local);
}

static json_t *event_document(json_t *event)
{
	json_object_set_new(event, "schema", json_string("vpatch.event/1"));
	return event;
}

/* One follower's filter; freed when its connection goes. */
struct following {
	struct vp_connection *connection;
	struct vp_event_filter filter;
};

static void follow(void *context, const struct vp_event *event)
{
	struct following *following = context;

	if (vp_event_matches(event, &following->filter))
		vp_connection_send(following->connection,
				   event_document(vp_event_json(event)));
}

static void start_following(const struct call *call, const struct vp_event_filter *filter,
			    json_t *stored)
{
	struct following *following;
	json_t *event;
	size_t i;

	json_array_foreach (stored, i, event)
		vp_connection_store(call->connection, event_document(json_incref(event)));
	if (!vp_connection_stream(call->connection) || !call->agent->reporting)
		return;
	following = vp_new(struct following);
	following->connection = call->connection;
	following->filter = *filter;
	vp_connection_set_data(call->connection, following);
	vp_reporting_follow(call->agent->reporting, follow, following);
}

static void answer_events(const struct call *call, json_t *events)
{
	json_t *document = vp_json_document("vpatch.events/1");

	json_object_set(document, "events", events);
	vp_connection_answer(call->connection, VP_EXIT_GOOD, document);
}

/* Who follows gets stored events only from a time on that is asked for. */
static void handle_events(const struct call *call)
{
	_cleanup_free_ char *path = vp_state_path(&call->agent->state, "events.jsonl");
	_cleanup_json_ json_t *events = NULL;
	struct vp_event_filter filter = { 0 };
	bool follows = argument(call, VP_ARG_FOLLOW) != NULL;
	struct vp_error err;

	if (vp_event_filter_parse(&filter, argument(call, VP_ARG_SOURCE),
				  argument(call, VP_ARG_PORT), argument(call, VP_ARG_SINCE),
				  &err)) {
		answer_error(call, err.text);
		return;
	}
	events = follows && !filter.since ? json_array()
					  : vp_sink_file_read(path, &filter, EVENTS_MAX, &err);
	if (!events)
		vp_connection_answer(call->connection, VP_EXIT_UNREACHABLE,
				     vp_refusal_document(vp_request_name(call->message->type),
							 "failed", err.text));
	else if (follows)
		start_following(call, &filter, events);
	else
		answer_events(call, events);
}

static void (*const handlers[VP_REQUEST_COUNT])(const struct call *call) = {
	[VP_REQUEST_STATUS] = handle_status,   [VP_REQUEST_EXPLAIN] = handle_explain,
	[VP_REQUEST_HISTORY] = handle_history, [VP_REQUEST_EVENTS] = handle_events,
	[VP_REQUEST_PLAN] = handle_plan,       [VP_REQUEST_APPLY] = handle_apply,
	[VP_REQUEST_CONFIRM] = handle_confirm, [VP_REQUEST_ROLLBACK] = handle_rollback,
	[VP_REQUEST_ENABLE] = handle_enable,   [VP_REQUEST_DISABLE] = handle_disable,
	[VP_REQUEST_MODE] = handle_mode,
};

void vp_requests_handle(void *context, struct vp_connection *connection,
			const struct vp_message *message)
{
	struct call call = { context, connection, message };

	handlers[message->type](&call);
}

/* Everybody may be refused as often as they like: they must not fill the log with it. */
void vp_requests_refused(void *context, const struct vp_peer *peer,
			 const struct vp_message *message)
{
	struct vp_agent *agent = context;
	uint64_t count = vp_quota_take(&agent->refusals, REFUSAL_EVENTS, vp_loop_now());
	struct vp_event event;

	if (!count)
		return;
	event = vp_event_make(VP_EVENT_REFUSED, "%s was refused to %s",
			      vp_request_name(message->type), peer->who);
	event.count = count;
	vp_event_set(event.actor, sizeof(event.actor), peer->actor);
	vp_agent_event(agent, &event);
}

void vp_requests_gone(void *context, struct vp_connection *connection)
{
	const struct vp_agent *agent = context;
	void *following = vp_connection_data(connection);

	if (following && agent->reporting)
		vp_reporting_unfollow(agent->reporting, following);
	free(following);
}
