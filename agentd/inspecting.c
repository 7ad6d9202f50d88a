/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The wiring between inspection's processes and the daemon: see inspecting.h. */
#include "agentd/inspecting.h"

#include <string.h>
#include <sys/epoll.h>

#include "agentd/document.h"
#include "agentd/inspect/module.h"
#include "agentd/loop.h"
#include "agentd/quota.h"
#include "agentd/reporting.h"
#include "agentd/sandbox.h"
#include "lib/log.h"
#include "modules/inspection/engine.h"

#define TOLD_A_MINUTE 20 /* events of processes that end or return */

struct vp_inspecting {
	struct vp_agent *agent;
	struct vp_pairs *pairs; /* the module's; NULL: it is not open yet */
	struct vp_watch_fd *watch;
	struct vp_timer *timer;
	struct vp_quota quota;
};

static void take_hit(void *context, const struct vp_note_hit *hit)
{
	struct vp_inspecting *inspecting = context;

	if (inspecting->agent->reporting)
		vp_reporting_hit(inspecting->agent->reporting, hit);
}

static void take_word(void *context, enum vp_queue_class class, const char *text)
{
	struct vp_inspecting *inspecting = context;
	uint64_t count = vp_quota_take(&inspecting->quota, TOLD_A_MINUTE, vp_loop_now());
	struct vp_event event;

	if (!count)
		return;
	event = vp_event_make(VP_EVENT_WORKER, "services of class %s: %s",
			      vp_queue_class_name(class), text);
	event.count = count;
	event.generation = inspecting->agent->running;
	vp_log_warning("%s", event.text);
	vp_agent_event(inspecting->agent, &event);
}

static void look(void *context)
{
	struct vp_inspecting *inspecting = context;
	unsigned int next = vp_pairs_tick(inspecting->pairs);

	if (next)
		vp_timer_start(inspecting->timer, next);
}

static void said_something(void *context, uint32_t events)
{
	struct vp_inspecting *inspecting = context;

	(void)events;
	vp_pairs_read(inspecting->pairs);
	look(inspecting);
}

/* The modules may open later than the daemon starts. */
static void attach(struct vp_inspecting *inspecting)
{
	const struct vp_pairs_listener listener = {
		.hit = take_hit,
		.told = take_word,
		.context = inspecting,
	};

	if (inspecting->pairs)
		return;
	inspecting->pairs = vp_inspection_pairs(
		vp_enforcement_instance(&inspecting->agent->all, &vp_inspection_module));
	if (!inspecting->pairs)
		return;
	vp_pairs_listen(inspecting->pairs, &listener);
	inspecting->watch =
		vp_loop_watch(inspecting->agent->loop, vp_pairs_fd(inspecting->pairs), EPOLLIN,
			      said_something, inspecting);
}

int vp_inspecting_start(struct vp_inspecting **inspecting, struct vp_agent *agent,
			struct vp_error *err)
{
	struct vp_inspecting *made = vp_new(struct vp_inspecting);

	(void)err;
	made->agent = agent;
	made->timer = vp_loop_timer(agent->loop, look, made);
	(void)vp_agent_open_modules(agent, NULL);
	attach(made);
	*inspecting = made;
	return 0;
}

void vp_inspecting_resume(struct vp_inspecting *inspecting)
{
	attach(inspecting);
	if (inspecting->pairs)
		vp_pairs_resume(inspecting->pairs);
}

void vp_inspecting_changed(struct vp_inspecting *inspecting)
{
	attach(inspecting);
	if (inspecting->pairs)
		look(inspecting);
}

void vp_inspecting_stop(struct vp_inspecting *inspecting)
{
	const struct vp_pairs_listener nobody = { 0 };

	if (!inspecting)
		return;
	if (inspecting->pairs)
		vp_pairs_listen(inspecting->pairs, &nobody);
	vp_watch_fd_free(inspecting->watch);
	vp_timer_free(inspecting->timer);
	free(inspecting);
}

bool vp_inspecting_is_good(const struct vp_inspecting *inspecting)
{
	return !inspecting || !inspecting->pairs || vp_pairs_are_well(inspecting->pairs);
}

static const char *state_of(const struct vp_pair_state *pair)
{
	if (!pair)
		return "down";
	if (!pair->well)
		return "starting";
	for (int side = 0; side < VP_PAIR_SIDES; side++)
		if ((pair->confinement[side] & VP_CONFINED_GOOD) != VP_CONFINED_GOOD)
			return "degraded"; /* runs, not confined in every way */
	return "running";
}

static void add_process(void *context, const struct vp_pairs_state *state)
{
	json_t *process = json_object();

	vp_json_set_text(process, "class", vp_queue_class_name(state->class));
	vp_json_set_number(process, "index", state->index);
	vp_json_set_text(process, "state", state_of(state->pair));
	if (state->pair) {
		vp_json_set_number(process, "worker",
				   (uint64_t)state->pair->pid[VP_PAIR_WORKER]);
		vp_json_set_number(process, "writer",
				   (uint64_t)state->pair->pid[VP_PAIR_WRITER]);
	}
	vp_json_set_number(process, "generation", state->loaded);
	vp_json_set_number(process, "restarts", state->restarts);
	if (*state->ended)
		vp_json_set_text(process, "ended", state->ended);
	json_array_append_new(context, process);
}

static json_t *reasons_document(const struct vp_sums *sums)
{
	json_t *reasons = json_object();

	for (int reason = 0; reason < VP_REASON_COUNT; reason++) {
		uint64_t count = vp_sums_get(sums, VP_TALLY_REASONS, (uint32_t)reason);

		if (count)
			vp_json_set_number(reasons, vp_reason_name((enum vp_reason)reason),
					   count);
	}
	return reasons;
}

static json_t *counts_document(const struct vp_pairs *pairs)
{
	static const struct {
		const char *name;
		enum vp_tally_kind kind;
	} totals[] = {
		{ "packets", VP_TALLY_PACKETS },   { "blocked", VP_TALLY_BLOCKED },
		{ "replaced", VP_TALLY_REPLACED }, { "settled", VP_TALLY_SETTLED },
		{ "too_long", VP_TALLY_UNREAD },   { "untold", VP_TALLY_UNTOLD },
	};
	struct vp_sums sums = { 0 };
	json_t *counts = json_object();

	vp_pairs_sums(pairs, &sums);
	for (size_t i = 0; i < VP_COUNT(totals); i++)
		vp_json_set_number(counts, totals[i].name,
				   vp_sums_total(&sums, totals[i].kind));
	json_object_set_new(counts, "reasons", reasons_document(&sums));
	vp_array_free(&sums);
	return counts;
}

json_t *vp_inspecting_document(const struct vp_inspecting *inspecting)
{
	json_t *document = json_object(), *processes = json_array();

	if (inspecting && inspecting->pairs) {
		vp_json_set_number(document, "generation",
				   vp_pairs_generation(inspecting->pairs));
		vp_pairs_each(inspecting->pairs, add_process, processes);
		json_object_set_new(document, "counts", counts_document(inspecting->pairs));
	}
	json_object_set_new(document, "processes", processes);
	return document;
}
