/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The comparison window: see kept.h. The bytes lie in a ring in the order they
 * were read; a few spans say which positions they have, and which positions went
 * by unread. When spans run out, the oldest is forgotten: then it is unknown,
 * which is safe.
 */
#include "modules/inspection/kept.h"

#include "lib/memory.h"

#define SPANS	   16
#define FIRST_RING 512

#define UNREAD UINT64_MAX

struct span {
	uint64_t start, end; /* positions */
	uint64_t number;     /* of its first byte, among all bytes read; UNREAD: none were */
};

struct vp_kept {
	uint8_t *ring; /* byte number n is at n % size, for the last `used` of them */
	size_t size, used;
	uint64_t count; /* bytes read */
	unsigned int spans;
	struct span span[SPANS];
};

static struct vp_kept *kept_get(struct vp_kept **kept)
{
	if (!*kept)
		*kept = vp_new(struct vp_kept);
	return *kept;
}

static struct span *last_span(struct vp_kept *kept)
{
	return kept->spans ? &kept->span[kept->spans - 1] : NULL;
}

static void add_span(struct vp_kept *kept, struct span span)
{
	if (kept->spans == SPANS) {
		kept->spans--;
		memmove(kept->span, kept->span + 1, kept->spans * sizeof(span));
	}
	kept->span[kept->spans++] = span;
}

static void ring_copy_in(struct vp_kept *kept, uint64_t from, const uint8_t *data, size_t len)
{
	size_t at = from % kept->size;
	size_t part = len < kept->size - at ? len : kept->size - at;

	memcpy(kept->ring + at, data, part);
	memcpy(kept->ring, data + part, len - part);
}

static bool ring_same(const struct vp_kept *kept, uint64_t from, const uint8_t *data,
		      size_t len)
{
	size_t at = from % kept->size;
	size_t part = len < kept->size - at ? len : kept->size - at;

	return !memcmp(kept->ring + at, data, part) &&
	       !memcmp(kept->ring, data + part, len - part);
}

/* Make the ring at least `need` long, or as long as `limit` lets it be. */
static void ring_grow(struct vp_kept *kept, size_t limit, size_t need)
{
	size_t size = kept->size ? kept->size : FIRST_RING;
	uint8_t *ring;

	while (size < need && size < limit)
		size *= 2;
	if (size > limit)
		size = limit;
	if (size <= kept->size)
		return;
	ring = vp_alloc(size, 1);
	for (uint64_t from = kept->count - kept->used; from < kept->count;) {
		size_t part = (size_t)(kept->count - from), old = from % kept->size;

		part = part < kept->size - old ? part : kept->size - old;
		part = part < size - from % size ? part : size - from % size;
		memcpy(ring + from % size, kept->ring + old, part);
		from += part;
	}
	free(kept->ring);
	kept->ring = ring;
	kept->size = size;
}

/* Forget positions whose bytes the ring has no more. */
static void trim(struct vp_kept *kept)
{
	uint64_t oldest = kept->count - kept->used;
	unsigned int left = 0;

	for (unsigned int i = 0; i < kept->spans; i++) {
		struct span span = kept->span[i];

		if (span.number < oldest) {
			span.start += oldest - span.number;
			span.number = oldest;
		}
		if (span.start < span.end)
			kept->span[left++] = span;
	}
	kept->spans = left;
}

void vp_kept_read(struct vp_kept **kept, size_t limit, uint64_t position,
		  struct vp_slice bytes)
{
	struct vp_kept *k;
	struct span *last;
	size_t part;

	if (!limit || !bytes.len)
		return;
	k = kept_get(kept);
	ring_grow(k, limit, k->used + bytes.len);
	last = last_span(k);
	if (last && last->number != UNREAD && last->end == position)
		last->end += bytes.len;
	else
		add_span(k, (struct span){ position, position + bytes.len, k->count });
	part = bytes.len < k->size ? bytes.len : k->size;
	k->count += bytes.len;
	ring_copy_in(k, k->count - part, bytes.data + (bytes.len - part), part);
	if (k->used + bytes.len <= k->size) {
		k->used += bytes.len;
		return;
	}
	k->used = k->size;
	trim(k);
}

void vp_kept_skipped(struct vp_kept **kept, uint64_t from, uint64_t to)
{
	add_span(kept_get(kept), (struct span){ from, to, UNREAD });
}

/* Is a FIN at `position` in the place of a byte that was read? */
static enum vp_kept_memory compare_fin(const struct vp_kept *kept, uint64_t position)
{
	for (unsigned int i = 0; i < kept->spans; i++) {
		const struct span *span = &kept->span[i];

		if (position >= span->start && position < span->end)
			return span->number == UNREAD ? VP_KEPT_SAME : VP_KEPT_OTHER;
	}
	return VP_KEPT_UNKNOWN;
}

enum vp_kept_memory vp_kept_compare(const struct vp_kept *kept,
				    const struct vp_segment *segment)
{
	uint64_t end = vp_segment_end(segment), known = 0;
	enum vp_kept_memory fin = VP_KEPT_SAME;

	if (!kept)
		return vp_segment_reach(segment) > segment->start ? VP_KEPT_UNKNOWN
								  : VP_KEPT_SAME;
	for (unsigned int i = 0; i < kept->spans; i++) {
		const struct span *span = &kept->span[i];
		uint64_t from = segment->start > span->start ? segment->start : span->start;
		uint64_t to = end < span->end ? end : span->end;

		if (from >= to)
			continue;
		if (span->number != UNREAD &&
		    !ring_same(kept, span->number + (from - span->start),
			       segment->bytes.data + (from - segment->start), to - from))
			return VP_KEPT_OTHER;
		known += to - from;
	}
	if (segment->fin)
		fin = compare_fin(kept, end);
	return fin != VP_KEPT_SAME	    ? fin
	       : known < segment->bytes.len ? VP_KEPT_UNKNOWN
					    : VP_KEPT_SAME;
}

void vp_kept_free(struct vp_kept **kept)
{
	if (!*kept)
		return;
	free((*kept)->ring);
	free(*kept);
	*kept = NULL;
}

size_t vp_kept_memory(const struct vp_kept *kept)
{
	return kept ? sizeof(*kept) + kept->size : 0;
}
