/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The wiring between the keeper of filters and the daemon: see covering.h. */
#include "agentd/covering.h"

#include <inttypes.h>
#include <string.h>
#include <sys/epoll.h>

#include "agentd/denying.h"
#include "agentd/document.h"
#include "agentd/loop.h"
#include "agentd/quota.h"
#include "agentd/syscalls/module.h"
#include "lib/log.h"

#define TOLD_A_MINUTE 20  /* events of coverage */
#define LISTED_MAX    200 /* processes of a target in status; the rest is counted */

/* Of a target whose processes could not all be held. */
static const char unsure_text[] =
	"its processes come and go faster than filters can be put on "
	"them, and some may run without";

struct vp_covering {
	struct vp_agent *agent;
	struct vp_keeper *keeper; /* the module's; NULL: it is not open yet */
	struct vp_watch_fd *watch;
	struct vp_timer *timer;
	struct vp_quota quota;
};

static void tell(struct vp_covering *covering, const char *text)
{
	uint64_t count = vp_quota_take(&covering->quota, TOLD_A_MINUTE, vp_loop_now());
	struct vp_event event;

	if (!count)
		return;
	event = vp_event_make(VP_EVENT_COVERAGE, "%s", text);
	event.generation = covering->agent->running;
	vp_log_info("%s", event.text);
	vp_agent_event(covering->agent, &event);
}

static void take_result(void *context, const struct vp_keeper_result *result)
{
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };

	if (!result->covered && !result->worst)
		return; /* they have ended */
	if (result->started)
		vp_strbuf_adds(&text, "a start of ");
	vp_strbuf_addf(&text, "%s: %zu covered", result->filter->target.name, result->covered);
	if (result->partial)
		vp_strbuf_addf(&text, ", %zu in part", result->partial);
	if (result->refused)
		vp_strbuf_addf(&text, ", %zu not", result->refused);
	vp_strbuf_addf(&text, " (%s)", result->filter->patches);
	if (result->worst)
		vp_strbuf_addf(&text, "; process %d: %s", (int)result->worst, result->why);
	if (result->late)
		vp_strbuf_addf(&text,
			       "; process %d had started without it, and ran so for %" PRIu64
			       " ms",
			       (int)result->late, result->bare);
	if (result->pause)
		vp_strbuf_addf(&text, "; a thread stood still for %" PRIu64 " us at most",
			       result->pause / 1000);
	tell(context, vp_strbuf_text(&text));
}

static void take_problem(void *context, const char *problem)
{
	tell(context, problem ? problem : "vpatchd-inject answers again");
}

static void take_gap(void *context, const char *why, uint64_t milliseconds)
{
	_cleanup_free_ char *text = vp_format(
		"starts of services were not seen for %" PRIu64 " ms: %s", milliseconds, why);

	tell(context, text);
}

static void take_denied(void *context, const struct vp_answer_note *denied)
{
	struct vp_covering *covering = context;

	vp_denying_answered(covering->agent->denying, denied);
}

static void look(void *context)
{
	struct vp_covering *covering = context;
	unsigned int next = vp_keeper_tick(covering->keeper);

	if (next)
		vp_timer_start(covering->timer, next);
}

static void answered(void *context, uint32_t events)
{
	struct vp_covering *covering = context;

	(void)events;
	vp_keeper_read(covering->keeper);
	look(covering);
}

/* The modules may open later than the daemon starts. */
static void attach(struct vp_covering *covering)
{
	const struct vp_keeper_listener listener = {
		.result = take_result,
		.helper = take_problem,
		.gap = take_gap,
		.denied = take_denied,
		.context = covering,
	};

	if (covering->keeper)
		return;
	covering->keeper = vp_seccomp_keeper(
		vp_enforcement_instance(&covering->agent->all, &vp_seccomp_module));
	if (!covering->keeper)
		return;
	vp_keeper_listen(covering->keeper, &listener);
	covering->watch = vp_loop_watch(covering->agent->loop, vp_keeper_fd(covering->keeper),
					EPOLLIN, answered, covering);
}

int vp_covering_start(struct vp_covering **covering, struct vp_agent *agent,
		      struct vp_error *err)
{
	struct vp_covering *made = vp_new(struct vp_covering);

	(void)err;
	made->agent = agent;
	made->timer = vp_loop_timer(agent->loop, look, made);
	(void)vp_agent_open_modules(agent, NULL);
	vp_covering_changed(made);
	*covering = made;
	return 0;
}

void vp_covering_changed(struct vp_covering *covering)
{
	attach(covering);
	if (covering->keeper)
		look(covering);
}

void vp_covering_stop(struct vp_covering *covering)
{
	const struct vp_keeper_listener nobody = { 0 };

	if (!covering)
		return;
	if (covering->keeper)
		vp_keeper_listen(covering->keeper, &nobody);
	vp_watch_fd_free(covering->watch);
	vp_timer_free(covering->timer);
	free(covering);
}

static const struct vp_coverage *coverage_of(const struct vp_covering *covering)
{
	static const struct vp_coverage none = { 0 };

	return covering && covering->keeper ? vp_keeper_coverage(covering->keeper) : &none;
}

/* What nobody can count: of the first such target. */
static char *unsure_problem(const struct vp_coverage *coverage)
{
	vp_array_each (filter, &coverage->filters)
		if (filter->wanted && filter->unsure)
			return vp_format("system calls: %s is covered in part: %s",
					 filter->target.name, unsure_text);
	return NULL;
}

char *vp_covering_problem(const struct vp_covering *covering)
{
	const struct vp_coverage_sums sums = vp_coverage_sum(coverage_of(covering), 0);
	const char *problem =
		covering && covering->keeper ? vp_keeper_problem(covering->keeper) : NULL;
	size_t open = sums.partial + sums.refused + sums.pending;

	if (!open)
		return unsure_problem(coverage_of(covering));
	return vp_format("system calls: %zu of %zu processes are covered, %zu in part, %zu"
			 " not%s%s; vpatchctl status --json says why, one by one",
			 sums.covered, sums.covered + open, sums.partial,
			 sums.refused + sums.pending, problem ? ": " : "",
			 problem ? problem : "");
}

char *vp_covering_starts(const struct vp_covering *covering)
{
	const char *problem = covering && covering->keeper
				      ? vp_keeper_starts_problem(covering->keeper)
				      : NULL;

	return problem ? vp_format("system calls: services that start are covered within"
				   " seconds, not from their first instruction: %s",
				   problem)
		       : NULL;
}

char *vp_covering_answers(const struct vp_covering *covering)
{
	const char *problem = covering && covering->keeper
				      ? vp_keeper_answers_problem(covering->keeper)
				      : NULL;

	return problem ? vp_format("system calls: revocable denials: %s", problem) : NULL;
}

char *vp_covering_left(const struct vp_covering *covering)
{
	const struct vp_coverage_sums sums = vp_coverage_sum(coverage_of(covering), 0);

	if (!sums.left)
		return NULL;
	return vp_format("system calls: %zu filters that are no longer meant stay on their"
			 " processes until these end; restart the services to be rid of them",
			 sums.left);
}

static const char *outcome_of(const struct vp_cover *cover)
{
	return cover->outcome ? vp_inject_outcome_name(cover->outcome) : "pending";
}

static json_t *process_document(const struct vp_covered_process *process,
				const struct vp_cover *cover)
{
	json_t *document = json_object();

	vp_json_set_number(document, "pid", (uint64_t)process->id);
	vp_json_set_text(document, "executable", process->executable);
	vp_json_set_text(document, "unit", process->unit);
	vp_json_set_text(document, "outcome", outcome_of(cover));
	if (cover->reason)
		vp_json_set_text(document, "reason", vp_inject_reason_text(cover->reason));
	if (cover->reason && cover->detail)
		json_object_set_new(document, "detail", json_integer(cover->detail));
	json_object_set_new(document, "inherited", json_boolean(cover->inherited));
	if (vp_cover_is_on(cover) && cover->flags & VP_INJECTED_PRCTL)
		json_object_set_new(document, "logged", json_false());
	return document;
}

/* The processes of a filter, those first that something is the matter with. */
static json_t *processes_document(const struct vp_coverage *coverage, uint64_t digest)
{
	json_t *list = json_array();

	for (int good = 0; good < 2; good++)
		vp_array_each (process, &coverage->processes)
			vp_array_each (cover, &process->covers)
				if (cover->digest == digest &&
				    cover->outcome != VP_INJECT_GONE &&
				    (cover->outcome == VP_INJECT_COVERED) == good &&
				    json_array_size(list) < LISTED_MAX)
					json_array_append_new(
						list, process_document(process, cover));
	return list;
}

static void set_target(json_t *document, const struct vp_call_target *target)
{
	vp_json_set_text(document, target->kind == VP_CALL_TARGET_UNIT ? "unit" : "process",
			 target->name);
}

static void set_sums(json_t *document, const struct vp_coverage_sums *sums)
{
	vp_json_set_number(document, "covered", sums->covered);
	vp_json_set_number(document, "partial", sums->partial);
	vp_json_set_number(document, "refused", sums->refused);
	vp_json_set_number(document, "pending", sums->pending);
}

static json_t *filter_document(const struct vp_coverage *coverage,
			       const struct vp_cover_filter *filter)
{
	const struct vp_coverage_sums sums = vp_coverage_sum(coverage, filter->digest);
	json_t *document = json_object();

	set_target(document, &filter->target);
	vp_json_set_text(document, "patches", filter->patches);
	vp_json_set_number(document, "generation", filter->generation);
	json_object_set_new(document, "revocable", json_boolean(filter->key));
	if (filter->wanted)
		set_sums(document, &sums);
	if (filter->wanted && filter->unsure)
		vp_json_set_text(document, "reason", unsure_text);
	json_object_set_new(document, "processes",
			    processes_document(coverage, filter->digest));
	return document;
}

static void add_sums(struct vp_coverage_sums *sums, const struct vp_coverage_sums *more)
{
	sums->covered += more->covered;
	sums->partial += more->partial;
	sums->refused += more->refused;
	sums->pending += more->pending;
	sums->left += more->left;
}

/* Of what a section names: of a template also the instances that have filters of their own, in
 * which the section is too. */
static struct vp_coverage_sums sum_target(const struct vp_coverage *coverage,
					  const struct vp_call_target *target, bool revocable)
{
	struct vp_coverage_sums sums = { 0 };

	vp_array_each (filter, &coverage->filters) {
		struct vp_coverage_sums of;

		if (!filter->wanted || (filter->key != 0) != revocable ||
		    !vp_call_target_means(target, &filter->target))
			continue;
		of = vp_coverage_sum(coverage, filter->digest);
		add_sums(&sums, &of);
	}
	return sums;
}

json_t *vp_covering_targets(const struct vp_covering *covering,
			    const struct vp_call_placement *call)
{
	const struct vp_coverage *coverage = coverage_of(covering);
	json_t *list = json_array();

	vp_array_each (target, &call->syscalls->targets) {
		struct vp_coverage_sums sums =
			sum_target(coverage, target, vp_call_is_revocable(call));
		json_t *document = json_object();

		set_target(document, target);
		set_sums(document, &sums);
		json_array_append_new(list, document);
	}
	return list;
}

json_t *vp_covering_document(const struct vp_covering *covering)
{
	const struct vp_coverage *coverage = coverage_of(covering);
	json_t *document = json_object(), *targets = json_array(), *left = json_array();
	json_t *withdrawn = json_array();

	vp_array_each (filter, &coverage->filters)
		json_array_append_new(filter->wanted ? targets
				      : filter->key  ? withdrawn
						     : left,
				      filter_document(coverage, filter));
	json_object_set_new(document, "targets", targets);
	json_object_set_new(document, "left", left);
	json_object_set_new(document, "withdrawn", withdrawn);
	if (covering && covering->keeper) {
		vp_json_set_text(document, "problem", vp_keeper_problem(covering->keeper));
		vp_json_set_text(document, "starts",
				 vp_keeper_starts_problem(covering->keeper));
		vp_json_set_text(document, "answers",
				 vp_keeper_answers_problem(covering->keeper));
	}
	return document;
}
