/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Client, table, worker and scanner: see keeper.h. */
#include "agentd/hook/keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agentd/hook/child.h"
#include "agentd/hook/limit.h"
#include "agentd/hook/note.h"
#include "agentd/hook/scan.h"
#include "agentd/hook/worker.h"
#include "agentd/inject/ready.h"
#include "agentd/notify.h"
#include "lib/cleanup.h"
#include "lib/log.h"
#include "lib/unix_socket.h"
#include "modules/seccomp/interpreter.h"

#define SECOND	      UINT64_C(1000000000)
#define FIRST_DELAY   (SECOND / 20) /* before another worker, where one did not live long */
#define LAST_DELAY    SECOND
#define LIVED_LONG    (SECOND / 2)
#define SCAN_LIMIT    (60 * SECOND)
#define LAST_PATIENCE 500 /* milliseconds, for a worker that was told to end */

struct keeper {
	int listener, client, signals, self; /* self: a descriptor of our process */
	bool ended;
	struct vp_hook_beats *beats;
	uint64_t ticked;
	unsigned int ticks;
	struct vp_hook_table table;
	bool given;   /* there is a table */
	bool unsent;  /* to the worker that runs */
	bool awaited; /* the client has not heard of it */
	bool failed;  /* it has, that it is not in force */
	bool missed;  /* the worker did not see to a start */
	bool scan;    /* wanted, as soon as the worker is ready */
	struct vp_hook_notes notes;

	struct vp_hook_child worker;
	struct vp_hook_watch watch;
	bool ready;		/* the table is in force */
	uint64_t started, good; /* when it was started, and seen to beat */
	uint64_t delay, retry;	/* before the next, and not before */
	uint64_t gap;		/* since when there is none; 0: there is one */
	char why[64];

	struct vp_hook_child scanner;
	uint64_t scanning; /* since */
	struct vp_hook_limit limit;
};

static void tell(struct keeper *keeper, const struct vp_hook_note *note)
{
	vp_hook_notes_add(&keeper->notes, note);
	if (keeper->client >= 0)
		(void)vp_hook_notes_send(&keeper->notes, keeper->client);
}

/* The worker */

static void close_for_child(struct keeper *keeper, struct vp_hook_child *other)
{
	close(keeper->listener);
	close(keeper->signals);
	if (keeper->client >= 0)
		close(keeper->client);
	vp_hook_child_close(other);
}

static void start_worker(struct keeper *keeper)
{
	struct vp_error err = { 0 };
	int socket, r;

	keeper->started = vp_hook_clock();
	keeper->good = keeper->good ? keeper->good : keeper->started;
	keeper->ready = keeper->unsent = false;
	atomic_store(&keeper->beats->holds, false);
	keeper->watch = (struct vp_hook_watch){ 0 };
	r = vp_hook_child_start(&keeper->worker, "hook-worker", &socket, &err);
	if (!r) {
		close_for_child(keeper, &keeper->scanner);
		_exit(-vp_hook_work(keeper->beats, socket, keeper->self, &keeper->table));
	}
	if (r < 0)
		vp_log_error("%s", err.text);
	keeper->retry = keeper->started + LAST_DELAY; /* where it could not be */
}

/* The table is in force, for the first time or again. */
static void is_ready(struct keeper *keeper, const struct vp_hook_note *accepted)
{
	struct vp_hook_note note = vp_hook_note(VP_HOOK_GAP, keeper->table.number);

	keeper->ready = true;
	keeper->failed = false;
	if (keeper->awaited) {
		tell(keeper, accepted);
		keeper->scan |= keeper->table.flags & VP_HOOK_SCAN;
		keeper->awaited = false;
	}
	if (keeper->gap) {
		note.from = keeper->gap;
		note.until = vp_hook_clock();
		snprintf(note.text, sizeof(note.text), "%s", keeper->why);
		tell(keeper, &note);
		keeper->scan = true;
	}
	keeper->gap = 0;
	keeper->why[0] = '\0';
}

static void take_note(struct keeper *keeper, const struct vp_hook_note *note)
{
	bool current = note->table == keeper->table.number;

	switch ((enum vp_hook_kind)note->kind) {
	case VP_HOOK_ACCEPTED:
		if (current)
			is_ready(keeper, note);
		break;
	case VP_HOOK_FAILED: /* again and again, told once */
		if (!keeper->failed)
			tell(keeper, note);
		keeper->failed = true;
		break;
	case VP_HOOK_MARKED: /* it may have started before the mark was there */
		keeper->scan = true;
		tell(keeper, note);
		break;
	case VP_HOOK_HELLO:
	case VP_HOOK_REFUSED:
	case VP_HOOK_UNMARKED:
	case VP_HOOK_START:
	case VP_HOOK_FOUND:
	case VP_HOOK_GAP:
	case VP_HOOK_KINDS:
		tell(keeper, note);
	}
}

static void read_notes(struct keeper *keeper, struct vp_hook_child *child)
{
	struct vp_hook_note note;
	int r = 0;

	while (child->socket >= 0 &&
	       (r = vp_hook_note_receive(child->socket, &note, NULL)) > 0)
		take_note(keeper, &note);
	if (r < 0)
		vp_hook_child_close(child);
}

static void worker_ended(struct keeper *keeper, int status)
{
	uint64_t now = vp_hook_clock();

	read_notes(keeper, &keeper->worker);
	vp_hook_child_close(&keeper->worker);
	if (!keeper->why[0] && WIFSIGNALED(status))
		snprintf(keeper->why, sizeof(keeper->why), "ended by signal %d",
			 WTERMSIG(status));
	else if (!keeper->why[0])
		snprintf(keeper->why, sizeof(keeper->why), "ended: %s",
			 strerror(WEXITSTATUS(status)));
	if (!keeper->gap)
		keeper->gap = keeper->good;
	if (keeper->ready && now - keeper->started > LIVED_LONG)
		keeper->delay = 0;
	else if (keeper->delay * 2 < LAST_DELAY)
		keeper->delay = keeper->delay ? keeper->delay * 2 : FIRST_DELAY;
	else
		keeper->delay = LAST_DELAY;
	keeper->ready = false;
	keeper->retry = now + keeper->delay;
}

/* A worker that stands still holds starts up: the kernel lets them go when it is gone. */
static void watch_worker(struct keeper *keeper)
{
	bool holds = atomic_load(&keeper->beats->holds);

	if (!keeper->worker.id)
		return;
	if (vp_hook_stands(&keeper->watch, atomic_load(&keeper->beats->worker),
			   holds ? VP_HOOK_WORKER_LIMIT : VP_HOOK_FIRST_LIMIT)) {
		snprintf(keeper->why, sizeof(keeper->why), "stood still");
		(void)kill(keeper->worker.id, SIGKILL);
	}
	if (!keeper->watch.ticks)
		keeper->good = vp_hook_clock();
}

/* Processes that started meanwhile */

static void start_scanner(struct keeper *keeper)
{
	struct vp_error err = { 0 };
	int socket, r;

	r = vp_hook_child_start(&keeper->scanner, "hook-scanner", &socket, &err);
	if (!r) {
		close_for_child(keeper, &keeper->worker);
		(void)vp_ready();
		vp_hook_scan(&keeper->table, socket, keeper->worker.id);
		_exit(0);
	}
	if (r < 0)
		vp_log_error("%s", err.text);
	keeper->scan = r < 0;
	keeper->scanning = vp_hook_clock();
}

static void watch_scanner(struct keeper *keeper)
{
	if (keeper->scanner.id && vp_hook_clock() - keeper->scanning > SCAN_LIMIT)
		(void)kill(keeper->scanner.id, SIGKILL);
	if (keeper->scan && keeper->ready && !keeper->scanner.id)
		start_scanner(keeper);
}

/* The client */

static void drop_client(struct keeper *keeper)
{
	close(keeper->client);
	keeper->client = -1;
}

static void greet(struct keeper *keeper)
{
	struct vp_hook_note note =
		vp_hook_note(VP_HOOK_HELLO, keeper->ready ? keeper->table.number : 0);

	if (send(keeper->client, &note, sizeof(note), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		drop_client(keeper);
}

static void take_client(struct keeper *keeper)
{
	struct vp_error err;
	int fd = accept4(keeper->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (vp_unix_check_peer(fd, &err)) {
		vp_log_warning("%s", err.text);
		close(fd);
		return;
	}
	keeper->client = fd;
	greet(keeper);
}

static int check_filters(const struct vp_hook_table *table, struct vp_error *err)
{
	for (size_t i = 0; i < table->filters.len; i++) {
		const struct vp_hook_filter *filter = &table->filters.data[i];
		const struct vp_bpf program = { filter->code, filter->len };
		int r = vp_bpf_check(&program, err);

		if (r)
			return vp_fail_context(err, "filter %zu", i);
	}
	return 0;
}

static void refuse(struct keeper *keeper, uint32_t number, const struct vp_error *err)
{
	struct vp_hook_note note = vp_hook_note(VP_HOOK_REFUSED, number);

	note.error = err->code;
	snprintf(note.text, sizeof(note.text), "%.*s", VP_HOOK_TEXT - 1, err->text);
	tell(keeper, &note);
}

/* A worker that does not take it now is asked again; one that starts has it. */
static void give_table(struct keeper *keeper)
{
	if (!keeper->given || !keeper->unsent || !keeper->worker.id)
		return;
	keeper->unsent = vp_hook_table_send(keeper->worker.socket, &keeper->table, NULL) != 0;
}

static void take_table(struct keeper *keeper, struct vp_hook_table *table)
{
	struct vp_error err = { 0 };

	if (check_filters(table, &err)) {
		refuse(keeper, table->number, &err);
		vp_hook_table_free(table);
		return;
	}
	vp_hook_table_free(&keeper->table);
	keeper->table = *table;
	keeper->given = keeper->awaited = keeper->unsent = true;
	keeper->failed = false;
	give_table(keeper);
}

static void read_client(struct keeper *keeper)
{
	struct vp_hook_table table;
	struct vp_error err = { 0 };
	int r;

	while (!(r = vp_hook_table_receive(keeper->client, &table, &err)))
		take_table(keeper, &table);
	if (r == -EAGAIN)
		return;
	if (r != -EPIPE)
		refuse(keeper, 0, &err);
	drop_client(keeper);
}

/* The loop */

static void read_signals(struct keeper *keeper)
{
	struct signalfd_siginfo signal;
	int status;

	while (read(keeper->signals, &signal, sizeof(signal)) > 0)
		keeper->ended |= signal.ssi_signo != SIGCHLD;
	if (vp_hook_child_ended(&keeper->worker, &status))
		worker_ended(keeper, status);
	if (vp_hook_child_ended(&keeper->scanner, &status)) {
		read_notes(keeper, &keeper->scanner);
		vp_hook_child_close(&keeper->scanner);
	}
}

static void tick(struct keeper *keeper)
{
	uint64_t watchdog = vp_notify_watchdog();

	keeper->ticked = vp_hook_clock();
	keeper->notes.lost += atomic_exchange(&keeper->beats->lost, 0);
	keeper->scan |= keeper->missed; /* of the tick before: it runs by now */
	keeper->missed = atomic_exchange(&keeper->beats->missed, false);
	watch_worker(keeper);
	if (watchdog && keeper->ticks++ % (watchdog / VP_HOOK_TICK / 4 + 1) == 0)
		vp_notify("WATCHDOG=1");
}

/* Milliseconds until something is to be done anyway. */
static int patience(const struct keeper *keeper)
{
	uint64_t now = vp_hook_clock(), left;

	if (!keeper->given || keeper->worker.id)
		return VP_HOOK_TICK;
	left = keeper->retry > now ? (keeper->retry - now) / 1000000 + 1 : 0;
	return left < VP_HOOK_TICK ? (int)left : VP_HOOK_TICK;
}

static void turn(struct keeper *keeper)
{
	enum { SIGNALS, LISTENER, CLIENT, WORKER, SCANNER };
	struct pollfd fds[] = {
		[SIGNALS] = { .fd = keeper->signals, .events = POLLIN },
		[LISTENER] = { .fd = keeper->client < 0 ? keeper->listener : -1,
			       .events = POLLIN },
		[CLIENT] = { .fd = keeper->client,
			     .events = (short)(POLLIN | (keeper->notes.len ? POLLOUT : 0)) },
		[WORKER] = { .fd = keeper->worker.socket, .events = POLLIN },
		[SCANNER] = { .fd = keeper->scanner.socket, .events = POLLIN },
	};

	(void)poll(fds, VP_COUNT(fds), patience(keeper));
	atomic_fetch_add(&keeper->beats->keeper, 1);
	vp_hook_limit(&keeper->limit, VP_HOOK_LIMIT_KEEPER);
	if (fds[WORKER].revents)
		read_notes(keeper, &keeper->worker);
	if (fds[SCANNER].revents)
		read_notes(keeper, &keeper->scanner);
	read_signals(keeper);
	if (fds[LISTENER].revents)
		take_client(keeper);
	if (fds[CLIENT].revents & ~POLLOUT)
		read_client(keeper);
	if (keeper->client >= 0)
		(void)vp_hook_notes_send(&keeper->notes, keeper->client);
	if (vp_hook_clock() - keeper->ticked >= VP_HOOK_TICK * UINT64_C(1000000))
		tick(keeper);
	if (keeper->given && !keeper->worker.id && vp_hook_clock() >= keeper->retry)
		start_worker(keeper);
	give_table(keeper);
	watch_scanner(keeper);
}

/* Both know by their sockets that they are to end, and are given the time to let go of whom
 * they hold. */
static void end(struct keeper *keeper)
{
	struct pollfd ended = { .fd = keeper->signals, .events = POLLIN };

	vp_hook_child_close(&keeper->worker);
	vp_hook_child_close(&keeper->scanner);
	for (int i = 0; i < LAST_PATIENCE / 10 && (keeper->worker.id || keeper->scanner.id);
	     i++) {
		(void)poll(&ended, 1, 10);
		read_signals(keeper);
	}
	if (keeper->worker.id)
		(void)kill(keeper->worker.id, SIGKILL);
	vp_hook_table_free(&keeper->table);
}

static int prepare(struct keeper *keeper, struct vp_error *err)
{
	sigset_t all;

	(void)setsid(); /* see vp_hook_work() */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	sigemptyset(&all);
	sigaddset(&all, SIGCHLD);
	sigaddset(&all, SIGTERM);
	sigaddset(&all, SIGINT);
	keeper->signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	keeper->self = (int)syscall(SYS_pidfd_open, getpid(), 0);
	keeper->beats = mmap(NULL, sizeof(*keeper->beats), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (keeper->signals < 0 || keeper->self < 0 || keeper->beats == MAP_FAILED)
		return vp_fail(err, -errno, "cannot prepare: %s", strerror(errno));
	(void)vp_ready();
	(void)vp_ready_first(true);
	return 0;
}

int vp_hook_keep(int listener, struct vp_error *err)
{
	static struct keeper keeper; /* large, and once in the process */
	int r;

	keeper.listener = listener;
	keeper.client = keeper.worker.socket = keeper.scanner.socket = -1;
	r = prepare(&keeper, err);
	if (r)
		return r;
	vp_notify("READY=1");
	while (!keeper.ended)
		turn(&keeper);
	end(&keeper);
	return 0;
}
