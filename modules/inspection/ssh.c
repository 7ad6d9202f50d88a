/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client's side of SSH (RFC 4253) until it encrypts: the banner and what it
 * offers in KEXINIT are one unit, every other message that is readable is one too
 * (a server that takes the messages of a session before the keys are exchanged can
 * be shielded by their numbers).
 */
#include <string.h>

#include "lib/bytes.h"
#include "lib/memory.h"
#include "modules/inspection/emit.h"
#include "modules/inspection/parser_head.h"
#include "modules/inspection/protocol.h"

#define BANNER_MAX 8192	  /* servers take no more */
#define PACKET_MAX 262144 /* nor this */

#define MESSAGE_KEXINIT 20
#define MESSAGE_NEWKEYS 21

struct vp_parser {
	struct vp_parser_head head;
	bool banner; /* it was read */
	bool inside; /* its unit is open */
	size_t left; /* bytes of a packet that are not read */
	struct vp_parsed over;
};

static struct vp_parser *ssh_open(const struct vp_parser_limits *limits, const char *frame,
				  struct vp_sink *sink)
{
	(void)frame;
	return vp_parser_head_open(sizeof(struct vp_parser), limits, sink);
}

static void end(struct vp_parser *parser, enum vp_parse state, const char *reason)
{
	parser->over.state = state;
	parser->over.reason = reason;
}

/* "SSH-2.0-software comments"; the version of the protocol is left in *proto. */
static void read_banner(struct vp_parser *parser, struct vp_slice *proto)
{
	const uint8_t *text = parser->head.gather.data + 4;
	size_t len = parser->head.gather.len - 4;
	size_t software = 0;

	while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	*proto = (struct vp_slice){ text, 0 };
	while (proto->len < len && text[proto->len] != '-')
		proto->len++;
	vp_emit_begin(parser->head.sink);
	parser->inside = true;
	vp_emit_bytes(parser->head.sink, VP_FIELD_SSH_PROTO, proto->data, proto->len);
	if (proto->len == len)
		return;
	text += proto->len + 1;
	len -= proto->len + 1;
	while (software < len && text[software] != ' ')
		software++;
	vp_emit_bytes(parser->head.sink, VP_FIELD_SSH_SOFTWARE, text, software);
}

static bool starts_with(struct vp_slice slice, const char *text)
{
	return slice.len >= strlen(text) && !memcmp(slice.data, text, strlen(text));
}

static void end_banner(struct vp_parser *parser, bool complete)
{
	struct vp_slice proto;
	bool old;

	read_banner(parser, &proto);
	old = starts_with(proto, "1.") && !starts_with(proto, "1.99");
	vp_gather_reset(&parser->head.gather);
	parser->banner = true;
	if (complete && !old)
		return;
	vp_emit_end(parser->head.sink);
	parser->inside = false;
	if (complete)
		end(parser, VP_PARSE_DONE, "ssh1");
	else
		end(parser, VP_PARSE_BOUND, "banner");
}

/* Bytes of the banner up to its end; how many. */
static size_t take_banner(struct vp_parser *parser, struct vp_slice bytes)
{
	static const char prefix[] = "SSH-";
	const uint8_t *newline = memchr(bytes.data, '\n', bytes.len);
	size_t used, checked;

	if (newline)
		bytes.len = (size_t)(newline - bytes.data) + 1;
	used = vp_gather(&parser->head.gather, BANNER_MAX, bytes);
	checked = parser->head.gather.len < 4 ? parser->head.gather.len : 4;
	if (memcmp(parser->head.gather.data, prefix, checked) != 0)
		end(parser, VP_PARSE_FOREIGN, "not-ssh");
	else if (newline && used == bytes.len)
		end_banner(parser, true);
	else if (parser->head.gather.len == BANNER_MAX)
		end_banner(parser, false);
	return used;
}

/* RFC 4253, 7.1: lists of names, of which those of the client's direction count. */
static bool read_kexinit(struct vp_parser *parser, struct vp_bytes *b)
{
	static const enum vp_field_id fields[] = {
		VP_FIELD_SSH_KEX_ALGORITHMS,	    VP_FIELD_SSH_HOST_KEY_ALGORITHMS,
		VP_FIELD_SSH_ENCRYPTION_ALGORITHMS, VP_FIELD_COUNT,
		VP_FIELD_SSH_MAC_ALGORITHMS,
	};

	vp_bytes_take(b, 16); /* cookie */
	for (size_t i = 0; i < VP_COUNT(fields); i++) {
		uint32_t length = vp_bytes_be32(b);
		const uint8_t *list = vp_bytes_take(b, length);

		if (!list)
			return false;
		if (fields[i] != VP_FIELD_COUNT)
			vp_emit_bytes(parser->head.sink, fields[i], list, length);
	}
	return true;
}

static void end_packet(struct vp_parser *parser)
{
	struct vp_bytes b = vp_bytes_of(parser->head.gather.data, parser->head.gather.len);
	bool good = true;
	uint8_t code;

	vp_bytes_be32(&b); /* length */
	vp_bytes_u8(&b);   /* of the padding */
	code = vp_bytes_u8(&b);
	if (!parser->inside)
		vp_emit_begin(parser->head.sink);
	vp_emit_number(parser->head.sink, VP_FIELD_SSH_MESSAGE_CODE, code);
	if (code == MESSAGE_KEXINIT)
		good = read_kexinit(parser, &b);
	vp_emit_end(parser->head.sink);
	parser->inside = false;
	vp_gather_reset(&parser->head.gather);
	if (!good)
		end(parser, VP_PARSE_BROKEN, "kexinit");
	else if (code == MESSAGE_NEWKEYS)
		end(parser, VP_PARSE_DONE, "encrypted");
	else if (code == MESSAGE_KEXINIT &&
		 !parser->head.sink->operations->wants(parser->head.sink,
						       VP_FIELD_SSH_MESSAGE_CODE))
		end(parser, VP_PARSE_DONE, "kexinit");
}

/* Bytes of a packet: its length, the padding's, the message's number, its content. */
static size_t take_packet(struct vp_parser *parser, struct vp_slice bytes)
{
	struct vp_gather *gather = &parser->head.gather;
	struct vp_bytes b;
	size_t used, length;

	used = vp_gather(gather, 6, bytes);
	if (gather->len < 6)
		return used;
	b = vp_bytes_of(gather->data, gather->len);
	length = vp_bytes_be32(&b);
	if (length < 2 || length > PACKET_MAX) {
		end(parser, VP_PARSE_BROKEN, "packet-length");
		return used;
	}
	if (gather->data[5] != MESSAGE_KEXINIT) {
		parser->left = length - 2;
		end_packet(parser);
		return used;
	}
	if (4 + length > parser->head.bound) {
		end(parser, VP_PARSE_BOUND, "kexinit");
		return used;
	}
	bytes.data += used;
	bytes.len -= used;
	used += vp_gather(gather, 4 + length, bytes);
	if (gather->len == 4 + length)
		end_packet(parser);
	return used;
}

/* Take some bytes, at least one; how many. */
static size_t take(struct vp_parser *parser, struct vp_slice bytes)
{
	size_t used = parser->left < bytes.len ? parser->left : bytes.len;

	if (!parser->banner)
		return take_banner(parser, bytes);
	if (!used)
		return take_packet(parser, bytes);
	parser->left -= used;
	return used;
}

static struct vp_parsed ssh_feed(struct vp_parser *parser, enum vp_direction direction,
				 struct vp_slice bytes)
{
	struct vp_parsed parsed = { .state = VP_PARSE_INSIDE };

	while (direction == VP_TO_SERVER && bytes.len && !parser->over.reason) {
		size_t used = take(parser, bytes);

		bytes.data += used;
		bytes.len -= used;
	}
	if (parser->over.reason)
		return parser->over;
	if (!parser->banner && !parser->head.gather.len)
		parsed.state = VP_PARSE_BOUNDARY;
	return parsed;
}

const struct vp_protocol vp_protocol_ssh = {
	.application = "ssh",
	.traffic = VP_TRAFFIC_TCP,
	.open = ssh_open,
	.close = vp_parser_head_close,
	.feed = ssh_feed,
	.memory = vp_parser_head_memory,
};
