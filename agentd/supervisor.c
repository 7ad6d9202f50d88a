/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of vpatchd: see supervisor.h. Start-up is a table of steps, each
 * with what undoes it; what runs by itself later is in guard.c and reporting.c.
 */
#include "agentd/supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/control.h"
#include "agentd/covering.h"
#include "agentd/denying.h"
#include "agentd/dropin_keeper.h"
#include "agentd/guard.h"
#include "agentd/inspecting.h"
#include "agentd/lock.h"
#include "agentd/loop.h"
#include "agentd/notify.h"
#include "agentd/orders.h"
#include "agentd/reporting.h"
#include "agentd/requests.h"
#include "agentd/startup.h"
#include "lib/log.h"

struct supervisor {
	struct vp_agent agent; /* first: callbacks get the agent and find the supervisor */
	int lock, signals;
	struct vp_watch_fd *signal_watch;
	struct vp_timer *watchdog;
	struct vp_guard *guard;
};

static void reload(struct supervisor *supervisor)
{
	struct vp_order order = { .request = "reload", .who = "reload" };
	struct vp_outcome outcome = { 0 };
	struct vp_confirm confirm;

	vp_notify_reloading();
	if (vp_state_confirm(&supervisor->agent.state, &confirm))
		vp_log_warning("not reloaded: the last apply waits for its confirmation");
	else
		vp_apply_folder(&supervisor->agent, &order, &outcome);
	vp_outcome_free(&outcome);
	vp_notify("READY=1");
}

static void signal_ready(void *context, uint32_t events)
{
	struct supervisor *supervisor = context;
	struct signalfd_siginfo info;

	(void)events;
	while (read(supervisor->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			reload(supervisor);
		else
			vp_loop_stop(supervisor->agent.loop);
	}
}

/* Signals become events of the loop; children get them back (reporter.c). */
static int take_signals(struct supervisor *supervisor, struct vp_error *err)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	supervisor->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (supervisor->signals < 0)
		return vp_fail(err, -errno, "cannot take signals: %s", strerror(errno));
	supervisor->signal_watch = vp_loop_watch(supervisor->agent.loop, supervisor->signals,
						 EPOLLIN, signal_ready, supervisor);
	return 0;
}

static int take_lock(struct supervisor *supervisor, struct vp_error *err)
{
	supervisor->lock = vp_lock_take(supervisor->agent.config.run, err);
	return supervisor->lock < 0 ? supervisor->lock : 0;
}

static int make_loop(struct supervisor *supervisor, struct vp_error *err)
{
	return vp_loop_new(&supervisor->agent.loop, err);
}

/* For `systemctl status`; `before` are other lines. */
static void tell_status(const struct vp_agent *agent, const char *before)
{
	char status[100];

	snprintf(status, sizeof(status), "%sSTATUS=generation %llu runs", before,
		 (unsigned long long)agent->running);
	vp_notify(status);
}

static void when_changed(struct vp_agent *agent)
{
	struct supervisor *supervisor = (struct supervisor *)agent;

	if (supervisor->guard)
		vp_guard_changed(supervisor->guard);
	if (agent->inspecting)
		vp_inspecting_changed(agent->inspecting);
	if (agent->covering)
		vp_covering_changed(agent->covering);
	if (agent->denying)
		vp_denying_changed(agent->denying);
	vp_dropin_keeper_look(agent->dropins);
	tell_status(agent, "");
}

static int open_control(struct supervisor *supervisor, struct vp_error *err)
{
	struct vp_agent *agent = &supervisor->agent;
	struct vp_control_options options = {
		.loop = agent->loop,
		.config = &agent->config,
		.request = vp_requests_handle,
		.refused = vp_requests_refused,
		.gone = vp_requests_gone,
		.context = agent,
	};

	agent->changed = when_changed;
	return vp_control_open(&agent->control, &options, err);
}

static int start_reporting(struct supervisor *supervisor, struct vp_error *err)
{
	return vp_reporting_start(&supervisor->agent.reporting, &supervisor->agent, err);
}

static int start_inspecting(struct supervisor *supervisor, struct vp_error *err)
{
	return vp_inspecting_start(&supervisor->agent.inspecting, &supervisor->agent, err);
}

static int start_covering(struct supervisor *supervisor, struct vp_error *err)
{
	return vp_covering_start(&supervisor->agent.covering, &supervisor->agent, err);
}

static int start_denying(struct supervisor *supervisor, struct vp_error *err)
{
	return vp_denying_start(&supervisor->agent.denying, &supervisor->agent, err);
}

static int start_dropins(struct supervisor *supervisor, struct vp_error *err)
{
	return vp_dropin_keeper_start(&supervisor->agent.dropins, &supervisor->agent, err);
}

/* A failure here is a state to report, not a reason to leave: status must answer. */
static int restore(struct supervisor *supervisor, struct vp_error *err)
{
	struct vp_event event = vp_event_make(VP_EVENT_STARTED, "vpatchd started");

	vp_agent_event(&supervisor->agent, &event);
	if (vp_startup_restore(&supervisor->agent, err))
		vp_log_error("%s", err->text);
	vp_startup_folder(&supervisor->agent);
	when_changed(&supervisor->agent);
	return 0;
}

static int start_guard(struct supervisor *supervisor, struct vp_error *err)
{
	return vp_guard_start(&supervisor->guard, &supervisor->agent, err);
}

static void feed_watchdog(void *context)
{
	struct supervisor *supervisor = context;

	vp_notify("WATCHDOG=1");
	vp_timer_start(supervisor->watchdog, vp_notify_watchdog() / 3);
}

static int tell_manager(struct supervisor *supervisor, struct vp_error *err)
{
	(void)err;
	supervisor->watchdog =
		vp_loop_timer(supervisor->agent.loop, feed_watchdog, supervisor);
	if (vp_notify_watchdog())
		vp_timer_start(supervisor->watchdog, 0);
	tell_status(&supervisor->agent, "READY=1\n");
	return 0;
}

static int (*const steps[])(struct supervisor *supervisor, struct vp_error *err) = {
	take_lock, /* one daemon a folder */
	make_loop,	  take_signals,
	open_control,	 /* clients wait in the queue while the rest starts */
	start_reporting, /* before anything can be blocked */
	start_inspecting, start_covering,
	start_denying,		   /* before anything is denied */
	start_dropins,	  restore, /* shields */
	start_guard,		   /* and what keeps them */
	tell_manager,
};

/* Whatever of the steps was done is undone. */
static void stop(struct supervisor *supervisor)
{
	struct vp_event event = vp_event_make(VP_EVENT_STOPPED, "vpatchd stops; shields stay");

	vp_notify("STOPPING=1");
	vp_agent_event(&supervisor->agent, &event);
	vp_guard_stop(supervisor->guard);
	vp_control_close(supervisor->agent.control);
	supervisor->agent.changed = NULL;
	vp_dropin_keeper_stop(supervisor->agent.dropins);
	supervisor->agent.dropins = NULL;
	vp_denying_stop(supervisor->agent.denying);
	supervisor->agent.denying = NULL;
	vp_covering_stop(supervisor->agent.covering);
	supervisor->agent.covering = NULL;
	vp_inspecting_stop(supervisor->agent.inspecting);
	supervisor->agent.inspecting = NULL;
	vp_reporting_stop(supervisor->agent.reporting);
	supervisor->agent.reporting = NULL;
	vp_agent_save_totals(&supervisor->agent);
	vp_watch_fd_free(supervisor->signal_watch);
	vp_timer_free(supervisor->watchdog);
	if (supervisor->signals >= 0)
		close(supervisor->signals);
	vp_loop_free(supervisor->agent.loop);
	vp_agent_close(&supervisor->agent);
	if (supervisor->lock >= 0)
		close(supervisor->lock);
}

int vp_supervisor_run(const char *config_path, const struct vp_module *const *modules)
{
	struct supervisor supervisor = { 0 };
	struct vp_error err = { 0 };
	int r;

	umask(027);
	r = vp_agent_open(&supervisor.agent, config_path, modules, &err);
	supervisor.lock = supervisor.signals = -1;
	if (r) {
		vp_log_error("%s", err.text);
		vp_agent_close(&supervisor.agent);
		return VP_EXIT_USAGE;
	}
	for (size_t i = 0; !r && i < VP_COUNT(steps); i++)
		r = steps[i](&supervisor, &err);
	if (!r)
		r = vp_loop_run(supervisor.agent.loop, &err);
	if (r)
		vp_log_error("%s", err.text);
	stop(&supervisor);
	return r ? VP_EXIT_UNREACHABLE : VP_EXIT_GOOD;
}
