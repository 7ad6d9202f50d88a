/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of NFQUEUE (linux/netfilter/nfnetlink_queue.h): the packets that the
 * kernel hands over, the verdicts that it takes. Pure: bytes in, bytes out; the
 * sockets are queue_socket.c's.
 */
#ifndef VP_INSPECT_QUEUE_H
#define VP_INSPECT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A packet that waits in a queue for its verdict. */
struct vp_queued {
	uint16_t queue;
	uint32_t packet; /* the kernel's number, ascending within the queue */
	uint8_t hook;	 /* NF_INET_LOCAL_IN, ... */
	uint32_t mark;
	uint32_t in, out;      /* interface indices; 0: none */
	bool gso;	       /* several segments in one */
	bool checksum_pending; /* hardware or a later layer fills it in */
	uint32_t length;       /* of the packet; more than `len`: it was cut */
	const uint8_t *bytes;  /* in the message */
	size_t len;
};

/*
 * Read one netlink message of `len` bytes at `message`, as it was received.
 * 1: a packet. 0: another message (an acknowledgement, the end of a batch).
 * -EBADMSG: a message that is not well formed. *used: its length in the buffer,
 * up to the next one.
 */
int vp_queued_parse(const void *message, size_t len, struct vp_queued *packet, size_t *used);

/* Room for a verdict without bytes. */
#define VP_VERDICT_ROOM 64u

/*
 * Write a verdict message into `buffer`, of VP_VERDICT_ROOM + bytes_len bytes:
 * NF_ACCEPT or NF_DROP for the packet, with `batch` also for all before it in
 * its queue. `mark`: NULL, or what the packet's mark becomes. `bytes`: NULL, or
 * what goes on in its place (not with `batch`). The length of the message.
 */
struct vp_queue_verdict {
	uint16_t queue;
	uint32_t packet;
	bool accept, batch;
	const uint32_t *mark;
	const uint8_t *bytes;
	size_t len;
};

size_t vp_queue_verdict_put(void *buffer, const struct vp_queue_verdict *verdict);

#endif
