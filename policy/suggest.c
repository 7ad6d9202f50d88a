/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nearest words by edit distance, for error messages only: see suggest.h. */
#include "policy/suggest.h"

#include <string.h>

#define WORD_MAX 48

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * Letters to insert, delete, replace or swap with their neighbour; of a distance
 * above `limit` only that it is.
 */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len, size_t limit)
{
	size_t rows[3][WORD_MAX + 1];

	if (a_len > b_len + limit || b_len > a_len + limit)
		return limit + 1;
	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *row = rows[i % 3], *last = rows[(i + 2) % 3];
		const size_t *before = rows[(i + 1) % 3];
		size_t least = i;

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			row[j] = smaller(smaller(row[j - 1], last[j]) + 1,
					 last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = smaller(row[j], before[j - 2] + 1);
			least = smaller(least, row[j]);
		}
		/* from one row to the next the least grows by 1 at most, and never shrinks */
		if (least > limit)
			return least;
	}
	return rows[a_len % 3][b_len];
}

void vp_suggest(struct vp_suggestion *suggestion, const char *candidate)
{
	size_t length = candidate ? strlen(candidate) : 0, d;
	size_t limit = 1 + suggestion->length / 4;

	if (!length || suggestion->length < 3 || suggestion->length > WORD_MAX ||
	    length > WORD_MAX)
		return;
	d = distance(suggestion->text, suggestion->length, candidate, length, limit);
	if (d <= limit && (!suggestion->best || d < suggestion->distance)) {
		suggestion->best = candidate;
		suggestion->distance = d;
	}
}
