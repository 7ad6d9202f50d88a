/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON reader: see json.h. A machine that looks at one byte after the other
 * and builds no tree; it never refuses a document, and only too many containers
 * in each other stop it.
 */
#include "modules/inspection/json.h"

#include <errno.h>

#include "lib/bytes.h"
#include "lib/memory.h"
#include "modules/inspection/wide.h"

enum json_state {
	JSON_BETWEEN,	/* between tokens */
	JSON_STRING,	/* in a string, up to `quote` */
	JSON_ESCAPE,	/* behind a backslash */
	JSON_UNICODE,	/* in the digits of \u */
	JSON_WORD,	/* a number, true, false, null, or a word without quotes */
	JSON_SLASH,	/* behind a slash, which may begin a comment */
	JSON_LINE,	/* in a comment up to the line's end */
	JSON_BLOCK,	/* in a comment up to star and slash */
	JSON_BLOCK_STAR /* behind a star in it */
};

struct json_level {
	uint16_t prefix; /* length of the path of what is in it, without key */
	bool array;
};

struct vp_json {
	enum json_state state;
	struct vp_http_value value;
	uint8_t quote;
	bool key;	/* the next string or word in this object is a key */
	bool in_key;	/* the one that is being read is */
	uint8_t digits; /* of \u so far */
	uint16_t unit;	/* their value */
	uint16_t high;	/* a high surrogate that waits for its other half */
	bool stopped;	/* too deep */
	uint16_t len;	/* of the path */
	unsigned int depth, most;
	char path[VP_JSON_PATH];
	struct json_level levels[];
};

struct vp_json *vp_json_new(struct vp_http_out *out, enum vp_field_id field,
			    unsigned int depth)
{
	struct vp_json *json =
		vp_alloc(1, sizeof(*json) + (depth + 1) * sizeof(json->levels[0]));

	json->most = depth;
	json->value.out = out;
	json->value.field = field;
	return json;
}

void vp_json_free(struct vp_json *json)
{
	free(json);
}

size_t vp_json_memory(const struct vp_json *json)
{
	return sizeof(*json) + (json->most + 1) * sizeof(json->levels[0]);
}

static void path_add(struct vp_json *json, const uint8_t *data, size_t len)
{
	size_t room = sizeof(json->path) - json->len;

	if (len > room)
		len = room;
	memcpy(json->path + json->len, data, len);
	json->len += (uint16_t)len;
}

static void text_add(struct vp_json *json, const uint8_t *data, size_t len)
{
	if (json->in_key)
		path_add(json, data, len);
	else
		vp_http_value_add(&json->value, data, len);
}

static void add_utf8(struct vp_json *json, uint32_t c)
{
	uint8_t bytes[4];

	text_add(json, bytes, vp_utf8_put(c, bytes));
}

/* A high surrogate that no low one follows is no character. */
static void settle_high(struct vp_json *json)
{
	if (json->high)
		add_utf8(json, 0xfffd);
	json->high = 0;
}

static void end_unicode(struct vp_json *json)
{
	uint16_t unit = json->unit;

	json->state = JSON_STRING;
	if (unit >= 0xdc00 && unit <= 0xdfff && json->high) {
		add_utf8(json,
			 0x10000 + ((uint32_t)(json->high - 0xd800) << 10) + (unit - 0xdc00));
		json->high = 0;
		return;
	}
	settle_high(json);
	if (unit >= 0xd800 && unit <= 0xdbff)
		json->high = unit;
	else
		add_utf8(json, unit);
}

/* The name of what comes next in the open container, without a key of its own. */
static void back_to_prefix(struct vp_json *json)
{
	json->len = json->depth ? json->levels[json->depth].prefix : 0;
}

static void begin_text(struct vp_json *json)
{
	bool in_object = json->depth && !json->levels[json->depth].array;

	json->in_key = in_object && json->key;
	if (json->in_key) {
		back_to_prefix(json);
		if (json->len)
			path_add(json, (const uint8_t *)".", 1);
	} else if (json->len) {
		vp_http_value_begin(&json->value, vp_slice_of(json->path, json->len));
	}
}

static void end_text(struct vp_json *json)
{
	settle_high(json);
	if (!json->in_key) {
		vp_http_value_end(&json->value);
		json->key = true; /* should the comma be missing */
	}
	json->in_key = false;
	json->state = JSON_BETWEEN;
}

static int open_container(struct vp_json *json, uint8_t c)
{
	struct json_level *level;

	if (json->depth == json->most) {
		json->stopped = true;
		return -ENOBUFS;
	}
	if (json->len)
		vp_http_put(json->value.out, json->value.field,
			    vp_slice_of(json->path, json->len), vp_slice_of(&c, 1));
	if (c == '[')
		path_add(json, (const uint8_t *)"[]", 2);
	level = &json->levels[++json->depth];
	level->prefix = json->len;
	level->array = c == '[';
	json->key = true;
	return 0;
}

static void close_container(struct vp_json *json)
{
	if (json->depth)
		json->depth--;
	back_to_prefix(json);
	json->key = true;
}

/* Bytes up to `end` that are of no interest to a state. */
static const uint8_t *run_string(const struct vp_json *json, const uint8_t *at,
				 const uint8_t *end)
{
	while (at < end && *at != json->quote && *at != '\\')
		at++;
	return at;
}

static bool ends_word(uint8_t c)
{
	return c <= ' ' || c == ',' || c == ':' || c == '{' || c == '}' || c == '[' ||
	       c == ']' || c == '"' || c == '\'' || c == '/';
}

static int between(struct vp_json *json, uint8_t c)
{
	switch (c) {
	case '{':
	case '[':
		return open_container(json, c);
	case '}':
	case ']':
		close_container(json);
		break;
	case ',':
		back_to_prefix(json);
		json->key = true;
		break;
	case ':':
		json->key = false;
		break;
	case '"':
	case '\'':
		begin_text(json);
		json->quote = c;
		json->state = JSON_STRING;
		break;
	case '/':
		json->state = JSON_SLASH;
		break;
	default:
		if (c <= ' ')
			break;
		begin_text(json);
		text_add(json, &c, 1);
		json->state = JSON_WORD;
	}
	return 0;
}

static void escape(struct vp_json *json, uint8_t c)
{
	static const uint8_t names[] = "bfnrt";
	static const uint8_t bytes[] = "\b\f\n\r\t";
	const uint8_t *name = memchr(names, c, sizeof(names) - 1);

	if (c == 'u') {
		json->digits = 0;
		json->unit = 0;
		json->state = JSON_UNICODE;
		return;
	}
	settle_high(json);
	text_add(json, name ? &bytes[name - names] : &c, 1);
	json->state = JSON_STRING;
}

/* False: `c` is no digit and must be read again, as of the string. */
static bool unicode(struct vp_json *json, uint8_t c)
{
	int digit = vp_byte_hex(c);

	if (digit < 0) {
		settle_high(json);
		json->state = JSON_STRING;
		return false;
	}
	json->unit = (uint16_t)(json->unit << 4 | digit);
	if (++json->digits == 4)
		end_unicode(json);
	return true;
}

/* A run of a string's bytes, or the byte that ends it; where reading goes on. */
static const uint8_t *string(struct vp_json *json, const uint8_t *at, const uint8_t *end)
{
	const uint8_t *stop = run_string(json, at, end);

	if (stop > at) {
		settle_high(json);
		text_add(json, at, (size_t)(stop - at));
		return stop;
	}
	if (*at == '\\')
		json->state = JSON_ESCAPE;
	else
		end_text(json);
	return at + 1;
}

static const uint8_t *word(struct vp_json *json, const uint8_t *at, const uint8_t *end)
{
	const uint8_t *stop = at;

	while (stop < end && !ends_word(*stop))
		stop++;
	text_add(json, at, (size_t)(stop - at));
	if (stop < end)
		end_text(json); /* and the byte that ended it is read between tokens */
	return stop;
}

/* False: no comment after all, and `c` is read between tokens. */
static bool slash(struct vp_json *json, uint8_t c)
{
	json->state = c == '/' ? JSON_LINE : c == '*' ? JSON_BLOCK : JSON_BETWEEN;
	return json->state != JSON_BETWEEN;
}

static void comment(struct vp_json *json, uint8_t c)
{
	if (json->state == JSON_LINE) {
		if (c == '\n' || c == '\r')
			json->state = JSON_BETWEEN;
	} else if (c == '*') {
		json->state = JSON_BLOCK_STAR;
	} else if (c == '/' && json->state == JSON_BLOCK_STAR) {
		json->state = JSON_BETWEEN;
	} else {
		json->state = JSON_BLOCK;
	}
}

int vp_json_feed(struct vp_json *json, struct vp_slice bytes)
{
	const uint8_t *at = bytes.data, *end = bytes.data + bytes.len;
	int r = 0;

	while (at < end && !r && !json->stopped) {
		switch (json->state) {
		case JSON_BETWEEN:
			r = between(json, *at++);
			break;
		case JSON_STRING:
			at = string(json, at, end);
			break;
		case JSON_ESCAPE:
			escape(json, *at++);
			break;
		case JSON_UNICODE:
			at += unicode(json, *at);
			break;
		case JSON_WORD:
			at = word(json, at, end);
			break;
		case JSON_SLASH:
			at += slash(json, *at);
			break;
		case JSON_LINE:
		case JSON_BLOCK:
		case JSON_BLOCK_STAR:
			comment(json, *at++);
			break;
		}
	}
	vp_http_value_flush(&json->value);
	return json->stopped ? -ENOBUFS : r;
}

void vp_json_finish(struct vp_json *json)
{
	if (json->state == JSON_STRING || json->state == JSON_ESCAPE ||
	    json->state == JSON_UNICODE || json->state == JSON_WORD)
		end_text(json);
	vp_http_value_end(&json->value);
}
