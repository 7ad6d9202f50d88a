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
	VP_FATE_EMPTY, /* on without payload, FIN and urgent flag; see vp_stream_segment() */
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
	uint32_t window;      /* bytes off the stream that may be of it; 0: 1 GiB, the most
			       * that TCP has (RFC 7323, 2.3), and the most here */
	bool monitor;
};

struct vp_stream;

/* Called from within the functions below; only vp_stream_skip(), vp_stream_block(),
 * vp_stream_sleep() and the questions may be called back. */
struct vp_stream_user {
	/* The next bytes in order. False: they must not be delivered, nor anything after. */
	bool (*read)(void *context, struct vp_slice bytes);
	/* What becomes of a packet given to vp_stream_segment(); each is settled exactly once,
	 * after its bytes were read. */
	void (*settle)(void *context, uint64_t packet, enum vp_fate fate);
	/* All bytes before FIN were read; the packet with the FIN is not settled yet. May be
	 * NULL. */
	void (*finished)(void *context);
	/* Of a watched stream: what would have become of a packet that now passes. May be
	 * NULL. */
	void (*note)(void *context, uint64_t packet, enum vp_fate fate);
};

/* Options, user and context outlive it. Owned by the caller. */
struct vp_stream *vp_stream_new(const struct vp_stream_options *options,
				const struct vp_stream_user *user, void *context);
/* Packets that still wait are settled as VP_FATE_BOUND. */
void vp_stream_free(struct vp_stream *stream);

/*
 * The sequence number of the first byte: behind that of the SYN (also when the
 * SYN has data), or midstream that of the first segment. Comes before any
 * segment; once more, it begins another connection (what waits is settled as
 * VP_FATE_BOUND).
 */
void vp_stream_begin(struct vp_stream *stream, uint32_t sequence);

/*
 * A segment; a FIN counts behind its payload. `urgent`: its URG flag is set, which
 * counts without payload too: Linux takes the byte it points to out of the stream,
 * whichever segment brings that byte. A segment without bytes, FIN and URG passes.
 *
 * Only segments that the receiver would take belong here: checksum and window are
 * checked before, by the caller or by conntrack. A position is only known modulo
 * 2^32, and whoever may send far ahead of the receiver can make it mean another.
 *
 * VP_FATE_EMPTY has
 * - bytes that are older than what is kept, with whatever newer ones the segment
 *   has: when the receiver has the old, the sender repeats the new alone;
 * - the byte before the next, when it is another than was read (keep-alive);
 * - bytes of which all wait already: they need not wait twice.
 *
 * VP_FATE_BOUND of one segment ends nothing: dropped, it comes again. A caller
 * that lets it pass unread gives up the stream.
 *
 * VP_FATE_WINDOW and VP_FATE_CONFLICT also have what lies behind the FIN, and a
 * FIN in the place of a byte.
 */
void vp_stream_segment(struct vp_stream *stream, uint64_t packet, uint32_t sequence,
		       struct vp_slice payload, bool fin, bool urgent);

/*
 * The next `count` bytes need not be read (a body that no rule reads): they
 * pass in any order, and need not come by here at all, but of more than 1 GiB
 * something must be seen in each. Reading goes on behind them. A FIN among them
 * passes too, and finishes nothing. From read() it means the bytes behind those
 * given.
 */
void vp_stream_skip(struct vp_stream *stream, uint64_t count);

/*
 * Nothing from the next byte on may be delivered, as if read() had said so; from
 * finished(), that is the FIN.
 */
void vp_stream_block(struct vp_stream *stream);

/*
 * Settle the packets that wait as VP_FATE_BOUND: what is missing before them does
 * not come. A watched stream that has such is lost.
 */
void vp_stream_expire(struct vp_stream *stream);

/*
 * Forget what is kept for comparison; what comes again is stale. For connections
 * that are idle for longer than a lost segment takes to come again.
 */
void vp_stream_sleep(struct vp_stream *stream);

/*
 * A skip that is not over: positions, which are sequence numbers that do not wrap.
 * `first` is the highest at which a segment began that passed in it, `seen` the end of what
 * passed; `end` is INT64_MAX when nothing more will be read.
 */
struct vp_stream_unread {
	uint64_t begin, first, seen, end;
};

/* False: the stream is in no skip. */
bool vp_stream_unread(const struct vp_stream *stream, struct vp_stream_unread *unread);

/* The next byte that will be read; of a blocked stream, the first that was blocked. */
uint32_t vp_stream_next(const struct vp_stream *stream);
/* Packets that wait. */
size_t vp_stream_waiting(const struct vp_stream *stream);
/* A watched stream reached a bound or a gap: nothing is read any more, everything passes. */
bool vp_stream_lost(const struct vp_stream *stream);
/* Bytes that are held and kept, with what is needed for it; without the stream's own size. */
size_t vp_stream_memory(const struct vp_stream *stream);

#endif
