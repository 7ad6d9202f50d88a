/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a protocol parser puts what it found: one unit of evaluation after the
 * other (HTTP transaction, DNS message, frame, command line, datagram), each a
 * set of field values. The matcher is one sink (unit.h), tests record into
 * another; a parser knows neither.
 *
 * The order within a unit: begin, values in any order, a final for each phase,
 * end. Values of one field may come several times (headers of one name, form
 * fields): a condition holds when any of them satisfies it.
 */
#ifndef VP_INSPECTION_SINK_H
#define VP_INSPECTION_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/field.h"

/* Fields of a phase are complete when it is final. A unit without a head has VP_PHASE_END
 * only. */
enum vp_phase { VP_PHASE_HEAD, VP_PHASE_END };

/*
 * A value arrives whole, or in parts: FIRST, any number of MORE, LAST. Of each
 * field one value may be open at a time; a part's name is read with FIRST only.
 */
enum vp_part { VP_PART_WHOLE, VP_PART_FIRST, VP_PART_MORE, VP_PART_LAST };

/* A slice of foreign bytes; not owned, valid during the call. */
struct vp_slice {
	const uint8_t *data;
	size_t len;
};

struct vp_sink;

struct vp_sink_operations {
	void (*begin)(struct vp_sink *sink);

	/* A number: status code, version, record length. */
	void (*number)(struct vp_sink *sink, enum vp_field_id field, uint64_t value);

	/*
	 * Bytes. `name` is what the field's argument is compared with (header name,
	 * parameter, JSON path); empty for fields without one.
	 */
	void (*bytes)(struct vp_sink *sink, enum vp_field_id field, struct vp_slice name,
		      struct vp_slice value, enum vp_part part);

	void (*final)(struct vp_sink *sink, enum vp_phase phase);
	void (*end)(struct vp_sink *sink);

	/* Does any rule read the field? A parser may leave out what none does. */
	bool (*wants)(const struct vp_sink *sink, enum vp_field_id field);

	/*
	 * May a value of the field still matter in the open unit? Narrower than
	 * wants(), and of this unit only: once the head is final, a body is awaited only
	 * where some rule that reads it has not yet become false. NULL: as wants().
	 */
	bool (*awaits)(const struct vp_sink *sink, enum vp_field_id field);
};

struct vp_sink {
	const struct vp_sink_operations *operations;
};

#endif
