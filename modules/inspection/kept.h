/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The past of a stream: the last bytes that were read, for comparison with what
 * comes again, and where bytes went by unread.
 */
#ifndef VP_INSPECTION_KEPT_H
#define VP_INSPECTION_KEPT_H

#include "modules/inspection/segment.h"

struct vp_kept; /* NULL: nothing is known of the past */

enum vp_kept_memory {
	VP_KEPT_SAME,	 /* read like that, or passed unread */
	VP_KEPT_UNKNOWN, /* part of it is no longer known, and the rest is the same */
	VP_KEPT_OTHER,	 /* another byte was read there, or a byte in the place of the FIN */
};

/*
 * Bytes that were read at `position`, not before what is there already. The last
 * `limit` of all bytes read are kept; memory grows with them and no further.
 */
void vp_kept_read(struct vp_kept **kept, size_t limit, uint64_t position,
		  struct vp_slice bytes);

/* Nothing was read from `from` up to `to`: any byte is right there. */
void vp_kept_skipped(struct vp_kept **kept, uint64_t from, uint64_t to);

enum vp_kept_memory vp_kept_compare(const struct vp_kept *kept,
				    const struct vp_segment *segment);

void vp_kept_free(struct vp_kept **kept);
size_t vp_kept_memory(const struct vp_kept *kept);

#endif
