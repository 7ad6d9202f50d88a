/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All workers and writers of a host: a pair for each class of failure and each
 * index of its queues. Keeps them running, and sees to it that each has the
 * programs that it must judge by.
 *
 *	vp_pairs_prepare(pairs, &program, &err)    every pair has loaded it
 *	   ... the rules that name its queues are committed ...
 *	vp_pairs_commit(pairs)                     it judges
 *	vp_pairs_finish(pairs)                     the one before is forgotten
 *
 *	poll vp_pairs_fd() for POLLIN: vp_pairs_read(); after the time that it says:
 *vp_pairs_tick()
 *
 * A pair that dies or hangs is replaced at once, then with a growing delay. What
 * happens to packets meanwhile is the kernel's part: modules/netfilter/queue.h.
 */
#ifndef VP_INSPECT_PAIRS_H
#define VP_INSPECT_PAIRS_H

#include "agentd/inspect/ledger.h"
#include "agentd/inspect/pair.h"
#include "agentd/inspect/sums.h"
#include "policy/host.h"

struct vp_pairs;

/* A generation's rules, for all pairs of its classes. */
struct vp_pairs_program {
	uint64_t generation;
	unsigned int classes; /* 1 << enum vp_queue_class; 0: there is nothing to judge */
	const void *bytes;    /* of vp_scopes_pack(), not owned: copied */
	size_t len;
};

struct vp_pairs_options {
	const char *worker, *writer; /* absolute paths */
	struct vp_queueing queueing; /* complete: vp_queueing() */
	uint64_t window; /* the largest receive window of a local socket, bytes; 0: unknown */
	const char *
		counts; /* folder of files that counts outlive us in; NULL: they end with us */
};

/* Told while notes are read. */
struct vp_pairs_listener {
	void (*hit)(void *context, const struct vp_note_hit *hit);
	/* A pair has ended, or another has taken its place. */
	void (*told)(void *context, enum vp_queue_class class, const char *text);
	void *context;
};

/* Options are copied; counts that are there are taken over. Owned by the caller; nothing is
 * started yet. NULL with *err. */
struct vp_pairs *vp_pairs_new(const struct vp_pairs_options *options, struct vp_error *err);
void vp_pairs_free(struct vp_pairs *pairs);
void vp_pairs_listen(struct vp_pairs *pairs, const struct vp_pairs_listener *listener);

/*
 * Whoever read these services before is gone: connections that began then are
 * blocked where a service is not to be read in part.
 */
void vp_pairs_resume(struct vp_pairs *pairs);

/*
 * Start what is missing and have each load the program. 0; nothing changes when
 * all have it already. -errno: some pair cannot, and nothing has changed.
 */
int vp_pairs_prepare(struct vp_pairs *pairs, const struct vp_pairs_program *program,
		     struct vp_error *err);
void vp_pairs_commit(struct vp_pairs *pairs);
void vp_pairs_finish(struct vp_pairs *pairs);
void vp_pairs_abort(struct vp_pairs *pairs);
/* Renew all leases now: their sets may be new. */
void vp_pairs_beat(struct vp_pairs *pairs);
/* End all pairs and forget all programs. What was counted stays. */
void vp_pairs_stop(struct vp_pairs *pairs);

/* The generation that judges, 0: none. */
uint64_t vp_pairs_generation(const struct vp_pairs *pairs);

/* Readable when a process has said something. The same for as long as `pairs` lives. */
int vp_pairs_fd(const struct vp_pairs *pairs);
void vp_pairs_read(struct vp_pairs *pairs);
/* Look after all. Milliseconds until it is to be called again; 0: when something is prepared.
 */
unsigned int vp_pairs_tick(struct vp_pairs *pairs);

/* Everything counted, also by processes that are gone, and by those before us. */
void vp_pairs_sums(const struct vp_pairs *pairs, struct vp_sums *sums);
/* An account of what events have told of that, which outlives us likewise. */
struct vp_ledger *vp_pairs_ledger(const struct vp_pairs *pairs);

struct vp_pairs_state {
	enum vp_queue_class class;
	unsigned int index;
	const struct vp_pair_state *pair; /* NULL: it does not run */
	uint64_t loaded;		  /* the newest generation it has said to have */
	uint64_t restarts;
	const char *ended; /* how the last one ended; "": none did */
};

/* Of each pair that there should be. */
void vp_pairs_each(const struct vp_pairs *pairs,
		   void (*visit)(void *context, const struct vp_pairs_state *state),
		   void *context);

/* Do all run that should, with what they should judge by? */
bool vp_pairs_are_well(const struct vp_pairs *pairs);

#endif
