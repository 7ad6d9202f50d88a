/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `vpatchd --boot`: a one-shot that installs the last good generation before
 * the network comes up. It needs the state folder and nothing else, so that a
 * broken policy folder cannot leave the host without its shields.
 */
#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "agentd/lock.h"
#include "agentd/message.h"
#include "agentd/startup.h"
#include "agentd/supervisor.h"
#include "lib/log.h"

static int install(struct vp_agent *agent)
{
	struct vp_panic_marker marker;
	struct vp_error err;

	if (vp_startup_restore(agent, &err)) {
		vp_log_error("%s", err.text);
		return VP_EXIT_UNREACHABLE;
	}
	if (!vp_state_panicked(&agent->state, &marker) && agent->running)
		vp_log_info("generation %" PRIu64 " is in place", agent->running);
	vp_agent_save_totals(agent);
	return VP_EXIT_GOOD;
}

int vp_boot_run(const char *config_path, const struct vp_module *const *modules)
{
	struct vp_agent agent;
	struct vp_error err;
	int r = vp_agent_open(&agent, config_path, modules, &err), lock = -1;

	agent.all.lasting_only = true;
	if (!r)
		lock = vp_lock_take(agent.config.run, &err);
	if (lock == -EBUSY) {
		vp_log_info("vpatchd runs already: nothing to do");
		r = VP_EXIT_GOOD;
	} else if (r || lock < 0) {
		vp_log_error("%s", err.text);
		r = r == -EINVAL ? VP_EXIT_USAGE : VP_EXIT_UNREACHABLE;
	} else {
		r = install(&agent);
	}
	vp_agent_close(&agent);
	if (lock >= 0)
		close(lock);
	return r;
}
