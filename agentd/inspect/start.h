/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What both processes of inspection do first: with the descriptors of confine.h. */
#ifndef VP_INSPECT_START_H
#define VP_INSPECT_START_H

#include "agentd/inspect/note.h"
#include "agentd/inspect/ring.h"
#include "agentd/inspect/tally.h"

struct vp_start {
	struct vp_setup setup;
	struct vp_ring *ring;
	struct vp_tally *tally;
};

/*
 * Wait for the setup, map what is shared, and watch the control socket, the life
 * line and, too, `watched`. 0 or -errno; the process ends then.
 */
int vp_start(struct vp_start *start, int watched, struct vp_error *err);

/* Milliseconds of CLOCK_MONOTONIC, never 0. */
uint64_t vp_milliseconds(void);

/* The position of a queue; setup->queue_count: it is none of ours. */
size_t vp_setup_queue(const struct vp_setup *setup, uint16_t queue);

#endif
