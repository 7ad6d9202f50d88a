/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The wiring between drop-ins and the daemon: see dropin_keeper.h. */
#include "agentd/dropin_keeper.h"

#include <string.h>

#include "agentd/loop.h"
#include "agentd/syscalls/manager.h"
#include "lib/log.h"

#define LOOK_AGAIN 60000 /* milliseconds; services start with other rights, files change */

struct vp_dropin_keeper {
	struct vp_agent *agent;
	struct vp_timer *timer;
	char *pending; /* vp_dropin_folder.pending */
	char *problem;
};

/* Once, not each time it is tried again. */
static void tell(struct vp_dropin_keeper *keeper, const char *problem)
{
	bool same = problem ? keeper->problem && !strcmp(keeper->problem, problem)
			    : !keeper->problem;
	struct vp_event event;

	if (same)
		return;
	vp_problem_set(&keeper->problem, problem);
	event = vp_event_make(VP_EVENT_COVERAGE, "drop-ins: %s",
			      problem ? problem : "they are as they are meant to be again");
	event.generation = keeper->agent->running;
	if (problem)
		vp_log_warning("%s", event.text);
	vp_agent_event(keeper->agent, &event);
}

/* Is it known what runs? A generation that could not be built again may run all the same. */
static bool is_known(const struct vp_agent *agent, bool panicked)
{
	return panicked || agent->active || (!agent->start_failed && !agent->module_failed);
}

static int keep(const struct vp_dropin_keeper *keeper, struct vp_error *err)
{
	const struct vp_agent *agent = keeper->agent;
	struct vp_dropin_folder folder =
		vp_manager_folder(agent->config.dropins_folder, agent->config.dropins_exact);
	struct vp_dropins dropins = { 0 };
	struct vp_panic_marker marker;
	struct vp_confirm confirm;
	bool panicked = vp_state_panicked(&agent->state, &marker);
	int r;

	if (!is_known(agent, panicked))
		return 0;
	folder.pending = keeper->pending;
	folder.removing = vp_state_confirm(&agent->state, &confirm);
	if (agent->config.dropins && agent->active && !panicked)
		vp_dropins_build(&agent->active->plan, &dropins);
	r = vp_manager_keep_dropins(&folder, &dropins, agent->running, err);
	vp_dropins_free(&dropins);
	return r;
}

void vp_dropin_keeper_look(struct vp_dropin_keeper *keeper)
{
	struct vp_error err;

	if (!keeper || !keeper->agent->config.dropins_folder)
		return;
	tell(keeper, keep(keeper, &err) ? err.text : NULL);
	vp_timer_start(keeper->timer, LOOK_AGAIN);
}

static void look_again(void *context)
{
	vp_dropin_keeper_look(context);
}

int vp_dropin_keeper_start(struct vp_dropin_keeper **keeper, struct vp_agent *agent,
			   struct vp_error *err)
{
	struct vp_dropin_keeper *made = vp_new(struct vp_dropin_keeper);

	(void)err;
	made->agent = agent;
	made->pending = vp_format("%s/dropins.pending", agent->config.run);
	made->timer = vp_loop_timer(agent->loop, look_again, made);
	*keeper = made;
	return 0;
}

void vp_dropin_keeper_stop(struct vp_dropin_keeper *keeper)
{
	if (!keeper)
		return;
	vp_timer_free(keeper->timer);
	free(keeper->pending);
	free(keeper->problem);
	free(keeper);
}

const char *vp_dropin_keeper_problem(const struct vp_dropin_keeper *keeper)
{
	return keeper ? keeper->problem : NULL;
}
