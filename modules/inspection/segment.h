/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A TCP segment at its position in the stream. Positions are sequence numbers
 * without the wrap at 2^32: 64 bits, the same distance apart.
 */
#ifndef VP_INSPECTION_SEGMENT_H
#define VP_INSPECTION_SEGMENT_H

#include "modules/inspection/sink.h"

struct vp_segment {
	uint64_t start;	 /* position of the first byte */
	uint64_t packet; /* the caller's number */
	struct vp_slice bytes;
	bool fin, urgent;
};

/* Behind the last byte. */
static inline uint64_t vp_segment_end(const struct vp_segment *segment)
{
	return segment->start + segment->bytes.len;
}

/* Likewise, when a FIN counts as one more (RFC 9293, 3.4). */
static inline uint64_t vp_segment_reach(const struct vp_segment *segment)
{
	return vp_segment_end(segment) + segment->fin;
}

#endif
