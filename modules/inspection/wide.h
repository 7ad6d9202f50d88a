/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text in UTF-16 or UTF-32 made UTF-8, for readers of text that may come in any
 * of them (JSON, XML). Which it is, is seen by a byte order mark or by the zeros
 * of its first character, as RFC 4627, 3 has it; all else goes through as it is.
 */
#ifndef VP_INSPECTION_WIDE_H
#define VP_INSPECTION_WIDE_H

#include "modules/inspection/sink.h"

/* All zero at the beginning. */
struct vp_wide {
	bool known;	  /* what it is was seen */
	uint8_t width;	  /* bytes of a unit: 0 (as it is), 2, 4 */
	bool little;	  /* the lowest byte comes first */
	uint8_t first[4]; /* bytes that came before it was seen */
	uint8_t first_len;
	uint8_t got; /* bytes of the unit so far */
	uint32_t unit;
	uint16_t high; /* a high surrogate that waits for its other half */
};

/* Takes UTF-8; other than 0 ends the feed, which returns it. */
typedef int vp_wide_taken(void *context, struct vp_slice bytes);

int vp_wide_feed(struct vp_wide *wide, struct vp_slice bytes, vp_wide_taken *function,
		 void *context);
/* What was held because so few bytes came. */
int vp_wide_finish(struct vp_wide *wide, vp_wide_taken *function, void *context);

/* Write a character as UTF-8; `out` has room for 4; how many bytes it took. What is no
 * character is U+FFFD. */
size_t vp_utf8_put(uint32_t c, uint8_t *out);

#endif
