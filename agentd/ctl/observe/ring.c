/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading a buffer that the kernel fills: see ring.h and perf_event_open(2). */
#include "agentd/ctl/observe/ring.h"

#include "lib/memory.h"

#define RECORD_MOST 65536 /* its length has 16 bits */

void vp_trace_ring_init(struct vp_trace_ring *ring, struct perf_event_mmap_page *page,
			const void *data, size_t size)
{
	*ring = (struct vp_trace_ring){ .page = page, .data = data, .size = size };
	ring->at = page->data_tail;
}

void vp_trace_ring_free(struct vp_trace_ring *ring)
{
	free(ring->joined);
	*ring = (struct vp_trace_ring){ 0 };
}

/* `len` bytes from where the ring stands; they may go over its end. */
static const void *piece(struct vp_trace_ring *ring, size_t len)
{
	size_t from = ring->at & (ring->size - 1), first = ring->size - from;

	if (len <= first)
		return ring->data + from;
	if (!ring->joined)
		ring->joined = vp_alloc(RECORD_MOST, 1);
	memcpy(ring->joined, ring->data + from, first);
	memcpy((uint8_t *)ring->joined + first, ring->data, len - first);
	return ring->joined;
}

const void *vp_trace_ring_peek(struct vp_trace_ring *ring, size_t *len)
{
	uint64_t head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);
	uint64_t left = head - ring->at;
	struct perf_event_header header;

	if (!left)
		return NULL;
	if (left <= ring->size && left >= sizeof(header)) {
		memcpy(&header, piece(ring, sizeof(header)), sizeof(header));
		if (header.size >= sizeof(header) && header.size <= left) {
			*len = header.size;
			return piece(ring, header.size);
		}
	}
	ring->broken++; /* nothing up to there can be told apart */
	ring->at = head;
	return NULL;
}

void vp_trace_ring_skip(struct vp_trace_ring *ring, size_t len)
{
	ring->at += len;
}

void vp_trace_ring_release(struct vp_trace_ring *ring)
{
	__atomic_store_n(&ring->page->data_tail, ring->at, __ATOMIC_RELEASE);
}
