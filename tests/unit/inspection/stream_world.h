/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stream between random senders and simple receivers. The property: whatever
 * is sent in whatever order, a receiver assembles from the packets that pass what
 * was read, and nothing else. The receivers differ in what they make of overlaps
 * and in what they lose.
 */
#ifndef VP_TESTS_STREAM_WORLD_H
#define VP_TESTS_STREAM_WORLD_H

#include "modules/inspection/stream.h"

#define WORLD_ROOM    160 /* positions of a stream */
#define WORLD_PACKETS 400

struct world_packet {
	unsigned int at, len;
	uint8_t bytes[WORLD_ROOM];
	bool fin, urgent;
	int fate;
	unsigned int settled;
};

/* A receiver puts segments in order: of two bytes in one place, the first or the last stays.
 */
struct world_receiver {
	bool last_wins;
	unsigned int loses; /* of 100 packets */
	bool there[WORLD_ROOM];
	uint8_t bytes[WORLD_ROOM];
	unsigned int next;
	uint64_t fins[WORLD_ROOM / 64 + 1];
	bool ended;
};

struct world {
	uint64_t random; /* or, when 0, the bytes that decide instead */
	struct vp_slice decisions;
	struct vp_stream_options options;
	struct vp_stream *stream;
	uint32_t first;
	unsigned int careless; /* fates that reach the receivers although they should not */

	struct world_packet packets[WORLD_PACKETS];
	unsigned int count, sent;

	unsigned int position;	  /* of the next byte that is read */
	uint8_t read[WORLD_ROOM]; /* by position */
	bool was_read[WORLD_ROOM], skipped[WORLD_ROOM];
	unsigned int refuse, skip_at, skip_to; /* positions; WORLD_ROOM: never */
	unsigned int skip_most;		       /* no skip goes beyond */
	unsigned int read_end;		       /* of what was read last, before a skip */
	bool finished, stopped;

	struct world_receiver receivers[4];
	bool wrong; /* the property does not hold */
};

/* Begin anew, with a seed, or (seed 0) with bytes that decide everything. */
void world_begin(struct world *w, uint64_t seed, struct vp_slice decisions);
/* A number below `below`. */
unsigned int world_any(struct world *w, unsigned int below);
/* A packet, not sent yet, with the bytes of `stream` at its place. */
struct world_packet *world_packet(struct world *w, unsigned int at, unsigned int len,
				  const uint8_t *stream);
void world_send(struct world *w, struct world_packet *packet);
/* A skip from here to w->skip_to, and perhaps another one later. */
void world_skip(struct world *w);
/* Free the stream; every packet must be settled then. */
void world_end(struct world *w);

/* All in one: any segments of any bytes. `careless`: as in struct world. */
void world_play_hostile(struct world *w, uint64_t seed, struct vp_slice decisions,
			unsigned int careless);

#endif
