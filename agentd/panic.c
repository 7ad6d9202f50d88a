/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Panic: see panic.h. Run by vpatchctl itself. The daemon is found through the
 * lock that the kernel says it holds, and ended through a pidfd, so that no other
 * process can be hit.
 */
#include "agentd/panic.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <unistd.h>

#include "agentd/document.h"
#include "agentd/enforcement.h"
#include "agentd/event.h"
#include "agentd/lock.h"
#include "agentd/sink.h"
#include "agentd/state.h"
#include "agentd/totals.h"
#include "lib/cleanup.h"
#include "lib/memory.h"
#include "lib/process.h"

#define DEATH_MILLISECONDS 5000
#define ROUNDS		   20 /* a service manager may have restarted it in between */

struct victim {
	int pidfd;
	pid_t pid;
};

VP_ARRAY_TYPE(victims, struct victim);

static int open_pidfd(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* Children first opened, then confirmed: a pid may be reused between look and open. */
static void add_children(pid_t parent, struct victims *victims)
{
	_cleanup_closedir_ DIR *proc = opendir("/proc");
	pid_t pid;

	while ((pid = vp_process_next(proc))) {
		_cleanup_close_ int pidfd = -1;

		if (pid <= 1 || vp_process_parent(pid) != parent)
			continue;
		pidfd = open_pidfd(pid);
		if (pidfd >= 0 && vp_process_parent(pid) == parent)
			vp_array_push(victims, ((struct victim){ .pidfd = TAKE_FD(pidfd),
								 .pid = pid }));
	}
}

/* The lock's holder, unless it is this very process. False: there is none. */
static bool add_daemon(const struct vp_config *config, struct victims *victims,
		       struct vp_panic *panic)
{
	struct vp_error err;
	pid_t pid = vp_lock_holder(config->run, &err);
	_cleanup_close_ int pidfd = -1;

	if (pid < 0)
		vp_strbuf_addf(&panic->stays, "vpatchd: %s\n", err.text);
	if (pid <= 0 || pid == getpid())
		return false;
	pidfd = open_pidfd(pid);
	if (pidfd < 0 && errno != ESRCH) {
		vp_strbuf_addf(&panic->stays, "vpatchd (process %d): cannot be opened: %s\n",
			       (int)pid, strerror(errno));
		return false;
	}
	if (pidfd < 0 || vp_lock_holder(config->run, NULL) != pid)
		return true; /* gone in between: look again */
	add_children(pid, victims);
	vp_array_push(victims, ((struct victim){ .pidfd = TAKE_FD(pidfd), .pid = pid }));
	return true;
}

static void end_one(const struct victim *victim, struct vp_panic *panic)
{
	struct pollfd death = { .fd = victim->pidfd, .events = POLLIN };

	if (syscall(SYS_pidfd_send_signal, victim->pidfd, SIGKILL, NULL, 0) && errno != ESRCH)
		vp_strbuf_addf(&panic->stays, "process %d: cannot be ended: %s\n",
			       (int)victim->pid, strerror(errno));
	else if (poll(&death, 1, DEATH_MILLISECONDS) != 1)
		vp_strbuf_addf(&panic->stays, "process %d: does not die\n", (int)victim->pid);
	else
		panic->ended++;
}

static void end_processes(const struct vp_config *config, struct vp_panic *panic)
{
	bool found = true;

	for (int round = 0; round < ROUNDS && found && !panic->stays.len; round++) {
		struct victims victims = { 0 };

		found = add_daemon(config, &victims, panic);
		/* the daemon first (it is the last of the list): it must not restart a child
		 */
		for (size_t i = victims.len; i-- > 0;) {
			end_one(&victims.data[i], panic);
			close(victims.data[i].pidfd);
		}
		vp_array_free(&victims);
	}
	if (found && !panic->stays.len)
		vp_strbuf_adds(&panic->stays,
			       "vpatchd: something starts it again and again; with the marker"
			       " it installs nothing\n");
}

/* What cannot be read may be there all the same: then all of the holder's stays as it was. */
static void take_counts(struct vp_totals *totals, enum vp_holder holder,
			const struct vp_module *const *modules,
			struct vp_instance *const *instances)
{
	struct vp_counts counts = { 0 };
	bool all = true;

	for (size_t i = 0; modules[i]; i++)
		if (vp_module_holder(modules[i]) == holder)
			all = all && instances[i] &&
			      !modules[i]->counts(instances[i], &counts, NULL);
	vp_counts_join(&counts);
	if (all)
		vp_totals_update(totals, holder, &counts);
	vp_array_free(&counts);
}

/* The daemon can do it no more: what the kernel has counted goes with its objects. */
static void keep_totals(const struct vp_config *config, const struct vp_module *const *modules,
			struct vp_instance *const *instances)
{
	_cleanup_free_ char *path = vp_format("%s/totals.json", config->state);
	struct vp_totals totals = { 0 };

	vp_totals_load(&totals, path, NULL);
	for (int holder = 0; holder < VP_HOLDERS; holder++)
		take_counts(&totals, (enum vp_holder)holder, modules, instances);
	vp_totals_detach(&totals);
	vp_totals_save(&totals, path, NULL);
	vp_totals_free(&totals);
}

static void remove_objects(const struct vp_config *config,
			   const struct vp_module *const *modules, struct vp_panic *panic)
{
	struct vp_instance *instances[VP_ENFORCEMENT_MAX] = { NULL };
	struct vp_error errors[VP_ENFORCEMENT_MAX] = { 0 };
	/* removal needs no other facts */
	struct vp_host host = { .run = config->run,
				.state = config->state,
				.dropins = config->dropins_folder };
	int r[VP_ENFORCEMENT_MAX];

	for (size_t i = 0; modules[i]; i++)
		r[i] = modules[i]->open(&instances[i], &host, &errors[i]);
	keep_totals(config, modules, instances);
	panic->removed = true;
	for (size_t i = 0; modules[i]; i++) {
		if (!r[i]) {
			r[i] = modules[i]->remove(instances[i], &errors[i]);
			if (modules[i]->stays)
				modules[i]->stays(instances[i], &panic->stays);
			modules[i]->close(instances[i]);
		}
		if (!r[i])
			continue;
		panic->removed = false;
		vp_strbuf_addf(&panic->stays, "%s: %s\n", modules[i]->name, errors[i].text);
	}
}

static void give_event(const struct vp_sink_ops *ops, const struct vp_sink_options *options,
		       const struct vp_event *event)
{
	struct vp_sink *sink;

	if (ops->open(&sink, options, NULL))
		return;
	ops->write(sink, event);
	ops->close(sink);
}

/* In the history, in the stored events and in syslog, as the daemon would. */
static void tell(const struct vp_config *config, const char *who, const char *reason,
		 const struct vp_panic *panic)
{
	struct vp_state state = { .folder = config->state };
	_cleanup_free_ char *path = vp_state_path(&state, "events.jsonl");
	const struct vp_sink_options file = { .path = path };
	const struct vp_sink_options syslog = { .path = config->syslog_socket,
						.format = config->syslog_form,
						.facility = LOG_DAEMON };
	_cleanup_json_ json_t *entry = json_object();
	struct vp_event event =
		vp_event_make(VP_EVENT_PANIC, "every shield was removed%s%s%s",
			      panic->removed ? "" : ", not completely",
			      reason && *reason ? ": " : "", reason ? reason : "");

	vp_json_set_time(entry, "time", time(NULL));
	vp_json_set_text(entry, "request", "panic");
	vp_json_set_text(entry, "result", panic->stays.len ? "failed" : "applied");
	vp_json_set_text(entry, "who", who);
	vp_json_set_text(entry, "reason", reason);
	vp_state_add_history(&state, entry, NULL);
	vp_event_set(event.actor, sizeof(event.actor), who ? who : "");
	give_event(&vp_sink_file, &file, &event);
	if (strcmp(config->syslog_socket, "none") != 0)
		give_event(&vp_sink_syslog, &syslog, &event);
}

static void mark(const struct vp_config *config, const char *who, const char *reason,
		 struct vp_panic *panic)
{
	struct vp_panic_marker marker = { .time = time(NULL) };
	struct vp_state state = { 0 };
	struct vp_error err;

	snprintf(marker.who, sizeof(marker.who), "%s", who ? who : "");
	snprintf(marker.reason, sizeof(marker.reason), "%s", reason ? reason : "");
	if (vp_state_open(&state, config->state, &err) ||
	    vp_state_set_panic(&state, &marker, &err))
		vp_strbuf_addf(
			&panic->stays,
			"no marker: %s; vpatchd would install everything again at its next"
			" start: systemctl mask vpatchd\n",
			err.text);
	else
		panic->marked = true;
	vp_state_free(&state);
}

int vp_panic_run(const struct vp_config *config, const struct vp_module *const *modules,
		 const char *who, const char *reason, struct vp_panic *panic)
{
	struct vp_strbuf no_marker;

	memset(panic, 0, sizeof(*panic));
	mark(config, who, reason, panic);
	/* the loop over processes stops at its own troubles, not at the marker's */
	no_marker = panic->stays;
	memset(&panic->stays, 0, sizeof(panic->stays));
	end_processes(config, panic);
	remove_objects(config, modules, panic);
	vp_strbuf_add(&panic->stays, vp_strbuf_text(&no_marker), no_marker.len);
	vp_strbuf_free(&no_marker);
	tell(config, who, reason, panic);
	return panic->stays.len ? -EBUSY : 0;
}

void vp_panic_free(struct vp_panic *panic)
{
	vp_strbuf_free(&panic->stays);
}
