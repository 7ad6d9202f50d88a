/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The buffer that the kernel writes records into, read in place. Works on memory only: who
 * maps it says where it is.
 */
#ifndef VP_OBSERVE_RING_H
#define VP_OBSERVE_RING_H

#include <stddef.h>
#include <stdint.h>

#include <linux/perf_event.h>

struct vp_trace_ring {
	struct perf_event_mmap_page *page; /* not owned */
	const uint8_t *data;		   /* not owned */
	size_t size;			   /* of the data, a power of two */
	uint64_t at;			   /* the next record */
	uint64_t broken;		   /* how often what was found is no record */
	uint64_t *joined; /* a record that goes over the end, in one piece; owned */
};

void vp_trace_ring_init(struct vp_trace_ring *ring, struct perf_event_mmap_page *page,
			const void *data, size_t size);
void vp_trace_ring_free(struct vp_trace_ring *ring);

/* The next record, whole and aligned, until vp_trace_ring_skip(); NULL: there is none. */
const void *vp_trace_ring_peek(struct vp_trace_ring *ring, size_t *len);

/* Go past the record that was peeked at. */
void vp_trace_ring_skip(struct vp_trace_ring *ring, size_t len);

/* Give the kernel the room of what was skipped. */
void vp_trace_ring_release(struct vp_trace_ring *ring);

#endif
