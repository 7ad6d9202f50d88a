/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DNS messages (RFC 1035) in datagrams, and behind their length over TCP: a unit
 * per message, in either direction.
 *
 * A malformed message is given as far as it can be read, and is broken then. Of
 * records behind the questions only type and length are read, of OPT its options.
 */
#include <ctype.h>

#include "lib/bytes.h"
#include "lib/memory.h"
#include "modules/inspection/emit.h"
#include "modules/inspection/gather.h"
#include "modules/inspection/protocol.h"

#define HEADER_LEN    12
#define NAME_BOUND    1024 /* more than any name (255), so that overlong ones show */
#define HOPS_MAX      128  /* compression pointers in a name */
#define QUESTIONS_MAX 32   /* servers answer one */
#define TYPE_OPT      41

struct vp_parser {
	struct vp_sink *sink;
	size_t bound;
	struct vp_gather gather[2]; /* by direction */
	const char *broken;
};

static struct vp_parser *dns_open(const struct vp_parser_limits *limits, const char *frame,
				  struct vp_sink *sink)
{
	struct vp_parser *parser = vp_new(struct vp_parser);

	(void)frame;
	parser->sink = sink;
	parser->bound = limits->memory / 2; /* two directions */
	return parser;
}

static void dns_close(struct vp_parser *parser)
{
	vp_gather_free(&parser->gather[VP_TO_SERVER]);
	vp_gather_free(&parser->gather[VP_TO_CLIENT]);
	free(parser);
}

static size_t dns_memory(const struct vp_parser *parser)
{
	return parser->gather[VP_TO_SERVER].cap + parser->gather[VP_TO_CLIENT].cap;
}

/* A name as text: labels with dots between, in lower case. */
struct name {
	uint8_t text[NAME_BOUND];
	size_t len;
	bool cut; /* it is longer than that */
};

static void add_byte(struct name *name, uint8_t c)
{
	if (name->len < sizeof(name->text))
		name->text[name->len++] = c;
	else
		name->cut = true;
}

static bool add_label(struct name *name, struct vp_bytes *b, size_t length)
{
	const uint8_t *label = vp_bytes_take(b, length);

	if (label && name->len)
		add_byte(name, '.');
	for (size_t i = 0; label && i < length; i++)
		add_byte(name, (uint8_t)tolower(label[i]));
	return label;
}

/*
 * RFC 1035, 4.1.4. A pointer may go anywhere, as some servers allow; how many
 * there are is limited. False when the name has no end.
 */
static bool read_name(struct vp_bytes at, struct name *name)
{
	unsigned int hops = 0;
	size_t target;

	for (;;) {
		uint8_t length = vp_bytes_u8(&at);

		if (at.failed || length >> 6 == 1 || length >> 6 == 2)
			return false;
		if (!length)
			break;
		if (length >> 6 == 0) {
			if (!add_label(name, &at, length))
				return false;
			continue;
		}
		target = (size_t)(length & 0x3f) << 8 | vp_bytes_u8(&at);
		if (at.failed || target >= at.len || ++hops > HOPS_MAX)
			return false;
		at.pos = target;
	}
	if (!name->len)
		add_byte(name, '.');
	return true;
}

/* Behind a name, without a look at where its pointer goes. */
static bool skip_name(struct vp_bytes *b)
{
	uint8_t length;

	do {
		length = vp_bytes_u8(b);
		vp_bytes_take(b, length >> 6 == 3 ? 1 : length);
	} while (length && length >> 6 == 0 && !b->failed);
	return !b->failed && length >> 6 != 1 && length >> 6 != 2;
}

static bool read_question(struct vp_parser *parser, struct vp_bytes *b)
{
	struct name name = { .len = 0 };
	bool good = read_name(*b, &name);
	uint16_t type, class;

	if (name.len)
		vp_emit_bytes(parser->sink, VP_FIELD_DNS_QUERY, name.text, name.len);
	if (!skip_name(b))
		return false;
	type = vp_bytes_be16(b);
	class = vp_bytes_be16(b);
	if (b->failed)
		return false;
	vp_emit_number(parser->sink, VP_FIELD_DNS_QRY_TYPE, type);
	vp_emit_number(parser->sink, VP_FIELD_DNS_QRY_CLASS, class);
	return good && !name.cut;
}

/* RFC 6891, 6.1.2 */
static bool read_options(struct vp_parser *parser, struct vp_bytes options)
{
	while (vp_bytes_left(&options)) {
		uint16_t code = vp_bytes_be16(&options);

		if (options.failed)
			return false;
		vp_emit_number(parser->sink, VP_FIELD_DNS_OPT_CODE, code);
		vp_bytes_take(&options, vp_bytes_be16(&options));
	}
	return !options.failed;
}

static bool read_record(struct vp_parser *parser, struct vp_bytes *b)
{
	uint16_t type, length;
	const uint8_t *data;

	if (!skip_name(b))
		return false;
	type = vp_bytes_be16(b);
	if (b->failed)
		return false;
	vp_emit_number(parser->sink, VP_FIELD_DNS_RR_TYPE, type);
	vp_bytes_be16(b); /* class */
	vp_bytes_be32(b); /* time to live */
	length = vp_bytes_be16(b);
	if (b->failed)
		return false;
	vp_emit_number(parser->sink, VP_FIELD_DNS_RR_LENGTH, length);
	data = vp_bytes_take(b, length);
	if (data && type == TYPE_OPT)
		return read_options(parser, vp_bytes_of(data, length));
	return data;
}

static bool read_sections(struct vp_parser *parser, struct vp_bytes *b)
{
	uint32_t questions = vp_bytes_be16(b);
	uint32_t records = vp_bytes_be16(b);

	records += vp_bytes_be16(b);
	records += vp_bytes_be16(b);
	vp_emit_number(parser->sink, VP_FIELD_DNS_COUNT_QUERIES, questions);
	for (uint32_t i = 0; i < questions && i < QUESTIONS_MAX; i++)
		if (!read_question(parser, b))
			return false;
	if (questions > QUESTIONS_MAX)
		return false;
	while (records--)
		if (!read_record(parser, b))
			return false;
	return true;
}

static void read_message(struct vp_parser *parser, const uint8_t *data, size_t len)
{
	struct vp_bytes b = vp_bytes_of(data, len);
	uint16_t flags;

	if (len < HEADER_LEN) {
		parser->broken = "short";
		return;
	}
	vp_bytes_be16(&b); /* id */
	flags = vp_bytes_be16(&b);
	vp_emit_begin(parser->sink);
	vp_emit_number(parser->sink, VP_FIELD_DNS_FLAGS_RESPONSE, flags >> 15);
	vp_emit_number(parser->sink, VP_FIELD_DNS_FLAGS_OPCODE, flags >> 11 & 0xf);
	if (!read_sections(parser, &b))
		parser->broken = "message";
	vp_emit_end(parser->sink);
}

static struct vp_parsed datagram_feed(struct vp_parser *parser, enum vp_direction direction,
				      struct vp_slice bytes)
{
	(void)direction;
	parser->broken = NULL; /* each stands for itself */
	read_message(parser, bytes.data, bytes.len);
	return (struct vp_parsed){
		.state = parser->broken ? VP_PARSE_BROKEN : VP_PARSE_BOUNDARY,
		.reason = parser->broken,
	};
}

/* The bytes that make the message, its length among them, as far as is known. */
static size_t wanted(const struct vp_gather *gather)
{
	return gather->len < 2 ? 2 : 2 + (size_t)(gather->data[0] << 8 | gather->data[1]);
}

static struct vp_parsed stream_feed(struct vp_parser *parser, enum vp_direction direction,
				    struct vp_slice bytes)
{
	struct vp_gather *gather = &parser->gather[direction];
	struct vp_parsed parsed = { .state = VP_PARSE_BOUNDARY };

	while (bytes.len && !parser->broken) {
		size_t used = vp_gather(gather, wanted(gather), bytes);

		bytes.data += used;
		bytes.len -= used;
		if (gather->len >= 2 && wanted(gather) > parser->bound)
			return (struct vp_parsed){ .state = VP_PARSE_BOUND,
						   .reason = "message" };
		if (gather->len < 2 || gather->len < wanted(gather))
			continue;
		read_message(parser, gather->data + 2, gather->len - 2);
		vp_gather_reset(gather);
	}
	parsed.reason = parser->broken;
	if (parser->broken)
		parsed.state = VP_PARSE_BROKEN;
	else if (parser->gather[VP_TO_SERVER].len || parser->gather[VP_TO_CLIENT].len)
		parsed.state = VP_PARSE_INSIDE;
	return parsed;
}

const struct vp_protocol vp_protocol_dns_stream = {
	.application = "dns",
	.traffic = VP_TRAFFIC_TCP,
	.open = dns_open,
	.close = dns_close,
	.feed = stream_feed,
	.memory = dns_memory,
};

const struct vp_protocol vp_protocol_dns = {
	.application = "dns",
	.traffic = VP_TRAFFIC_UDP,
	.open = dns_open,
	.close = dns_close,
	.feed = datagram_feed,
	.memory = dns_memory,
};
