/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slices behind a string: each time the string occurs in a value, overlapping
 * ones too, so many bytes are passed over, and the next ones are the slice. The
 * value may come in parts; nothing of it is held but its last 8 bytes.
 */
#ifndef VP_INSPECTION_ANCHOR_H
#define VP_INSPECTION_ANCHOR_H

#include "modules/inspection/sink.h"

#define VP_ANCHOR_MOST	255u  /* bytes of the string */
#define VP_ANCHOR_REACH 4096u /* bytes from its end to the slice's */

/* What is looked for; immutable. */
struct vp_anchor;

/*
 * `skip` bytes behind the string a slice of `length`, at least 1; together at most
 * VP_ANCHOR_REACH. The string is copied. Owned by the caller.
 */
struct vp_anchor *vp_anchor_new(struct vp_slice string, uint32_t skip, uint32_t length);
void vp_anchor_free(struct vp_anchor *anchor);

/* Where in a value it is looked for: so many bytes of the caller's, zeroed at a beginning. */
size_t vp_anchor_place_size(const struct vp_anchor *anchor);

/* A slice is complete; `last` are the last 8 bytes, its own lowest. */
typedef void vp_anchor_found(void *context, uint64_t last);

/* `place` is aligned as a uint64_t. */
void vp_anchor_feed(const struct vp_anchor *anchor, uint64_t *place, struct vp_slice bytes,
		    vp_anchor_found *function, void *context);

#endif
