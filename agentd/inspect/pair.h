/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A worker and the writer of its verdicts, as their parent sees them. The parent
 * looks at no packet.
 *
 *	vp_pair_start(&pair, &options, &err);
 *	poll vp_pair_fd(pair, ...) for POLLIN; vp_pair_read(pair, &note) until it is 0
 *	on a timer (some times within the deadline): vp_pair_tick(pair)
 *
 * A pair that is not well stays so: vp_pair_stop() and start another. Rules must
 * not need its queues any more by then, or say what happens without a listener.
 * The processes are waited for here, by id.
 */
#ifndef VP_INSPECT_PAIR_H
#define VP_INSPECT_PAIR_H

#include <sys/types.h>

#include "agentd/inspect/note.h"
#include "agentd/inspect/tally.h"

struct vp_pair;

struct vp_pair_options {
	const char *worker, *writer; /* absolute paths */
	struct vp_setup setup;
	size_t ring; /* bytes, a power of two; 0: the default */
	/* The queues' socket, of vp_queue_open(), which stays the caller's; NULL: the pair
	 * opens its own, and nobody else has it. */
	const int *queue;
	/* Tables of counts to go on with (vp_tally_create), by side, which stay the caller's;
	 * NULL: new ones, that end with the pair. */
	const int *tallies;
};

/* 0 with *pair, owned by the caller (vp_pair_stop); else -errno and NULL. */
int vp_pair_start(struct vp_pair **pair, const struct vp_pair_options *options,
		  struct vp_error *err);

/* What waits gets its failure verdict, and both end. */
void vp_pair_stop(struct vp_pair *pair);

enum vp_pair_side { VP_PAIR_WORKER, VP_PAIR_WRITER, VP_PAIR_SIDES };

/* How many slots the side's table has to have. */
size_t vp_pair_slots(enum vp_pair_side side);

/* -1: this side is gone. */
int vp_pair_fd(const struct vp_pair *pair, enum vp_pair_side side);

/* The next note of either, checked; 0: none now. A side that sends anything else is ended. */
int vp_pair_read(struct vp_pair *pair, struct vp_note *note);

/* A program for workers, in a descriptor of its own. */
struct vp_pair_program {
	uint64_t generation;
	uint8_t slot; /* of its queues */
	int fd;	      /* -1: there is none */
	size_t len;
};

/* Bytes of vp_scopes_pack() into program->fd, owned by the caller (close()). 0 or -errno. */
int vp_pair_program_fill(struct vp_pair_program *program, const void *bytes, size_t len,
			 struct vp_error *err);

/*
 * Hand a program to the worker, which reads the descriptor. The answer comes as a note,
 * VP_NOTE_LOADED or VP_NOTE_REFUSED. `active`: judge by it at once, else from the
 * first packet on that comes by a queue of its slot. 0 or -errno.
 */
int vp_pair_give(struct vp_pair *pair, const struct vp_pair_program *program, bool active,
		 struct vp_error *err);

/* To a side: VP_NOTE_ACTIVATE, VP_NOTE_FORGET a generation; VP_NOTE_BEAT. 0 or -errno. */
int vp_pair_tell(struct vp_pair *pair, enum vp_note_kind kind, uint64_t generation);

/* Does either process hang? Then it is ended. */
void vp_pair_tick(struct vp_pair *pair);

struct vp_pair_state {
	pid_t pid[VP_PAIR_SIDES];		 /* 0: not running */
	unsigned int confinement[VP_PAIR_SIDES]; /* VP_CONFINED_ bits; 0: not yet known */
	char ended[VP_PAIR_SIDES][64];		 /* how; "": it runs */
	bool well;	       /* both run, are ready, and nothing was given up */
	enum vp_lateness late; /* why the worker was given up; 0: it was not */
};

const struct vp_pair_state *vp_pair_state(const struct vp_pair *pair);

/* What was counted at this side, also by those before; still there when it is dead. */
const struct vp_tally *vp_pair_tally(const struct vp_pair *pair, enum vp_pair_side side);

#endif
