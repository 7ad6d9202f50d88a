/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One direction of a TCP connection, put in order before it is delivered: the
 * bytes that are read here are the bytes that the application will read.
 *
 * In order: read, then passed. Out of order: held unsettled, within bounds.
 * Sent again: compared with what was read; different bytes are an attack. What
 * is older than the bytes kept for that comparison goes on without its payload:
 * a receiver that has those bytes answers as to any duplicate, one that does
 * not will never get others in their place. The urgent flag is removed, so that
 * the urgent byte stays in the stream for the reader here and there.
 *
 * Of a stream that is only watched (`monitor`) every packet passes unchanged at
 * once, whatever it holds; what would have happened is only told.
 *
 * Pure: no clock, no packets; a packet is a number of the caller's.
 */
#ifndef VP_INSPECTION_STREAM_H
#define VP_INSPECTION_STREAM_H

#include "modules/inspection/sink.h"

enum vp_fate {
	VP_FATE_PASS,
	VP_FATE_EMPTY, /* on without its payload (stale bytes, a keep-alive's garbage byte) */
	VP_FATE_NO_URGENT, /* on without the urgent flag and pointer */
	VP_FATE_BLOCK,	   /* the reader said so, of this segment or of one before */
	VP_FATE_CONFLICT,  /* other bytes in the place of those read */
	VP_FATE_BOUND,	   /* a bound is reached: the failure verdict decides */
	VP_FATE_WINDOW,	   /* too far off the stream to be of it; dropped and counted */
};

struct vp_stream_options {
	size_t kept;	      /* bytes already read that are kept for comparison */
	size_t held;	      /* bytes out of order that may wait */
	unsigned int packets; /* packets that may wait */
	bool monitor;
};

struct vp_stream;

struct vp_stream_user {
	/* The next bytes in order. False: they must not be delivered, nor anything after. */
	bool (*read)(void *context, struct vp_slice bytes);
	/* What becomes of a packet given to vp_stream_segment(); each is settled exactly once.
	 */
	void (*settle)(void *context, uint64_t packet, enum vp_fate fate);
	/* All bytes before FIN were read. */
	void (*finished)(void *context);
};

/* Options, user and context outlive it. Owned by the caller. */
struct vp_stream *vp_stream_new(const struct vp_stream_options *options,
				const struct vp_stream_user *user, void *context);
/* Packets that still wait are settled as VP_FATE_BOUND. */
void vp_stream_free(struct vp_stream *stream);

/* The sequence number of the first byte, from the SYN or (midstream) from the first segment.
 */
void vp_stream_begin(struct vp_stream *stream, uint32_t sequence);

/* A segment; a FIN counts behind its payload. `urgent`: its URG flag is set. */
void vp_stream_segment(struct vp_stream *stream, uint64_t packet, uint32_t sequence,
		       struct vp_slice payload, bool fin, bool urgent);

/*
 * The next `count` bytes need not be read (a body that no rule reads): they
 * pass in any order, and need not come by here at all. Reading goes on behind
 * them.
 */
void vp_stream_skip(struct vp_stream *stream, uint64_t count);

/* Forget what is kept for comparison (the connection sleeps); what comes again is stale. */
void vp_stream_sleep(struct vp_stream *stream);

/* The next byte that will be read. */
uint32_t vp_stream_next(const struct vp_stream *stream);
/* Bytes held and kept. */
size_t vp_stream_memory(const struct vp_stream *stream);

#endif
