/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transforms that decode: url-decode, base64, hex; see transform.h for what each accepts. */
#include "modules/inspection/transform_stage.h"

/* phase: digits read behind a `%` and kept in bytes, plus one; 0: outside */
static void url_byte(struct vp_stage *stage, uint8_t byte)
{
	struct vp_stage_state *s = &stage->state;

	if (s->phase && vp_stage_digit(byte) >= 0) {
		s->number = s->number << 4 | (uint32_t)vp_stage_digit(byte);
		s->bytes[s->phase++] = byte;
		if (s->phase < 3)
			return;
		s->phase = 0;
		vp_stage_put(stage, (uint8_t)s->number);
		return;
	}
	vp_stage_put_all(stage, s->bytes, s->phase);
	s->phase = 0;
	if (byte == '%') {
		s->bytes[0] = '%';
		s->phase = 1;
		s->number = 0;
	} else {
		vp_stage_put(stage, byte == '+' ? ' ' : byte);
	}
}

static void url_decode(struct vp_stage *stage, struct vp_slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		url_byte(stage, bytes.data[i]);
}

static void url_end(struct vp_stage *stage)
{
	vp_stage_put_all(stage, stage->state.bytes, stage->state.phase);
	stage->state.phase = 0;
}

const struct vp_stage_type vp_stage_url_decode = { url_decode, url_end };

static int base64_value(uint8_t byte)
{
	if (byte >= 'A' && byte <= 'Z')
		return byte - 'A';
	if (byte >= 'a' && byte <= 'z')
		return byte - 'a' + 26;
	if (byte >= '0' && byte <= '9')
		return byte - '0' + 52;
	if (byte == '+' || byte == '-')
		return 62;
	return byte == '/' || byte == '_' ? 63 : -1;
}

/* number: bits that do not make a byte yet; count of them */
static void base64(struct vp_stage *stage, struct vp_slice bytes)
{
	struct vp_stage_state *s = &stage->state;

	for (size_t i = 0; i < bytes.len; i++) {
		int value = base64_value(bytes.data[i]);

		if (value < 0)
			continue;
		s->number = s->number << 6 | (uint32_t)value;
		s->count += 6;
		if (s->count < 8)
			continue;
		s->count -= 8;
		vp_stage_put(stage, (uint8_t)(s->number >> s->count));
		s->number &= (1u << s->count) - 1;
	}
}

const struct vp_stage_type vp_stage_base64 = { .feed = base64 };

/* number: the first digit of a pair; phase 1: there is one */
static void hex(struct vp_stage *stage, struct vp_slice bytes)
{
	struct vp_stage_state *s = &stage->state;

	for (size_t i = 0; i < bytes.len; i++) {
		int value = vp_stage_digit(bytes.data[i]);

		if (value >= 0 && s->phase)
			vp_stage_put(stage, (uint8_t)(s->number << 4 | (uint32_t)value));
		s->phase = value >= 0 && !s->phase;
		s->number = (uint32_t)value & 15;
	}
}

const struct vp_stage_type vp_stage_hex = { .feed = hex };
