/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chasing processes: see chase.h. Passes over /proc, in which whoever is of the target is
 * seized and told to stop before anything else is done about it; what it forks in that moment
 * is seized with it (PTRACE_O_TRACEFORK). Then each that stands is covered and let go.
 */
#include "agentd/inject/chase.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include <linux/ptrace.h>

#include "lib/cleanup.h"
#include "lib/memory.h"
#include "lib/process.h"
#include "lib/unit.h"

#define OPTIONS	 (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK)
#define NUMBERS	 4194304   /* processes have lower ones (PID_MAX_LIMIT) */
#define HELD_MAX 1024	   /* at a time */
#define STOPPING 300	   /* milliseconds, for those held to stop */
#define SLICE	 1000000   /* nanoseconds, between two looks at them */
#define MILLI	 1000000ul /* nanoseconds */
#define BETWEEN	 500000	   /* nanoseconds, between passes */
#define IDLE	 5000000   /* likewise, after one that has met nobody */
#define ENOUGH	 128	   /* found to have the filter, and none that lacked it */
#define QUIET	 300	   /* milliseconds, in which nobody else was met: all stand still */
#define TICKS	 100	   /* of a second, as times of processes are told */
#define YOUNG	 100	   /* ticks */

VP_ARRAY_TYPE(ids, pid_t);

struct work {
	struct vp_injector *injector;
	struct vp_chase *chase;
	uint64_t until;
	uint8_t seen[NUMBERS / 8]; /* others' processes, and those that are done */
	struct ids held;	   /* seized, not covered yet */
	/* since one was found that lacked the filter */
	uint64_t since;
	uint32_t present, missed;
	unsigned int passes;
	bool lacking; /* in this pass */
	bool met;     /* likewise, anybody */
};

static bool is_seen(const struct work *work, pid_t id)
{
	return work->seen[id / 8] >> (id % 8) & 1;
}

static void set_seen(struct work *work, pid_t id)
{
	work->seen[id / 8] |= (uint8_t)(1u << (id % 8));
}

static bool is_meant(const struct vp_chase *chase, pid_t id)
{
	bool of_unit = chase->kind == VP_CHASE_UNIT;
	_cleanup_free_ char *name = of_unit ? vp_process_unit(id) : vp_process_executable(id);
	struct vp_proc_stat stat;

	if (!name || !of_unit)
		return name && !strcmp(name, chase->name);
	return vp_unit_match(name, chase->name) != VP_UNIT_OTHER &&
	       vp_process_stat(id, &stat) && !vp_process_is_starting(id, &stat, name);
}

/* One that began a moment ago may still be on its way to its program, or to its unit. */
static bool is_young(pid_t id)
{
	struct vp_proc_stat stat;
	struct timespec now;
	uint64_t ticks;

	if (clock_gettime(CLOCK_BOOTTIME, &now) || !vp_process_stat(id, &stat))
		return true;
	ticks = (uint64_t)now.tv_sec * TICKS + (uint64_t)now.tv_nsec / (1000000000 / TICKS);
	return ticks < stat.start + YOUNG;
}

/* Who is held */

static void forget(struct work *work, pid_t id)
{
	size_t kept = 0;

	vp_array_each (held, &work->held)
		if (*held != id)
			work->held.data[kept++] = *held;
	work->held.len = kept;
}

static void add(struct work *work, pid_t id)
{
	forget(work, id);
	vp_array_push(&work->held, id);
}

/* How many threads it has; 0: it is gone. */
static unsigned int threads_of(pid_t id)
{
	struct stat folder;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/task", id);
	return stat(path, &folder) || folder.st_nlink < 2 ? 0
							  : (unsigned int)folder.st_nlink - 2;
}

static void note(struct work *work, pid_t id, const struct vp_injected *injected)
{
	bool on = injected->outcome == VP_INJECT_COVERED ||
		  injected->outcome == VP_INJECT_PARTIAL;

	work->missed += injected->outcome == VP_INJECT_GONE;
	if (injected->outcome != VP_INJECT_GONE)
		set_seen(work, id);
	if (on && injected->flags & VP_INJECTED_PRESENT) {
		work->present++;
		work->chase->present++;
	} else if (on) {
		work->lacking = true;
		work->chase->covered++;
	}
}

/* One of several threads is no matter of one that is held. */
static void cover_threads(struct work *work, pid_t id)
{
	struct vp_injected injected;

	vp_inject(work->injector, id, 0, &injected);
	note(work, id, &injected);
}

static void hold(struct work *work, pid_t id)
{
	work->met = true;
	if (threads_of(id) > 1) {
		cover_threads(work, id);
	} else if (!ptrace(PTRACE_SEIZE, id, NULL, (void *)OPTIONS)) {
		(void)ptrace(PTRACE_INTERRUPT, id, NULL, NULL);
		add(work, id);
	} else if (errno == EPERM && threads_of(id)) { /* told by whoever asks for it */
		set_seen(work, id);
	} else {
		work->missed++;
	}
}

static void find(struct work *work)
{
	_cleanup_closedir_ DIR *folder = opendir("/proc");
	pid_t id;

	while ((id = vp_process_next(folder))) {
		if (id == 1 || id >= NUMBERS || id == getpid() || is_seen(work, id))
			continue;
		if (is_meant(work->chase, id)) {
			if (work->held.len < HELD_MAX)
				hold(work, id);
		} else if (!is_young(id)) {
			set_seen(work, id);
		}
	}
}

/* What they do */

static void cover(struct work *work, pid_t id)
{
	struct vp_injected injected;

	vp_inject_held(work->injector, id, &injected);
	if (ptrace(PTRACE_DETACH, id, NULL, NULL) && injected.outcome != VP_INJECT_GONE)
		return; /* it runs, late: it is heard of again */
	forget(work, id);
	note(work, id, &injected);
	if (threads_of(id) > 1)
		cover_threads(work, id);
}

/* Until it stands where signals are delivered: see remote.c. */
static void go_on(pid_t id, int status)
{
	int signal = status >> 16 ? 0 : WSTOPSIG(status);

	(void)ptrace(PTRACE_INTERRUPT, id, NULL, NULL);
	(void)ptrace(PTRACE_CONT, id, NULL, (void *)(uintptr_t)signal);
}

static void take(struct work *work, pid_t id, int status)
{
	if (!WIFSTOPPED(status)) {
		forget(work, id);
		work->missed++;
		return;
	}
	add(work, id); /* that another has forked, too */
	if (status >> 16 == PTRACE_EVENT_STOP)
		cover(work, id);
	else
		go_on(id, status);
}

/* Until nobody is held any more, or they do not stop. */
static void cover_held(struct work *work)
{
	const struct timespec slice = { .tv_nsec = SLICE };
	uint64_t until = vp_remote_clock() + STOPPING * MILLI;
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	while (work->held.len && vp_remote_clock() < until) {
		int status;
		pid_t id = waitpid(-1, &status, __WALL | WNOHANG);

		if (id > 0)
			take(work, id, status);
		else if (id < 0)
			work->held.len = 0;
		else
			(void)sigtimedwait(&child, NULL, &slice);
	}
}

/* All that were found had it: many of those that come and go, or nobody does. */
static bool is_settled(const struct work *work)
{
	return !work->held.len &&
	       (work->present >= ENOUGH ||
		(!work->missed && vp_remote_clock() >= work->since + QUIET * MILLI));
}

static void pass(struct work *work)
{
	work->lacking = work->met = false;
	find(work);
	cover_held(work);
	if (work->lacking || !work->passes++) { /* the first one meets those that stand, too */
		work->present = work->missed = 0;
		work->since = vp_remote_clock();
	}
}

void vp_chase(struct vp_injector *injector, struct vp_chase *chase)
{
	struct work *work = vp_new(struct work);
	sigset_t before;

	work->injector = injector;
	work->chase = chase;
	work->since = vp_remote_clock();
	work->until = work->since + chase->milliseconds * MILLI;
	vp_remote_enter(&before);
	for (;;) {
		struct timespec between = { .tv_nsec = BETWEEN };

		pass(work);
		chase->settled = is_settled(work);
		if (chase->settled || vp_remote_clock() >= work->until)
			break;
		if (!work->met)
			between.tv_nsec = IDLE;
		nanosleep(&between, NULL);
	}
	vp_remote_leave(&before);
	vp_array_free(&work->held);
	free(work);
}
