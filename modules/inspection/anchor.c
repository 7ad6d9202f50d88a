/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slices behind a string: see anchor.h. The string is found without going back
 * (Knuth, Morris and Pratt); where it ended is a bit of a ring as long as the way
 * from there to the slice's end.
 */
#include "modules/inspection/anchor.h"

#include <string.h>

#include "lib/memory.h"

struct vp_anchor {
	uint8_t string[VP_ANCHOR_MOST];
	uint8_t shorter[VP_ANCHOR_MOST]; /* of a prefix, what a mismatch leaves */
	uint32_t len;
	uint32_t window; /* bytes from the string's end to the slice's */
};

struct place {
	uint64_t last;	  /* 8 bytes */
	uint32_t at;	  /* in the ring */
	uint32_t pending; /* bits that are set */
	uint32_t matched; /* of the string */
	uint32_t unused;
	uint64_t ring[];
};

struct vp_anchor *vp_anchor_new(struct vp_slice string, uint32_t skip, uint32_t length)
{
	struct vp_anchor *anchor = vp_new(struct vp_anchor);
	uint32_t k = 0;

	anchor->len = (uint32_t)string.len;
	anchor->window = skip + length;
	memcpy(anchor->string, string.data, string.len);
	for (uint32_t i = 1; i < anchor->len; i++) {
		while (k && anchor->string[k] != anchor->string[i])
			k = anchor->shorter[k - 1];
		k += anchor->string[k] == anchor->string[i];
		anchor->shorter[i] = (uint8_t)k;
	}
	return anchor;
}

void vp_anchor_free(struct vp_anchor *anchor)
{
	free(anchor);
}

size_t vp_anchor_place_size(const struct vp_anchor *anchor)
{
	return sizeof(struct place) + (anchor->window / 64 + 1) * sizeof(uint64_t);
}

/* Does the string end with this byte? */
static bool ends(const struct vp_anchor *anchor, struct place *place, uint8_t byte)
{
	while (place->matched && anchor->string[place->matched] != byte)
		place->matched = anchor->shorter[place->matched - 1];
	place->matched += anchor->string[place->matched] == byte;
	if (place->matched < anchor->len)
		return false;
	place->matched = anchor->shorter[anchor->len - 1];
	return true;
}

static void step(const struct vp_anchor *anchor, struct place *place, uint8_t byte,
		 vp_anchor_found *function, void *context)
{
	uint64_t *word, bit;

	place->last = place->last << 8 | byte;
	place->at = place->at + 1 == anchor->window ? 0 : place->at + 1;
	word = &place->ring[place->at / 64];
	bit = UINT64_C(1) << place->at % 64;
	if (*word & bit) {
		*word &= ~bit;
		place->pending--;
		function(context, place->last);
	}
	if (ends(anchor, place, byte)) {
		*word |= bit;
		place->pending++;
	}
}

void vp_anchor_feed(const struct vp_anchor *anchor, uint64_t *memory, struct vp_slice bytes,
		    vp_anchor_found *function, void *context)
{
	struct place *place = (struct place *)memory;
	size_t at = 0;

	while (at < bytes.len) {
		if (!place->matched && !place->pending) {
			const uint8_t *first =
				memchr(bytes.data + at, anchor->string[0], bytes.len - at);

			if (!first)
				return;
			at = (size_t)(first - bytes.data);
		}
		step(anchor, place, bytes.data[at++], function, context);
	}
}
