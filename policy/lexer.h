/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the value of one entry: words, typed values, conditions.
 *
 * A lexer reports at most one finding: after it every read fails quietly, so a
 * reader may read on and return once.
 */
#ifndef VP_POLICY_LEXER_H
#define VP_POLICY_LEXER_H

#include "policy/definition.h"

struct vp_lexer {
	const char *file;
	const char *start, *end; /* of the value */
	const char *next;	 /* not yet read */
	uint32_t line, column;	 /* of `start` */
	bool failed;
	struct vp_findings *findings;
};

struct vp_lexer vp_lexer_of(const struct vp_definition *definition,
			    const struct vp_entry *entry, struct vp_findings *findings);

struct vp_location vp_lexer_at(const struct vp_lexer *lexer, const char *p);

/* Report "expected EXPECTED, found what is at `p`, e.g. EXAMPLE" (example may be NULL).
 * Returns false. */
bool vp_lexer_expected(struct vp_lexer *lexer, const char *p, const char *expected,
		       const char *example);

/* Report a text of its own. Returns false. */
bool vp_lexer_fail(struct vp_lexer *lexer, const char *p, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Skip blanks; true when nothing but a comment is left (or after a failure). */
bool vp_lexer_end(struct vp_lexer *lexer);

/* Skip blanks, then this very character; false without a finding when it is not there. */
bool vp_lexer_skip(struct vp_lexer *lexer, char c);

/* The longest run of letters, digits, '_', '-', '.' and the characters of `more`. 0: none. */
size_t vp_lexer_word(struct vp_lexer *lexer, const char *more, const char **word);

/* Skip blanks, then exactly this word; false without a finding when it is not there. */
bool vp_lexer_take(struct vp_lexer *lexer, const char *expected);

/* The rest of the value up to a comment, without blanks at its ends. Quotes protect " ;". */
size_t vp_lexer_text(struct vp_lexer *lexer, const char **text);

/* One value. On failure a finding was made and *out is empty. */
bool vp_lexer_value(struct vp_lexer *lexer, struct vp_value *out);

/* VALUE {, VALUE} up to the end. What was read stays in `out` also on failure. */
bool vp_lexer_values(struct vp_lexer *lexer, struct vp_values *out);

/* 0 to 15, or -1. */
int vp_hex_digit(char c);

/* A number: decimal or 0x hexadecimal. */
bool vp_lexer_number(struct vp_lexer *lexer, uint64_t *number);

/* A condition, up to the end. What was read stays in `out` also on failure. */
bool vp_lexer_condition(struct vp_lexer *lexer, struct vp_condition *out);

#endif
