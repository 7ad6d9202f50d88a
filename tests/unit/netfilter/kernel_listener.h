/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A reader of all queues, in a thread of its own: it lets every packet pass and
 * notes what it was, and sends beats while it is told to.
 */
#ifndef VP_TESTS_NETFILTER_KERNEL_LISTENER_H
#define VP_TESTS_NETFILTER_KERNEL_LISTENER_H

#include "modules/netfilter/queue.h"

struct seen {
	uint16_t queue, source_port, destination_port;
	uint8_t family, protocol, flags; /* of TCP */
	uint32_t payload, mark;
};

struct listener;

struct listener *listener_start(const struct vp_queueing *queueing);
void listener_stop(struct listener *listener);

/* Send beats of all classes from now on, or no more; the first ones have arrived then. */
void listener_beat(struct listener *listener, bool on);
/* One beat of one class, by the caller. False: it was not taken out. */
bool beat_once(const struct vp_queueing *queueing, enum vp_queue_class class);

/* What came so far: a copy, owned by the caller; its length in *count. */
struct seen *listener_seen(struct listener *listener, size_t *count);
void listener_forget(struct listener *listener);
/* How many of them had a mark. */
size_t listener_marks(struct listener *listener);

#endif
