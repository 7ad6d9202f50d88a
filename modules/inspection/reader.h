/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A reader: what one scope makes of one connection. It has the parser and the
 * unit, both made when bytes come and given back while the connection sleeps.
 */
#ifndef VP_INSPECTION_READER_H
#define VP_INSPECTION_READER_H

#include "modules/inspection/scope.h"
#include "modules/inspection/unit.h"

struct vp_reader {
	const struct vp_scope *scope; /* held */
	struct vp_parser *parser;     /* NULL: asleep, or not begun */
	struct vp_unit *unit;
	bool boundary; /* between messages */
	bool done;     /* nothing more is to be read */
	uint64_t fed;  /* bytes so far */
	bool told;     /* that it probably cannot be read */
};

/* What came of some bytes. */
struct vp_reading_result {
	struct vp_parsed parsed;
	struct vp_unit_hits hits; /* valid until the reader's next bytes */
	enum vp_unit_failure failure;
	size_t failed_rule;
};

/* Make it one of that scope, which it holds. */
void vp_reader_open(struct vp_reader *reader, const struct vp_scope *scope);
/* Give all of it back. */
void vp_reader_close(struct vp_reader *reader);

/* Does the scope read that direction? */
bool vp_scope_reads(const struct vp_scope *scope, enum vp_direction direction);

/* Give bytes to a reader that is not done. `flow` is of its scope's direction. */
struct vp_reading_result vp_reader_feed(struct vp_reader *reader,
					const struct vp_parser_limits *limits,
					const struct vp_unit_flow *flow,
					enum vp_direction direction, struct vp_slice bytes);

/* No more bytes come in that direction. */
struct vp_reading_result vp_reader_finish(struct vp_reader *reader,
					  enum vp_direction direction);

/* So many bytes that it said are skippable go by unread. */
void vp_reader_skip(struct vp_reader *reader, enum vp_direction direction, uint64_t count);

/* Give parser and unit back. */
void vp_reader_sleep(struct vp_reader *reader);

size_t vp_reader_memory(const struct vp_reader *reader);

#endif
