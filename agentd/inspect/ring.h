/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verdicts on their way from a worker, which parses foreign bytes and may do
 * nothing, to the writer, which may send them to the kernel: a ring in memory
 * that both share, one producer, one consumer, no system call per verdict.
 *
 * The consumer does not trust the producer: an entry is copied out before it is
 * looked at, and whatever stands in the memory, reads stay inside it. The
 * producer waits for room for as long as its caller likes.
 *
 * Beside the entries the memory has the worker's pulse: what it does and since
 * when, so that the writer notices one that is late.
 */
#ifndef VP_INSPECT_RING_H
#define VP_INSPECT_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/* A verdict for a packet, or for it and all before it in its queue; or an order to leave. */
struct vp_ring_verdict {
	uint16_t queue;
	bool batch;  /* all of the queue up to this one */
	bool accept; /* else drop */
	bool marked; /* `mark` is to be set */
	bool leave;  /* no verdict: connections with the key `bytes` leave for size `mark` */
	uint32_t packet; /* the kernel's number of it */
	uint32_t mark;
	const uint8_t *bytes; /* what is to go on in the packet's place; NULL: as it is */
	size_t len;
};

struct vp_ring; /* one side's view */

/* A ring for `capacity` bytes of entries (a power of two) in a sealed memfd, *fd, owned by the
 * caller. */
int vp_ring_create(size_t capacity, int *fd, struct vp_error *err);

/* Map one side of it; the descriptor may be closed then. NULL with *err: not such a ring. */
struct vp_ring *vp_ring_map(int fd, struct vp_error *err);
void vp_ring_unmap(struct vp_ring *ring);

/* The longest `len` that fits in any case. */
size_t vp_ring_longest(const struct vp_ring *ring);

/* Producer: append; false when there is no room now. Seen by the consumer at once. */
bool vp_ring_put(struct vp_ring *ring, const struct vp_ring_verdict *verdict);
/* Producer: does the consumer sleep, so that it has to be woken? Asked once after many puts.
 */
bool vp_ring_must_wake(struct vp_ring *ring);

/*
 * Consumer: the oldest verdict, copied out; its bytes are in `buffer`, of
 * vp_ring_longest() bytes. 0: there is none. -EBADMSG: the memory does not hold a
 * verdict; the worker must be given up.
 */
int vp_ring_take(struct vp_ring *ring, struct vp_ring_verdict *verdict, uint8_t *buffer);
/* Consumer: about to sleep; false when something came meanwhile. */
bool vp_ring_sleep(struct vp_ring *ring);
void vp_ring_awake(struct vp_ring *ring);

/* The worker's pulse: packets it has received, and since when (CLOCK_MONOTONIC, milliseconds)
 * it has been busy with some; 0: it is not. */
struct vp_pulse {
	uint64_t received;
	uint64_t busy_since;
};

void vp_ring_beat(struct vp_ring *ring, struct vp_pulse pulse);
struct vp_pulse vp_ring_pulse(const struct vp_ring *ring);

#endif
