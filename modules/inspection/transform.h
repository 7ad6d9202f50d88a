/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transforms of a condition, applied to a value that may come in parts: the
 * result does not depend on where the parts were cut. Each takes any bytes, and
 * what it does not understand goes through as it is:
 *
 * lowercase       A-Z to a-z
 * url-decode      %XX to its byte, + to a blank; other uses of % stay (%uXXXX too)
 * base64          both alphabets, in groups of four from the first letter of either;
 *                 all other bytes, `=` among them, are skipped
 * hex             pairs of digits to bytes; what is none is skipped, and ends a half pair
 *                 ("0x41 42" and "\x41\x42" are "AB")
 * normalise-path  `//` and `/./` to `/`, `/x/../` to `/`; `/..` at the root is dropped, a
 *                 relative path keeps its leading `..`; a trailing `/` stays
 * remove-nulls    without its bytes 0
 * trim            without blanks, \t \n \v \f \r at both ends
 * html-entity     &#65; &#x41; and the names of printable ASCII and the blank to their
 *                 characters in UTF-8; numbers, &amp &lt &gt &quot and &nbsp also without `;`
 * utf-8           characters in their shortest form: overlong sequences, %uXXXX, and the
 *                 fullwidth forms U+FF01 to U+FF5E, U+3000 to ASCII
 */
#ifndef VP_INSPECTION_TRANSFORM_H
#define VP_INSPECTION_TRANSFORM_H

#include "modules/inspection/sink.h"
#include "policy/patch.h"

/* A chain of transforms in the middle of a value; opaque, of fixed size when made. */
struct vp_transformer;

/* Takes the transformed bytes of one step; `last` with the final ones (which may be none). */
typedef void vp_transformed(void *context, struct vp_slice bytes, bool last);

/* Does the transform yield bytes (not length, count, mask, little-endian)? */
bool vp_transform_yields_bytes(enum vp_transform_kind kind);

/*
 * For `count` transforms that yield bytes. Owned by the caller. `bound` is the
 * most that a transform which must look ahead (normalise-path, trim) may hold.
 */
struct vp_transformer *vp_transformer_new(const struct vp_transform *transforms, size_t count,
					  size_t bound);
void vp_transformer_free(struct vp_transformer *transformer);

/* Back to the beginning of a value, keeping the memory. */
void vp_transformer_reset(struct vp_transformer *transformer);

/*
 * Feed a part; calls `function` zero or more times, with all that can be told by
 * now. A whole value of which little is left by the transforms comes in one call.
 * -ENOBUFS: the bound is reached.
 */
int vp_transformer_feed(struct vp_transformer *transformer, struct vp_slice bytes, bool last,
			vp_transformed *function, void *context);

/* Bytes held. */
size_t vp_transformer_memory(const struct vp_transformer *transformer);

#endif
