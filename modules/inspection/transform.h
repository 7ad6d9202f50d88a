/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transforms of a condition, applied to a value that may come in parts: the
 * result does not depend on where the parts were cut.
 */
#ifndef VP_INSPECTION_TRANSFORM_H
#define VP_INSPECTION_TRANSFORM_H

#include "modules/inspection/sink.h"
#include "policy/patch.h"

/* A chain of transforms in the middle of a value; opaque, of fixed size when made. */
struct vp_transformer;

/* Takes the transformed bytes of one step; `last` with the final ones (which may be none). */
typedef void vp_transformed(void *context, struct vp_slice bytes, bool last);

/*
 * For `count` transforms that yield bytes (not length, count, mask,
 * little-endian: those are read from the value's account, see unit.c).
 * Owned by the caller. `bound` is the most a transform that needs the whole
 * value (normalise-path) may hold.
 */
struct vp_transformer *vp_transformer_new(const struct vp_transform *transforms, size_t count,
					  size_t bound);
void vp_transformer_free(struct vp_transformer *transformer);

/* Back to the beginning of a value, keeping the memory. */
void vp_transformer_reset(struct vp_transformer *transformer);

/* Feed a part; calls `function` zero or more times. -ENOBUFS: the bound is reached. */
int vp_transformer_feed(struct vp_transformer *transformer, struct vp_slice bytes, bool last,
			vp_transformed *function, void *context);

#endif
