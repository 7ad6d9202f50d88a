/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SMB requests over TCP (port 445, or 139 behind a NetBIOS session request): a
 * unit per message of SMB 1 with the commands chained to it ([MS-CIFS]), per
 * message of SMB 2 and 3, also within a compound ([MS-SMB2]), and per header of a
 * compressed message. Of a message its beginning is gathered, as far as the fields
 * lie; the rest is skipped.
 *
 * Blind spots: encrypted messages of SMB 3 (they make no unit), and what is
 * compressed.
 */
#include <string.h>

#include "lib/memory.h"
#include "modules/inspection/emit.h"
#include "modules/inspection/gather.h"
#include "modules/inspection/protocol.h"
#include "modules/inspection/smb_fields.h"

#define SESSION_HEADER_LEN 4

enum session {
	SESSION_MESSAGE = 0x00,
	SESSION_REQUEST = 0x81,
	SESSION_KEEPALIVE = 0x85,
};

struct vp_parser {
	struct vp_sink *sink;
	size_t bound;
	uint8_t session[SESSION_HEADER_LEN];
	size_t session_len;
	size_t left;  /* bytes of the session message that are not gathered or read */
	bool started; /* a message was read: it is SMB */
	bool reading; /* an element is being gathered; else bytes are skipped */
	size_t want;  /* bytes of the element that are needed now */
	size_t skip;  /* bytes up to the next message of a compound; 0: it has no more */
	struct vp_smb smb;
	struct vp_gather gather;
	struct vp_parsed over;
};

static struct vp_parser *smb_open(const struct vp_parser_limits *limits, const char *frame,
				  struct vp_sink *sink)
{
	struct vp_parser *parser = vp_new(struct vp_parser);

	(void)frame;
	parser->sink = sink;
	parser->bound = limits->memory;
	return parser;
}

static void smb_close(struct vp_parser *parser)
{
	vp_gather_free(&parser->gather);
	free(parser);
}

static size_t smb_memory(const struct vp_parser *parser)
{
	return parser->gather.cap;
}

static void end(struct vp_parser *parser, enum vp_parse state, const char *reason)
{
	parser->over.state = state;
	parser->over.reason = reason;
}

/* A message begins, or the next one of a compound. */
static void begin_element(struct vp_parser *parser)
{
	parser->reading = true;
	parser->smb = (struct vp_smb){ .sink = parser->sink };
	parser->want = 4;
	vp_gather_reset(&parser->gather);
}

static void begin_session(struct vp_parser *parser)
{
	const uint8_t *header = parser->session;

	parser->session_len = 0;
	parser->left = (size_t)header[1] << 16 | (size_t)header[2] << 8 | header[3];
	if (header[0] == SESSION_MESSAGE) {
		if (parser->left)
			begin_element(parser);
	} else if (header[0] != SESSION_REQUEST && header[0] != SESSION_KEEPALIVE) {
		end(parser, parser->started ? VP_PARSE_BROKEN : VP_PARSE_FOREIGN, "not-smb");
	}
}

/* What is needed is there, or all there is: read it, and see what is needed then. */
static void read_element(struct vp_parser *parser, bool all)
{
	struct vp_gather *gather = &parser->gather;
	struct vp_smb_step step =
		vp_smb_read(&parser->smb, (struct vp_slice){ gather->data, gather->len }, all);

	if (step.wrong) {
		bool foreign = !parser->started && step.wrong == vp_smb_not_smb;

		end(parser, foreign ? VP_PARSE_FOREIGN : VP_PARSE_BROKEN, step.wrong);
		return;
	}
	parser->started = true;
	if (step.want > parser->bound) {
		end(parser, VP_PARSE_BOUND, "message");
		return;
	}
	parser->want = step.want;
	if (step.want)
		return;
	parser->reading = false;
	parser->skip = step.next > gather->len ? step.next - gather->len : 0;
	if (step.next && step.next == gather->len && parser->left)
		begin_element(parser);
	else
		vp_gather_reset(gather);
}

/* Bytes of the message that is gathered; how many. */
static size_t take_element(struct vp_parser *parser, struct vp_slice bytes)
{
	size_t used;

	if (bytes.len > parser->left)
		bytes.len = parser->left;
	used = vp_gather(&parser->gather, parser->want, bytes);
	parser->left -= used;
	while (parser->reading && !parser->over.reason &&
	       (parser->gather.len >= parser->want || !parser->left))
		read_element(parser, !parser->left);
	return used;
}

/* Bytes behind what was read, up to the next message of a compound; how many. */
static size_t take_rest(struct vp_parser *parser, struct vp_slice bytes)
{
	size_t rest =
		parser->skip && parser->skip < parser->left ? parser->skip : parser->left;
	size_t used = rest < bytes.len ? rest : bytes.len;

	parser->left -= used;
	if (!parser->skip)
		return used;
	parser->skip -= used;
	if (!parser->skip && parser->left)
		begin_element(parser);
	return used;
}

/* Take some bytes, at least one; how many. */
static size_t take(struct vp_parser *parser, struct vp_slice bytes)
{
	if (parser->reading)
		return take_element(parser, bytes);
	if (parser->left)
		return take_rest(parser, bytes);
	parser->session[parser->session_len++] = bytes.data[0];
	if (parser->session_len == SESSION_HEADER_LEN)
		begin_session(parser);
	return 1;
}

static struct vp_parsed said(const struct vp_parser *parser)
{
	struct vp_parsed parsed = { .state = VP_PARSE_INSIDE };

	if (parser->over.reason)
		return parser->over;
	if (!parser->reading)
		parsed.skippable = parser->skip && parser->skip < parser->left ? parser->skip
									       : parser->left;
	if (!parser->left && !parser->session_len)
		parsed.state = VP_PARSE_BOUNDARY;
	return parsed;
}

static struct vp_parsed smb_feed(struct vp_parser *parser, enum vp_direction direction,
				 struct vp_slice bytes)
{
	struct vp_parsed parsed;

	while (direction == VP_TO_SERVER && bytes.len && !parser->over.reason) {
		size_t used = take(parser, bytes);

		bytes.data += used;
		bytes.len -= used;
	}
	parsed = said(parser);
	if (direction == VP_TO_CLIENT)
		parsed.skippable = 0;
	return parsed;
}

static void smb_skipped(struct vp_parser *parser, enum vp_direction direction, uint64_t count)
{
	struct vp_slice bytes = { .len = count < parser->left ? (size_t)count : parser->left };

	if (direction == VP_TO_SERVER && !parser->reading)
		take_rest(parser, bytes);
}

const struct vp_protocol vp_protocol_smb = {
	.application = "smb",
	.traffic = VP_TRAFFIC_TCP,
	.open = smb_open,
	.close = smb_close,
	.feed = smb_feed,
	.skipped = smb_skipped,
	.memory = smb_memory,
};
