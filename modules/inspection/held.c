/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waiting segments: see held.h. A sorted array, searched from its beginning: its
 * length is bounded by the stream's options, and without loss it is empty.
 */
#include "modules/inspection/held.h"

#include "lib/memory.h"

struct vp_held {
	struct vp_segment *data;
	size_t head, len, cap; /* data[head] is the first, data[len - 1] the last */
	size_t bytes;
};

static bool within(const struct vp_segment *segment, uint64_t position)
{
	return position >= segment->start && position < vp_segment_end(segment);
}

/* Are two segments parts of one stream? */
static bool agree(const struct vp_segment *a, const struct vp_segment *b)
{
	uint64_t end_a = vp_segment_end(a), end_b = vp_segment_end(b);
	uint64_t from = a->start > b->start ? a->start : b->start;
	uint64_t to = end_a < end_b ? end_a : end_b;

	if ((a->fin && within(b, end_a)) || (b->fin && within(a, end_b)))
		return false;
	return from >= to || !memcmp(a->bytes.data + (from - a->start),
				     b->bytes.data + (from - b->start), to - from);
}

enum vp_held_overlap vp_held_compare(const struct vp_held *held,
				     const struct vp_segment *segment)
{
	uint64_t reach = vp_segment_reach(segment), covered = segment->start;

	for (size_t i = held ? held->head : 0; held && i < held->len; i++) {
		const struct vp_segment *old = &held->data[i];

		if (old->start >= reach)
			break;
		if (!agree(old, segment))
			return VP_HELD_OTHER;
		if (old->start <= covered && vp_segment_reach(old) > covered)
			covered = vp_segment_reach(old);
	}
	return covered >= reach ? VP_HELD_SAME : VP_HELD_NEW;
}

/* Room for one more behind the last. */
static void make_room(struct vp_held *held)
{
	if (held->len < held->cap)
		return;
	if (held->head) {
		held->len -= held->head;
		memmove(held->data, held->data + held->head, held->len * sizeof(*held->data));
		held->head = 0;
		return;
	}
	held->cap = held->cap ? 2 * held->cap : 4;
	held->data = vp_realloc(held->data, held->cap, sizeof(*held->data));
}

void vp_held_add(struct vp_held **held, const struct vp_segment *segment)
{
	struct vp_held *h = *held;
	struct vp_segment *at;

	if (!h)
		h = *held = vp_new(struct vp_held);
	make_room(h);
	for (at = h->data + h->len; at > h->data + h->head && at[-1].start > segment->start;
	     at--)
		at[0] = at[-1];
	*at = *segment;
	at->bytes.data =
		segment->bytes.len ? vp_memdup(segment->bytes.data, segment->bytes.len) : NULL;
	h->len++;
	h->bytes += segment->bytes.len;
}

const struct vp_segment *vp_held_first(const struct vp_held *held)
{
	return held ? &held->data[held->head] : NULL;
}

void vp_held_drop_first(struct vp_held **held)
{
	struct vp_held *h = *held;
	struct vp_segment *first = &h->data[h->head++];

	h->bytes -= first->bytes.len;
	free((void *)first->bytes.data);
	if (h->head < h->len)
		return;
	free(h->data);
	free(h);
	*held = NULL;
}

size_t vp_held_packets(const struct vp_held *held)
{
	return held ? held->len - held->head : 0;
}

size_t vp_held_bytes(const struct vp_held *held)
{
	return held ? held->bytes : 0;
}

size_t vp_held_memory(const struct vp_held *held)
{
	return held ? sizeof(*held) + held->cap * sizeof(*held->data) + held->bytes : 0;
}
