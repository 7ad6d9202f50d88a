/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes that come in pieces, kept until there are enough to be read at once.
 * Memory grows with the bytes that came, never with what a length field claims.
 */
#ifndef VP_INSPECTION_GATHER_H
#define VP_INSPECTION_GATHER_H

#include "modules/inspection/sink.h"

struct vp_gather {
	uint8_t *data;
	size_t len, cap;
};

/* Take from `bytes` until `want` are there; how many were taken (0 when they are). */
size_t vp_gather(struct vp_gather *gather, size_t want, struct vp_slice bytes);

/* Forget the bytes, and the memory when it is more than a few. */
void vp_gather_reset(struct vp_gather *gather);
void vp_gather_free(struct vp_gather *gather);

#endif
