/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events from the packet reporter, the control socket and the daemon itself, to
 * sinks and followers: see reporting.h. Forms, limits and files are those of
 * aggregate.c and sink_*.c; this is the wiring.
 */
#include "agentd/reporting.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/epoll.h>
#include <syslog.h>

#include "agentd/aggregate.h"
#include "agentd/document.h"
#include "agentd/hit.h"
#include "agentd/inspect/module.h"
#include "agentd/loop.h"
#include "agentd/reporter.h"
#include "agentd/reset.h"
#include "agentd/sandbox.h"
#include "agentd/sink.h"
#include "lib/digest.h"
#include "lib/log.h"
#include "modules/netfilter/netfilter.h"

#define TICK_MILLISECONDS 1000
#define INTERVAL_TICKS	  10  /* of one aggregated event a rule */
#define ORDERS_MAX	  200 /* resets and bans in a second, of all rules */
#define READ_MAX	  512 /* records in one go: the control socket wants its turn too */

struct follower {
	vp_follower *function; /* NULL: gone */
	void *context;
};

/* What the processes of an enforcement point ask for, within bounds. */
struct orders {
	unsigned int done; /* in this second */
	uint64_t refused;  /* not told about yet */
};

struct vp_reporting {
	struct vp_agent *agent;
	struct vp_aggregate *aggregate;
	struct vp_reporter *reporter;
	struct vp_watch_fd *watch;
	int watched; /* descriptor; -1: none */
	struct vp_timer *timer;
	unsigned int ticks;
	struct vp_reset *reset; /* NULL: connections are reset from the sender's side only */
	struct orders orders[VP_POINT_COUNT];
	struct {
		uint32_t index; /* 0: none in this second */
		char name[IF_NAMESIZE];
	} interface; /* the last that was asked for */
	VP_ARRAY(struct vp_sink *) sinks;
	VP_ARRAY(struct follower) followers;
	char *failure; /* why the reporter does not run, or NULL */
	uint64_t lost; /* already told about */
	bool goes_on;  /* where the daemon before has ended */
};

void vp_reporting_event(struct vp_reporting *reporting, const struct vp_event *event)
{
	vp_array_each (sink, &reporting->sinks)
		(*sink)->ops->write(*sink, event);
	for (size_t i = 0; i < reporting->followers.len; i++) {
		struct follower *follower = &reporting->followers.data[i];

		if (follower->function)
			follower->function(follower->context, event);
	}
}

void vp_reporting_follow(struct vp_reporting *reporting, vp_follower *function, void *context)
{
	vp_array_each (follower, &reporting->followers)
		if (!follower->function) {
			*follower = (struct follower){ function, context };
			return;
		}
	vp_array_push(&reporting->followers, ((struct follower){ function, context }));
}

void vp_reporting_unfollow(struct vp_reporting *reporting, const void *context)
{
	vp_array_each (follower, &reporting->followers)
		if (follower->context == context)
			*follower = (struct follower){ 0 };
}

/* The kernel reports at most 20 packets a second of a rule: this is for ten such rules. */
static bool may_order(struct orders *orders)
{
	if (orders->done >= ORDERS_MAX)
		return false;
	orders->done++;
	return true;
}

static struct vp_pairs *pairs_of(const struct vp_reporting *reporting)
{
	return vp_inspection_pairs(
		vp_enforcement_instance(&reporting->agent->all, &vp_inspection_module));
}

/* Of what inspection counts by cause nobody else notes how far it was told. */
static void take_event(void *context, const struct vp_event *event)
{
	const struct vp_reporting *reporting = context;
	struct vp_pairs *pairs = pairs_of(reporting);
	enum vp_tally_kind kind;

	vp_reporting_event(context, event);
	if (pairs && vp_hit_told(event, &kind))
		vp_ledger_tell(vp_pairs_ledger(pairs), kind, event->tag, event->count);
}

static int ban_client(struct vp_reporting *reporting, const struct vp_report *report,
		      const struct vp_claim *claim, struct vp_error *err)
{
	const struct vp_placement *placement = claim->placement;
	struct vp_address client = vp_claim_client(claim, report);
	struct vp_instance *netfilter =
		vp_enforcement_instance(&reporting->agent->all, &vp_netfilter_module);
	int r = vp_reset_check_ban(reporting->reset, report, claim, err);

	if (r <= 0 || !netfilter)
		return r;
	return vp_netfilter_ban(netfilter, placement->tag, &client,
				placement->rule->action.milliseconds, err);
}

/* What the rule that the record names gives besides the packet's end. */
static void order(struct vp_reporting *reporting, const struct vp_report *report,
		  struct vp_claim claim)
{
	const struct vp_active *active = reporting->agent->active;
	struct orders *orders = &reporting->orders[claim.point];
	struct vp_error err;
	int r = -EPERM;

	if (!reporting->reset || !active)
		return;
	if (may_order(orders)) {
		claim.placement = vp_active_placement(active, report->tag);
		claim.management = &active->plan.management;
		claim.sessions = &active->generation.sessions;
		if (!claim.placement) /* of the generation before */
			return;
		r = claim.verdict == VP_VERDICT_BAN
			    ? ban_client(reporting, report, &claim, &err)
			    : vp_reset_run(reporting->reset, report, &claim, &err);
		if (r < 0)
			vp_log_debug("%s", err.text);
	}
	orders->refused += r == -EPERM;
}

static const char *interface_of(struct vp_reporting *reporting, const struct vp_report *report)
{
	uint32_t index = report->in_interface ? report->in_interface : report->out_interface;

	if (!index)
		return NULL;
	if (index != reporting->interface.index &&
	    !if_indextoname(index, reporting->interface.name))
		reporting->interface.name[0] = '\0';
	reporting->interface.index = index;
	return reporting->interface.name;
}

static void take_report(struct vp_reporting *reporting, const struct vp_report *report)
{
	const struct vp_claim claim = { .point = VP_POINT_NETFILTER,
					.verdict = VP_VERDICT_RESET };

	if (report->kind == VP_REPORT_RESET)
		order(reporting, report, claim);
	vp_aggregate_packet(reporting->aggregate, report, interface_of(reporting, report));
}

void vp_reporting_hit(struct vp_reporting *reporting, const struct vp_note_hit *note)
{
	const struct vp_report report = vp_hit_report(note, vp_event_now());
	const struct vp_claim claim = { .point = VP_POINT_INSPECTION,
					.verdict = vp_hit_asks(note),
					.failure = vp_hit_cause(note).reason !=
						   VP_EVENT_REASON_NONE };
	const struct vp_aggregate_hit hit = {
		.report = &report,
		.cause = vp_hit_cause(note),
		.detail = note->detail,
		.interface = interface_of(reporting, &report),
	};

	if (claim.verdict != VP_VERDICT_PASS)
		order(reporting, &report, claim);
	vp_aggregate_hit(reporting->aggregate, &hit);
}

void vp_reporting_call(struct vp_reporting *reporting, uint32_t tag,
		       const struct vp_event_call *call, uint64_t time)
{
	struct vp_report report = {
		.magic = VP_REPORT_MAGIC, .kind = VP_REPORT_DROP, .tag = tag, .time = time
	};
	const struct vp_aggregate_hit hit = { .report = &report, .call = call };
	uint64_t program = vp_digest_text(VP_DIGEST_SEED, call->program);

	memcpy(report.source, &call->process, sizeof(call->process));
	memcpy(report.source + sizeof(call->process), &program, sizeof(program));
	vp_aggregate_hit(reporting->aggregate, &hit);
}

/*
 * Causes go on from what was told of them, also by the daemon before this one. More than
 * is counted cannot have been told, unless the counts were lost: then they begin anew,
 * and so does this.
 */
static void set_causes(struct vp_reporting *reporting, struct vp_pairs *pairs)
{
	struct vp_sums counted = { 0 }, told = { 0 };
	struct vp_aggregate_cause cause;

	reporting->goes_on = true;
	vp_pairs_sums(pairs, &counted);
	vp_ledger_told(vp_pairs_ledger(pairs), &told);
	vp_array_each (sum, &told) {
		uint64_t there = vp_sums_get(&counted, sum->kind, sum->of);

		if (!vp_hit_counted(sum->kind, &cause))
			continue;
		if (sum->n > there)
			vp_ledger_tell(vp_pairs_ledger(pairs), sum->kind, sum->of,
				       there - sum->n); /* a sum modulo 2^64 */
		vp_aggregate_told(reporting->aggregate, sum->of, cause,
				  sum->n > there ? there : sum->n);
	}
	vp_array_free(&counted);
	vp_array_free(&told);
}

/* What the workers have counted, told one by one or not. */
static void take_sums(struct vp_reporting *reporting)
{
	struct vp_pairs *pairs = pairs_of(reporting);
	struct vp_aggregate_cause cause;
	struct vp_sums sums = { 0 };

	if (!pairs)
		return;
	if (!reporting->goes_on)
		set_causes(reporting, pairs);
	vp_pairs_sums(pairs, &sums);
	vp_array_each (sum, &sums)
		if (vp_hit_counted(sum->kind, &cause))
			vp_aggregate_counted(reporting->aggregate, sum->of, cause, sum->n);
	vp_array_free(&sums);
}

static void watch_reporter(struct vp_reporting *reporting);

static void records_ready(void *context, uint32_t events)
{
	struct vp_reporting *reporting = context;
	struct vp_report report;

	(void)events;
	for (int i = 0; i < READ_MAX && vp_reporter_read(reporting->reporter, &report) > 0;
	     i++)
		take_report(reporting, &report);
	watch_reporter(reporting);
}

/* The descriptor changes when the process is restarted and goes when it dies. */
static void watch_reporter(struct vp_reporting *reporting)
{
	int fd = vp_reporter_fd(reporting->reporter);

	if (fd == reporting->watched)
		return;
	vp_watch_fd_free(reporting->watch);
	reporting->watch = NULL;
	reporting->watched = fd;
	if (fd >= 0)
		reporting->watch = vp_loop_watch(reporting->agent->loop, fd, EPOLLIN,
						 records_ready, reporting);
}

void vp_reporting_settle(struct vp_reporting *reporting)
{
	struct vp_agent *agent = reporting->agent;
	struct vp_counts counts = { 0 }, reported = { 0 };
	struct vp_report report;
	struct vp_error err;

	for (int i = 0; i < READ_MAX; i++) {
		if (vp_reporter_read(reporting->reporter, &report) <= 0)
			break;
		take_report(reporting, &report);
	}
	if (vp_agent_count(agent, &err))
		vp_log_debug("%s", err.text);
	take_sums(reporting);
	vp_totals_counts(&agent->totals, &counts);
	vp_aggregate_tick(reporting->aggregate, &counts, vp_event_now());
	vp_aggregate_reported(reporting->aggregate, &reported);
	vp_totals_set_reported(&agent->totals, &reported);
	vp_array_free(&counts);
	vp_array_free(&reported);
}

void vp_reporting_rules(struct vp_reporting *reporting)
{
	const struct vp_active *active = reporting->agent->active;
	VP_ARRAY(struct vp_aggregate_rule) rules = { 0 };

	if (active)
		vp_array_each (placement, &active->plan.placements)
			vp_array_push(&rules,
				      ((struct vp_aggregate_rule){
					      .tag = placement->tag,
					      .patch = placement->patch->id,
					      .rule = placement->rule->name,
					      .verdict = placement->rule->action.verdict,
					      .monitor = placement->mode == VP_MODE_MONITOR,
				      }));
	if (active)
		vp_array_each (call, &active->plan.calls)
			vp_array_push(&rules, ((struct vp_aggregate_rule){
						      .tag = call->tag,
						      .patch = call->patch->id,
						      .rule = call->syscalls->name,
						      .verdict = VP_VERDICT_REJECT,
						      .monitor = call->mode == VP_MODE_MONITOR,
						      .calls = true,
					      }));
	vp_aggregate_rules(reporting->aggregate, reporting->agent->running, rules.data,
			   rules.len);
	vp_array_free(&rules);
}

/* Said once, however often it is tried; status shows it for as long as it lasts. */
static void note_failure(struct vp_reporting *reporting, const char *text)
{
	if (text && (!reporting->failure || strcmp(reporting->failure, text) != 0))
		vp_log_warning("blocks are counted but not reported one by one: %s; this is"
			       " tried again at least every minute",
			       text);
	free(reporting->failure);
	reporting->failure = vp_strdup(text);
}

static struct vp_event restart_event(const struct vp_reporting *reporting)
{
	if (reporting->failure)
		return vp_event_make(VP_EVENT_WORKER,
				     "vpatchd-events could be started at last");
	return vp_event_make(VP_EVENT_WORKER,
			     "vpatchd-events had ended %s and was started again",
			     vp_reporter_state(reporting->reporter).ended);
}

static void restart_reporter(struct vp_reporting *reporting)
{
	struct vp_error err = { 0 };
	struct vp_event event;
	int r = vp_reporter_tick(reporting->reporter, &err);

	if (r < 0)
		note_failure(reporting, err.text);
	if (r > 0) {
		event = restart_event(reporting);
		note_failure(reporting, NULL);
		vp_reporting_event(reporting, &event);
	}
	watch_reporter(reporting);
}

static void tell_losses(struct vp_reporting *reporting)
{
	struct vp_reporter_state state = vp_reporter_state(reporting->reporter);
	struct vp_event event;

	if (state.lost == reporting->lost)
		return;
	event = vp_event_make(VP_EVENT_LOST,
			      "reports of packets did not get through; the counts are exact");
	event.count = state.lost - reporting->lost;
	reporting->lost = state.lost;
	vp_reporting_event(reporting, &event);
}

/* Whoever asks for these does not say what the kernel reported. */
static void tell_refused(struct vp_reporting *reporting)
{
	static const struct {
		enum vp_point point;
		const char *name;
	} asking[] = {
		{ VP_POINT_NETFILTER, "vpatchd-events" },
		{ VP_POINT_INSPECTION, "vpatchd-inspect" },
	};

	for (size_t i = 0; i < VP_COUNT(asking); i++) {
		struct orders *orders = &reporting->orders[asking[i].point];

		if (orders->refused)
			vp_log_warning(
				"%llu resets or bans that %s asked for were refused: not"
				" of the rule's service, or more than %u in a second",
				(unsigned long long)orders->refused, asking[i].name,
				ORDERS_MAX);
		orders->refused = 0;
	}
}

static void tick(void *context)
{
	struct vp_reporting *reporting = context;

	vp_timer_start(reporting->timer, TICK_MILLISECONDS);
	for (size_t i = 0; i < VP_POINT_COUNT; i++)
		reporting->orders[i].done = 0;
	reporting->interface.index = 0;
	restart_reporter(reporting);
	vp_array_each (sink, &reporting->sinks)
		(*sink)->ops->flush(*sink);
	if (++reporting->ticks % INTERVAL_TICKS)
		return;
	vp_reporting_settle(reporting);
	tell_losses(reporting);
	tell_refused(reporting);
	vp_agent_save_totals(reporting->agent);
}

static void open_sink(struct vp_reporting *reporting, const struct vp_sink_ops *ops,
		      const struct vp_sink_options *options)
{
	struct vp_sink *sink;
	struct vp_error err;

	if (ops->open(&sink, options, &err))
		vp_log_warning("%s: %s; its lines are lost", ops->name, err.text);
	else
		vp_array_push(&reporting->sinks, sink);
}

/* Under the journal its native fields take the place of syslog, which would say all twice. */
static void open_sinks(struct vp_reporting *reporting)
{
	const struct vp_config *config = &reporting->agent->config;
	_cleanup_free_ char *path = vp_state_path(&reporting->agent->state, "events.jsonl");
	struct vp_sink_options file = { .path = path };
	struct vp_sink_options journal = { 0 };
	struct vp_sink_options syslog = { .path = config->syslog_socket,
					  .format = config->syslog_form,
					  .facility = LOG_DAEMON };

	open_sink(reporting, &vp_sink_file, &file);
	if (config->journal && vp_sink_under_journal())
		open_sink(reporting, &vp_sink_journal, &journal);
	else if (strcmp(config->syslog_socket, "none") != 0)
		open_sink(reporting, &vp_sink_syslog, &syslog);
}

/* What was reported before goes on; with no memory of it, what the kernel holds counts as
 * told. */
static void set_baseline(struct vp_reporting *reporting)
{
	struct vp_agent *agent = reporting->agent;
	_cleanup_free_ char *path = vp_state_path(&agent->state, "events.jsonl");
	struct vp_counts reported = { 0 };
	bool remembered = agent->totals.stored;
	bool counted = !vp_agent_open_modules(agent, NULL) && !vp_agent_count(agent, NULL);

	if (remembered) {
		vp_totals_reported(&agent->totals, &reported);
		vp_sink_file_totals(path, &reported); /* said after the last saving */
		if (counted)
			vp_totals_raise(&agent->totals, &reported);
	} else if (counted) {
		vp_totals_counts(&agent->totals, &reported);
	}
	vp_aggregate_baseline(reporting->aggregate, &reported);
	vp_array_free(&reported);
	if (remembered)
		return;
	agent->totals.changed = true; /* should we be killed soon, there is a memory of it */
	vp_agent_save_totals(agent);
}

static void start_reporter(struct vp_reporting *reporting)
{
	const struct vp_config *config = &reporting->agent->config;
	struct vp_reporter_options options = { .executable = config->reporter,
					       .group = config->log_group };
	struct vp_error err = { 0 };

	if (vp_reporter_start(&reporting->reporter, &options, &err))
		note_failure(reporting, err.text);
	if (vp_reset_open(&reporting->reset, &err)) {
		reporting->reset = NULL;
		vp_log_warning("connections are reset from the sender's side only: %s",
			       err.text);
	}
	watch_reporter(reporting);
}

int vp_reporting_start(struct vp_reporting **reporting, struct vp_agent *agent,
		       struct vp_error *err)
{
	struct vp_aggregate_options options = { .interval = INTERVAL_TICKS };
	struct vp_reporting *made = vp_new(struct vp_reporting);

	(void)err;
	made->agent = agent;
	made->watched = -1;
	made->aggregate = vp_aggregate_new(&options, take_event, made);
	open_sinks(made);
	set_baseline(made);
	start_reporter(made);
	made->timer = vp_loop_timer(agent->loop, tick, made);
	vp_timer_start(made->timer, TICK_MILLISECONDS);
	*reporting = made;
	return 0;
}

static void finish(struct vp_reporting *reporting)
{
	struct vp_counts counts = { 0 }, reported = { 0 };

	vp_totals_counts(&reporting->agent->totals, &counts);
	vp_aggregate_finish(reporting->aggregate, &counts, vp_event_now());
	vp_aggregate_reported(reporting->aggregate, &reported);
	vp_totals_set_reported(&reporting->agent->totals, &reported);
	vp_array_free(&counts);
	vp_array_free(&reported);
}

void vp_reporting_stop(struct vp_reporting *reporting)
{
	if (!reporting)
		return;
	vp_reporting_settle(reporting);
	finish(reporting);
	vp_watch_fd_free(reporting->watch);
	vp_timer_free(reporting->timer);
	vp_reporter_stop(reporting->reporter);
	if (reporting->reset)
		vp_reset_close(reporting->reset);
	vp_aggregate_free(reporting->aggregate);
	vp_array_each (sink, &reporting->sinks)
		(*sink)->ops->close(*sink);
	vp_array_free(&reporting->sinks);
	vp_array_free(&reporting->followers);
	free(reporting->failure);
	free(reporting);
}

static bool runs_well(const struct vp_reporter_state *state)
{
	return state->pid > 0 && !state->failing;
}

static bool is_confined(const struct vp_reporter_state *state)
{
	return !state->confinement ||
	       (state->confinement & VP_CONFINED_GOOD) == VP_CONFINED_GOOD;
}

bool vp_reporting_is_good(const struct vp_reporting *reporting)
{
	struct vp_reporter_state state = vp_reporter_state(reporting->reporter);

	return runs_well(&state);
}

/* What is to be said of it, owned by the caller; NULL: nothing. */
static char *detail_of(const struct vp_reporting *reporting,
		       const struct vp_reporter_state *state)
{
	if (reporting->failure)
		return vp_format("%s; tried again at least every minute", reporting->failure);
	if (!runs_well(state))
		return vp_format("vpatchd-events ended %s%s; started again at least every"
				 " minute",
				 state->ended,
				 state->failing ? ", not for the first time" : "");
	if (is_confined(state))
		return NULL;
	return vp_strdup(state->confinement & VP_CONFINED_IDENTITY
				 ? "vpatchd-events is not confined in every way it could be"
				 : "vpatchd-events keeps its uid: this user namespace has no"
				   " other; it has no capabilities and runs under seccomp");
}

json_t *vp_reporting_document(const struct vp_reporting *reporting)
{
	struct vp_reporter_state state = vp_reporter_state(reporting->reporter);
	_cleanup_free_ char *detail = detail_of(reporting, &state);
	json_t *document = json_object();
	uint64_t dropped = 0;

	vp_array_each (sink, &reporting->sinks)
		dropped += (*sink)->dropped;
	vp_json_set_text(document, "reporter",
			 !runs_well(&state)    ? "down"
			 : is_confined(&state) ? "running"
					       : "degraded");
	vp_json_set_text(document, "detail", detail);
	vp_json_set_number(document, "lost", state.lost);
	vp_json_set_number(document, "lines_dropped", dropped);
	vp_json_set_number(document, "restarts", state.restarts);
	return document;
}
