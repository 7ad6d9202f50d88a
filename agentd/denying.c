/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wiring between vpatchd-denials and the daemon: see denying.h. Which rule it was is found
 * in denied.c, what is known of a process in denying_cache.c.
 */
#include "agentd/denying.h"

#include <inttypes.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include <linux/seccomp.h>

#include "agentd/denials.h"
#include "agentd/denied.h"
#include "agentd/denying_cache.h"
#include "agentd/document.h"
#include "agentd/inspect/child.h"
#include "agentd/loop.h"
#include "agentd/reporting.h"
#include "agentd/sandbox.h"
#include "agentd/syscalls/module.h"
#include "lib/log.h"
#include "lib/process.h"

#define TICK	   1000 /* milliseconds */
#define INTERVAL   10	/* ticks between two events of what no rule of now denies */
#define READ_MAX   512	/* records in one go: the control socket wants its turn too */
#define OTHERS_MAX 32	/* of these, told apart in an interval */
#define REST_WAIT  500	/* milliseconds, for what is still counted at the end */

/* Calls that are told of by themselves: no rule of what runs counts them. */
struct other {
	struct vp_event event;
};

struct vp_denying {
	struct vp_agent *agent;
	struct vp_denials *denials; /* NULL: there are no filters */
	struct vp_watch_fd *watch;
	int watched; /* descriptor; -1: none */
	struct vp_timer *timer;
	unsigned int ticks;
	struct vp_denying_cache cache;
	struct vp_counts counts; /* by tag, as they came */
	VP_ARRAY(struct other) others;
	uint64_t denied;   /* by our filters */
	uint64_t foreign;  /* by others' */
	uint64_t nameless; /* of so many programs in a second that none is told */
	uint64_t lost;	   /* already told of */
	int reported;	   /* as it was told last: 1, 0 not yet, -1 not */
	char *failure;	   /* why vpatchd-denials does not run, or NULL */
};

static const struct vp_coverage *coverage_of(const struct vp_denying *denying)
{
	struct vp_keeper *keeper = vp_seccomp_keeper(
		vp_enforcement_instance(&denying->agent->all, &vp_seccomp_module));

	return keeper ? vp_keeper_coverage(keeper) : NULL;
}

/* A record's process, as far as it is known. */
struct subject {
	pid_t id; /* 0: several, or unknown */
	const char *unit, *program;
};

static struct subject find_subject(struct vp_denying *denying, const struct vp_denial *denial)
{
	struct subject subject = { .id = (pid_t)denial->pid };
	const struct vp_denying_process *process = NULL;

	if (denial->pid)
		process = vp_denying_cache_find(&denying->cache, (pid_t)denial->pid);
	if (!process && denial->exe[0])
		process = vp_denying_cache_program(&denying->cache, denial->exe);
	subject.program = denial->exe[0] ? denial->exe : NULL;
	if (process) {
		subject.unit = process->unit;
		subject.program = process->program ? process->program : subject.program;
	}
	return subject;
}

VP_ARRAY_TYPE(found, const struct vp_cover_filter *);

/* What is on the process; where it began after the last look, what is or was meant for such
 * ones. */
static void find_filters(const struct vp_coverage *coverage, const struct subject *subject,
			 struct found *found)
{
	const struct vp_covered_process *process =
		subject->id ? vp_coverage_process(coverage, subject->id) : NULL;
	const struct vp_seen_process seen = { .id = subject->id,
					      .unit = (char *)(uintptr_t)subject->unit,
					      .executable =
						      (char *)(uintptr_t)subject->program };

	if (process)
		vp_array_each (cover, &process->covers)
			vp_array_push(found, vp_coverage_filter(coverage, cover->digest));
	if (found->len)
		return;
	vp_array_each (filter, &coverage->filters)
		if (vp_seen_is_of(&seen, &filter->target))
			vp_array_push(found, filter);
}

static void count(struct vp_denying *denying, uint32_t tag, uint64_t calls)
{
	vp_array_each (known, &denying->counts)
		if (known->tag == tag) {
			known->packets += calls;
			return;
		}
	vp_array_push(&denying->counts, ((struct vp_count){ .tag = tag, .packets = calls }));
}

static void describe_subject(const struct subject *subject, struct vp_event_call *call)
{
	call->process = (uint32_t)subject->id;
	vp_event_set_foreign(call->program, sizeof(call->program), subject->program);
	vp_event_set_foreign(call->unit, sizeof(call->unit), subject->unit);
}

static bool joins(const struct vp_event *a, const struct vp_event *b)
{
	return a->kind == b->kind && a->reason == b->reason && !strcmp(a->patch, b->patch) &&
	       !strcmp(a->call.program, b->call.program);
}

static struct other *find_other(struct vp_denying *denying, const struct vp_event *event)
{
	vp_array_each (other, &denying->others)
		if (joins(&other->event, event))
			return other;
	return denying->others.len == OTHERS_MAX ? &denying->others.data[OTHERS_MAX - 1]
						 : NULL;
}

/* Told at once, and what follows of the same program, filter and reason once an interval; the
 * last row takes what there is no room for. */
static void note_other(struct vp_denying *denying, const struct vp_event *event)
{
	struct other *same = find_other(denying, event);
	struct vp_event *sum = same ? &same->event : NULL;

	if (!sum) {
		vp_agent_event(denying->agent, event);
		sum = &vp_array_add(&denying->others)->event;
		*sum = *event;
		sum->count = 0;
		return;
	}
	if (!joins(sum, event))
		sum->patch[0] = '\0';
	if (!sum->count)
		sum->first = event->first;
	sum->count += event->count;
	sum->time = sum->last = event->last;
	vp_event_join_call(&sum->call, &event->call);
}

/* The interval ends; what nothing was added to in it is new again when it comes back. */
static void tell_others(struct vp_denying *denying)
{
	size_t kept = 0;

	vp_array_each (other, &denying->others) {
		if (!other->event.count)
			continue;
		vp_agent_event(denying->agent, &other->event);
		other->event.count = 0;
		denying->others.data[kept++] = *other;
	}
	denying->others.len = kept;
}

static void take_other(struct vp_denying *denying, const struct vp_denial *denial,
		       const struct vp_event_call *call, const char *patches,
		       enum vp_event_reason reason)
{
	bool logged = denial->action == SECCOMP_RET_LOG;
	struct vp_event event = {
		.kind = logged ? VP_EVENT_WOULD_BLOCK : VP_EVENT_BLOCKED,
		.time = denial->last,
		.first = denial->first,
		.last = denial->last,
		.count = denial->count,
		.verdict = VP_VERDICT_REJECT,
		.reason = reason,
		.generation = denying->agent->running,
		.call = *call,
	};

	vp_event_set(event.patch, sizeof(event.patch), patches);
	note_other(denying, &event);
}

/* The first that is of what runs comes first, and is counted; 0: none is. */
static uint32_t first_owner(const struct vp_plan *plan, struct vp_denied *denied)
{
	struct vp_filter_tags *tags = &denied->tags;

	for (size_t i = 0; plan && i < tags->len; i++) {
		uint32_t tag = tags->data[i];

		if (!vp_denied_placement(plan, tag))
			continue;
		tags->data[i] = tags->data[0];
		tags->data[0] = tag;
		return tag;
	}
	return 0;
}

static void take_owned(struct vp_denying *denying, const struct vp_denial *denial,
		       struct vp_denied *denied, const struct subject *subject,
		       const char *patches)
{
	const struct vp_active *active = denying->agent->active;
	const struct vp_plan *plan = active ? &active->plan : NULL;
	uint32_t tag = first_owner(plan, denied);
	struct vp_event_call call = { 0 };

	denying->denied += denial->count;
	describe_subject(subject, &call);
	vp_denied_describe(plan, denied, denial, &call);
	if (denied->cause == VP_DENIED_ABI)
		take_other(denying, denial, &call, patches, VP_EVENT_REASON_ABI);
	else if (!tag)
		take_other(denying, denial, &call, patches, VP_EVENT_REASON_WITHDRAWN);
	else {
		count(denying, tag, denial->count);
		if (denying->agent->reporting)
			vp_reporting_call(denying->agent->reporting, tag, &call, denial->last);
	}
}

static void take_denial(struct vp_denying *denying, const struct vp_denial *denial)
{
	const struct vp_coverage *coverage = coverage_of(denying);
	VP_ARRAY(const struct vp_filter *) filters = { 0 };
	struct subject subject;
	struct found found = { 0 };
	struct vp_denied denied;

	if (denial->flags & VP_DENIAL_MIXED) {
		denying->nameless += denial->count;
		return;
	}
	subject = find_subject(denying, denial);
	if (coverage)
		find_filters(coverage, &subject, &found);
	vp_array_each (filter, &found)
		vp_array_push(&filters, *filter ? (*filter)->filter : NULL);
	vp_denied_find(filters.data, filters.len, denial, &denied);
	if (denied.cause == VP_DENIED_FOREIGN)
		denying->foreign += denial->count;
	else
		take_owned(denying, denial, &denied, &subject,
			   found.data[0] ? found.data[0]->patches : NULL);
	vp_array_free(&denied.tags);
	vp_array_free(&filters);
	vp_array_free(&found);
}

void vp_denying_answered(struct vp_denying *denying, const struct vp_answer_note *denied)
{
	struct vp_denial denial = { .count = denied->count,
				    .first = denied->first,
				    .last = denied->last,
				    .architecture = denied->architecture,
				    .action = SECCOMP_RET_ERRNO,
				    .call = denied->call };
	struct vp_denied rule = { .cause = denied->tag ? VP_DENIED_RULE : VP_DENIED_ABI };
	struct subject subject;

	if (!denying)
		return;
	/* the kernel names the thread */
	denial.pid = (uint32_t)vp_process_of_thread((pid_t)denied->process);
	subject = find_subject(denying, &denial);
	if (denied->tag)
		vp_array_push(&rule.tags, denied->tag);
	take_owned(denying, &denial, &rule, &subject, NULL);
	vp_array_free(&rule.tags);
}

static void watch_denials(struct vp_denying *denying);

static void records_ready(void *context, uint32_t events)
{
	struct vp_denying *denying = context;
	struct vp_denial denial;

	(void)events;
	for (int i = 0; i < READ_MAX && vp_denials_read(denying->denials, &denial); i++)
		take_denial(denying, &denial);
	watch_denials(denying);
}

/* The descriptor changes when the process is restarted and goes when it dies. */
static void watch_denials(struct vp_denying *denying)
{
	int fd = denying->denials ? vp_denials_fd(denying->denials) : -1;

	if (fd == denying->watched)
		return;
	vp_watch_fd_free(denying->watch);
	denying->watch = NULL;
	denying->watched = fd;
	if (fd >= 0)
		denying->watch = vp_loop_watch(denying->agent->loop, fd, EPOLLIN,
					       records_ready, denying);
}

/* Said once, however often it is tried; status shows it for as long as it lasts. */
static void note_failure(struct vp_denying *denying, const char *text)
{
	if (text && (!denying->failure || strcmp(denying->failure, text) != 0))
		vp_log_warning("denied system calls are not reported: %s", text);
	vp_problem_set(&denying->failure, text);
}

static void tell(struct vp_denying *denying, enum vp_event_kind kind, const char *text,
		 uint64_t calls)
{
	struct vp_event event = vp_event_make(kind, "%s", text);

	event.count = calls;
	event.generation = denying->agent->running;
	vp_agent_event(denying->agent, &event);
}

static void tell_reported(struct vp_denying *denying)
{
	struct vp_error err = { 0 };
	int r = vp_denials_reported(denying->denials, &err);
	int now = r > 0 ? 1 : r < 0 ? -1 : 0;
	_cleanup_free_ char *text = NULL;

	if (!now || now == denying->reported)
		return;
	if (now < 0) {
		text = vp_format("denied system calls are denied, but not reported on this "
				 "host: %s",
				 err.text);
		vp_log_warning("%s", text);
		tell(denying, VP_EVENT_COVERAGE, text, 0);
	} else if (denying->reported < 0) {
		tell(denying, VP_EVENT_COVERAGE, "denied system calls are reported again", 0);
	}
	denying->reported = now;
}

static void tell_losses(struct vp_denying *denying)
{
	struct vp_denials_state state = vp_denials_state(denying->denials);

	if (denying->nameless)
		tell(denying, VP_EVENT_LOST,
		     "denied system calls of too many programs at once to name any",
		     denying->nameless);
	denying->nameless = 0;
	if (state.lost == denying->lost)
		return;
	tell(denying, VP_EVENT_LOST,
	     "records of the kernel's audit did not get through: so many denied system calls "
	     "at "
	     "most are not counted",
	     state.lost - denying->lost);
	denying->lost = state.lost;
}

static void restart(struct vp_denying *denying)
{
	struct vp_error err = { 0 };
	_cleanup_free_ char *text = NULL;
	int r = vp_denials_tick(denying->denials, &err);

	if (r < 0)
		note_failure(denying, err.text);
	if (r <= 0)
		return;
	text = vp_format("vpatchd-denials had ended %s and was started again",
			 vp_denials_state(denying->denials).process.ended);
	tell(denying, VP_EVENT_WORKER,
	     denying->failure ? "vpatchd-denials could be started at last" : text, 0);
	note_failure(denying, NULL);
}

static void start_denials(struct vp_denying *denying)
{
	_cleanup_free_ char *executable = vp_child_executable("vpatchd-denials");
	struct vp_error err = { 0 };

	if (vp_denials_start(&denying->denials, executable, &err))
		note_failure(denying, err.text);
	denying->lost = 0;
	denying->reported = 0;
	watch_denials(denying);
	vp_timer_start(denying->timer, TICK);
}

/* Have the rest told, and take it in. */
static void stop_denials(struct vp_denying *denying)
{
	uint64_t end = vp_loop_now() + REST_WAIT;
	const struct timespec pause = { .tv_nsec = 5000000 };

	if (!denying->denials)
		return;
	vp_watch_fd_free(denying->watch);
	denying->watch = NULL;
	denying->watched = -1;
	vp_denials_finish(denying->denials);
	while (vp_denials_fd(denying->denials) >= 0 && vp_loop_now() < end) {
		struct vp_denial denial;

		while (vp_denials_read(denying->denials, &denial))
			take_denial(denying, &denial);
		nanosleep(&pause, NULL);
	}
	tell_losses(denying);
	tell_others(denying);
	vp_denials_stop(denying->denials);
	denying->denials = NULL;
	vp_timer_stop(denying->timer);
	note_failure(denying, NULL);
}

static bool is_needed(const struct vp_denying *denying)
{
	const struct vp_coverage *coverage = coverage_of(denying);

	return coverage && coverage->filters.len;
}

void vp_denying_expect(struct vp_denying *denying, const struct vp_plan *plan)
{
	if (denying && plan->calls.len && !denying->denials)
		start_denials(denying);
}

void vp_denying_changed(struct vp_denying *denying)
{
	if (is_needed(denying) && !denying->denials)
		start_denials(denying);
	else if (!is_needed(denying))
		stop_denials(denying);
}

static void tick(void *context)
{
	struct vp_denying *denying = context;

	vp_timer_start(denying->timer, TICK);
	restart(denying);
	watch_denials(denying);
	tell_reported(denying);
	if (++denying->ticks % INTERVAL == 0) {
		tell_losses(denying);
		tell_others(denying);
	}
	vp_denying_changed(denying);
}

int vp_denying_start(struct vp_denying **denying, struct vp_agent *agent, struct vp_error *err)
{
	struct vp_denying *made = vp_new(struct vp_denying);

	(void)err;
	made->agent = agent;
	made->watched = -1;
	made->timer = vp_loop_timer(agent->loop, tick, made);
	vp_denying_changed(made);
	*denying = made;
	return 0;
}

void vp_denying_stop(struct vp_denying *denying)
{
	if (!denying)
		return;
	stop_denials(denying);
	(void)vp_agent_count(denying->agent, NULL);
	vp_timer_free(denying->timer);
	vp_denying_cache_free(&denying->cache);
	vp_array_free(&denying->counts);
	vp_array_free(&denying->others);
	free(denying->failure);
	free(denying);
}

void vp_denying_counts(const struct vp_denying *denying, struct vp_counts *counts)
{
	if (denying)
		vp_array_each (known, &denying->counts)
			vp_array_push(counts, *known);
}

char *vp_denying_problem(const struct vp_denying *denying)
{
	struct vp_error err = { 0 };

	if (!denying || !denying->denials)
		return NULL;
	if (denying->failure)
		return vp_strdup(denying->failure);
	return vp_denials_reported(denying->denials, &err) < 0 ? vp_strdup(err.text) : NULL;
}

static const char *state_of(const struct vp_denying *denying,
			    const struct vp_denials_state *state)
{
	if (!denying->denials)
		return "off";
	if (!state->process.pid || state->process.failing)
		return "down";
	return state->confinement &&
			       (state->confinement & VP_CONFINED_GOOD) != VP_CONFINED_GOOD
		       ? "degraded"
		       : "running";
}

json_t *vp_denying_document(const struct vp_denying *denying)
{
	_cleanup_free_ char *problem = vp_denying_problem(denying);
	struct vp_denials_state state = { 0 };
	json_t *document = json_object();

	if (!denying)
		return document;
	if (denying->denials)
		state = vp_denials_state(denying->denials);
	vp_json_set_text(document, "reporter", state_of(denying, &state));
	if (denying->reported || problem)
		json_object_set_new(document, "reported", json_boolean(!problem));
	vp_json_set_text(document, "detail", problem);
	vp_json_set_number(document, "denied", denying->denied);
	vp_json_set_number(document, "others", denying->foreign);
	vp_json_set_number(document, "lost", state.lost);
	vp_json_set_number(document, "restarts", state.process.restarts);
	return document;
}
