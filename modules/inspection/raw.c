/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes without a protocol: a connection is one unit with one long value
 * `stream`, a datagram is one unit with the value `datagram`. With `frame =`
 * each message is a unit with the value `message` instead, so the rules that
 * read `stream` and those that read `message` have a parser each.
 *
 * A stream is one value that stays open, so a parser of streams reads one
 * direction, that of its first bytes; the other one needs its own. Nothing is
 * held but what a frame's delimiter needs.
 */
#include "lib/memory.h"
#include "modules/inspection/emit.h"
#include "modules/inspection/frame.h"
#include "modules/inspection/protocol.h"

struct vp_parser {
	struct vp_sink *sink;
	bool framed, open, part, started;
	enum vp_direction direction;
	struct vp_frame frame;
	struct vp_frame_place place;
};

static struct vp_parser *raw_open(const struct vp_parser_limits *limits, const char *text,
				  struct vp_sink *sink)
{
	struct vp_parser *parser;
	struct vp_frame frame = { 0 };

	(void)limits; /* nothing grows */
	if (text && !vp_frame_parse(&frame, text))
		return NULL;
	parser = vp_new(struct vp_parser);
	parser->sink = sink;
	parser->framed = text;
	parser->frame = frame;
	return parser;
}

static void raw_close(struct vp_parser *parser)
{
	vp_frame_free(&parser->frame);
	free(parser);
}

static size_t raw_memory(const struct vp_parser *parser)
{
	return parser->frame.delimiter_len * (1 + sizeof(*parser->frame.shorter));
}

/* More of the open unit's value; a unit is opened for its first byte. */
static void give(struct vp_parser *parser, enum vp_field_id field, const uint8_t *data,
		 size_t len, bool last)
{
	if (!parser->open)
		vp_emit_begin(parser->sink);
	parser->open = true;
	vp_emit_part(parser->sink, field, &parser->part, data, len, last);
	if (!last)
		return;
	vp_emit_end(parser->sink);
	parser->open = false;
}

static struct vp_parsed said(const struct vp_parser *parser)
{
	bool held = parser->open || parser->place.pos || parser->place.matched;

	return (struct vp_parsed){ .state = held ? VP_PARSE_INSIDE : VP_PARSE_BOUNDARY };
}

static struct vp_parsed feed_messages(struct vp_parser *parser, struct vp_slice bytes)
{
	while (bytes.len) {
		struct vp_frame_step step =
			vp_frame_next(&parser->frame, &parser->place, &bytes);

		if (step.len || step.last)
			give(parser, VP_FIELD_MESSAGE, step.data, step.len, step.last);
		if (step.wrong)
			return (struct vp_parsed){ .state = VP_PARSE_BROKEN,
						   .reason = "frame-length" };
	}
	return said(parser);
}

static void finish_messages(struct vp_parser *parser)
{
	struct vp_frame_step step;

	if (vp_frame_finish(&parser->frame, &parser->place, &step))
		give(parser, VP_FIELD_MESSAGE, step.data, step.len, true);
}

static struct vp_parsed stream_feed(struct vp_parser *parser, enum vp_direction direction,
				    struct vp_slice bytes)
{
	if (parser->started && parser->direction != direction)
		return (struct vp_parsed){ .state = VP_PARSE_BROKEN, .reason = "direction" };
	parser->started = true;
	parser->direction = direction;
	if (parser->framed)
		return feed_messages(parser, bytes);
	if (bytes.len)
		give(parser, VP_FIELD_STREAM, bytes.data, bytes.len, false);
	return said(parser);
}

static struct vp_parsed stream_finish(struct vp_parser *parser, enum vp_direction direction)
{
	if (!parser->started || parser->direction != direction)
		return said(parser);
	if (parser->framed)
		finish_messages(parser);
	else if (parser->open)
		give(parser, VP_FIELD_STREAM, NULL, 0, true);
	return (struct vp_parsed){ .state = VP_PARSE_DONE };
}

static struct vp_parsed datagram_feed(struct vp_parser *parser, enum vp_direction direction,
				      struct vp_slice bytes)
{
	struct vp_parsed parsed;

	(void)direction;
	if (parser->framed) {
		parsed = feed_messages(parser, bytes);
		finish_messages(parser);
		return parsed.state == VP_PARSE_BROKEN ? parsed : said(parser);
	}
	vp_emit_begin(parser->sink);
	vp_emit_number(parser->sink, VP_FIELD_DATAGRAM_LEN, bytes.len);
	vp_emit_bytes(parser->sink, VP_FIELD_DATAGRAM, bytes.data, bytes.len);
	vp_emit_end(parser->sink);
	return (struct vp_parsed){ .state = VP_PARSE_BOUNDARY };
}

const struct vp_protocol vp_protocol_stream = {
	.application = "",
	.traffic = VP_TRAFFIC_TCP,
	.open = raw_open,
	.close = raw_close,
	.feed = stream_feed,
	.finish = stream_finish,
	.memory = raw_memory,
};

const struct vp_protocol vp_protocol_datagram = {
	.application = "",
	.traffic = VP_TRAFFIC_UDP | VP_TRAFFIC_ICMP | VP_TRAFFIC_ICMPV6,
	.open = raw_open,
	.close = raw_close,
	.feed = datagram_feed,
	.memory = raw_memory,
};
