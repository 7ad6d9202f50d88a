/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sink that writes down what a protocol parser finds, as text that does not
 * depend on how the parser's input was cut:
 *
 *	unit
 *	http.method: GET
 *	http.header(Host): example.org
 *	head
 *	http.request_body: a=1
 *	end
 *
 * Parts are joined. Within a phase the values are in order of the table's
 * fields, those of one field in the order they began. A byte that is not
 * printable ASCII, and the backslash, is \xHH. A name that is not empty follows
 * its field in parentheses.
 */
#ifndef VP_TESTS_RECORD_H
#define VP_TESTS_RECORD_H

#include "lib/memory.h"
#include "lib/strbuf.h"
#include "modules/inspection/sink.h"

struct vp_record_value {
	enum vp_field_id field;
	struct vp_strbuf name, bytes;
	bool open;
};

struct vp_record {
	struct vp_sink sink;
	bool unwanted[VP_FIELD_COUNT]; /* what wants() denies; all false: everything is wanted
					*/
	VP_ARRAY(struct vp_record_value) values; /* of the phase that is not final yet */
	bool inside;				 /* between begin and end */
	bool ended;				 /* VP_PHASE_END is final */
	struct vp_strbuf text;			 /* of the units so far */
	size_t units;				 /* begun */
	const char *fault;			 /* the first breach of the sink's contract */
};

void vp_record_open(struct vp_record *record);
void vp_record_close(struct vp_record *record);

/* Forget what was written, not what is wanted. */
void vp_record_clear(struct vp_record *record);

/* What was written; an open unit's values that are not final yet come last, behind "open". */
const char *vp_record_text(struct vp_record *record);

#endif
