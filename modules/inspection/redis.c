/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Redis requests, as the server reads them: arrays of bulk strings ("*2\r\n$3..."),
 * or a line of words ("inline", with quotes). A unit per command. Values are
 * handed on as their bytes come.
 *
 * The server is lenient where it costs it nothing: behind a number, and behind a
 * bulk string, it skips two bytes whatever they are. What it closes the
 * connection for is broken here.
 */
#include <ctype.h>
#include <string.h>

#include "modules/inspection/emit.h"
#include "modules/inspection/parser_head.h"
#include "modules/inspection/protocol.h"

#define TLS_HANDSHAKE 0x16

enum place {
	BETWEEN,   /* a request begins */
	COUNT,	   /* digits of the number of bulk strings */
	COUNT_END, /* the byte behind its CR */
	DOLLAR,
	LENGTH,
	LENGTH_END,
	BULK,
	BULK_END, /* one or two bytes that are skipped */
	/* inline */
	BLANK,
	PLAIN,
	DOUBLE,	       /* in "..." */
	DOUBLE_ESCAPE, /* behind a backslash */
	DOUBLE_HEX,    /* behind \x */
	DOUBLE_HEX_2,  /* behind its first digit */
	SINGLE,
	SINGLE_ESCAPE,
	CLOSED, /* behind a closing quote: a blank must follow */
};

struct vp_parser {
	struct vp_parser_head head;
	enum place place;
	char number[21]; /* as read */
	size_t number_len;
	uint64_t bulks;	  /* that still come */
	uint64_t left;	  /* bytes of the bulk string, or behind it */
	bool inside;	  /* a unit is open */
	bool named;	  /* the command's name is complete: arguments follow */
	bool part;	  /* a value has begun */
	uint8_t held[64]; /* bytes of the value that are handed on together */
	size_t held_len;
	uint8_t digit;
	bool started, tls;
	const char *broken;
};

static struct vp_parser *redis_open(const struct vp_parser_limits *limits, const char *frame,
				    struct vp_sink *sink)
{
	(void)frame;
	return vp_parser_head_open(sizeof(struct vp_parser), limits, sink);
}

static void give(struct vp_parser *parser, const uint8_t *data, size_t len, bool last)
{
	vp_emit_part(parser->head.sink,
		     parser->named ? VP_FIELD_REDIS_ARGUMENT : VP_FIELD_REDIS_COMMAND,
		     &parser->part, data, len, last);
	if (last)
		parser->named = true;
}

static void enter(struct vp_parser *parser)
{
	if (!parser->inside)
		vp_emit_begin(parser->head.sink);
	parser->inside = true;
}

static void leave(struct vp_parser *parser)
{
	if (parser->inside)
		vp_emit_end(parser->head.sink);
	parser->inside = parser->named = false;
	parser->place = BETWEEN;
}

/* A byte of a name or an inline word. */
static void hold(struct vp_parser *parser, uint8_t c)
{
	if (parser->held_len == sizeof(parser->held)) {
		give(parser, parser->held, parser->held_len, false);
		parser->held_len = 0;
	}
	parser->held[parser->held_len++] = parser->named ? c : (uint8_t)tolower(c);
}

static void end_word(struct vp_parser *parser)
{
	give(parser, parser->held, parser->held_len, true);
	parser->held_len = 0;
}

/* The number that was read: no sign but minus, no leading zero; false when it is none. */
static bool read_number(const struct vp_parser *parser, uint64_t most, uint64_t *number)
{
	const char *p = parser->number, *end = p + parser->number_len;
	bool negative = p < end && *p == '-';

	*number = 0;
	p += negative;
	if (p == end || (*p == '0' && (end - p > 1 || negative)))
		return false;
	for (; p < end; p++) {
		if (!isdigit((unsigned char)*p) || *number > most)
			return false;
		*number = *number * 10 + (uint64_t)(*p - '0');
	}
	if (negative)
		*number = 0;
	return *number <= most;
}

static void break_off(struct vp_parser *parser, const char *reason)
{
	parser->broken = reason;
}

/* A byte of a number, up to its CR. */
static void take_digit(struct vp_parser *parser, uint8_t c)
{
	if (c == '\r')
		parser->place = parser->place == COUNT ? COUNT_END : LENGTH_END;
	else if (parser->number_len == sizeof(parser->number))
		break_off(parser, "number");
	else
		parser->number[parser->number_len++] = (char)c;
}

static void take_count(struct vp_parser *parser)
{
	if (!read_number(parser, INT32_MAX, &parser->bulks))
		break_off(parser, "number");
	parser->number_len = 0;
	parser->place = parser->bulks ? DOLLAR : BETWEEN;
}

static void end_bulk(struct vp_parser *parser)
{
	if (!parser->named)
		end_word(parser);
	else
		give(parser, NULL, 0, true);
	parser->place = BULK_END;
	parser->left = 2;
}

static void take_length(struct vp_parser *parser)
{
	if (parser->number[0] == '-' || !read_number(parser, INT64_MAX / 16, &parser->left))
		break_off(parser, "number");
	parser->number_len = 0;
	if (parser->broken)
		return;
	parser->place = BULK;
	enter(parser);
	if (!parser->left)
		end_bulk(parser);
}

static size_t take_bulk(struct vp_parser *parser, const uint8_t *data, size_t len)
{
	size_t used = parser->left < len ? (size_t)parser->left : len;
	bool last = used == parser->left;

	parser->left -= used;
	if (!parser->named) {
		for (size_t i = 0; i < used; i++)
			hold(parser, data[i]);
		if (last)
			end_bulk(parser);
		return used;
	}
	give(parser, data, used, last);
	if (last) {
		parser->place = BULK_END;
		parser->left = 2;
	}
	return used;
}

static void take_bulk_end(struct vp_parser *parser)
{
	if (--parser->left)
		return;
	parser->place = DOLLAR;
	if (!--parser->bulks)
		leave(parser);
}

/* The line ends; in quotes it is not a request. */
static void end_inline(struct vp_parser *parser)
{
	if (parser->place == PLAIN || parser->place == CLOSED)
		end_word(parser);
	else if (parser->place != BLANK) {
		end_word(parser);
		break_off(parser, "quotes");
	}
	leave(parser);
}

static void take_plain(struct vp_parser *parser, uint8_t c)
{
	if (c == '"') {
		parser->place = DOUBLE;
	} else if (c == '\'') {
		parser->place = SINGLE;
	} else if (c == ' ' || c == '\t' || c == '\r' || c == '\0') {
		end_word(parser);
		parser->place = BLANK;
	} else {
		hold(parser, c);
	}
}

static uint8_t hex_value(uint8_t c)
{
	return (uint8_t)(isdigit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
}

static uint8_t escaped(uint8_t c)
{
	static const char letters[] = "nrtba";
	static const char bytes[] = "\n\r\t\b\a";
	const char *letter = c ? strchr(letters, c) : NULL;

	return letter ? (uint8_t)bytes[letter - letters] : c;
}

static void take_double(struct vp_parser *parser, uint8_t c)
{
	if (c == '"')
		parser->place = CLOSED;
	else if (c == '\\')
		parser->place = DOUBLE_ESCAPE;
	else
		hold(parser, c);
}

static void take_double_escape(struct vp_parser *parser, uint8_t c)
{
	parser->place = c == 'x' ? DOUBLE_HEX : DOUBLE;
	if (c != 'x')
		hold(parser, escaped(c));
}

/* Behind \x: two hexadecimal digits, or else the backslash meant just the x. */
static void take_hex(struct vp_parser *parser, uint8_t c)
{
	bool second = parser->place == DOUBLE_HEX_2;

	if (isxdigit(c) && !second) {
		parser->digit = c;
		parser->place = DOUBLE_HEX_2;
		return;
	}
	parser->place = DOUBLE;
	if (isxdigit(c)) {
		hold(parser, (uint8_t)(hex_value(parser->digit) << 4 | hex_value(c)));
		return;
	}
	hold(parser, 'x');
	if (second)
		hold(parser, parser->digit);
	take_double(parser, c);
}

static void take_single(struct vp_parser *parser, uint8_t c)
{
	bool escape = parser->place == SINGLE_ESCAPE;

	parser->place = SINGLE;
	if (escape && c == '\'') {
		hold(parser, c);
		return;
	}
	if (escape)
		hold(parser, '\\');
	if (c == '\'')
		parser->place = CLOSED;
	else if (c == '\\')
		parser->place = SINGLE_ESCAPE;
	else
		hold(parser, c);
}

static void take_inline(struct vp_parser *parser, uint8_t c)
{
	if (c == '\n') {
		end_inline(parser);
	} else if (parser->place == BLANK) {
		if (isspace(c))
			return;
		enter(parser);
		parser->place = PLAIN;
		take_plain(parser, c);
	} else if (parser->place == PLAIN) {
		take_plain(parser, c);
	} else if (parser->place == DOUBLE) {
		take_double(parser, c);
	} else if (parser->place == DOUBLE_ESCAPE) {
		take_double_escape(parser, c);
	} else if (parser->place == DOUBLE_HEX || parser->place == DOUBLE_HEX_2) {
		take_hex(parser, c);
	} else if (parser->place == CLOSED) {
		end_word(parser);
		parser->place = BLANK;
		if (!isspace(c) && c)
			break_off(parser, "quotes");
	} else {
		take_single(parser, c);
	}
}

static void take_first(struct vp_parser *parser, uint8_t c)
{
	if (!parser->started)
		parser->tls = c == TLS_HANDSHAKE;
	parser->started = true;
	parser->place = c == '*' ? COUNT : BLANK;
	if (c != '*')
		take_inline(parser, c);
}

/* Take some bytes, at least one; how many. */
static size_t take(struct vp_parser *parser, const uint8_t *data, size_t len)
{
	if (parser->place == BULK)
		return take_bulk(parser, data, len);
	if (parser->place == BETWEEN) {
		take_first(parser, *data);
	} else if (parser->place == COUNT || parser->place == LENGTH) {
		take_digit(parser, *data);
	} else if (parser->place == COUNT_END) {
		take_count(parser);
	} else if (parser->place == DOLLAR) {
		parser->place = LENGTH;
		if (*data != '$')
			break_off(parser, "bulk");
	} else if (parser->place == LENGTH_END) {
		take_length(parser);
	} else if (parser->place == BULK_END) {
		take_bulk_end(parser);
	} else {
		take_inline(parser, *data);
	}
	return 1;
}

static struct vp_parsed said(const struct vp_parser *parser)
{
	struct vp_parsed parsed = { .state = VP_PARSE_INSIDE };

	if (parser->broken) {
		parsed.state = parser->tls ? VP_PARSE_FOREIGN : VP_PARSE_BROKEN;
		parsed.reason = parser->tls ? "tls" : parser->broken;
	} else if (parser->tls) {
		parsed.reason = "tls";
	} else if (parser->place == BETWEEN) {
		parsed.state = VP_PARSE_BOUNDARY;
	}
	return parsed;
}

static struct vp_parsed redis_feed(struct vp_parser *parser, enum vp_direction direction,
				   struct vp_slice bytes)
{
	if (direction == VP_TO_CLIENT && parser->tls && bytes.len &&
	    *bytes.data == TLS_HANDSHAKE)
		break_off(parser, "tls");
	if (direction == VP_TO_SERVER)
		for (size_t i = 0; i < bytes.len && !parser->broken;)
			i += take(parser, bytes.data + i, bytes.len - i);
	return said(parser);
}

const struct vp_protocol vp_protocol_redis = {
	.application = "redis",
	.traffic = VP_TRAFFIC_TCP,
	.open = redis_open,
	.close = vp_parser_head_close,
	.feed = redis_feed,
	.memory = vp_parser_head_memory,
};
