/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Life of a confined process that reads for vpatchd: see reader.h. */
#include "agentd/reader.h"

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

struct vp_reader {
	const struct vp_reader_kind *kind;
	char *executable;
	uint32_t argument;
	int source;  /* -1: it could not be opened yet */
	int records; /* -1: no process */
	time_t started, retry;
	unsigned int delay;
	unsigned int deaths; /* in a row, each soon after the start */
	struct vp_reader_state state;
};

static time_t monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static int start_process(struct vp_reader *reader, struct vp_error *err)
{
	_cleanup_close_ int ours = -1, theirs = -1;
	int pair[2], size = 1 << 20;
	pid_t pid;
	int r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return vp_fail(err, -errno, "cannot make a socket pair for %s: %s",
			       reader->kind->name, strerror(errno));
	ours = pair[0];
	theirs = pair[1];
	(void)setsockopt(theirs, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	r = vp_child_raise(&theirs);
	if (r)
		return vp_fail(err, r, "cannot keep a socket for %s: %s", reader->kind->name,
			       strerror(-r));
	pid = vp_child_start(reader->executable, (const int[]){ reader->source, theirs }, 2,
			     err);
	if (pid < 0)
		return pid;
	reader->state.pid = pid;
	reader->state.starts++;
	reader->records = TAKE_FD(ours);
	reader->started = monotonic();
	return 0;
}

/*
 * The closed socket ends it, the signal does so at once. Without the right to send
 * that (CAP_KILL: it has another uid) it is waited for, but not for ever. One that had
 * ended before ended in its own way.
 */
static void wait_for_end(struct vp_reader_state *state)
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
static void end_process(struct vp_reader *reader)
{
	if (reader->records >= 0)
		close(reader->records);
	if (reader->state.pid > 0)
		wait_for_end(&reader->state);
	reader->records = -1;
	reader->state.pid = 0;
}

static void back_off(struct vp_reader *reader)
{
	reader->retry = monotonic() + (time_t)reader->delay;
	reader->delay = reader->delay * 2 > LONGEST_DELAY ? LONGEST_DELAY : reader->delay * 2;
}

static bool lives_long(const struct vp_reader *reader)
{
	return monotonic() - reader->started > LONGEST_DELAY;
}

static void process_died(struct vp_reader *reader)
{
	if (lives_long(reader)) {
		reader->delay = FIRST_DELAY;
		reader->deaths = 0;
	}
	reader->deaths++;
	back_off(reader);
	end_process(reader);
}

static int open_source(struct vp_reader *reader, int tries, struct vp_error *err)
{
	const struct timespec wait = { .tv_nsec = BUSY_WAIT * 1000000L };
	_cleanup_close_ int fd = reader->kind->open(reader->argument, err);
	int r;

	while (fd == -EBUSY && tries-- > 0) {
		nanosleep(&wait, NULL);
		fd = reader->kind->open(reader->argument, err);
	}
	if (fd < 0)
		return fd;
	r = vp_child_raise(&fd);
	if (r)
		return vp_fail(err, r, "cannot keep a socket for %s: %s", reader->kind->name,
			       strerror(-r));
	reader->source = TAKE_FD(fd);
	return 0;
}

/* The socket, unless it is open already, and then the process. */
static int bring_up(struct vp_reader *reader, int tries, struct vp_error *err)
{
	int r = reader->source < 0 ? open_source(reader, tries, err) : 0;

	if (!r)
		r = start_process(reader, err);
	if (r)
		back_off(reader);
	return r;
}

int vp_reader_start(struct vp_reader **reader, const struct vp_reader_kind *kind,
		    const char *executable, uint32_t argument, struct vp_error *err)
{
	struct vp_reader *made = vp_new(struct vp_reader);

	made->kind = kind;
	made->records = made->source = -1;
	made->delay = FIRST_DELAY;
	made->argument = argument;
	made->executable = executable ? vp_strdup(executable)
				      : vp_format("%s/%s", VP_LIBEXECDIR, kind->name);
	*reader = made;
	return bring_up(made, BUSY_TRIES, err);
}

void vp_reader_stop(struct vp_reader *reader)
{
	if (!reader)
		return;
	end_process(reader);
	if (reader->source >= 0)
		close(reader->source);
	free(reader->executable);
	free(reader);
}

void vp_reader_finish(struct vp_reader *reader)
{
	if (reader->records >= 0)
		shutdown(reader->records, SHUT_WR);
}

int vp_reader_fd(const struct vp_reader *reader)
{
	return reader->records;
}

int vp_reader_read(struct vp_reader *reader, void *record)
{
	char message[VP_READER_RECORD_MAX + 1];
	struct vp_error err = { 0 };
	ssize_t length;

	if (reader->records < 0)
		return 0;
	length = recv(reader->records, message, reader->kind->size + 1, MSG_DONTWAIT);
	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (length <= 0) {
		process_died(reader);
		return 0;
	}
	if (reader->kind->check(message, (size_t)length, &err)) {
		vp_log_error("%s is ended: it sent a %s", reader->kind->name, err.text);
		reader->state.refused++;
		process_died(reader);
		return 0;
	}
	memcpy(record, message, reader->kind->size);
	return 1;
}

int vp_reader_tick(struct vp_reader *reader, struct vp_error *err)
{
	int r;

	if (reader->records >= 0 || monotonic() < reader->retry)
		return 0;
	r = bring_up(reader, 0, err);
	if (r)
		return r;
	reader->state.restarts++;
	return 1;
}

struct vp_reader_state vp_reader_state(const struct vp_reader *reader)
{
	struct vp_reader_state state = reader->state;

	state.failing = reader->deaths > 1 && (!state.pid || !lives_long(reader));
	return state;
}

void vp_reader_count(const struct vp_reader *reader, struct vp_reader_counter *counter,
		     uint64_t said)
{
	if (counter->starts != reader->state.starts) {
		counter->starts = reader->state.starts;
		counter->before = counter->total;
	}
	if (counter->before + said > counter->total)
		counter->total = counter->before + said;
}
