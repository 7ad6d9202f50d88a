/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From an order to a running generation, or to nothing at all: see
 * transaction.h. The order of the steps is what makes a kill at any instant
 * harmless; each step says what it leaves behind.
 */
#include "agentd/transaction.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "agentd/covering.h"
#include "agentd/denying.h"
#include "agentd/dropin_keeper.h"
#include "agentd/loop.h"
#include "agentd/reporting.h"
#include "agentd/session.h"
#include "lib/cleanup.h"
#include "lib/file.h"
#include "lib/log.h"

/*
 * Neighbours in time are of different parity, which tells whose packets come by which
 * queue (modules/netfilter/queue.h): a number that was used in vain is skipped.
 */
static uint64_t next_number(struct vp_agent *agent)
{
	struct vp_numbers stored = { 0 };
	uint64_t current = 0, highest = agent->running;

	vp_state_list(&agent->state, &stored, NULL);
	vp_state_current(&agent->state, &current, NULL);
	if (current > highest)
		highest = current;
	if (stored.len && stored.data[stored.len - 1] > highest)
		highest = stored.data[stored.len - 1];
	vp_array_free(&stored);
	highest++;
	return agent->running && (highest - agent->running) % 2 == 0 ? highest + 1 : highest;
}

static void make_generation(struct vp_agent *agent, const struct vp_order *order,
			    struct vp_generation *generation)
{
	*generation = (struct vp_generation){
		.number = next_number(agent),
		.time = time(NULL),
		.request = vp_strdup(order->request),
		.who = vp_strdup(order->who),
		.reason = vp_strdup(order->reason),
		.ticket = vp_strdup(order->ticket),
		.parent = agent->running,
		.restores = order->restores,
		.folder = order->folder,
		.content = order->content,
		.forced = order->forced || (agent->active && agent->active->generation.forced),
		.sources = *order->sources,
	};
	*order->sources = (struct vp_sources){ 0 };
	/* who applied before may still be connected */
	if (agent->active)
		vp_array_each (session, &agent->active->generation.sessions)
			vp_array_push(&generation->sessions, *session);
	for (size_t i = 0; order->sessions && i < order->sessions->len; i++)
		vp_array_push(&generation->sessions, order->sessions->data[i]);
	vp_session_prune(&generation->sessions);
}

static void fail(struct vp_outcome *outcome, enum vp_result result)
{
	outcome->result = result;
}

static bool same_sessions(const struct vp_session_list *a, const struct vp_session_list *b)
{
	return a->len == b->len &&
	       (!a->len || !memcmp(a->data, b->data, a->len * sizeof(*a->data)));
}

/* Would this only install again what runs as it should? */
static bool is_unchanged(struct vp_agent *agent, const struct vp_order *order,
			 const struct vp_active *next)
{
	const struct vp_active *now = agent->active;

	return now && !order->always && !order->after_panic && !order->confirm &&
	       now->generation.number == agent->running &&
	       now->generation.digest == next->generation.digest &&
	       now->generation.placed == next->generation.placed &&
	       same_sessions(&now->generation.sessions, &next->generation.sessions) &&
	       vp_transaction_verify(agent, NULL) == 0;
}

static int build(struct vp_agent *agent, const struct vp_order *order, struct vp_active **next,
		 struct vp_outcome *outcome)
{
	struct vp_generation generation;
	struct vp_build_times times = { 0 };
	int r = vp_agent_open_modules(agent, &outcome->error);

	if (r) {
		fail(outcome, VP_RESULT_FAILED);
		return r;
	}
	make_generation(agent, order, &generation);
	r = vp_active_build(next, &generation, &agent->config, &agent->all, &outcome->findings,
			    &times, &outcome->error);
	outcome->milliseconds.policy = times.policy;
	outcome->milliseconds.plan = times.plan;
	outcome->milliseconds.compile = times.compile;
	if (r)
		fail(outcome, outcome->findings.errors ? VP_RESULT_INVALID : VP_RESULT_FAILED);
	return r;
}

/* Before the commit: a crash right behind it must not lose the deadline. */
static int store_confirm(struct vp_agent *agent, const struct vp_order *order, uint64_t number,
			 struct vp_outcome *outcome)
{
	struct vp_confirm confirm = {
		.generation = number,
		.previous = agent->running,
		.deadline = time(NULL) + order->confirm,
		.boot_deadline = vp_loop_now() + 1000ull * order->confirm,
	};

	if (!order->confirm)
		return 0;
	vp_boot_id(confirm.boot);
	outcome->confirm_until = confirm.deadline;
	return vp_state_set_confirm(&agent->state, &confirm, &outcome->error);
}

static void store_tags(struct vp_agent *agent, const struct vp_active *next)
{
	struct vp_tags tags = { 0 };

	vp_array_each (placement, &next->plan.placements)
		vp_array_push(&tags, placement->tag);
	vp_array_each (call, &next->plan.calls)
		vp_array_push(&tags, call->tag);
	vp_state_store_tags(&agent->state, next->generation.number, &tags);
	vp_array_free(&tags);
}

/* Leaves behind: a bundle that nothing points to, and maybe a confirm that names it. */
static int store(struct vp_agent *agent, const struct vp_order *order, struct vp_active *next,
		 struct vp_outcome *outcome)
{
	uint64_t start = vp_loop_now();
	int r = vp_state_store(&agent->state, &next->generation, &outcome->error);

	if (!r)
		store_tags(agent, next);
	if (!r)
		r = store_confirm(agent, order, next->generation.number, outcome);
	outcome->milliseconds.store = vp_loop_now() - start;
	return r;
}

static int prepare(struct vp_agent *agent, const struct vp_active *next,
		   struct vp_outcome *outcome)
{
	uint64_t start = vp_loop_now();
	int r = vp_enforcement_prepare(&agent->all, &next->artefacts, &outcome->error);

	outcome->milliseconds.prepare = vp_loop_now() - start;
	return r;
}

/* The marker goes right before the commit and comes back when that fails. */
static int commit(struct vp_agent *agent, const struct vp_order *order,
		  struct vp_outcome *outcome)
{
	struct vp_panic_marker marker;
	bool panicked = vp_state_panicked(&agent->state, &marker);
	uint64_t start = vp_loop_now();
	int r = 0;

	if (panicked && order->after_panic)
		r = vp_state_clear_panic(&agent->state, &outcome->error);
	if (r)
		vp_enforcement_abort(&agent->all);
	else
		r = vp_enforcement_commit(&agent->all,
					  agent->active ? &agent->active->artefacts : NULL,
					  &outcome->error);
	if (r && panicked)
		vp_state_set_panic(&agent->state, &marker, NULL);
	outcome->milliseconds.commit = vp_loop_now() - start;
	return r;
}

/* Seldom anything new: then nothing is written, and no disk waited for. */
static void write_local_copy(struct vp_agent *agent, const struct vp_locals *locals)
{
	_cleanup_free_ char *path = vp_state_path(&agent->state, "overrides.conf");
	_cleanup_free_ char *old = NULL;
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };
	struct vp_error err;
	size_t len;

	vp_locals_print(locals, &text);
	if (!vp_file_read(path, text.len, &old, &len, NULL) && len == text.len &&
	    !memcmp(old, text.data, len))
		return;
	if (vp_file_write(path, text.data, text.len, 0644, &err))
		vp_log_warning("%s", err.text);
}

static void prune(struct vp_agent *agent)
{
	struct vp_confirm confirm = { 0 };
	uint64_t needed[5] = { agent->running };

	if (agent->active) {
		needed[1] = agent->active->generation.parent;
		needed[2] = agent->active->generation.restores;
	}
	if (vp_state_confirm(&agent->state, &confirm)) {
		needed[3] = confirm.previous;
		needed[4] = confirm.generation;
	}
	vp_state_prune(&agent->state, agent->config.keep_generations, needed,
		       VP_COUNT(needed));
}

/* It runs: from here on nothing may fail, only be noted. */
static void record(struct vp_agent *agent, struct vp_active *next)
{
	struct vp_active *old = agent->active;
	struct vp_error err;

	agent->active = next;
	agent->running = next->generation.number;
	if (vp_state_set_current(&agent->state, agent->running, &err)) {
		vp_log_error("%s", err.text);
		vp_problem_set(&agent->record_failed, err.text);
	} else {
		vp_problem_set(&agent->record_failed, NULL);
	}
	vp_enforcement_finish(&agent->all);
	vp_transaction_verify(agent,
			      NULL); /* last: what only the old generation had is gone */
	vp_problem_set(&agent->start_failed, NULL);
	write_local_copy(agent, &next->locals);
	prune(agent);
	if (agent->reporting)
		vp_reporting_rules(agent->reporting);
	vp_active_free(old, &agent->all);
}

static void install(struct vp_agent *agent, const struct vp_order *order,
		    struct vp_active *next, struct vp_outcome *outcome)
{
	uint64_t committed;
	int r = store(agent, order, next, outcome);

	if (!r) {
		vp_sources_free(&next->generation.sources); /* the bundle has them now */
		r = prepare(agent, next, outcome);
	}
	if (!r) {
		if (agent->reporting)
			vp_reporting_settle(agent->reporting);
		vp_denying_expect(agent->denying, &next->plan);
		r = commit(agent, order, outcome);
	}
	if (r) {
		vp_state_forget(&agent->state, next->generation.number);
		if (order->confirm)
			vp_state_clear_confirm(&agent->state, NULL);
		vp_active_free(next, &agent->all);
		fail(outcome, VP_RESULT_FAILED);
		return;
	}
	if (!order->confirm)
		vp_state_clear_confirm(&agent->state, NULL); /* guard.c sees that it is over */
	committed = vp_loop_now();
	record(agent, next);
	outcome->milliseconds.verify = vp_loop_now() - committed;
	outcome->result = VP_RESULT_APPLIED;
}

static int check_panic(struct vp_agent *agent, const struct vp_order *order,
		       struct vp_outcome *outcome)
{
	struct vp_panic_marker marker;

	if (order->after_panic || !vp_state_panicked(&agent->state, &marker))
		return 0;
	fail(outcome, VP_RESULT_INVALID);
	return vp_fail(&outcome->error, -EPERM,
		       "after a panic nothing is installed; when the cause is gone:"
		       " vpatchctl apply --after-panic");
}

void vp_outcome_describe(struct vp_outcome *outcome, const struct vp_agent *agent)
{
	outcome->generation = agent->running;
	outcome->patches = agent->active ? agent->active->generation.patches : 0;
	outcome->rules = agent->active ? agent->active->generation.rules : 0;
	free(outcome->uncovered);
	outcome->uncovered = vp_covering_problem(agent->covering);
	vp_findings_sort(&outcome->findings);
}

void vp_transaction_run(struct vp_agent *agent, const struct vp_order *order,
			struct vp_outcome *outcome)
{
	struct vp_active *next = NULL;
	uint64_t start = vp_loop_now();

	outcome->previous = agent->running;
	if (!check_panic(agent, order, outcome) && !build(agent, order, &next, outcome)) {
		vp_plan_diff(agent->active ? &agent->active->plan : NULL, &next->plan,
			     &outcome->changes);
		if (is_unchanged(agent, order, next)) {
			agent->active->changes_at = next->changes_at;
			vp_active_free(next, &agent->all);
			vp_dropin_keeper_look(
				agent->dropins); /* nobody else notices its files */
			outcome->result = VP_RESULT_UNCHANGED;
		} else {
			install(agent, order, next, outcome);
		}
	}
	vp_sources_free(order->sources);
	vp_outcome_describe(outcome, agent);
	outcome->milliseconds.total = vp_loop_now() - start + outcome->milliseconds.read;
	vp_history_add(agent, order, outcome);
	if (agent->changed && outcome->result == VP_RESULT_APPLIED)
		agent->changed(agent);
	vp_problem_set(&outcome->dropins, vp_dropin_keeper_problem(agent->dropins));
}

/* Differences are many lines each: the first says what it is about. */
static void set_drift(struct vp_agent *agent, const char *differences, int count)
{
	_cleanup_free_ char *text = vp_strdup(differences);

	text[strcspn(text, "\n")] = '\0';
	if (count > 1) {
		_cleanup_free_ char *more = vp_format("%s (and %d more)", text, count - 1);

		vp_problem_set(&agent->drift, more);
	} else {
		vp_problem_set(&agent->drift, text);
	}
}

int vp_transaction_verify(struct vp_agent *agent, struct vp_error *err)
{
	_cleanup_strbuf_ struct vp_strbuf differences = { 0 };
	struct vp_error own = { 0 };
	int n;

	if (!agent->active)
		return 0;
	n = vp_enforcement_verify(&agent->all, &agent->active->artefacts, &differences, &own);
	if (n < 0 && err)
		*err = own;
	if (n < 0)
		vp_problem_set(&agent->drift, own.text);
	else if (n > 0)
		set_drift(agent, vp_strbuf_text(&differences), n);
	else
		vp_problem_set(&agent->drift, NULL);
	return n;
}

int vp_transaction_repair(struct vp_agent *agent, struct vp_error *err)
{
	int r = vp_enforcement_prepare(&agent->all, &agent->active->artefacts, err);

	if (!r)
		r = vp_enforcement_commit(&agent->all, &agent->active->artefacts, err);
	if (r)
		return r;
	agent->running = agent->active->generation.number;
	vp_enforcement_finish(&agent->all);
	return vp_transaction_verify(agent, err) < 0 ? -EIO : 0;
}
