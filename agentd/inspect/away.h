/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Orders to let a connection leave the queues: from the engine's words to the datagram that
 * the rules take (modules/netfilter/queue.h), by way of the ring. Pure.
 */
#ifndef VP_INSPECT_AWAY_H
#define VP_INSPECT_AWAY_H

#include "agentd/inspect/ring.h"
#include "modules/inspection/engine.h"
#include "modules/netfilter/queue.h"

struct vp_away {
	uint8_t key[VP_AWAY_KEY6];
	size_t len;
	unsigned int size; /* below VP_AWAY_SIZES: never for more than was asked for */
};

/* False: too few bytes for any size. */
bool vp_away_of(const struct vp_leave *leave, struct vp_away *away);

/* As an entry of the ring, whose bytes are the order's. */
struct vp_ring_verdict vp_away_entry(const struct vp_away *away);

/* What came out of the ring, from a process that is not to be believed. False: no order. */
bool vp_away_check(const struct vp_ring_verdict *entry);

#endif
