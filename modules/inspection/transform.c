/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chains of transforms, and those that need no decoding: lowercase,
 * remove-nulls, trim. Each stage collects its output and hands it on when that
 * is full or its input is, so that nothing which can be judged waits for what
 * may never come, and a short value in one part leaves the chain in one piece.
 */
#include "modules/inspection/transform.h"

#include <errno.h>

#include "lib/memory.h"
#include "modules/inspection/transform_stage.h"

struct vp_transformer {
	size_t count, bound;
	int error;
	vp_transformed *function; /* of the present call */
	void *context;
	struct vp_stage stages[];
};

static void step(struct vp_stage *stage, struct vp_slice bytes, bool last)
{
	stage->type->feed(stage, bytes);
	if (!last)
		return;
	if (stage->type->end)
		stage->type->end(stage);
	vp_stage_flush(stage, true);
}

void vp_stage_flush(struct vp_stage *stage, bool last)
{
	struct vp_slice bytes = { stage->out, stage->used };

	stage->used = 0;
	if (stage->next)
		step(stage->next, bytes, last);
	else if (!stage->owner->error)
		stage->owner->function(stage->owner->context, bytes, last);
}

void vp_stage_put_all(struct vp_stage *stage, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		vp_stage_put(stage, bytes[i]);
}

void vp_stage_put_character(struct vp_stage *stage, uint32_t character)
{
	if (!character || character > 0x10ffff || (character >= 0xd800 && character <= 0xdfff))
		character = 0xfffd;
	if (character < 0x80) {
		vp_stage_put(stage, (uint8_t)character);
		return;
	}
	if (character < 0x800) {
		vp_stage_put(stage, (uint8_t)(0xc0 | character >> 6));
	} else {
		if (character < 0x10000) {
			vp_stage_put(stage, (uint8_t)(0xe0 | character >> 12));
		} else {
			vp_stage_put(stage, (uint8_t)(0xf0 | character >> 18));
			vp_stage_put(stage, (uint8_t)(0x80 | (character >> 12 & 0x3f)));
		}
		vp_stage_put(stage, (uint8_t)(0x80 | (character >> 6 & 0x3f)));
	}
	vp_stage_put(stage, (uint8_t)(0x80 | (character & 0x3f)));
}

void vp_stage_hold(struct vp_stage *stage, uint8_t byte)
{
	if (stage->held_len >= stage->owner->bound) {
		stage->owner->error = -ENOBUFS;
		return;
	}
	if (stage->held_len == stage->held_cap) {
		stage->held_cap = stage->held_cap ? 2 * stage->held_cap : 256;
		stage->held = vp_realloc(stage->held, stage->held_cap, 1);
	}
	stage->held[stage->held_len++] = byte;
}

int vp_stage_digit(uint8_t byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	byte |= 0x20;
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static void lowercase(struct vp_stage *stage, struct vp_slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		uint8_t byte = bytes.data[i];

		vp_stage_put(stage, byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte);
	}
}

static void remove_nulls(struct vp_stage *stage, struct vp_slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		if (bytes.data[i])
			vp_stage_put(stage, bytes.data[i]);
}

/* Blanks are held: whether they are inside or at the end shows later. */
static void trim(struct vp_stage *stage, struct vp_slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		uint8_t byte = bytes.data[i];

		if (byte == ' ' || (byte >= '\t' && byte <= '\r')) {
			if (stage->state.phase)
				vp_stage_hold(stage, byte);
			continue;
		}
		stage->state.phase = 1;
		vp_stage_put_all(stage, stage->held, stage->held_len);
		stage->held_len = 0;
		vp_stage_put(stage, byte);
	}
}

static const struct vp_stage_type stage_lowercase = { .feed = lowercase };
static const struct vp_stage_type stage_remove_nulls = { .feed = remove_nulls };
static const struct vp_stage_type stage_trim = { .feed = trim };

static const struct vp_stage_type *const stage_types[VP_TRANSFORM_COUNT] = {
	[VP_TRANSFORM_LOWERCASE] = &stage_lowercase,
	[VP_TRANSFORM_URL_DECODE] = &vp_stage_url_decode,
	[VP_TRANSFORM_BASE64] = &vp_stage_base64,
	[VP_TRANSFORM_HEX] = &vp_stage_hex,
	[VP_TRANSFORM_NORMALISE_PATH] = &vp_stage_normalise_path,
	[VP_TRANSFORM_REMOVE_NULLS] = &stage_remove_nulls,
	[VP_TRANSFORM_TRIM] = &stage_trim,
	[VP_TRANSFORM_HTML_ENTITY] = &vp_stage_html_entity,
	[VP_TRANSFORM_UTF_8] = &vp_stage_utf_8,
};

bool vp_transform_yields_bytes(enum vp_transform_kind kind)
{
	return (unsigned int)kind < VP_TRANSFORM_COUNT && stage_types[kind];
}

struct vp_transformer *vp_transformer_new(const struct vp_transform *transforms, size_t count,
					  size_t bound)
{
	struct vp_transformer *transformer =
		vp_alloc(1, sizeof(*transformer) + count * sizeof(transformer->stages[0]));

	transformer->count = count;
	transformer->bound = bound;
	for (size_t i = 0; i < count; i++) {
		struct vp_stage *stage = &transformer->stages[i];

		stage->type = stage_types[transforms[i].kind];
		stage->owner = transformer;
		stage->next = i + 1 < count ? stage + 1 : NULL;
	}
	return transformer;
}

void vp_transformer_free(struct vp_transformer *transformer)
{
	if (!transformer)
		return;
	for (size_t i = 0; i < transformer->count; i++)
		free(transformer->stages[i].held);
	free(transformer);
}

void vp_transformer_reset(struct vp_transformer *transformer)
{
	transformer->error = 0;
	for (size_t i = 0; i < transformer->count; i++) {
		struct vp_stage *stage = &transformer->stages[i];

		stage->state = (struct vp_stage_state){ 0 };
		stage->held_len = stage->used = 0;
	}
}

/* What is ready after a part that is not the last. */
static void flush(struct vp_transformer *transformer)
{
	for (size_t i = 0; i < transformer->count; i++)
		if (transformer->stages[i].used)
			vp_stage_flush(&transformer->stages[i], false);
}

int vp_transformer_feed(struct vp_transformer *transformer, struct vp_slice bytes, bool last,
			vp_transformed *function, void *context)
{
	if (transformer->error)
		return transformer->error;
	transformer->function = function;
	transformer->context = context;
	if (transformer->count)
		step(&transformer->stages[0], bytes, last);
	else
		function(context, bytes, last);
	if (!last)
		flush(transformer);
	return transformer->error;
}

size_t vp_transformer_memory(const struct vp_transformer *transformer)
{
	size_t bytes = sizeof(*transformer);

	for (size_t i = 0; i < transformer->count; i++)
		bytes += sizeof(transformer->stages[i]) + transformer->stages[i].held_cap;
	return bytes;
}
