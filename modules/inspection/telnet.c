/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Telnet (RFC 854, 855): a unit per line that the client types, without the
 * codes between, and with what was negotiated since the line before. Values are
 * handed on as their bytes come; nothing is held.
 *
 * As servers do: CR ends a line whatever follows, and a code within a
 * subnegotiation that is neither FF nor its end ends it and counts itself.
 *
 * Blind spot: after the ENCRYPT option (RFC 2946) the lines are noise.
 */
#include <string.h>

#include "modules/inspection/emit.h"
#include "modules/inspection/parser_head.h"
#include "modules/inspection/protocol.h"

#define SE   240
#define SB   250
#define WILL 251
#define DONT 254
#define IAC  255

#define TLS_HANDSHAKE 0x16

enum place {
	IN_TEXT,
	AFTER_CR,
	AFTER_IAC,
	AFTER_VERB, /* WILL, WONT, DO, DONT: the option follows */
	AFTER_SB,   /* the option follows */
	IN_SUBOPTION,
	IN_SUBOPTION_IAC,
};

struct vp_parser {
	struct vp_parser_head head;
	enum place place;
	bool inside, line, suboption; /* open: the unit, and its values */
	bool started, tls;
};

static struct vp_parser *telnet_open(const struct vp_parser_limits *limits, const char *frame,
				     struct vp_sink *sink)
{
	(void)frame;
	return vp_parser_head_open(sizeof(struct vp_parser), limits, sink);
}

static void enter(struct vp_parser *parser)
{
	if (!parser->inside)
		vp_emit_begin(parser->head.sink);
	parser->inside = true;
}

static void give_text(struct vp_parser *parser, const uint8_t *data, size_t len, bool last)
{
	if (!len && !parser->line)
		return;
	enter(parser);
	vp_emit_part(parser->head.sink, VP_FIELD_TELNET_LINE, &parser->line, data, len, last);
}

static void give_suboption(struct vp_parser *parser, const uint8_t *data, size_t len,
			   bool last)
{
	enter(parser);
	vp_emit_part(parser->head.sink, VP_FIELD_TELNET_SUBOPTION, &parser->suboption, data,
		     len, last);
}

static void end_line(struct vp_parser *parser)
{
	if (parser->inside)
		vp_emit_end(parser->head.sink);
	parser->inside = false;
}

static void give_option(struct vp_parser *parser, uint8_t option)
{
	enter(parser);
	vp_emit_number(parser->head.sink, VP_FIELD_TELNET_OPTION, option);
}

/* The run of text up to a code or the end of the line; how many bytes. */
static size_t take_text(struct vp_parser *parser, const uint8_t *data, size_t len)
{
	size_t run = 0;
	bool ends;

	while (run < len && data[run] != IAC && data[run] != '\r' && data[run] != '\n')
		run++;
	ends = run < len && data[run] != IAC;
	give_text(parser, data, run, ends);
	if (run == len)
		return run;
	if (ends)
		end_line(parser);
	parser->place = data[run] == IAC ? AFTER_IAC : data[run] == '\r' ? AFTER_CR : IN_TEXT;
	return run + 1;
}

static size_t take_suboption(struct vp_parser *parser, const uint8_t *data, size_t len)
{
	const uint8_t *code = memchr(data, IAC, len);
	size_t run = code ? (size_t)(code - data) : len;

	give_suboption(parser, data, run, false);
	if (!code)
		return run;
	parser->place = IN_SUBOPTION_IAC;
	return run + 1;
}

/* The byte behind FF, outside of a subnegotiation. */
static void take_code(struct vp_parser *parser, uint8_t code)
{
	static const uint8_t quoted = IAC;

	parser->place = code == SB		       ? AFTER_SB
			: code >= WILL && code <= DONT ? AFTER_VERB
						       : IN_TEXT;
	if (code == IAC)
		give_text(parser, &quoted, 1, false);
}

static void take_suboption_code(struct vp_parser *parser, uint8_t code)
{
	static const uint8_t quoted = IAC;

	parser->place = IN_SUBOPTION;
	if (code == IAC) {
		give_suboption(parser, &quoted, 1, false);
		return;
	}
	give_suboption(parser, NULL, 0, true);
	parser->place = IN_TEXT;
	if (code != SE)
		take_code(parser, code);
}

/* Take some bytes, at least one; how many. */
static size_t take(struct vp_parser *parser, const uint8_t *data, size_t len)
{
	switch (parser->place) {
	case IN_TEXT:
		return take_text(parser, data, len);
	case AFTER_CR: /* LF or NUL belongs to it */
		parser->place = IN_TEXT;
		return *data == '\n' || *data == '\0' ? 1 : take_text(parser, data, len);
	case AFTER_IAC:
		take_code(parser, *data);
		return 1;
	case AFTER_VERB:
		give_option(parser, *data);
		parser->place = IN_TEXT;
		return 1;
	case AFTER_SB:
		give_option(parser, *data);
		give_suboption(parser, data, 1, false);
		parser->place = IN_SUBOPTION;
		return 1;
	case IN_SUBOPTION:
		return take_suboption(parser, data, len);
	case IN_SUBOPTION_IAC:
		take_suboption_code(parser, *data);
		return 1;
	}
	return len;
}

static struct vp_parsed telnet_feed(struct vp_parser *parser, enum vp_direction direction,
				    struct vp_slice bytes)
{
	struct vp_parsed parsed = { .state = VP_PARSE_INSIDE };

	if (direction == VP_TO_CLIENT) {
		if (parser->tls && bytes.len && *bytes.data == TLS_HANDSHAKE)
			parsed.state = VP_PARSE_FOREIGN;
	} else {
		if (bytes.len && !parser->started)
			parser->tls = *bytes.data == TLS_HANDSHAKE;
		parser->started |= bytes.len;
		for (size_t i = 0; i < bytes.len;)
			i += take(parser, bytes.data + i, bytes.len - i);
	}
	if (parser->tls)
		parsed.reason = "tls";
	else if (!parser->inside && parser->place == IN_TEXT)
		parsed.state = VP_PARSE_BOUNDARY;
	return parsed;
}

static struct vp_parsed telnet_finish(struct vp_parser *parser, enum vp_direction direction)
{
	if (direction == VP_TO_CLIENT)
		return (struct vp_parsed){ .state = VP_PARSE_INSIDE };
	if (parser->suboption)
		give_suboption(parser, NULL, 0, true);
	give_text(parser, NULL, 0, true);
	end_line(parser);
	return (struct vp_parsed){ .state = VP_PARSE_DONE };
}

const struct vp_protocol vp_protocol_telnet = {
	.application = "telnet",
	.traffic = VP_TRAFFIC_TCP,
	.open = telnet_open,
	.close = vp_parser_head_close,
	.feed = telnet_feed,
	.finish = telnet_finish,
	.memory = vp_parser_head_memory,
};
