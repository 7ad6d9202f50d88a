/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transforms of characters: html-entity (HTML Living Standard, "Named character
 * references" and "Numeric character reference state") and utf-8 (RFC 3629, and
 * the overlong forms that it forbids).
 */
#include <string.h>

#include "lib/memory.h"
#include "modules/inspection/transform_stage.h"

static const struct {
	const char *name;
	uint32_t character;
	bool bare; /* known without `;` too */
} entities[] = {
	{ "amp", '&', true },
	{ "AMP", '&', true },
	{ "lt", '<', true },
	{ "LT", '<', true },
	{ "gt", '>', true },
	{ "GT", '>', true },
	{ "quot", '"', true },
	{ "QUOT", '"', true },
	{ "nbsp", 0xa0, true },
	{ "apos", '\'', false },
	{ "Tab", '\t', false },
	{ "NewLine", '\n', false },
	{ "excl", '!', false },
	{ "num", '#', false },
	{ "dollar", '$', false },
	{ "percnt", '%', false },
	{ "lpar", '(', false },
	{ "rpar", ')', false },
	{ "ast", '*', false },
	{ "midast", '*', false },
	{ "plus", '+', false },
	{ "comma", ',', false },
	{ "period", '.', false },
	{ "sol", '/', false },
	{ "colon", ':', false },
	{ "semi", ';', false },
	{ "equals", '=', false },
	{ "quest", '?', false },
	{ "commat", '@', false },
	{ "lsqb", '[', false },
	{ "lbrack", '[', false },
	{ "bsol", '\\', false },
	{ "rsqb", ']', false },
	{ "rbrack", ']', false },
	{ "Hat", '^', false },
	{ "lowbar", '_', false },
	{ "UnderBar", '_', false },
	{ "grave", '`', false },
	{ "DiacriticalGrave", '`', false },
	{ "lcub", '{', false },
	{ "lbrace", '{', false },
	{ "verbar", '|', false },
	{ "vert", '|', false },
	{ "VerticalLine", '|', false },
	{ "rcub", '}', false },
	{ "rbrace", '}', false },
};

#define NAME_MAX_LEN 16u /* of the names above */

/* phases of html-entity */
enum { OUTSIDE, NAME, NUMBER_SIGN, HEX_SIGN, DECIMAL, HEXADECIMAL };

/* The entity named by all of bytes[1..len), or by their longest known beginning when bare. */
static bool entity_find(const struct vp_stage_state *s, bool bare, uint32_t *character,
			size_t *taken)
{
	*taken = 0;
	for (size_t i = 0; i < VP_COUNT(entities); i++) {
		size_t len = strlen(entities[i].name);

		if (len + 1 > s->len || (bare ? !entities[i].bare : len + 1 != s->len))
			continue;
		if (memcmp(entities[i].name, s->bytes + 1, len) != 0 || len < *taken)
			continue;
		*character = entities[i].character;
		*taken = len;
	}
	return *taken;
}

/* The sequence is over; true: `byte`, its semicolon, is used up. */
static bool entity_end(struct vp_stage *stage, int byte)
{
	struct vp_stage_state *s = &stage->state;
	uint32_t phase = s->phase;
	uint32_t character = 0;
	size_t taken;

	s->phase = OUTSIDE;
	if (phase == DECIMAL || phase == HEXADECIMAL) {
		vp_stage_put_character(stage, s->number);
		return byte == ';';
	}
	if (phase == NAME && byte == ';' && entity_find(s, false, &character, &taken)) {
		vp_stage_put_character(stage, character);
		return true;
	}
	if (phase == NAME && entity_find(s, true, &character, &taken)) {
		vp_stage_put_character(stage, character);
		vp_stage_put_all(stage, s->bytes + 1 + taken, s->len - 1 - taken);
		return false;
	}
	vp_stage_put_all(stage, s->bytes, s->len);
	return false;
}

/* Does `byte` go on with the sequence? */
static bool entity_more(struct vp_stage_state *s, uint8_t byte)
{
	int digit = vp_stage_digit(byte);
	bool decimal = digit >= 0 && digit <= 9;
	uint32_t base = 16;

	if (s->phase == NAME && s->len == 1 && byte == '#') {
		s->phase = NUMBER_SIGN;
	} else if (s->phase == NAME) {
		if (s->len > NAME_MAX_LEN ||
		    !(decimal || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z')))
			return false;
	} else if (s->phase == NUMBER_SIGN && (byte | 0x20) == 'x') {
		s->phase = HEX_SIGN;
	} else {
		if (s->phase == NUMBER_SIGN || s->phase == DECIMAL)
			base = 10;
		if (digit < 0 || (base == 10 && !decimal))
			return false;
		s->number = s->number * base + (uint32_t)digit;
		if (s->number > 0x10ffff)
			s->number = 0x110000;
		s->phase = base == 10 ? DECIMAL : HEXADECIMAL;
		return true;
	}
	s->bytes[s->len++] = byte;
	return true;
}

static void html_entity(struct vp_stage *stage, struct vp_slice bytes)
{
	struct vp_stage_state *s = &stage->state;

	for (size_t i = 0; i < bytes.len; i++) {
		uint8_t byte = bytes.data[i];

		if (s->phase != OUTSIDE && (entity_more(s, byte) || entity_end(stage, byte)))
			continue;
		if (byte != '&') {
			vp_stage_put(stage, byte);
			continue;
		}
		s->phase = NAME;
		s->bytes[0] = byte;
		s->len = 1;
		s->number = 0;
	}
}

static void html_end(struct vp_stage *stage)
{
	if (stage->state.phase != OUTSIDE)
		entity_end(stage, -1);
}

const struct vp_stage_type vp_stage_html_entity = { html_entity, html_end };

/* utf-8. phase: bytes still to come of a sequence, or ESCAPE + hexadecimal digits read */

#define ESCAPE 16u /* behind `%`; + 1 behind `%u` */

static void folded(struct vp_stage *stage, uint32_t character)
{
	if (character >= 0xff01 && character <= 0xff5e)
		character -= 0xff01 - '!';
	else if (character == 0x3000)
		character = ' ';
	if (character)
		vp_stage_put_character(stage, character);
	else
		vp_stage_put(stage, 0);
}

static void utf_8_literal(struct vp_stage *stage)
{
	vp_stage_put_all(stage, stage->state.bytes, stage->state.len);
	stage->state.len = stage->state.phase = 0;
}

/* Half of a surrogate pair, and what is beyond Unicode, stays as it was written. */
static void utf_8_character(struct vp_stage *stage)
{
	struct vp_stage_state *s = &stage->state;

	if (s->number > 0x10ffff || (s->number >= 0xd800 && s->number <= 0xdfff)) {
		utf_8_literal(stage);
		return;
	}
	folded(stage, s->number);
	s->len = s->phase = 0;
}

/* Does `byte` go on with the sequence? */
static bool utf_8_more(struct vp_stage *stage, uint8_t byte)
{
	struct vp_stage_state *s = &stage->state;
	int digit = vp_stage_digit(byte);

	if (s->phase < ESCAPE) {
		if ((byte & 0xc0) != 0x80)
			return false;
		s->number = s->number << 6 | (byte & 0x3f);
		s->phase--;
	} else if (s->phase == ESCAPE) {
		if ((byte | 0x20) != 'u')
			return false;
		s->phase++;
	} else {
		if (digit < 0)
			return false;
		s->number = s->number << 4 | (uint32_t)digit;
		s->phase = s->phase == ESCAPE + 4 ? 0 : s->phase + 1;
	}
	s->bytes[s->len++] = byte;
	if (!s->phase)
		utf_8_character(stage);
	return true;
}

static void utf_8_first(struct vp_stage *stage, uint8_t byte)
{
	struct vp_stage_state *s = &stage->state;

	s->number = 0;
	if (byte == '%')
		s->phase = ESCAPE;
	else if (byte >= 0xfc && byte <= 0xfd)
		s->phase = 5;
	else if (byte >= 0xf8 && byte <= 0xfb)
		s->phase = 4;
	else if (byte >= 0xf0 && byte <= 0xf7)
		s->phase = 3;
	else if (byte >= 0xe0 && byte <= 0xef)
		s->phase = 2;
	else if (byte >= 0xc0 && byte <= 0xdf)
		s->phase = 1;
	if (!s->phase) {
		vp_stage_put(stage, byte);
		return;
	}
	if (s->phase < ESCAPE)
		s->number = byte & (0x3fu >> s->phase);
	s->bytes[0] = byte;
	s->len = 1;
}

static void utf_8(struct vp_stage *stage, struct vp_slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		if (stage->state.phase) {
			if (utf_8_more(stage, bytes.data[i]))
				continue;
			utf_8_literal(stage);
		}
		utf_8_first(stage, bytes.data[i]);
	}
}

const struct vp_stage_type vp_stage_utf_8 = { utf_8, utf_8_literal };
