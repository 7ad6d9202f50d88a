/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client's side of TLS: records, ClientHello (also that of SSL 2), the types
 * of handshake messages, heartbeats and alerts as far as they are not encrypted.
 * A unit per handshake message, heartbeat and alert.
 *
 * The handshake is read across records. Once the client encrypts, only record
 * headers are left; when no rule reads those, the flow may leave.
 *
 * Blind spots: of an encrypted heartbeat the record's length is known but not the
 * length it claims, so a request for too much within an encrypted connection
 * cannot be told from a proper one (a rule may stop all encrypted heartbeats: a
 * record of type 24 without tls.heartbeat.payload_length). The same holds for
 * handshakes within one (renegotiation).
 */
#include <ctype.h>
#include <string.h>

#include "lib/bytes.h"
#include "lib/memory.h"
#include "modules/inspection/emit.h"
#include "modules/inspection/parser_head.h"
#include "modules/inspection/protocol.h"

#define HEADER_LEN 5
#define LENGTH_MAX (16384 + 2048) /* RFC 5246, 6.2.3 */

enum content {
	CHANGE_CIPHER_SPEC = 20,
	ALERT = 21,
	HANDSHAKE = 22,
	APPLICATION_DATA = 23,
	HEARTBEAT = 24,
};

#define CLIENT_HELLO 1

struct vp_parser {
	struct vp_parser_head head;
	/* the record */
	uint8_t header[HEADER_LEN];
	size_t header_len;
	uint8_t type;
	uint16_t version, length;
	size_t left;	 /* bytes of its body that still come */
	uint8_t body[4]; /* how it begins */
	size_t body_len;
	/* the handshake message */
	uint8_t message[4]; /* its header */
	size_t message_len;
	uint16_t message_version; /* of its first record */
	size_t message_left;	  /* bytes that are not read */
	size_t hello;		  /* length of the ClientHello that is being gathered */
	/* the connection */
	bool helloed;	/* a ClientHello was read */
	bool encrypted; /* the client has begun to encrypt */
	bool old;	/* it began with a ClientHello of SSL 2 */
	struct vp_parsed over;
};

static struct vp_parser *tls_open(const struct vp_parser_limits *limits, const char *frame,
				  struct vp_sink *sink)
{
	(void)frame;
	return vp_parser_head_open(sizeof(struct vp_parser), limits, sink);
}

static void end(struct vp_parser *parser, enum vp_parse state, const char *reason)
{
	if (parser->over.reason)
		return;
	parser->over.state = state;
	parser->over.reason = reason;
}

static bool wants(const struct vp_parser *parser, enum vp_field_id field)
{
	return parser->head.sink->operations->wants(parser->head.sink, field);
}

/* Does a rule read what is there of encrypted records? */
static bool wants_records(const struct vp_parser *parser)
{
	return wants(parser, VP_FIELD_TLS_RECORD_CONTENT_TYPE) ||
	       wants(parser, VP_FIELD_TLS_RECORD_LENGTH) ||
	       wants(parser, VP_FIELD_TLS_HEARTBEAT_PAYLOAD_LENGTH) ||
	       wants(parser, VP_FIELD_TLS_HEARTBEAT_EXCESS);
}

static void begin_unit(struct vp_parser *parser, uint8_t type, uint16_t version)
{
	vp_emit_begin(parser->head.sink);
	vp_emit_number(parser->head.sink, VP_FIELD_TLS_RECORD_CONTENT_TYPE, type);
	vp_emit_number(parser->head.sink, VP_FIELD_TLS_RECORD_VERSION, version);
}

/* The part of `b` behind its length field of `width` bytes; empty and failed if short. */
static struct vp_bytes vector(struct vp_bytes *b, unsigned int width)
{
	size_t length = width == 1 ? vp_bytes_u8(b) : vp_bytes_be16(b);
	const uint8_t *data = vp_bytes_take(b, length);

	return data ? vp_bytes_of(data, length) : (struct vp_bytes){ .failed = true };
}

static void give_vector(struct vp_parser *parser, enum vp_field_id field,
			const struct vp_bytes *value)
{
	if (!value->failed)
		vp_emit_bytes(parser->head.sink, field, value->data, value->len);
}

/* Names are compared without case. */
static void give_name(struct vp_parser *parser, const struct vp_bytes *name)
{
	uint8_t lower[256];
	bool open = false;

	for (size_t i = 0; !name->failed && i <= name->len;) {
		size_t run = name->len - i < sizeof(lower) ? name->len - i : sizeof(lower);
		bool last = i + run == name->len;

		for (size_t j = 0; j < run; j++)
			lower[j] = (uint8_t)tolower(name->data[i + j]);
		vp_emit_part(parser->head.sink, VP_FIELD_TLS_SNI, &open, lower, run, last);
		if (last)
			return;
		i += run;
	}
}

/* RFC 6066, 3 */
static bool read_names(struct vp_parser *parser, struct vp_bytes body)
{
	struct vp_bytes list = vector(&body, 2);

	while (vp_bytes_left(&list)) {
		uint8_t type = vp_bytes_u8(&list);
		struct vp_bytes name = vector(&list, 2);

		if (type == 0)
			give_name(parser, &name);
	}
	return !list.failed;
}

/* RFC 7301 */
static bool read_protocols(struct vp_parser *parser, struct vp_bytes body)
{
	struct vp_bytes list = vector(&body, 2);

	while (vp_bytes_left(&list)) {
		struct vp_bytes name = vector(&list, 1);

		give_vector(parser, VP_FIELD_TLS_ALPN, &name);
	}
	return !list.failed;
}

/* Values that mean nothing, sent to keep servers tolerant (RFC 8701). */
static bool is_grease(uint16_t value)
{
	return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

/* RFC 8446, 4.2.1: the highest version of the list. */
static bool read_versions(struct vp_bytes body, uint16_t *highest)
{
	struct vp_bytes list = vector(&body, 1);
	uint16_t most = 0;

	while (vp_bytes_left(&list)) {
		uint16_t version = vp_bytes_be16(&list);

		if (!list.failed && !is_grease(version) && version > most)
			most = version;
	}
	if (most)
		*highest = most;
	return !list.failed;
}

static bool read_extensions(struct vp_parser *parser, struct vp_bytes *list, uint16_t *version)
{
	bool good = true;

	while (vp_bytes_left(list)) {
		uint16_t type = vp_bytes_be16(list);
		struct vp_bytes body = vector(list, 2);

		if (body.failed)
			return false;
		if (type == 0)
			good &= read_names(parser, body);
		else if (type == 16)
			good &= read_protocols(parser, body);
		else if (type == 43)
			good &= read_versions(body, version);
	}
	return good && !list->failed;
}

static void read_ciphers(struct vp_parser *parser, struct vp_bytes *list)
{
	while (vp_bytes_left(list) && wants(parser, VP_FIELD_TLS_CIPHER)) {
		uint16_t cipher = vp_bytes_be16(list);

		if (!list->failed)
			vp_emit_number(parser->head.sink, VP_FIELD_TLS_CIPHER, cipher);
	}
}

/* RFC 5246, 7.4.1.2, and RFC 8446, 4.1.2; what could be read is given even if it is malformed.
 */
static void read_hello(struct vp_parser *parser)
{
	struct vp_bytes b = vp_bytes_of(parser->head.gather.data, parser->head.gather.len);
	struct vp_bytes ciphers, extensions;
	uint16_t version = vp_bytes_be16(&b);
	bool good = true;

	begin_unit(parser, HANDSHAKE, parser->message_version);
	vp_emit_number(parser->head.sink, VP_FIELD_TLS_HANDSHAKE_TYPE, CLIENT_HELLO);
	vp_bytes_take(&b, 32);
	vector(&b, 1); /* session */
	ciphers = vector(&b, 2);
	read_ciphers(parser, &ciphers);
	vector(&b, 1); /* compression */
	if (vp_bytes_left(&b)) {
		extensions = vector(&b, 2);
		good = read_extensions(parser, &extensions, &version);
	}
	vp_emit_number(parser->head.sink, VP_FIELD_TLS_VERSION, version);
	vp_emit_end(parser->head.sink);
	parser->helloed = true;
	parser->encrypted = false;
	if (!good || b.failed || ciphers.failed)
		end(parser, VP_PARSE_BROKEN, "client-hello");
}

/* RFC 5246, E.2 */
static void read_old_hello(struct vp_parser *parser)
{
	struct vp_bytes b = vp_bytes_of(parser->head.gather.data, parser->head.gather.len);
	uint16_t version, length;

	vp_bytes_u8(&b); /* the message's type */
	version = vp_bytes_be16(&b);
	length = vp_bytes_be16(&b);
	vp_bytes_be32(&b); /* lengths of session and challenge */
	begin_unit(parser, HANDSHAKE, 2);
	vp_emit_number(parser->head.sink, VP_FIELD_TLS_HANDSHAKE_TYPE, CLIENT_HELLO);
	vp_emit_number(parser->head.sink, VP_FIELD_TLS_VERSION, version);
	for (; length >= 3 && vp_bytes_left(&b) >= 3; length -= 3) {
		uint32_t cipher = (uint32_t)vp_bytes_u8(&b) << 16;

		vp_emit_number(parser->head.sink, VP_FIELD_TLS_CIPHER,
			       cipher | vp_bytes_be16(&b));
	}
	vp_emit_end(parser->head.sink);
	parser->helloed = true;
	parser->old = false;
	if (version < 0x0300) /* goes on in records of SSL 2 */
		end(parser, VP_PARSE_DONE, "ssl2");
}

static void end_hello(struct vp_parser *parser)
{
	if (parser->old)
		read_old_hello(parser);
	else
		read_hello(parser);
	vp_gather_reset(&parser->head.gather);
	parser->hello = 0;
}

static void begin_message(struct vp_parser *parser)
{
	uint8_t type = parser->message[0];
	size_t length = (size_t)parser->message[1] << 16 | (size_t)parser->message[2] << 8 |
			parser->message[3];

	parser->message_len = 0;
	if (type == CLIENT_HELLO) {
		if (length > parser->head.bound)
			end(parser, VP_PARSE_BOUND, "client-hello");
		parser->hello = length;
		if (!length)
			end_hello(parser);
		return;
	}
	parser->message_left = length;
	begin_unit(parser, HANDSHAKE, parser->message_version);
	vp_emit_number(parser->head.sink, VP_FIELD_TLS_HANDSHAKE_TYPE, type);
	vp_emit_end(parser->head.sink);
}

/* Bytes of handshake messages, up to the end of the first one; how many. */
static size_t take_handshake(struct vp_parser *parser, struct vp_slice bytes)
{
	size_t used;

	if (parser->hello) {
		used = vp_gather(&parser->head.gather, parser->hello, bytes);
		if (parser->head.gather.len == parser->hello)
			end_hello(parser);
		return used;
	}
	if (parser->message_left) {
		used = parser->message_left < bytes.len ? parser->message_left : bytes.len;
		parser->message_left -= used;
		return used;
	}
	if (!parser->message_len)
		parser->message_version = parser->version;
	parser->message[parser->message_len++] = bytes.data[0];
	if (parser->message_len == sizeof(parser->message))
		begin_message(parser);
	return 1;
}

/*
 * A handshake record behind ChangeCipherSpec: a ClientHello that fills it is one
 * that answers HelloRetryRequest (RFC 8446, D.4); all else is encrypted.
 */
static bool is_hello_again(const struct vp_parser *parser)
{
	size_t length =
		(size_t)parser->body[1] << 16 | (size_t)parser->body[2] << 8 | parser->body[3];

	return parser->body[0] == CLIENT_HELLO && length + 4 == parser->length;
}

static void give_heartbeat(struct vp_parser *parser)
{
	uint32_t claimed =
		parser->body_len < 3 ? 0 : (uint32_t)parser->body[1] << 8 | parser->body[2];
	uint32_t needed = claimed + 3;

	begin_unit(parser, HEARTBEAT, parser->version);
	vp_emit_number(parser->head.sink, VP_FIELD_TLS_RECORD_LENGTH, parser->length);
	if (!parser->encrypted) {
		vp_emit_number(parser->head.sink, VP_FIELD_TLS_HEARTBEAT_PAYLOAD_LENGTH,
			       claimed);
		vp_emit_number(parser->head.sink, VP_FIELD_TLS_HEARTBEAT_EXCESS,
			       needed > parser->length ? needed - parser->length : 0);
	}
	vp_emit_end(parser->head.sink);
}

static void give_alert(struct vp_parser *parser)
{
	begin_unit(parser, ALERT, parser->version);
	vp_emit_number(parser->head.sink, VP_FIELD_TLS_RECORD_LENGTH, parser->length);
	if (!parser->encrypted && parser->body_len >= 2)
		vp_emit_number(parser->head.sink, VP_FIELD_TLS_ALERT, parser->body[1]);
	vp_emit_end(parser->head.sink);
}

static void encrypts(struct vp_parser *parser)
{
	parser->encrypted = parser->helloed;
	if (parser->encrypted && !wants_records(parser))
		end(parser, VP_PARSE_DONE, "encrypted");
}

/* How much of the record's body has to be seen before it can be judged. */
static size_t needed(const struct vp_parser *parser)
{
	if (parser->type == HEARTBEAT)
		return parser->encrypted ? 0 : 3;
	if (parser->type == ALERT)
		return parser->encrypted ? 0 : 2;
	return parser->type == HANDSHAKE && parser->encrypted ? 4 : 0;
}

/* As much of the body as is needed is there. */
static void judge(struct vp_parser *parser)
{
	if (parser->type == HEARTBEAT) {
		give_heartbeat(parser);
	} else if (parser->type == ALERT) {
		give_alert(parser);
	} else if (parser->type == CHANGE_CIPHER_SPEC) {
		parser->encrypted = parser->helloed;
	} else if (parser->type == APPLICATION_DATA) {
		encrypts(parser);
	} else if (parser->encrypted && parser->body_len == 4 && is_hello_again(parser)) {
		parser->encrypted = false;
		parser->message_version = parser->version;
		memcpy(parser->message, parser->body, 4);
		begin_message(parser);
	} else if (parser->encrypted) {
		encrypts(parser);
	}
}

static void begin_body(struct vp_parser *parser)
{
	parser->left = parser->length;
	parser->header_len = parser->body_len = 0;
	if (!needed(parser) || !parser->left)
		judge(parser);
}

/* A header of five bytes: of a record, or of a ClientHello of SSL 2. */
static void begin_record(struct vp_parser *parser)
{
	const uint8_t *header = parser->header;
	bool known =
		header[0] >= CHANGE_CIPHER_SPEC && header[0] <= HEARTBEAT && header[1] == 3;

	parser->type = header[0];
	parser->version = (uint16_t)(header[1] << 8 | header[2]);
	parser->length = (uint16_t)(header[3] << 8 | header[4]);
	if (!parser->helloed && header[0] & 0x80 && header[2] == CLIENT_HELLO) {
		parser->old = true;
		parser->hello = (size_t)(header[0] & 0x7f) << 8 | header[1];
		parser->header_len = 0;
		vp_gather(&parser->head.gather, 3, (struct vp_slice){ header + 2, 3 });
		if (parser->hello <= 3)
			end_hello(parser);
	} else if (!known) {
		end(parser, parser->helloed ? VP_PARSE_BROKEN : VP_PARSE_FOREIGN, "not-tls");
	} else if (parser->length > LENGTH_MAX) {
		end(parser, VP_PARSE_BROKEN, "record-length");
	} else {
		begin_body(parser);
	}
}

/* Bytes of the record's body; how many. */
static size_t take_body(struct vp_parser *parser, struct vp_slice bytes)
{
	size_t used = parser->left < bytes.len ? parser->left : bytes.len;
	size_t want = needed(parser);

	if (parser->body_len < want && !parser->hello) {
		parser->body[parser->body_len++] = bytes.data[0];
		used = 1;
		if (parser->body_len == want || parser->left == 1)
			judge(parser);
	} else if (parser->type == HANDSHAKE && !parser->encrypted) {
		bytes.len = used;
		used = take_handshake(parser, bytes);
	}
	parser->left -= used;
	return used;
}

/* Take some bytes, at least one; how many. */
static size_t take(struct vp_parser *parser, struct vp_slice bytes)
{
	if (parser->old)
		return take_handshake(parser, bytes);
	if (parser->left)
		return take_body(parser, bytes);
	parser->header[parser->header_len++] = bytes.data[0];
	if (parser->header_len == HEADER_LEN)
		begin_record(parser);
	return 1;
}

/* Is the rest of the record's body of no interest? */
static bool is_skippable(const struct vp_parser *parser)
{
	if (parser->type == HANDSHAKE && !parser->encrypted)
		return false;
	return parser->body_len >= needed(parser);
}

static struct vp_parsed said(const struct vp_parser *parser)
{
	struct vp_parsed parsed = { .state = VP_PARSE_INSIDE };

	if (parser->over.reason)
		return parser->over;
	if (parser->left && is_skippable(parser))
		parsed.skippable = parser->left;
	if (!parser->helloed && !parser->left && !parser->header_len && !parser->hello &&
	    !parser->message_len && !parser->message_left)
		parsed.state = VP_PARSE_BOUNDARY;
	return parsed;
}

static struct vp_parsed tls_feed(struct vp_parser *parser, enum vp_direction direction,
				 struct vp_slice bytes)
{
	while (direction == VP_TO_SERVER && bytes.len && !parser->over.reason) {
		size_t used = take(parser, bytes);

		bytes.data += used;
		bytes.len -= used;
	}
	if (direction == VP_TO_CLIENT && !parser->over.reason)
		return (struct vp_parsed){ .state = said(parser).state };
	return said(parser);
}

static void tls_skipped(struct vp_parser *parser, enum vp_direction direction, uint64_t count)
{
	if (direction == VP_TO_SERVER)
		parser->left -= count < parser->left ? (size_t)count : parser->left;
}

const struct vp_protocol vp_protocol_tls = {
	.application = "tls",
	.traffic = VP_TRAFFIC_TCP,
	.open = tls_open,
	.close = vp_parser_head_close,
	.feed = tls_feed,
	.skipped = tls_skipped,
	.memory = vp_parser_head_memory,
};
