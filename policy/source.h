/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of a text, strictly: what INI libraries hide (continuations, split or
 * truncated lines, NUL bytes, comments inside quotes) is an error or arrives whole.
 */
#ifndef VP_POLICY_SOURCE_H
#define VP_POLICY_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/policy.h"

/* Longest file of definitions or overrides, and longest set file. */
#define VP_DEFINITION_MAX (1u << 20)
#define VP_SET_FILE_MAX	  (16u << 20)

#define VP_NAME_MAX 64

/* One meaningful line; the slices point into the text. */
struct vp_line {
	bool section; /* [name], else name = value */
	bool bad; /* a finding was made: only the name, so far as it can be told, is good */
	const char *name;  /* between the brackets, or the key */
	const char *value; /* of a key: as written, without blanks at its ends; comments still
			      in it */
	uint32_t name_len, value_len;
	uint32_t number; /* from 1 */
	uint32_t column; /* of the name of a section or the value of a key, from 1 */
};

typedef void vp_line_handler(void *context, const struct vp_line *line);

/* Call `each` for every section and key of an INI text, in order. Findings for all other
 * lines. */
void vp_source_read(const struct vp_text *text, struct vp_findings *findings,
		    vp_line_handler *each, void *context);

/* Likewise for a set file: `value` is the line; blank lines and # comments are left out. */
void vp_source_read_list(const struct vp_text *text, struct vp_findings *findings,
			 vp_line_handler *each, void *context);

#endif
