/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets of one queue that were accepted, until their verdicts are written: one
 * verdict for many where that says the same. A verdict "this one and all before
 * it" is right only while nothing of the queue waits for a decision; and they go on in
 * the order of the queue then, not in that of their stream. Pure.
 */
#ifndef VP_INSPECT_ACCEPTS_H
#define VP_INSPECT_ACCEPTS_H

#include "agentd/inspect/ring.h"

#define VP_ACCEPTS_MAX 64

struct vp_accepts {
	uint16_t queue;
	uint32_t packets[VP_ACCEPTS_MAX];
	size_t count;
	uint64_t waiting; /* packets received and not decided */
};

/* A packet was received: called in the order of the queue, before its decision. */
void vp_accepts_received(struct vp_accepts *accepts);

/* One was decided; an accepted one is kept. False: there was no room, write first. */
bool vp_accepts_accept(struct vp_accepts *accepts, uint32_t packet);
/* Another verdict for it was written. */
void vp_accepts_other(struct vp_accepts *accepts);

/* What is to be written; nothing is kept then. How many. */
size_t vp_accepts_take(struct vp_accepts *accepts,
		       struct vp_ring_verdict verdicts[static VP_ACCEPTS_MAX]);

#endif
