/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text of patterns; it compiles and matches nothing. */
#include "modules/inspection/pattern.h"

#include <string.h>

#include "lib/strbuf.h"

static bool is_letter(uint8_t byte)
{
	return ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') || (byte >= '0' && byte <= '9');
}

static void add_literal(struct vp_strbuf *out, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (is_letter(data[i]))
			vp_strbuf_addc(out, (char)data[i]);
		else
			vp_strbuf_addf(out, "\\x%02x", data[i]);
	}
}

/* The end of the class that begins at `p`, its bracket included. */
static const char *class_end(const char *p)
{
	p++;
	if (*p == '^')
		p++;
	if (*p == ']')
		p++;
	while (*p && *p != ']') {
		const char *end = *p == '[' && p[1] == ':' ? strstr(p, ":]") : NULL;

		if (end)
			p = end + 1;
		else if (*p == '\\' && p[1])
			p++;
		p++;
	}
	return *p ? p + 1 : p;
}

static void add_verbatim(struct vp_strbuf *out, const char *p, const char *end)
{
	for (; p < end; p++) {
		uint8_t byte = (uint8_t)*p;

		if (byte < 0x20 || byte >= 0x7f)
			vp_strbuf_addf(out, "\\x%02x", byte);
		else
			vp_strbuf_addc(out, *p);
	}
}

static void add_regex(struct vp_strbuf *out, const char *p, bool multiline)
{
	while (*p) {
		const char *end = p + 1;

		if (*p == '\\' && p[1])
			end++;
		else if (*p == '[')
			end = class_end(p);
		if (*p == '$' && !multiline)
			vp_strbuf_adds(out, "\\z");
		else if (*p == '\\' && (p[1] & 0x80 || p[1] == '/'))
			add_verbatim(out, p + 1, end); /* an escape that says nothing */
		else
			add_verbatim(out, p, end);
		p = end;
	}
}

static unsigned int flags_of(const char *text)
{
	unsigned int flags = 0;

	for (; *text; text++)
		flags |= *text == 'i'	? VP_PATTERN_CASELESS
			 : *text == 's' ? VP_PATTERN_DOTALL
			 : *text == 'm' ? VP_PATTERN_MULTILINE
					: 0;
	return flags;
}

char *vp_pattern_text(enum vp_operator op, const struct vp_value *value, unsigned int *flags)
{
	struct vp_strbuf out = { 0 };

	*flags = 0;
	if (value->kind == VP_VALUE_REGEX) {
		*flags = flags_of(value->regex.flags);
		add_regex(&out, value->regex.pattern, *flags & VP_PATTERN_MULTILINE);
		return vp_strbuf_take(&out);
	}
	if (op == VP_OP_EQUALS || op == VP_OP_STARTS_WITH)
		vp_strbuf_adds(&out, "\\A");
	add_literal(&out, value->bytes.data, value->bytes.len);
	if (op == VP_OP_EQUALS || op == VP_OP_ENDS_WITH)
		vp_strbuf_adds(&out, "\\z");
	return vp_strbuf_take(&out);
}

char *vp_pattern_behind(const struct vp_pattern_place *place, enum vp_operator op,
			const struct vp_value *value, unsigned int *flags)
{
	struct vp_strbuf out = { 0 };

	*flags = VP_PATTERN_DOTALL;
	add_literal(&out, place->string.data, place->string.len);
	if (op != VP_OP_CONTAINS && place->skip)
		vp_strbuf_addf(&out, ".{%u}", place->skip);
	else if (op == VP_OP_CONTAINS && place->length)
		vp_strbuf_addf(&out, ".{%u,%zu}", place->skip,
			       place->skip + place->length - value->bytes.len);
	else if (op == VP_OP_CONTAINS)
		vp_strbuf_addf(&out, ".{%u,}", place->skip);
	add_literal(&out, value->bytes.data, value->bytes.len);
	return vp_strbuf_take(&out);
}

/* The literal byte of a regex at `*p`, which moves behind it; -1: none. */
static int literal_byte(const char **p)
{
	static const char letters[] = "nrtfae", bytes[] = "\n\r\t\f\a\033";
	const char *at = *p, *found;
	unsigned int byte;
	char digits[3] = { 0 };

	if (*at != '\\') {
		*p += 1;
		return strchr("^$.()|[", *at) ? -1 : (uint8_t)*at;
	}
	if (at[1] == 'x' && at[2] && at[3]) {
		memcpy(digits, at + 2, 2);
		*p += 4;
		return sscanf(digits, "%2x", &byte) == 1 ? (int)byte : -1;
	}
	*p += at[1] ? 2 : 1;
	found = at[1] ? strchr(letters, at[1]) : NULL;
	if (found)
		return (uint8_t)bytes[found - letters];
	return at[1] && !is_letter((uint8_t)at[1]) ? (uint8_t)at[1] : -1;
}

/* Behind the group that begins at `p`. */
static const char *group_end(const char *p)
{
	size_t depth = 0;

	while (*p) {
		if (*p == '[') {
			p = class_end(p);
			continue;
		}
		if (*p == '\\' && p[1])
			p++;
		else if (*p == '(')
			depth++;
		else if (*p == ')' && !--depth)
			return p + 1;
		p++;
	}
	return p;
}

/* The longest run of bytes outside groups, classes and repetitions. */
static uint8_t *regex_literal(const char *p, size_t *len)
{
	uint8_t *best = NULL, *run = vp_alloc(strlen(p) + 1, 1);
	size_t used = 0;

	*len = 0;
	for (;;) {
		int byte = -1;

		if (*p == '|') { /* either side would do */
			free(best);
			best = NULL;
			*len = 0;
			break;
		}
		if (*p == '[')
			p = class_end(p);
		else if (*p == '(')
			p = group_end(p);
		else if (*p)
			byte = literal_byte(&p);
		if (byte >= 0 && !(*p && strchr("*+?{", *p))) {
			run[used++] = (uint8_t)byte;
			if (*p)
				continue;
		}
		if (used > *len) {
			free(best);
			best = vp_memdup(run, used);
			*len = used;
		}
		used = 0;
		if (!*p)
			break;
		if (*p == '{')
			while (*p && *p != '}')
				p++;
		while (*p && strchr("*+?}", *p))
			p++;
	}
	free(run);
	return best;
}

uint8_t *vp_pattern_necessary(const struct vp_value *value, size_t *len)
{
	*len = 0;
	if (value->kind == VP_VALUE_REGEX)
		return strchr(value->regex.flags, 'i')
			       ? NULL
			       : regex_literal(value->regex.pattern, len);
	if (value->kind != VP_VALUE_BYTES || !value->bytes.len)
		return NULL;
	*len = value->bytes.len;
	return vp_memdup(value->bytes.data, value->bytes.len);
}
