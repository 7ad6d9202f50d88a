/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The loop of the process that holds up starts: see worker.h. It never waits for anything but
 * the next thing to do, and logs nothing: who reads the log may be starting. Each start that
 * matters is given to a process of its own. */
#include "agentd/hook/worker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/fanotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agentd/hook/helpers.h"
#include "agentd/hook/limit.h"
#include "agentd/hook/marks.h"
#include "agentd/hook/note.h"
#include "agentd/inject/ready.h"
#include "agentd/inject/remote.h"
#include "lib/cleanup.h"

#define CHECK_PERIOD 10 /* ticks between looks at all paths */
#define BRIEFLY	     5	/* milliseconds, for one of those that hold others up */
#define CROWD	     UINT64_C(300000000) /* nanoseconds: then starts go on uncovered */

struct worker {
	struct vp_hook_beats *beats;
	struct vp_hook_watch keeper_beats;
	int keeper, keeper_process, signals;
	unsigned int ticks;
	uint64_t ticked; /* nanoseconds, CLOCK_MONOTONIC */
	struct vp_hook_table table;
	struct vp_hook_marks marks;
	struct vp_hook_helpers helpers;
	uint64_t crowded; /* since when no start can be seen to; 0: one can */
	struct vp_hook_notes notes;
	struct vp_hook_limit limit;
};

static void beat(struct worker *worker)
{
	atomic_fetch_add(&worker->beats->worker, 1);
	if (atomic_load(&worker->beats->holds))
		vp_hook_limit(&worker->limit, VP_HOOK_LIMIT_WORKER);
}

static void tell(struct worker *worker, const struct vp_hook_note *note)
{
	vp_hook_notes_add(&worker->notes, note);
	(void)vp_hook_notes_send(&worker->notes, worker->keeper);
}

static void tell_unseen(struct worker *worker)
{
	struct vp_hook_note note = vp_hook_note(VP_HOOK_GAP, worker->table.number);

	note.from = note.until = vp_hook_clock();
	snprintf(note.text, sizeof(note.text),
		 "the kernel tells of starts without their number");
	tell(worker, &note);
}

/* A thread is about to execute a marked file: is its start somebody's now? */
static bool consider(struct worker *worker, int group,
		     const struct fanotify_event_metadata *event)
{
	struct vp_hook_start start = { .table = &worker->table,
				       .places = &worker->marks.places,
				       .thread = event->pid,
				       .group = group,
				       .event = event->fd,
				       .notes = worker->keeper,
				       .lost = &worker->beats->lost };
	struct vp_hook_process process = { .id = event->pid };
	struct stat file;
	bool matters;
	int r;

	if (fstat(event->fd, &file))
		return false;
	start.device = process.device = file.st_dev;
	start.inode = process.inode = file.st_ino;
	matters = vp_hook_match(&worker->table, &worker->marks.places, &process, 0) <
		  worker->table.entries.len;
	vp_hook_process_free(&process);
	if (matters && event->pid <= 0)
		tell_unseen(worker);
	if (!matters || event->pid <= 0)
		return false;
	r = vp_hook_helpers_start(&worker->helpers, &start);
	if (r) {
		vp_hook_start_untraced(&start, r, &worker->notes);
		atomic_store(&worker->beats->missed, true);
	}
	return !r;
}

static void take_event(struct worker *worker, int group,
		       const struct fanotify_event_metadata *event)
{
	if (event->fd < 0)
		return;
	beat(worker);
	if (event->mask & FAN_OPEN_EXEC_PERM && consider(worker, group, event))
		return;
	vp_hook_answer(group, event->fd);
	close(event->fd);
}

/*
 * What the kernel asks now. As long as no start can be seen to they wait in the kernel, in
 * their order, for a moment; `all`: none may.
 */
static void read_group(struct worker *worker, int group, bool all)
{
	struct fanotify_event_metadata event;

	for (;;) {
		uint64_t now = vp_remote_clock();

		if (vp_hook_helpers_room(&worker->helpers))
			worker->crowded = 0;
		else if (!worker->crowded)
			worker->crowded = now;
		if (!all && worker->crowded && now - worker->crowded < CROWD)
			return;
		if (read(group, &event, sizeof(event)) != sizeof(event))
			return;
		take_event(worker, group, &event);
	}
}

/* What of an entry changed: it has another file, or none, or cannot be marked. */
static void tell_marks(struct worker *worker, const struct vp_hook_places *before)
{
	for (size_t i = 0; i < worker->table.entries.len; i++) {
		const struct vp_hook_place *now = &worker->marks.places.data[i];
		const struct vp_hook_place *then = before ? &before->data[i] : NULL;
		struct vp_hook_note note = vp_hook_note(
			now->error ? VP_HOOK_UNMARKED : VP_HOOK_MARKED, worker->table.number);

		if (then ? now->error == then->error && vp_hook_place_same(now, then)
			 : !now->error)
			continue;
		note.entry = (uint32_t)i;
		note.error = now->error;
		snprintf(note.text, sizeof(note.text), "%s",
			 now->error ? strerror(-now->error) : "");
		tell(worker, &note);
	}
}

static void check_helpers(struct worker *worker)
{
	if (vp_hook_helpers_check(&worker->helpers))
		atomic_store(&worker->beats->missed, true);
}

/* Starts do not wait while something else takes time. */
static void breathe(void *data)
{
	struct worker *worker = data;

	beat(worker);
	if (worker->marks.group < 0)
		return;
	read_group(worker, worker->marks.group, false);
	check_helpers(worker);
}

/* Marks for a table, beside those in force. 0 or -errno, nothing has changed. */
static int make_marks(struct worker *worker, const struct vp_hook_table *table,
		      struct vp_hook_marks *marks, struct vp_error *err)
{
	int r;

	vp_hook_marks_prepare(marks, table, breathe, worker);
	atomic_store(&worker->beats->holds, true);
	beat(worker);
	r = vp_hook_marks_hold(marks, table, err);
	if (r)
		vp_hook_marks_close(marks);
	return r;
}

/* What the old marks still hold up is judged by what is in force now. */
static void finish_marks(struct worker *worker, struct vp_hook_marks *old)
{
	if (old->group >= 0)
		read_group(worker, old->group, true);
	vp_hook_marks_close(old);
}

static void check_marks(struct worker *worker)
{
	struct vp_hook_marks next, before = worker->marks;

	if (!vp_hook_marks_stale(&worker->marks, &worker->table) ||
	    make_marks(worker, &worker->table, &next, NULL)) /* or at the next look */
		return;
	worker->marks = next;
	tell_marks(worker, &before.places);
	finish_marks(worker, &before);
}

static void tell_table(struct worker *worker, uint32_t number, const struct vp_error *err)
{
	struct vp_hook_note note =
		vp_hook_note(err->code ? VP_HOOK_FAILED : VP_HOOK_ACCEPTED, number);

	note.error = err->code;
	snprintf(note.text, sizeof(note.text), "%.*s", VP_HOOK_TEXT - 1, err->text);
	tell(worker, &note);
}

/* A table in place of the one in force, as a whole. Where that fails it is the next worker's.
 */
static int take_table(struct worker *worker, struct vp_hook_table *table)
{
	struct vp_hook_table old_table = worker->table;
	struct vp_hook_marks next, old_marks = worker->marks;
	struct vp_error err = { 0 };

	if (make_marks(worker, table, &next, &err)) {
		tell_table(worker, table->number, &err);
		return err.code;
	}
	worker->table = *table;
	worker->marks = next;
	finish_marks(worker, &old_marks);
	vp_hook_table_free(&old_table);
	tell_marks(worker, NULL);
	tell_table(worker, worker->table.number, &err);
	return 0;
}

/* Tables, until the keeper is gone. */
static int read_keeper(struct worker *worker)
{
	struct vp_hook_table table;
	int r;

	while (!(r = vp_hook_table_receive(worker->keeper, &table, NULL))) {
		r = take_table(worker, &table);
		if (r)
			return r;
	}
	return r == -EAGAIN ? 0 : r;
}

/* A keeper that stands still cannot be told anything, and watches nobody. */
static bool keeper_stands(struct worker *worker)
{
	return vp_hook_stands(&worker->keeper_beats, atomic_load(&worker->beats->keeper),
			      VP_HOOK_KEEPER_LIMIT);
}

static int tick(struct worker *worker)
{
	worker->ticked = vp_remote_clock();
	if (++worker->ticks % CHECK_PERIOD == 0)
		check_marks(worker);
	(void)vp_hook_notes_send(&worker->notes, worker->keeper);
	if (!keeper_stands(worker))
		return 0;
	(void)syscall(SYS_pidfd_send_signal, worker->keeper_process, SIGKILL, NULL, 0);
	return -ETIMEDOUT;
}

/* Who waits for a turn is heard of by the end of another. */
static int turn(struct worker *worker)
{
	enum { GROUP, SIGNALS, WATCH, KEEPER };
	struct pollfd fds[] = {
		[GROUP] = { .fd = worker->crowded ? -1 : worker->marks.group,
			    .events = POLLIN },
		[SIGNALS] = { .fd = worker->signals, .events = POLLIN },
		[WATCH] = { .fd = worker->marks.watch, .events = POLLIN },
		[KEEPER] = { .fd = worker->keeper, .events = POLLIN },
	};
	struct signalfd_siginfo signal;

	(void)poll(fds, VP_COUNT(fds), worker->crowded ? BRIEFLY : VP_HOOK_TICK);
	beat(worker);
	while (read(worker->signals, &signal, sizeof(signal)) > 0)
		;
	check_helpers(worker);
	read_group(worker, worker->marks.group, false);
	if (fds[WATCH].revents) {
		vp_hook_marks_read_watch(&worker->marks);
		check_marks(worker);
	}
	if (vp_remote_clock() - worker->ticked >= VP_HOOK_TICK * UINT64_C(1000000) &&
	    tick(worker))
		return -ETIMEDOUT;
	return fds[KEEPER].revents ? read_keeper(worker) : 0;
}

static int listen_for_children(void)
{
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	return signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
}

int vp_hook_work(struct vp_hook_beats *beats, int keeper, int keeper_process,
		 struct vp_hook_table *table)
{
	static struct worker worker; /* large, and once in the process */
	int r;

	/* When we end, our process group is orphaned, and what is stopped in it is continued
	 * (setpgid(2)): else one that was stopped as soon as it was forked would keep the
	 * kernel's group open for ever, and one that holds a program would be killed at it. */
	(void)setpgid(0, 0);
	worker.beats = beats;
	worker.keeper = keeper;
	worker.keeper_process = keeper_process;
	worker.signals = listen_for_children();
	worker.marks = (struct vp_hook_marks){ .group = -1, .watch = -1 };
	(void)vp_ready();
	/* who sees to a start must not have to wait for its turn */
	(void)vp_ready_first(true);
	r = vp_hook_helpers_open(&worker.helpers);
	r = r ? r : take_table(&worker, table);
	while (!r)
		r = turn(&worker);
	return r == -EPIPE ? 0 : r;
}
