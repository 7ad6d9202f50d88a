/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One transform in a chain: bytes in, bytes out to the next one. Internal to transform*.c. */
#ifndef VP_INSPECTION_TRANSFORM_STAGE_H
#define VP_INSPECTION_TRANSFORM_STAGE_H

#include "modules/inspection/transform.h"

#define VP_STAGE_OUT 1024u

/* What a stage keeps between two bytes; one meaning for each transform. */
struct vp_stage_state {
	uint32_t phase;	   /* where in its input the stage is */
	uint32_t number;   /* what it has read so far: digits, bits, a character */
	uint32_t count;	   /* of them */
	uint8_t bytes[40]; /* read, and not yet known to be of a sequence */
	uint32_t len;
};

struct vp_stage {
	const struct vp_stage_type *type;
	struct vp_transformer *owner;
	struct vp_stage *next; /* NULL: the chain's caller */
	struct vp_stage_state state;
	uint8_t *held; /* bytes that cannot go on before others came; at most the bound */
	size_t held_len, held_cap;
	size_t used; /* of out */
	uint8_t out[VP_STAGE_OUT];
};

/* The stages of one kind of transform. */
struct vp_stage_type {
	void (*feed)(struct vp_stage *stage, struct vp_slice bytes);
	void (*end)(struct vp_stage *stage); /* the value is over; NULL: nothing is left */
};

/* Hand what is in `out` to the next stage. */
void vp_stage_flush(struct vp_stage *stage, bool last);

static inline void vp_stage_put(struct vp_stage *stage, uint8_t byte)
{
	if (stage->used == VP_STAGE_OUT)
		vp_stage_flush(stage, false);
	stage->out[stage->used++] = byte;
}

void vp_stage_put_all(struct vp_stage *stage, const uint8_t *bytes, size_t len);

/* A character as UTF-8 in its shortest form; U+FFFD for what is none. */
void vp_stage_put_character(struct vp_stage *stage, uint32_t character);

/* Keep a byte; past the bound the chain fails. */
void vp_stage_hold(struct vp_stage *stage, uint8_t byte);

/* 0 to 15, or -1: no hexadecimal digit */
int vp_stage_digit(uint8_t byte);

extern const struct vp_stage_type vp_stage_url_decode, vp_stage_base64, vp_stage_hex,
	vp_stage_html_entity, vp_stage_utf_8, vp_stage_normalise_path;

#endif
