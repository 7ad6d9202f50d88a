/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Life of a confined process that reads for vpatchd: see helper.h. */
#include "agentd/helper.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agentd/inspect/child.h"
#include "lib/cleanup.h"
#include "lib/log.h"
#include "lib/memory.h"

#define FIRST_DELAY   1 /* seconds until a dead process is started again */
#define LONGEST_DELAY 60
#define BUSY_TRIES    50 /* a predecessor that was killed frees the group in a moment */
#define BUSY_WAIT     20 /* milliseconds between them */

struct vp_helper {
	const struct vp_helper_kind *kind;
	char *executable;
	uint32_t argument;
	int source;  /* -1: it could not be opened yet */
	int records; /* -1: no process */
	time_t started, retry;
	unsigned int delay;
	unsigned int deaths; /* in a row, each soon after the start */
	struct vp_helper_state state;
};

static time_t monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static int start_process(struct vp_helper *helper, struct vp_error *err)
{
	_cleanup_close_ int ours = -1, theirs = -1;
	int pair[2], size = 1 << 20;
	pid_t pid;
	int r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return vp_fail(err, -errno, "cannot make a socket pair for %s: %s",
			       helper->kind->name, strerror(errno));
	ours = pair[0];
	theirs = pair[1];
	(void)setsockopt(theirs, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	r = vp_child_raise(&theirs);
	if (r)
		return vp_fail(err, r, "cannot keep a socket for %s: %s", helper->kind->name,
			       strerror(-r));
	pid = vp_child_start(helper->executable, (const int[]){ helper->source, theirs }, 2,
			     err);
	if (pid < 0)
		return pid;
	helper->state.pid = pid;
	helper->state.starts++;
	helper->records = TAKE_FD(ours);
	helper->started = monotonic();
	return 0;
}

/*
 * The closed socket ends it, the signal does so at once. Without the right to send
 * that (CAP_KILL: it has another uid) it is waited for, but not for ever. One that had
 * ended before ended in its own way.
 */
static void wait_for_end(struct vp_helper_state *state)
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
static void end_process(struct vp_helper *helper)
{
	if (helper->records >= 0)
		close(helper->records);
	if (helper->state.pid > 0)
		wait_for_end(&helper->state);
	helper->records = -1;
	helper->state.pid = 0;
}

static void back_off(struct vp_helper *helper)
{
	helper->retry = monotonic() + (time_t)helper->delay;
	helper->delay = helper->delay * 2 > LONGEST_DELAY ? LONGEST_DELAY : helper->delay * 2;
}

static bool lives_long(const struct vp_helper *helper)
{
	return monotonic() - helper->started > LONGEST_DELAY;
}

static void process_died(struct vp_helper *helper)
{
	if (lives_long(helper)) {
		helper->delay = FIRST_DELAY;
		helper->deaths = 0;
	}
	helper->deaths++;
	back_off(helper);
	end_process(helper);
}

static int open_source(struct vp_helper *helper, int tries, struct vp_error *err)
{
	const struct timespec wait = { .tv_nsec = BUSY_WAIT * 1000000L };
	_cleanup_close_ int fd = helper->kind->open(helper->argument, err);
	int r;

	while (fd == -EBUSY && tries-- > 0) {
		nanosleep(&wait, NULL);
		fd = helper->kind->open(helper->argument, err);
	}
	if (fd < 0)
		return fd;
	r = vp_child_raise(&fd);
	if (r)
		return vp_fail(err, r, "cannot keep a socket for %s: %s", helper->kind->name,
			       strerror(-r));
	helper->source = TAKE_FD(fd);
	return 0;
}

/* The socket, unless it is open already, and then the process. */
static int bring_up(struct vp_helper *helper, int tries, struct vp_error *err)
{
	int r = helper->source < 0 ? open_source(helper, tries, err) : 0;

	if (!r)
		r = start_process(helper, err);
	if (r)
		back_off(helper);
	return r;
}

int vp_helper_start(struct vp_helper **helper, const struct vp_helper_kind *kind,
		    const char *executable, uint32_t argument, struct vp_error *err)
{
	struct vp_helper *made = vp_new(struct vp_helper);

	made->kind = kind;
	made->records = made->source = -1;
	made->delay = FIRST_DELAY;
	made->argument = argument;
	made->executable = executable ? vp_strdup(executable)
				      : vp_format("%s/%s", VP_LIBEXECDIR, kind->name);
	*helper = made;
	return bring_up(made, BUSY_TRIES, err);
}

void vp_helper_stop(struct vp_helper *helper)
{
	if (!helper)
		return;
	end_process(helper);
	if (helper->source >= 0)
		close(helper->source);
	free(helper->executable);
	free(helper);
}

void vp_helper_finish(struct vp_helper *helper)
{
	if (helper->records >= 0)
		shutdown(helper->records, SHUT_WR);
}

int vp_helper_fd(const struct vp_helper *helper)
{
	return helper->records;
}

int vp_helper_read(struct vp_helper *helper, void *record)
{
	char message[VP_HELPER_RECORD_MAX + 1];
	struct vp_error err = { 0 };
	ssize_t length;

	if (helper->records < 0)
		return 0;
	length = recv(helper->records, message, helper->kind->size + 1, MSG_DONTWAIT);
	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (length <= 0) {
		process_died(helper);
		return 0;
	}
	if (helper->kind->check(message, (size_t)length, &err)) {
		vp_log_error("%s is ended: it sent a %s", helper->kind->name, err.text);
		helper->state.refused++;
		process_died(helper);
		return 0;
	}
	memcpy(record, message, helper->kind->size);
	return 1;
}

int vp_helper_tick(struct vp_helper *helper, struct vp_error *err)
{
	int r;

	if (helper->records >= 0 || monotonic() < helper->retry)
		return 0;
	r = bring_up(helper, 0, err);
	if (r)
		return r;
	helper->state.restarts++;
	return 1;
}

struct vp_helper_state vp_helper_state(const struct vp_helper *helper)
{
	struct vp_helper_state state = helper->state;

	state.failing = helper->deaths > 1 && (!state.pid || !lives_long(helper));
	return state;
}

void vp_helper_count(const struct vp_helper *helper, struct vp_helper_counter *counter,
		     uint64_t said)
{
	if (counter->starts != helper->state.starts) {
		counter->starts = helper->state.starts;
		counter->before = counter->total;
	}
	if (counter->before + said > counter->total)
		counter->total = counter->before + said;
}
