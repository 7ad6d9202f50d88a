/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "did you mean": the nearest of some known words to a misspelt one. */
#ifndef VP_POLICY_SUGGEST_H
#define VP_POLICY_SUGGEST_H

#include <stddef.h>

/* The best candidate so far; start with { .text, .length }. */
struct vp_suggestion {
	const char *text; /* the misspelt word, not terminated */
	size_t length;
	const char *best; /* NULL: none is near */
	size_t distance;
};

/* Consider one known word (or NULL). Words of less than 3 letters have no near ones. */
void vp_suggest(struct vp_suggestion *suggestion, const char *candidate);

#endif
