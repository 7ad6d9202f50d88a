/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Segments that came before their turn: copies of their bytes, in order of their start. */
#ifndef VP_INSPECTION_HELD_H
#define VP_INSPECTION_HELD_H

#include "modules/inspection/segment.h"

struct vp_held; /* NULL is an empty one; it holds no memory when nothing waits */

/* What is held in the place of a segment. */
enum vp_held_overlap {
	VP_HELD_NEW,   /* nothing, or the same bytes in a part of it */
	VP_HELD_SAME,  /* the same bytes everywhere, and the same FIN */
	VP_HELD_OTHER, /* somewhere another byte, or a FIN against a byte */
};

enum vp_held_overlap vp_held_compare(const struct vp_held *held,
				     const struct vp_segment *segment);

void vp_held_add(struct vp_held **held, const struct vp_segment *segment);

/* The one with the lowest start, valid until the next change; NULL when there is none. */
const struct vp_segment *vp_held_first(const struct vp_held *held);
void vp_held_drop_first(struct vp_held **held);

size_t vp_held_packets(const struct vp_held *held);
size_t vp_held_bytes(const struct vp_held *held);  /* of the segments */
size_t vp_held_memory(const struct vp_held *held); /* with what is needed to hold them */

#endif
