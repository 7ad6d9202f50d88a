/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames of the control protocol, parsed and written: see message.h.
 *
 * Pure: bytes in, a checked message out. Nothing here reads a socket, and
 * nothing is acted upon before the whole request has been checked.
 */
#include "agentd/message.h"

#include <errno.h>
#include <string.h>

#include "lib/bytes.h"
#include "lib/memory.h"

static const struct {
	const char *name;
	bool changes;
} requests[VP_REQUEST_COUNT] = {
	[VP_REQUEST_STATUS] = { "status", false },
	[VP_REQUEST_EXPLAIN] = { "explain", false },
	[VP_REQUEST_HISTORY] = { "history", false },
	[VP_REQUEST_EVENTS] = { "events", false },
	[VP_REQUEST_PLAN] = { "plan", false },
	[VP_REQUEST_APPLY] = { "apply", true },
	[VP_REQUEST_CONFIRM] = { "confirm", true },
	[VP_REQUEST_ROLLBACK] = { "rollback", true },
	[VP_REQUEST_ENABLE] = { "enable", true },
	[VP_REQUEST_DISABLE] = { "disable", true },
	[VP_REQUEST_MODE] = { "mode", true },
};

const char *vp_request_name(enum vp_request type)
{
	return (unsigned int)type < VP_REQUEST_COUNT ? requests[type].name : NULL;
}

bool vp_request_changes(enum vp_request type)
{
	return (unsigned int)type < VP_REQUEST_COUNT && requests[type].changes;
}

/* Length of the UTF-8 character at `p`, 0 when it is none or a control character. */
static size_t character_length(const uint8_t *p, size_t left)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : 4;
	uint32_t c;

	if (length == 1)
		return p[0] >= 0x20 && p[0] != 0x7f;
	if ((length == 4 && p[0] >> 3 != 30) || length > left)
		return 0;
	c = p[0] & (0xffu >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[length] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) || c < 0xa0)
		return 0;
	return length;
}

static bool is_plain_text(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t length = character_length(data + i, len - i);

		if (!length)
			return false;
		i += length;
	}
	return true;
}

static int parse_header(struct vp_bytes *in, struct vp_message *message, uint32_t *body,
			struct vp_error *err)
{
	uint32_t magic = vp_bytes_be32(in);
	uint16_t type = vp_bytes_be16(in), code = vp_bytes_be16(in);

	*body = vp_bytes_be32(in);
	if (magic != VP_MESSAGE_MAGIC)
		return vp_fail(err, -EINVAL,
			       "expected a request of the vpatch control protocol, version 1");
	if (!vp_request_name(type))
		return vp_fail(err, -EINVAL, "unknown request type %u; is vpatchctl newer?",
			       type);
	if (code)
		return vp_fail(err, -EINVAL, "expected code 0 in a request, found %u", code);
	if (*body > VP_REQUEST_LIMIT)
		return vp_fail(err, -EINVAL,
			       "expected a request of at most %u bytes, found %u",
			       VP_REQUEST_LIMIT, *body);
	message->type = type;
	return 0;
}

static int parse_argument(struct vp_bytes *in, struct vp_message *message, char **free_space,
			  struct vp_error *err)
{
	uint16_t key = vp_bytes_be16(in), zero = vp_bytes_be16(in);
	uint32_t length = vp_bytes_be32(in);
	const uint8_t *value = vp_bytes_take(in, length);

	if (in->failed)
		return vp_fail(err, -EINVAL, "an argument runs past the end of the request");
	if (!key || key >= VP_ARG_COUNT || zero)
		return vp_fail(err, -EINVAL, "unknown argument %u; is vpatchctl newer?", key);
	if (message->arguments[key])
		return vp_fail(err, -EINVAL, "argument %u is given twice", key);
	if (!is_plain_text(value, length))
		return vp_fail(err, -EINVAL,
			       "argument %u: expected UTF-8 text without control characters",
			       key);
	if (length)
		memcpy(*free_space, value, length);
	(*free_space)[length] = '\0';
	message->arguments[key] = *free_space;
	*free_space += length + 1;
	return 0;
}

int vp_message_parse(const uint8_t *data, size_t len, struct vp_message *message, size_t *need,
		     struct vp_error *err)
{
	struct vp_message parsed = { 0 };
	struct vp_bytes in;
	uint32_t body;
	char *space;
	int r;

	*need = VP_MESSAGE_HEADER;
	if (len < VP_MESSAGE_HEADER)
		return -EAGAIN;
	in = vp_bytes_of(data, VP_MESSAGE_HEADER);
	r = parse_header(&in, &parsed, &body, err);
	if (r)
		return r;
	*need = VP_MESSAGE_HEADER + body;
	if (len < *need)
		return -EAGAIN;
	/* every argument costs 8 bytes of header, so its terminator fits too */
	space = parsed.storage = vp_alloc(1, body + 1);
	in = vp_bytes_of(data + VP_MESSAGE_HEADER, body);
	while (!r && vp_bytes_left(&in))
		r = parse_argument(&in, &parsed, &space, err);
	if (r) {
		vp_message_free(&parsed);
		return r;
	}
	*message = parsed;
	return 0;
}

void vp_message_free(struct vp_message *message)
{
	free(message->storage);
	memset(message, 0, sizeof(*message));
}

static void add_be(struct vp_strbuf *out, uint32_t value, size_t width)
{
	while (width--)
		vp_strbuf_addc(out, (char)(value >> 8 * width));
}

static void add_header(struct vp_strbuf *out, uint16_t type, uint16_t code, size_t length)
{
	add_be(out, VP_MESSAGE_MAGIC, 4);
	add_be(out, type, 2);
	add_be(out, code, 2);
	add_be(out, (uint32_t)length, 4);
}

void vp_message_write(const struct vp_message *message, struct vp_strbuf *out)
{
	size_t body = 0;

	for (size_t key = 1; key < VP_ARG_COUNT; key++)
		if (message->arguments[key])
			body += 8 + strlen(message->arguments[key]);
	add_header(out, (uint16_t)message->type, 0, body);
	for (size_t key = 1; key < VP_ARG_COUNT; key++) {
		const char *value = message->arguments[key];

		if (!value)
			continue;
		add_be(out, (uint32_t)key, 2);
		add_be(out, 0, 2);
		add_be(out, (uint32_t)strlen(value), 4);
		vp_strbuf_adds(out, value);
	}
}

void vp_answer_write(uint16_t type, enum vp_exit status, const char *json, size_t len,
		     struct vp_strbuf *out)
{
	add_header(out, type, (uint16_t)status, len);
	vp_strbuf_add(out, json, len);
}
