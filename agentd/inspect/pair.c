/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of a worker and its writer: see pair.h. */
#include "agentd/inspect/pair.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agentd/inspect/child.h"
#include "agentd/inspect/health.h"
#include "agentd/inspect/queue_socket.h"
#include "agentd/inspect/ring.h"
#include "agentd/inspect/start.h"
#include "lib/log.h"
#include "lib/memory.h"

#define RING	     (1u << 20)
#define WORKER_TALLY (1u << 16) /* some ten thousand rules */
#define WRITER_TALLY 256u
#define BUFFER	     (1 << 20) /* of hits that the parent has not read */

/* As they are numbered for a child: agentd/inspect/confine.h. */
enum { QUEUE, CONTROL, SHARED_RING, TALLY, WAKE, LIFE, GIVEN };

struct side {
	int control; /* -1: gone */
	struct vp_tally *tally;
};

struct vp_pair {
	struct side sides[VP_PAIR_SIDES];
	struct vp_pair_state state;
	uint64_t deadline, ticks, ticked; /* the writer's ticks, and when they moved last */
	uint64_t began;	 /* its ticks before it began: of those who were here before */
	uint64_t looked; /* when that was looked at last */
};

/* Everything to be handed over; the parent's ends too, until the pair has them. */
struct parts {
	int fds[VP_PAIR_SIDES][GIVEN];
	int controls[VP_PAIR_SIDES];
};

static void close_parts(struct parts *parts)
{
	for (int side = 0; side < VP_PAIR_SIDES; side++) {
		for (int i = 0; i < GIVEN; i++)
			if (parts->fds[side][i] >= 0)
				close(parts->fds[side][i]);
		if (parts->controls[side] >= 0)
			close(parts->controls[side]);
	}
}

static int make_control(struct parts *parts, int side, struct vp_error *err)
{
	int pair[2], size = BUFFER;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return vp_fail(err, -errno, "cannot make a socket pair: %s", strerror(errno));
	(void)setsockopt(pair[1], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	parts->controls[side] = pair[0];
	parts->fds[side][CONTROL] = pair[1];
	return 0;
}

/* The same for both, a descriptor each. */
static int share(struct parts *parts, int what, int fd, struct vp_error *err)
{
	if (fd < 0)
		return vp_fail(err, -errno, "cannot make what two processes share: %s",
			       strerror(errno));
	parts->fds[VP_PAIR_WORKER][what] = fd;
	parts->fds[VP_PAIR_WRITER][what] = dup(fd);
	return 0;
}

/*
 * A pipe, not an event descriptor: who writes into it is about to sleep, the scheduler takes
 * that to be so, and may let the reader run in its place. To wake another processor costs more
 * than the verdicts do.
 */
static int make_wake(struct parts *parts, struct vp_error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return vp_fail(err, -errno, "cannot make a pipe: %s", strerror(errno));
	parts->fds[VP_PAIR_WRITER][WAKE] = ends[0];
	parts->fds[VP_PAIR_WORKER][WAKE] = ends[1];
	return 0;
}

static int make_lifeline(struct parts *parts, struct vp_error *err)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return vp_fail(err, -errno, "cannot make a socket pair: %s", strerror(errno));
	parts->fds[VP_PAIR_WORKER][LIFE] = pair[0];
	parts->fds[VP_PAIR_WRITER][LIFE] = pair[1];
	return 0;
}

size_t vp_pair_slots(enum vp_pair_side side)
{
	return side == VP_PAIR_WORKER ? WORKER_TALLY : WRITER_TALLY;
}

static int make_tallies(struct parts *parts, const struct vp_pair_options *options,
			struct vp_error *err)
{
	int r = 0;

	for (int side = 0; !r && side < VP_PAIR_SIDES; side++) {
		int *fd = &parts->fds[side][TALLY];

		if (!options->tallies) {
			r = vp_tally_create(vp_pair_slots((enum vp_pair_side)side), fd, err);
			continue;
		}
		*fd = fcntl(options->tallies[side], F_DUPFD_CLOEXEC, 0);
		if (*fd < 0)
			r = vp_fail(err, -errno, "cannot hand over a table of counts: %s",
				    strerror(errno));
	}
	return r;
}

static int raise_all(struct parts *parts, struct vp_error *err)
{
	for (int side = 0; side < VP_PAIR_SIDES; side++)
		for (int i = 0; i < GIVEN; i++) {
			int r = vp_child_raise(&parts->fds[side][i]);

			if (r)
				return vp_fail(err, r, "cannot keep a descriptor: %s",
					       strerror(-r));
		}
	return 0;
}

/* The queues are bound last: from then on packets wait for the worker. */
static int make_parts(struct parts *parts, const struct vp_pair_options *options,
		      struct vp_error *err)
{
	const struct vp_setup *setup = &options->setup;
	int ring = -1, queue, r;

	r = make_control(parts, VP_PAIR_WORKER, err);
	if (!r)
		r = make_control(parts, VP_PAIR_WRITER, err);
	if (!r)
		r = vp_ring_create(options->ring ? options->ring : RING, &ring, err);
	if (!r)
		r = share(parts, SHARED_RING, ring, err);
	if (!r)
		r = make_tallies(parts, options, err);
	if (!r)
		r = make_wake(parts, err);
	if (!r)
		r = make_lifeline(parts, err);
	if (r)
		return r;
	queue = options->queue ? dup(*options->queue)
			       : vp_queue_open(setup->queues, setup->queue_count, err);
	r = queue < 0 && !options->queue ? queue : share(parts, QUEUE, queue, err);
	return r ? r : raise_all(parts, err);
}

static int start_side(struct vp_pair *pair, struct parts *parts, int side,
		      const struct vp_pair_options *options, struct vp_error *err)
{
	struct vp_note note = vp_note_make(VP_NOTE_SETUP, 0);
	const char *executable = side == VP_PAIR_WORKER ? options->worker : options->writer;
	pid_t pid;

	pair->sides[side].tally = vp_tally_map(parts->fds[side][TALLY], false, err);
	if (!pair->sides[side].tally)
		return err->code;
	if (side == VP_PAIR_WRITER)
		pair->began = pair->ticks =
			vp_tally_get(pair->sides[side].tally, VP_TALLY_TICKS, 0);
	pair->sides[side].control = TAKE_FD(parts->controls[side]);
	pid = vp_child_start(executable, parts->fds[side], GIVEN, err);
	if (pid < 0)
		return pid;
	pair->state.pid[side] = pid;
	note.setup = options->setup;
	return vp_note_send(pair->sides[side].control, &note, -1);
}

int vp_pair_start(struct vp_pair **pair, const struct vp_pair_options *options,
		  struct vp_error *err)
{
	vp_cleanup(close_parts) struct parts parts;
	struct vp_pair *made = vp_new(struct vp_pair);
	int r;

	memset(&parts, 0xff, sizeof(parts)); /* -1 everywhere */
	made->sides[VP_PAIR_WORKER].control = made->sides[VP_PAIR_WRITER].control = -1;
	made->deadline = options->setup.deadline;
	made->ticked = vp_milliseconds();
	r = make_parts(&parts, options, err);
	for (int side = 0; !r && side < VP_PAIR_SIDES; side++)
		r = start_side(made, &parts, side, options, err);
	if (r) {
		close_parts(&parts); /* the writer must not wait for a worker's end */
		memset(&parts, 0xff, sizeof(parts));
		vp_pair_stop(made);
		*pair = NULL;
		return r;
	}
	*pair = made;
	return 0;
}

static void end_side(struct vp_pair *pair, enum vp_pair_side side)
{
	struct vp_pair_state *state = &pair->state;

	if (pair->sides[side].control >= 0)
		close(pair->sides[side].control);
	pair->sides[side].control = -1;
	if (state->pid[side] > 0)
		vp_child_end(state->pid[side], state->ended[side], sizeof(state->ended[side]));
	state->pid[side] = 0;
	state->well = false;
}

/* It is told to settle what waits and leave; it has the deadline for that. */
static void dismiss_writer(struct vp_pair *pair)
{
	const struct vp_note settle = vp_note_make(VP_NOTE_SETTLE, 0);
	struct vp_pair_state *state = &pair->state;
	struct side *side = &pair->sides[VP_PAIR_WRITER];

	if (side->control < 0 || state->pid[VP_PAIR_WRITER] <= 0)
		return;
	(void)vp_note_send(side->control, &settle, -1);
	for (uint64_t i = 0; i < pair->deadline; i++) {
		if (vp_child_ended(state->pid[VP_PAIR_WRITER], state->ended[VP_PAIR_WRITER],
				   sizeof(state->ended[VP_PAIR_WRITER]))) {
			state->pid[VP_PAIR_WRITER] = 0;
			return;
		}
		(void)poll(NULL, 0, 1);
	}
}

void vp_pair_stop(struct vp_pair *pair)
{
	if (!pair)
		return;
	end_side(pair, VP_PAIR_WORKER);
	dismiss_writer(pair);
	end_side(pair, VP_PAIR_WRITER);
	vp_tally_unmap(pair->sides[VP_PAIR_WORKER].tally);
	vp_tally_unmap(pair->sides[VP_PAIR_WRITER].tally);
	free(pair);
}

int vp_pair_fd(const struct vp_pair *pair, enum vp_pair_side side)
{
	return pair->sides[side].control;
}

/* A ready pair is well until something else is heard of it. */
static void take_note(struct vp_pair *pair, enum vp_pair_side side, const struct vp_note *note)
{
	struct vp_pair_state *state = &pair->state;

	if (note->kind == VP_NOTE_READY) {
		state->confinement[side] = (unsigned int)note->number;
		state->well = state->pid[VP_PAIR_WORKER] && state->pid[VP_PAIR_WRITER] &&
			      state->confinement[VP_PAIR_WORKER] &&
			      state->confinement[VP_PAIR_WRITER] && !state->late;
	} else if (note->kind == VP_NOTE_LATE) {
		state->late = (enum vp_lateness)note->number;
		state->well = false;
	}
}

static int read_side(struct vp_pair *pair, enum vp_pair_side side, struct vp_note *note)
{
	static const enum vp_note_sender senders[] = {
		[VP_PAIR_WORKER] = VP_NOTE_WORKER,
		[VP_PAIR_WRITER] = VP_NOTE_WRITER,
	};
	struct vp_error err = { 0 };
	int r;

	if (pair->sides[side].control < 0)
		return 0;
	r = vp_note_receive(pair->sides[side].control, senders[side], false, note, NULL, &err);
	if (r == -EPROTO)
		vp_log_error("the inspection %s is ended: it sent a %s",
			     side == VP_PAIR_WORKER ? "worker" : "writer", err.text);
	if (r < 0) {
		end_side(pair, side);
		return 0;
	}
	if (r)
		take_note(pair, side, note);
	return r;
}

int vp_pair_read(struct vp_pair *pair, struct vp_note *note)
{
	return read_side(pair, VP_PAIR_WRITER, note) || read_side(pair, VP_PAIR_WORKER, note);
}

int vp_pair_program_fill(struct vp_pair_program *program, const void *bytes, size_t len,
			 struct vp_error *err)
{
	const uint8_t *next = bytes;

	program->fd = memfd_create("vpatch-program", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	program->len = len;
	for (size_t left = len; left && program->fd >= 0;) {
		ssize_t written = write(program->fd, next, left);

		if (written < 0)
			break;
		next += written;
		left -= (size_t)written;
		if (!left)
			return 0;
	}
	return vp_fail(err, -errno, "cannot keep a program of %zu bytes: %s", len,
		       strerror(errno));
}

int vp_pair_give(struct vp_pair *pair, const struct vp_pair_program *program, bool active,
		 struct vp_error *err)
{
	struct vp_note note = vp_note_make(VP_NOTE_PROGRAM, program->generation);
	int r;

	note.program.size = program->len;
	note.program.slot = program->slot;
	note.program.active = active;
	r = vp_note_send(pair->sides[VP_PAIR_WORKER].control, &note, program->fd);
	return r ? vp_fail(err, r, "cannot hand over a program: %s", strerror(-r)) : 0;
}

int vp_pair_tell(struct vp_pair *pair, enum vp_note_kind kind, uint64_t generation)
{
	const struct vp_note note = vp_note_make(kind, generation);
	enum vp_pair_side side = kind == VP_NOTE_BEAT ? VP_PAIR_WRITER : VP_PAIR_WORKER;

	return vp_note_send(pair->sides[side].control, &note, -1);
}

/*
 * The writer watches the worker; we watch the writer. With it the worker ends. Who was
 * kept from looking for as long cannot tell whether others were kept from running too.
 */
void vp_pair_tick(struct vp_pair *pair)
{
	uint64_t ticks = vp_tally_get(pair->sides[VP_PAIR_WRITER].tally, VP_TALLY_TICKS, 0);
	uint64_t now = vp_milliseconds();

	if (ticks != pair->ticks || ticks == pair->began ||
	    now - pair->looked > pair->deadline)
		pair->ticked = now;
	pair->looked = now;
	pair->ticks = ticks;
	if (pair->state.late && pair->state.pid[VP_PAIR_WORKER])
		end_side(pair, VP_PAIR_WORKER);
	if (now - pair->ticked > pair->deadline && pair->state.pid[VP_PAIR_WRITER]) {
		end_side(pair, VP_PAIR_WRITER);
		end_side(pair, VP_PAIR_WORKER);
	}
}

const struct vp_pair_state *vp_pair_state(const struct vp_pair *pair)
{
	return &pair->state;
}

const struct vp_tally *vp_pair_tally(const struct vp_pair *pair, enum vp_pair_side side)
{
	return pair->sides[side].tally;
}
