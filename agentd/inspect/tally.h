/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts in memory or in a file that outlives the process that counts: what it
 * counted before it was killed is there, and another goes on with it. Several may
 * add at the same time. Readers trust no writer: whatever stands there, reads stay inside.
 */
#ifndef VP_INSPECT_TALLY_H
#define VP_INSPECT_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/*
 * What is counted; `of` says of what. Stored: where a number changes its meaning,
 * LAYOUT (tally.c) has to change too.
 */
enum vp_tally_kind {
	/* by the worker */
	VP_TALLY_PACKETS = 1, /* received, by queue */
	VP_TALLY_HITS,	      /* of rules, by tag */
	VP_TALLY_REASONS,     /* of hits, by enum vp_reason */
	VP_TALLY_BLOCKED,     /* packets, by tag; 0: none */
	VP_TALLY_REPLACED,    /* packets, by queue */
	VP_TALLY_UNTOLD,      /* hits that the parent was not told of */
	VP_TALLY_STRAY,	      /* messages that are no packets of our queues */
	VP_TALLY_UNREAD,      /* packets too long to be judged, by queue */
	/* by the writer */
	VP_TALLY_VERDICTS, /* by queue */
	VP_TALLY_SENT,	   /* system calls that sent them */
	VP_TALLY_SETTLED,  /* packets seen to get a failure verdict, by queue */
	VP_TALLY_TICKS,
	VP_TALLY_BEATS,	  /* of leases, by class */
	VP_TALLY_UNHEARD, /* beats that no rule took */
	VP_TALLY_LEFT,	  /* orders to leave, by size */
	VP_TALLY_KINDS,
	/* hits that are not of a rule itself, by tag: a kind for each reason and outcome */
	VP_TALLY_FAILURES = 64,
	VP_TALLY_END = 256,
};

/* What became of a packet that a hit is told of. */
enum vp_tally_outcome { VP_TALLY_PASSED, VP_TALLY_STOPPED, VP_TALLY_RESET, VP_TALLY_WATCHED };

/* Of `reason` (enum vp_reason), but VP_REASON_RULE, whose hits are VP_TALLY_HITS. */
static inline enum vp_tally_kind vp_tally_failure(unsigned int reason,
						  enum vp_tally_outcome outcome)
{
	return (enum vp_tally_kind)(VP_TALLY_FAILURES + reason * 4 + outcome);
}

struct vp_tally;

/* A table for `slots` counts (a power of two) in a sealed memfd, *fd, owned by the caller. */
int vp_tally_create(size_t slots, int *fd, struct vp_error *err);

/*
 * Make an empty file such a table. All of it has its place then: who reads it finds no
 * hole, for which there might be no room. 0 or -errno.
 */
int vp_tally_fill(int fd, size_t slots, struct vp_error *err);

/*
 * Map it to write or to read; the descriptor may be closed then. NULL with *err: it is
 * none, or one of another build. Nobody who has it must be able to shorten it.
 */
struct vp_tally *vp_tally_map(int fd, bool write, struct vp_error *err);
void vp_tally_unmap(struct vp_tally *tally);

size_t vp_tally_slots(const struct vp_tally *tally);
/* Slots that are not free, whatever they hold. */
size_t vp_tally_used(const struct vp_tally *tally);

void vp_tally_add(struct vp_tally *tally, enum vp_tally_kind kind, uint32_t of, uint64_t n);

/* 0: never counted. */
uint64_t vp_tally_get(const struct vp_tally *tally, enum vp_tally_kind kind, uint32_t of);
/* Counts that found no room. */
uint64_t vp_tally_lost(const struct vp_tally *tally);

/* Every count, in no order. */
void vp_tally_each(const struct vp_tally *tally,
		   void (*visit)(void *context, enum vp_tally_kind kind, uint32_t of,
				 uint64_t n),
		   void *context);

#endif
