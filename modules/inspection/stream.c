/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A direction of a TCP connection in order: see stream.h. This file decides what
 * becomes of a segment; held.c has those that wait, kept.c the past. It knows no
 * packets, no clock and no protocol.
 */
#include "modules/inspection/stream.h"

#include "lib/memory.h"
#include "modules/inspection/held.h"
#include "modules/inspection/kept.h"

#define GIB	(UINT64_C(1) << 30)
#define NOWHERE UINT64_MAX

/*
 * Positions begin at 2^32 plus the first sequence number, so that what lies
 * before the stream has one too. unread <= seen <= next; all three are the same
 * outside of a skip.
 */
struct vp_stream {
	const struct vp_stream_options *options;
	const struct vp_stream_user *user;
	void *context;
	struct vp_kept *kept;
	struct vp_held *held;
	uint64_t next;	  /* will be read next */
	uint64_t unread;  /* the beginning of a skip that reaches up to `next` */
	uint64_t seen;	  /* the end of what was seen in that skip */
	uint64_t first;	  /* the highest beginning of a segment that passed in it */
	uint64_t blocked; /* nothing from here on may be delivered */
	bool busy, finished, lost;
};

/* All before `position` is past. */
static void move_to(struct vp_stream *stream, uint64_t position)
{
	stream->next = stream->unread = stream->seen = stream->first = position;
}

struct vp_stream *vp_stream_new(const struct vp_stream_options *options,
				const struct vp_stream_user *user, void *context)
{
	struct vp_stream *stream = vp_new(struct vp_stream);

	stream->options = options;
	stream->user = user;
	stream->context = context;
	vp_stream_begin(stream, 0);
	return stream;
}

/* The end of a packet: its fate, or what it would have been. */
static void settle(struct vp_stream *stream, const struct vp_segment *segment,
		   enum vp_fate fate)
{
	if (fate == VP_FATE_PASS && segment->urgent)
		fate = VP_FATE_NO_URGENT;
	if (stream->options->monitor) {
		if (fate != VP_FATE_PASS && stream->user->note)
			stream->user->note(stream->context, segment->packet, fate);
		fate = VP_FATE_PASS;
	}
	stream->user->settle(stream->context, segment->packet, fate);
}

/* The end of a segment that waited; of a watched stream only the copy did. */
static void release_first(struct vp_stream *stream, enum vp_fate fate)
{
	if (!stream->options->monitor)
		settle(stream, vp_held_first(stream->held), fate);
	vp_held_drop_first(&stream->held);
}

void vp_stream_expire(struct vp_stream *stream)
{
	if (stream->options->monitor && vp_held_first(stream->held))
		stream->lost = true; /* the packets of these copies do not come again */
	while (vp_held_first(stream->held))
		release_first(stream, VP_FATE_BOUND);
}

static void forget(struct vp_stream *stream)
{
	vp_stream_expire(stream);
	vp_kept_free(&stream->kept);
}

void vp_stream_free(struct vp_stream *stream)
{
	if (!stream)
		return;
	forget(stream);
	free(stream);
}

void vp_stream_begin(struct vp_stream *stream, uint32_t sequence)
{
	forget(stream);
	move_to(stream, (UINT64_C(1) << 32) + sequence);
	stream->blocked = NOWHERE;
	stream->finished = stream->lost = false;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/*
 * The position of a sequence number: the nearest to where the sender is, which
 * in a skip that goes by elsewhere is only known to be at or behind `seen`.
 */
static bool locate(const struct vp_stream *stream, uint32_t sequence, uint64_t *position)
{
	uint64_t window = stream->options->window;
	uint64_t about = least(stream->next, stream->seen + GIB);

	if (!window || window > GIB)
		window = GIB;
	*position = about + (uint64_t)(int64_t)(int32_t)(sequence - (uint32_t)about);
	return *position + window >= stream->seen && *position <= about + window;
}

/* What of the segment lies in the past, against what was read there. */
static enum vp_kept_memory compare_past(const struct vp_stream *stream,
					const struct vp_segment *segment)
{
	struct vp_segment past = *segment;

	if (past.start >= stream->unread)
		return VP_KEPT_SAME;
	past.bytes.len = least(past.bytes.len, stream->unread - past.start);
	past.fin = segment->fin && vp_segment_end(segment) < stream->unread;
	return vp_kept_compare(stream->kept, &past);
}

static bool is_new(const struct vp_stream *stream, const struct vp_segment *segment)
{
	uint64_t end = vp_segment_end(segment);

	return end > stream->next ||
	       (segment->fin && end == stream->next && !stream->finished);
}

/* One byte before the sender's next, which may be anything (RFC 9293, 3.8.4). */
static bool is_keep_alive(const struct vp_stream *stream, const struct vp_segment *segment)
{
	uint64_t next = segment->start + 1;

	return segment->bytes.len == 1 && !segment->fin &&
	       (next == stream->next + stream->finished || next == stream->seen);
}

/* If a skip reaches up to `position`, remember it. */
static void end_skip(struct vp_stream *stream, uint64_t position)
{
	if (stream->unread < position)
		vp_kept_skipped(&stream->kept, stream->unread, position);
}

/* Read bytes that begin at `next`. */
static bool read_on(struct vp_stream *stream, struct vp_slice bytes)
{
	uint64_t at = stream->next;

	end_skip(stream, at);
	vp_kept_read(&stream->kept, stream->options->kept, at, bytes);
	move_to(stream, at + bytes.len);
	if (stream->user->read(stream->context, bytes))
		return true;
	stream->blocked = least(stream->blocked, at);
	return false;
}

/* Read what is new in a segment that begins at or before `next`. */
static enum vp_fate advance(struct vp_stream *stream, const struct vp_segment *segment)
{
	uint64_t end = vp_segment_end(segment), old = stream->next - segment->start;
	struct vp_slice bytes = segment->bytes;

	if (!is_new(stream, segment))
		return VP_FATE_PASS;
	if (end > stream->next) {
		bytes.data += old;
		bytes.len -= old;
		if (!read_on(stream, bytes))
			return VP_FATE_BLOCK;
	}
	if (!segment->fin)
		return VP_FATE_PASS;
	end_skip(stream, end);
	move_to(stream, end); /* what read() wanted to skip does not come */
	stream->finished = true;
	if (stream->user->finished)
		stream->user->finished(stream->context);
	return vp_segment_reach(segment) > stream->blocked ? VP_FATE_BLOCK : VP_FATE_PASS;
}

/* What becomes of a segment when nothing more will be read. */
static enum vp_fate fate_at_end(const struct vp_stream *stream,
				const struct vp_segment *segment)
{
	if (vp_segment_reach(segment) > stream->blocked)
		return VP_FATE_BLOCK;
	return vp_segment_end(segment) > stream->next ? VP_FATE_WINDOW : VP_FATE_PASS;
}

/* How far a skip has come. */
static void note_passed(struct vp_stream *stream, const struct vp_segment *segment)
{
	uint64_t end = vp_segment_end(segment);

	if (end > stream->seen)
		stream->seen = least(stream->next, end);
	if (segment->start > stream->first)
		stream->first = least(stream->next, segment->start);
}

/* The turn of one that waited. */
static enum vp_fate take_turn(struct vp_stream *stream, const struct vp_segment *segment)
{
	enum vp_fate fate = advance(stream, segment);

	if (fate == VP_FATE_PASS)
		note_passed(stream, segment);
	return fate;
}

/* Segments whose turn has come. */
static void drain(struct vp_stream *stream)
{
	const struct vp_segment *first;

	while ((first = vp_held_first(stream->held))) {
		if (stream->finished || stream->blocked != NOWHERE)
			release_first(stream, fate_at_end(stream, first));
		else if (first->start <= stream->next)
			release_first(stream, take_turn(stream, first));
		else
			break;
	}
}

/* Keep a segment that is early. False: it waits. */
static bool hold(struct vp_stream *stream, const struct vp_segment *segment,
		 enum vp_fate *fate)
{
	const struct vp_stream_options *options = stream->options;

	switch (vp_held_compare(stream->held, segment)) {
	case VP_HELD_OTHER:
		*fate = VP_FATE_CONFLICT;
		if (!options->monitor)
			return true;
		break;
	case VP_HELD_SAME:
		*fate = VP_FATE_EMPTY;
		return true;
	case VP_HELD_NEW:
		break;
	}
	if (vp_held_packets(stream->held) >= options->packets ||
	    segment->bytes.len > options->held - vp_held_bytes(stream->held)) {
		*fate = VP_FATE_BOUND;
		return true;
	}
	vp_held_add(&stream->held, segment);
	return options->monitor;
}

/* A segment that begins at or before `next` and has something new. */
static enum vp_fate take(struct vp_stream *stream, const struct vp_segment *segment,
			 enum vp_kept_memory past)
{
	enum vp_fate fate = VP_FATE_PASS, advanced;

	if (past == VP_KEPT_UNKNOWN)
		fate = VP_FATE_EMPTY;
	if (past == VP_KEPT_OTHER || vp_held_compare(stream->held, segment) == VP_HELD_OTHER)
		fate = VP_FATE_CONFLICT;
	if (fate != VP_FATE_PASS && !stream->options->monitor)
		return fate;
	advanced = advance(stream, segment);
	return fate != VP_FATE_PASS ? fate : advanced;
}

/* The fate of a segment with bytes or a FIN. False: it waits. */
static bool place(struct vp_stream *stream, const struct vp_segment *segment,
		  enum vp_fate *fate)
{
	static const enum vp_fate of_past[] = {
		[VP_KEPT_SAME] = VP_FATE_PASS,
		[VP_KEPT_UNKNOWN] = VP_FATE_EMPTY,
		[VP_KEPT_OTHER] = VP_FATE_CONFLICT,
	};
	enum vp_kept_memory past = compare_past(stream, segment);
	uint64_t end = vp_segment_end(segment);

	if (vp_segment_reach(segment) > stream->blocked)
		*fate = VP_FATE_BLOCK;
	else if (is_keep_alive(stream, segment))
		*fate = past == VP_KEPT_SAME && end <= stream->next ? VP_FATE_PASS
								    : VP_FATE_EMPTY;
	else if (stream->finished && end > stream->next)
		*fate = segment->start > stream->next ? VP_FATE_WINDOW : VP_FATE_CONFLICT;
	else if (!is_new(stream, segment))
		*fate = of_past[past];
	else if (segment->start > stream->next)
		return hold(stream, segment, fate);
	else
		*fate = take(stream, segment, past);
	if (*fate == VP_FATE_PASS)
		note_passed(stream, segment);
	return true;
}

void vp_stream_segment(struct vp_stream *stream, uint64_t packet, uint32_t sequence,
		       struct vp_slice payload, bool fin, bool urgent)
{
	struct vp_segment segment = {
		.packet = packet, .bytes = payload, .fin = fin, .urgent = urgent
	};
	enum vp_fate fate = VP_FATE_PASS;
	bool settled = true;

	stream->busy = true;
	if (stream->lost || (!payload.len && !fin))
		; /* nothing to put in order */
	else if (!locate(stream, sequence, &segment.start))
		fate = VP_FATE_WINDOW;
	else
		settled = place(stream, &segment, &fate);
	if (settled)
		settle(stream, &segment, fate);
	if (fate == VP_FATE_BOUND && stream->options->monitor) {
		stream->lost = true;
		forget(stream);
	}
	drain(stream);
	stream->busy = false;
}

void vp_stream_skip(struct vp_stream *stream, uint64_t count)
{
	if (stream->finished || stream->blocked != NOWHERE)
		return;
	stream->next = least(stream->next + least(count, INT64_MAX), INT64_MAX);
	if (!stream->busy)
		drain(stream);
}

bool vp_stream_unread(const struct vp_stream *stream, struct vp_stream_unread *unread)
{
	*unread = (struct vp_stream_unread){ .begin = stream->unread,
					     .first = stream->first,
					     .seen = stream->seen,
					     .end = stream->next };
	return stream->unread < stream->next;
}

void vp_stream_block(struct vp_stream *stream)
{
	stream->blocked = least(stream->blocked, stream->next);
	if (!stream->busy)
		drain(stream);
}

void vp_stream_sleep(struct vp_stream *stream)
{
	vp_kept_free(&stream->kept);
}

bool vp_stream_lost(const struct vp_stream *stream)
{
	return stream->lost;
}

size_t vp_stream_waiting(const struct vp_stream *stream)
{
	return stream->options->monitor ? 0 : vp_held_packets(stream->held);
}

uint32_t vp_stream_next(const struct vp_stream *stream)
{
	return (uint32_t)least(stream->next, stream->blocked);
}

size_t vp_stream_memory(const struct vp_stream *stream)
{
	return vp_kept_memory(stream->kept) + vp_held_memory(stream->held);
}
