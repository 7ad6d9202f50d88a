/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Life of the vpatchd-events process and reading of its records. The NFLOG
 * socket stays open here, so that a restarted process goes on where the last
 * one ended. See reporter.h.
 */
#include "agentd/reporter.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agentd/inspect/child.h"
#include "agentd/nflog_socket.h"
#include "lib/cleanup.h"
#include "lib/log.h"
#include "lib/memory.h"

#define FIRST_DELAY   1 /* seconds until a dead process is started again */
#define LONGEST_DELAY 60
#define BUSY_TRIES    50 /* a predecessor that was killed frees the group in a moment */
#define BUSY_WAIT     20 /* milliseconds between them */
#define STATUS_MAX                                                                            \
	64 /* status records read in a row: a hostile process could send no other             \
	    */

struct vp_reporter {
	char *executable;
	uint16_t group;
	int nflog;   /* -1: the group could not be bound yet */
	int records; /* -1: no process */
	time_t started, retry;
	unsigned int delay;
	unsigned int deaths;		      /* in a row, each soon after the start */
	uint64_t lost_before, foreign_before; /* of earlier processes */
	struct vp_reporter_state state;
};

static time_t monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static int start_process(struct vp_reporter *reporter, struct vp_error *err)
{
	_cleanup_close_ int ours = -1, theirs = -1;
	int pair[2], size = 1 << 20;
	pid_t pid;
	int r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return vp_fail(err, -errno, "cannot make a socket pair for vpatchd-events: %s",
			       strerror(errno));
	ours = pair[0];
	theirs = pair[1];
	(void)setsockopt(theirs, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	r = vp_child_raise(&theirs);
	if (r)
		return vp_fail(err, r, "cannot keep a socket for vpatchd-events: %s",
			       strerror(-r));
	pid = vp_child_start(reporter->executable, (const int[]){ reporter->nflog, theirs }, 2,
			     err);
	if (pid < 0)
		return pid;
	reporter->state.pid = pid;
	reporter->records = TAKE_FD(ours);
	reporter->started = monotonic();
	return 0;
}

/*
 * The closed socket ends it, the signal does so at once. Without the right to send
 * that (CAP_KILL: it has another uid) it is waited for, but not for ever. One that had
 * ended before ended in its own way.
 */
static void wait_for_end(struct vp_reporter_state *state)
{
	const struct timespec pause = { .tv_nsec = 10000000 };

	if (!kill(state->pid, SIGKILL)) {
		vp_child_end(state->pid, state->ended, sizeof(state->ended));
		return;
	}
	for (int i = 0; i < 100; i++) {
		if (vp_child_ended(state->pid, state->ended, sizeof(state->ended)))
			return;
		nanosleep(&pause, NULL);
	}
	strcpy(state->ended, "and could not be waited for");
}

/* End the process, whatever state it is in, and forget its descriptor. */
static void end_process(struct vp_reporter *reporter)
{
	if (reporter->records >= 0)
		close(reporter->records);
	if (reporter->state.pid > 0)
		wait_for_end(&reporter->state);
	reporter->records = -1;
	reporter->state.pid = 0;
	reporter->state.confinement = 0;
	reporter->lost_before = reporter->state.lost;
	reporter->foreign_before = reporter->state.foreign;
}

static void back_off(struct vp_reporter *reporter)
{
	reporter->retry = monotonic() + (time_t)reporter->delay;
	reporter->delay =
		reporter->delay * 2 > LONGEST_DELAY ? LONGEST_DELAY : reporter->delay * 2;
}

static bool lives_long(const struct vp_reporter *reporter)
{
	return monotonic() - reporter->started > LONGEST_DELAY;
}

static void process_died(struct vp_reporter *reporter)
{
	if (lives_long(reporter)) {
		reporter->delay = FIRST_DELAY;
		reporter->deaths = 0;
	}
	reporter->deaths++;
	back_off(reporter);
	end_process(reporter);
}

static int bind_group(struct vp_reporter *reporter, int tries, struct vp_error *err)
{
	const struct timespec wait = { .tv_nsec = BUSY_WAIT * 1000000L };
	_cleanup_close_ int fd = vp_nflog_open(reporter->group, err);
	int r;

	while (fd == -EBUSY && tries-- > 0) {
		nanosleep(&wait, NULL);
		fd = vp_nflog_open(reporter->group, err);
	}
	if (fd < 0)
		return fd;
	r = vp_child_raise(&fd);
	if (r)
		return vp_fail(err, r, "cannot keep the NFLOG socket: %s", strerror(-r));
	reporter->nflog = TAKE_FD(fd);
	return 0;
}

/* The group, unless it is bound already, and then the process. */
static int bring_up(struct vp_reporter *reporter, int tries, struct vp_error *err)
{
	int r = reporter->nflog < 0 ? bind_group(reporter, tries, err) : 0;

	if (!r)
		r = start_process(reporter, err);
	if (r)
		back_off(reporter);
	return r;
}

int vp_reporter_start(struct vp_reporter **reporter, const struct vp_reporter_options *options,
		      struct vp_error *err)
{
	struct vp_reporter *made = vp_new(struct vp_reporter);

	made->records = made->nflog = -1;
	made->delay = FIRST_DELAY;
	made->group = options->group;
	made->executable = vp_strdup(options->executable ? options->executable
							 : VP_LIBEXECDIR "/vpatchd-events");
	*reporter = made;
	return bring_up(made, BUSY_TRIES, err);
}

void vp_reporter_stop(struct vp_reporter *reporter)
{
	if (!reporter)
		return;
	end_process(reporter);
	if (reporter->nflog >= 0)
		close(reporter->nflog);
	free(reporter->executable);
	free(reporter);
}

int vp_reporter_fd(const struct vp_reporter *reporter)
{
	return reporter->records;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Nothing makes a process that was taken over count upwards: we do. */
static void take_counters(struct vp_reporter *reporter, const struct vp_report *report)
{
	struct vp_reporter_state *state = &reporter->state;

	state->confinement = report->confinement;
	state->lost = larger(state->lost, reporter->lost_before + report->lost);
	state->foreign = larger(state->foreign, reporter->foreign_before + report->foreign);
}

int vp_reporter_read(struct vp_reporter *reporter, struct vp_report *report)
{
	char message[sizeof(*report) + 1];
	struct vp_error err = { 0 };
	struct timespec now;
	ssize_t length;

	for (int i = 0; i < STATUS_MAX && reporter->records >= 0; i++) {
		length = recv(reporter->records, message, sizeof(message), MSG_DONTWAIT);
		if (length < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (length <= 0) {
			process_died(reporter);
			return 0;
		}
		if (vp_report_check(message, (size_t)length, &err)) {
			vp_log_error("vpatchd-events is ended: it sent a %s", err.text);
			reporter->state.refused++;
			process_died(reporter);
			return 0;
		}
		memcpy(report, message, sizeof(*report));
		take_counters(reporter, report);
		if (report->kind == VP_REPORT_STATUS)
			continue;
		clock_gettime(CLOCK_REALTIME, &now);
		report->time = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
		reporter->state.delivered++;
		return 1;
	}
	return 0;
}

int vp_reporter_tick(struct vp_reporter *reporter, struct vp_error *err)
{
	int r;

	if (reporter->records >= 0 || monotonic() < reporter->retry)
		return 0;
	r = bring_up(reporter, 0, err);
	if (r)
		return r;
	reporter->state.restarts++;
	return 1;
}

struct vp_reporter_state vp_reporter_state(const struct vp_reporter *reporter)
{
	struct vp_reporter_state state = reporter->state;

	state.failing = reporter->deaths > 1 && (!state.pid || !lives_long(reporter));
	return state;
}
