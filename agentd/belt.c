/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The wiring between drop-ins and the daemon: see belt.h. */
#include "agentd/belt.h"

#include <string.h>

#include "agentd/loop.h"
#include "agentd/syscalls/manager.h"
#include "lib/log.h"

#define LOOK_AGAIN 60000 /* milliseconds; services start with other rights, files change */

struct vp_belt {
	struct vp_agent *agent;
	struct vp_timer *timer;
	char *pending; /* vp_dropin_folder.pending */
	char *problem;
};

/* Once, not each time it is tried again. */
static void tell(struct vp_belt *belt, const char *problem)
{
	bool same =
		problem ? belt->problem && !strcmp(belt->problem, problem) : !belt->problem;
	struct vp_event event;

	if (same)
		return;
	vp_problem_set(&belt->problem, problem);
	event = vp_event_make(VP_EVENT_COVERAGE, "drop-ins: %s",
			      problem ? problem : "they are as they are meant to be again");
	event.generation = belt->agent->running;
	if (problem)
		vp_log_warning("%s", event.text);
	vp_agent_event(belt->agent, &event);
}

/* Is it known what runs? A generation that could not be built again may run all the same. */
static bool is_known(const struct vp_agent *agent, bool panicked)
{
	return panicked || agent->active || (!agent->start_failed && !agent->module_failed);
}

static int keep(const struct vp_belt *belt, struct vp_error *err)
{
	const struct vp_agent *agent = belt->agent;
	struct vp_dropin_folder folder =
		vp_manager_folder(agent->config.dropins_folder, agent->config.dropins_exact);
	struct vp_dropins dropins = { 0 };
	struct vp_panic_marker marker;
	struct vp_confirm confirm;
	bool panicked = vp_state_panicked(&agent->state, &marker);
	int r;

	if (!is_known(agent, panicked))
		return 0;
	folder.pending = belt->pending;
	folder.removing = vp_state_confirm(&agent->state, &confirm);
	if (agent->config.dropins && agent->active && !panicked)
		vp_dropins_build(&agent->active->plan, &dropins);
	r = vp_manager_keep_dropins(&folder, &dropins, agent->running, err);
	vp_dropins_free(&dropins);
	return r;
}

void vp_belt_keep(struct vp_belt *belt)
{
	struct vp_error err;

	if (!belt || !belt->agent->config.dropins_folder)
		return;
	tell(belt, keep(belt, &err) ? err.text : NULL);
	vp_timer_start(belt->timer, LOOK_AGAIN);
}

static void look_again(void *context)
{
	vp_belt_keep(context);
}

int vp_belt_start(struct vp_belt **belt, struct vp_agent *agent, struct vp_error *err)
{
	struct vp_belt *made = vp_new(struct vp_belt);

	(void)err;
	made->agent = agent;
	made->pending = vp_format("%s/dropins.pending", agent->config.run);
	made->timer = vp_loop_timer(agent->loop, look_again, made);
	*belt = made;
	return 0;
}

void vp_belt_stop(struct vp_belt *belt)
{
	if (!belt)
		return;
	vp_timer_free(belt->timer);
	free(belt->pending);
	free(belt->problem);
	free(belt);
}

const char *vp_belt_problem(const struct vp_belt *belt)
{
	return belt ? belt->problem : NULL;
}
