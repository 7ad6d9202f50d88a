/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets that nobody judges: each gets what its queue's class says. Used by the
 * writer when its worker is given up, and before there is a worker.
 */
#ifndef VP_INSPECT_SETTLE_H
#define VP_INSPECT_SETTLE_H

#include "agentd/inspect/note.h"

/* Room for any one message of a queue. */
#define VP_PACKET_ROOM (72u << 10)

struct vp_settling {
	int fd;
	const struct vp_queue *queues; /* not owned */
	size_t count;
	struct {
		uint32_t newest; /* packet that is known of, 0: none */
		bool waiting;	 /* something up to it has no verdict */
		uint64_t packets;
	} of[VP_QUEUES_MAX];
};

void vp_settling_begin(struct vp_settling *settling, int fd, const struct vp_queue *queues,
		       size_t count);

/* A packet of a queue has this number, and had its verdict. */
void vp_settling_known(struct vp_settling *settling, uint16_t queue, uint32_t packet);

/* A message was received. */
void vp_settling_note(struct vp_settling *settling, const void *message, size_t len);

/*
 * Send the verdicts for what was noted; with `all` for everything that waits, also
 * for what another process has read. 0 or -errno.
 */
int vp_settling_judge(struct vp_settling *settling, bool all);

/*
 * Read and judge all that the socket has, and whatever else waits for a verdict of
 * somebody who is no more. 0 or -errno.
 */
int vp_settling_empty(struct vp_settling *settling, uint8_t room[static VP_PACKET_ROOM]);

/* Read and judge what the socket has; at most some hundred packets. 0 or -errno. */
int vp_settling_read(struct vp_settling *settling, uint8_t room[static VP_PACKET_ROOM]);

#endif
