/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Repair, expiry and confirmation as things that happen by themselves: see guard.h. */
#include "agentd/guard.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/epoll.h>

#include "agentd/loop.h"
#include "agentd/orders.h"
#include "agentd/quota.h"
#include "agentd/reporting.h"
#include "lib/log.h"
#include "modules/netfilter/netfilter.h"
#include "modules/netfilter/watch.h"

#define LONGEST_WAIT  60  /* seconds; the wall clock may be set */
#define REPAIR_EVENTS 10  /* a minute; someone may fight with us */
#define RETRY_MS      200 /* after a repair that failed */

struct vp_guard {
	struct vp_agent *agent;
	struct vp_watch *watch;
	struct vp_watch_fd *watch_fd;
	struct vp_timer *retry, *change, *confirm;
	uint64_t tidied; /* the generation after which old counters were forgotten */
	struct vp_quota repairs;
};

static struct vp_instance *netfilter_of(const struct vp_agent *agent)
{
	return vp_enforcement_instance(&agent->all, &vp_netfilter_module);
}

static void tell_repair(struct vp_guard *guard, const char *what)
{
	struct vp_event event;
	uint64_t count = vp_quota_take(&guard->repairs, REPAIR_EVENTS, vp_loop_now());

	if (!count)
		return;
	event = vp_event_make(VP_EVENT_REPAIRED, "%s; generation %" PRIu64 " is back", what,
			      guard->agent->running);
	event.text[strcspn(event.text, "\n")] = '\0';
	event.count = count;
	event.generation = guard->agent->running;
	vp_log_warning("%s", event.text);
	vp_agent_event(guard->agent, &event);
}

static void tell_failure(struct vp_guard *guard, const char *text)
{
	struct vp_agent *agent = guard->agent;
	struct vp_event event;

	if (!agent->drift || strcmp(agent->drift, text) != 0) {
		event = vp_event_make(VP_EVENT_DRIFT, "cannot be repaired yet: %s", text);
		event.generation = agent->running;
		vp_log_error("%s", event.text);
		vp_agent_event(agent, &event);
	}
	vp_problem_set(&agent->drift, text);
	vp_timer_start(guard->retry, RETRY_MS);
}

/* An instance that adopted has committed nothing itself: install the generation anew. */
static int reinstall(struct vp_agent *agent, struct vp_error *err)
{
	uint64_t running = 0;
	bool mixed;
	int r = vp_enforcement_running(&agent->all, &running, &mixed, err);

	if (!r && !running)
		vp_totals_detach(&agent->totals);
	return r ? r : vp_transaction_repair(agent, err);
}

static void repair(struct vp_guard *guard, const char *what)
{
	struct vp_agent *agent = guard->agent;
	_cleanup_free_ char *copy = vp_strdup(what);
	struct vp_error err = { 0 };
	int r = vp_netfilter_repair(netfilter_of(agent), NULL, &err);

	if (r == -ENODATA)
		r = reinstall(agent, &err);
	if (r < 0) {
		tell_failure(guard, err.text);
		return;
	}
	tell_repair(guard, copy);
	vp_transaction_verify(agent, NULL);
}

static void check(struct vp_guard *guard)
{
	struct vp_agent *agent = guard->agent;
	struct vp_error err = { 0 };
	int n = vp_transaction_verify(agent, &err);

	if (n < 0)
		tell_failure(guard, err.text);
	else if (n > 0)
		repair(guard, agent->drift);
}

static void look(struct vp_guard *guard, enum vp_watch_event event)
{
	struct vp_panic_marker marker;

	if (event == VP_WATCH_NOTHING || !guard->agent->active ||
	    vp_state_panicked(&guard->agent->state, &marker))
		return;
	if (event == VP_WATCH_VANISHED)
		repair(guard, "table vpatch was removed by someone else");
	else
		check(guard);
}

static void watch_ready(void *context, uint32_t events)
{
	struct vp_guard *guard = context;

	(void)events;
	look(guard, vp_watch_handle(guard->watch));
}

static void retry_now(void *context)
{
	look(context, VP_WATCH_UNSURE);
}

/* While an apply is unconfirmed nothing else changes. */
static void plan_again(struct vp_guard *guard)
{
	struct vp_agent *agent = guard->agent;
	struct vp_outcome outcome = { 0 };
	struct vp_confirm confirm;
	struct vp_order order = {
		.request = "expiry",
		.who = "vpatchd",
		.reason = "a date was reached, or the ports of a service changed",
		.folder = agent->active->generation.folder,
		.restores = agent->active->generation.restores,
	};

	if (vp_state_confirm(&agent->state, &confirm))
		return;
	vp_apply_generation(agent, agent->running, NULL, &order, &outcome);
	vp_outcome_free(&outcome);
}

/* Counters of patches that no stored generation has any more; once a stored one went. */
static void forget_old(struct vp_guard *guard)
{
	struct vp_agent *agent = guard->agent;
	struct vp_tags tags = { 0 };
	struct vp_error err;

	if (guard->tidied == agent->running || !agent->active || !netfilter_of(agent))
		return;
	if (vp_state_all_tags(&agent->state, &tags)) {
		vp_agent_count(agent, NULL); /* what they counted stays in the totals */
		if (vp_netfilter_forget(netfilter_of(agent), tags.data, tags.len, &err) < 0)
			vp_log_debug("%s", err.text);
	}
	guard->tidied = agent->running;
	vp_array_free(&tags);
}

static void change_due(void *context)
{
	struct vp_guard *guard = context;
	struct vp_agent *agent = guard->agent;
	struct vp_panic_marker marker;

	if (agent->record_failed && agent->running &&
	    !vp_state_set_current(&agent->state, agent->running, NULL))
		vp_problem_set(&agent->record_failed, NULL);
	if (agent->active && !vp_state_panicked(&agent->state, &marker) &&
	    ((agent->active->changes_at && time(NULL) >= agent->active->changes_at) ||
	     vp_active_follows_sockets(agent->active)))
		plan_again(guard);
	forget_old(guard);
	vp_guard_changed(guard);
}

static void confirm_due(void *context)
{
	struct vp_guard *guard = context;
	struct vp_agent *agent = guard->agent;
	struct vp_outcome outcome = { 0 };
	struct vp_findings ignored = { 0 };
	struct vp_confirm confirm;
	struct vp_order order = { .request = "unconfirmed",
				  .who = "vpatchd",
				  .reason = "it was not confirmed in time",
				  .always = true };

	if (!vp_state_confirm(&agent->state, &confirm) ||
	    confirm.generation !=
		    agent->running) /* taken back before: it could not be removed */
		return;
	order.restores = confirm.previous;
	order.folder = vp_folder_digest(agent, &ignored);
	vp_apply_generation(agent, confirm.previous, NULL, &order, &outcome);
	/* the deadline has passed: what cannot be taken back is tried again */
	if (vp_outcome_exit(&outcome))
		vp_timer_start(guard->confirm, 5000);
	vp_findings_free(&ignored);
	vp_outcome_free(&outcome);
}

static void set_confirm_timer(struct vp_guard *guard)
{
	struct vp_confirm confirm;
	uint64_t now = vp_loop_now();
	char boot[40];

	vp_timer_stop(guard->confirm);
	if (!vp_state_confirm(&guard->agent->state, &confirm))
		return;
	vp_boot_id(boot);
	if (strcmp(boot, confirm.boot) != 0 || confirm.boot_deadline <= now)
		vp_timer_start(guard->confirm, 0);
	else
		vp_timer_start(guard->confirm, confirm.boot_deadline - now);
}

void vp_guard_changed(struct vp_guard *guard)
{
	time_t at = guard->agent->active ? guard->agent->active->changes_at : 0;
	time_t left = at - time(NULL);

	if (!at || left > LONGEST_WAIT)
		left = LONGEST_WAIT;
	vp_timer_start(guard->change, left > 0 ? (uint64_t)left * 1000 : 200);
	set_confirm_timer(guard);
	if (guard->watch)
		look(guard, vp_watch_handle(guard->watch));
}

int vp_guard_start(struct vp_guard **guard, struct vp_agent *agent, struct vp_error *err)
{
	struct vp_guard *made = vp_new(struct vp_guard);
	struct vp_instance *netfilter = netfilter_of(agent);
	int r = netfilter ? vp_watch_open(&made->watch, netfilter, err) : 0;

	if (r) {
		free(made);
		return r;
	}
	made->agent = agent;
	if (made->watch)
		made->watch_fd = vp_loop_watch(agent->loop, vp_watch_fd(made->watch), EPOLLIN,
					       watch_ready, made);
	made->retry = vp_loop_timer(agent->loop, retry_now, made);
	made->change = vp_loop_timer(agent->loop, change_due, made);
	made->confirm = vp_loop_timer(agent->loop, confirm_due, made);
	vp_guard_changed(made);
	*guard = made;
	return 0;
}

void vp_guard_stop(struct vp_guard *guard)
{
	if (!guard)
		return;
	vp_watch_fd_free(guard->watch_fd);
	vp_watch_close(guard->watch);
	vp_timer_free(guard->retry);
	vp_timer_free(guard->change);
	vp_timer_free(guard->confirm);
	free(guard);
}
