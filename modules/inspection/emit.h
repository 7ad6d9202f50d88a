/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Short ways for a parser to put things into its sink. */
#ifndef VP_INSPECTION_EMIT_H
#define VP_INSPECTION_EMIT_H

#include "modules/inspection/sink.h"

static inline void vp_emit_begin(struct vp_sink *sink)
{
	sink->operations->begin(sink);
}

/* Final and end of a unit without a head. */
static inline void vp_emit_end(struct vp_sink *sink)
{
	sink->operations->final(sink, VP_PHASE_END);
	sink->operations->end(sink);
}

static inline void vp_emit_number(struct vp_sink *sink, enum vp_field_id field, uint64_t value)
{
	sink->operations->number(sink, field, value);
}

/* A whole value, without a name. */
static inline void vp_emit_bytes(struct vp_sink *sink, enum vp_field_id field,
				 const void *data, size_t len)
{
	sink->operations->bytes(sink, field, (struct vp_slice){ 0 },
				(struct vp_slice){ data, len }, VP_PART_WHOLE);
}

/* The next bytes of a value without a name; *open says whether it has begun. */
static inline void vp_emit_part(struct vp_sink *sink, enum vp_field_id field, bool *open,
				const void *data, size_t len, bool last)
{
	enum vp_part part = *open ? (last ? VP_PART_LAST : VP_PART_MORE)
				  : (last ? VP_PART_WHOLE : VP_PART_FIRST);

	if (!len && !last)
		return;
	sink->operations->bytes(sink, field, (struct vp_slice){ 0 },
				(struct vp_slice){ data, len }, part);
	*open = !last;
}

#endif
