/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The messages of a protocol that has no parser, found by what a service says
 * in `frame =`. The text is the canonical one that validation prints.
 *
 * Nothing is held: a message's bytes are handed on as they come, except those
 * that may yet turn out to be its delimiter.
 */
#ifndef VP_INSPECTION_FRAME_H
#define VP_INSPECTION_FRAME_H

#include "modules/inspection/sink.h"

enum vp_frame_kind { VP_FRAME_LENGTH, VP_FRAME_DELIMITER, VP_FRAME_FIXED };

struct vp_frame {
	enum vp_frame_kind kind;
	uint32_t at; /* length: offset of the length field from the message's first byte */
	unsigned int width; /* its bytes, 1 to 8 */
	bool little_endian;
	uint64_t plus, minus; /* the message has value + plus - minus bytes in all */
	uint8_t *delimiter;   /* not part of the message */
	size_t *shorter;      /* [i]: the longest proper prefix that ends delimiter[0..i] */
	size_t delimiter_len;
	uint64_t size; /* fixed */
};

/* False when the text is none of the forms; *frame is then empty. */
bool vp_frame_parse(struct vp_frame *frame, const char *text);
void vp_frame_free(struct vp_frame *frame);

/* Where one direction is within its message; all zero: between messages. */
struct vp_frame_place {
	uint64_t pos;	/* bytes of the message so far */
	uint64_t value; /* of the length field, as far as read */
	size_t matched; /* bytes of the delimiter held back */
};

/* What the next bytes are. */
struct vp_frame_step {
	const uint8_t *data; /* bytes of the message, maybe none; may point into *frame */
	size_t len;
	bool last;  /* the message ends with them */
	bool wrong; /* a length that has no room for its own field */
};

/* Take the next step; *bytes loses what is used, which may be
 * nothing when bytes that were held back come first. */
struct vp_frame_step vp_frame_next(const struct vp_frame *frame, struct vp_frame_place *place,
				   struct vp_slice *bytes);

/* The stream ends: the bytes held back, and whether a message is open. */
bool vp_frame_finish(const struct vp_frame *frame, struct vp_frame_place *place,
		     struct vp_frame_step *step);

#endif
