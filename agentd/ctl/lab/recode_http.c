/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests taken apart and written again, and encodings of text. Lenient in what it
 * takes apart only as far as samples need it. It knows nothing of rules.
 */
#include "agentd/ctl/lab/recode_http.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "lib/memory.h"

static bool is_word(char c)
{
	return isalnum((unsigned char)c) != 0;
}

/* Up to the line end, which is skipped; false: there is none. */
static bool take_line(struct vp_span *rest, struct vp_span *line)
{
	const char *end = rest->len ? memchr(rest->data, '\n', rest->len) : NULL;

	if (!end)
		return false;
	*line = (struct vp_span){ rest->data, (size_t)(end - rest->data) };
	rest->len -= line->len + 1;
	rest->data = end + 1;
	if (line->len && line->data[line->len - 1] == '\r')
		line->len--;
	return true;
}

static struct vp_span trim(struct vp_span text)
{
	while (text.len && (*text.data == ' ' || *text.data == '\t')) {
		text.data++;
		text.len--;
	}
	while (text.len && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t'))
		text.len--;
	return text;
}

static bool parse_request_line(struct vp_span line, struct vp_http_message *request)
{
	const char *first = line.len ? memchr(line.data, ' ', line.len) : NULL;
	const char *last = line.len ? memrchr(line.data, ' ', line.len) : NULL;
	const char *question;

	if (!first || first == last || last + 1 == line.data + line.len)
		return false;
	request->method = (struct vp_span){ line.data, (size_t)(first - line.data) };
	request->path = (struct vp_span){ first + 1, (size_t)(last - first - 1) };
	request->version =
		(struct vp_span){ last + 1, (size_t)(line.data + line.len - last - 1) };
	question =
		request->path.len ? memchr(request->path.data, '?', request->path.len) : NULL;
	if (question) {
		request->query =
			(struct vp_span){ question + 1, (size_t)(last - question - 1) };
		request->path.len = (size_t)(question - request->path.data);
	}
	return request->version.len == 8 && !memcmp(request->version.data, "HTTP/1.", 7);
}

static bool parse_line(struct vp_span line, struct vp_http_message *request)
{
	const char *colon = memchr(line.data, ':', line.len);
	struct vp_http_message_line *one = &request->lines[request->count];

	if (!colon || request->count == VP_REQUEST_LINES_MAX || *line.data == ' ' ||
	    *line.data == '\t')
		return false;
	one->name = (struct vp_span){ line.data, (size_t)(colon - line.data) };
	one->value = trim(
		(struct vp_span){ colon + 1, (size_t)(line.data + line.len - colon - 1) });
	request->count++;
	return true;
}

static bool same(struct vp_span text, const char *word)
{
	return text.len == strlen(word) && !strncasecmp(text.data, word, text.len);
}

const struct vp_http_message_line *vp_http_message_line(const struct vp_http_message *request,
							const char *name)
{
	for (size_t i = 0; i < request->count; i++)
		if (same(request->lines[i].name, name))
			return &request->lines[i];
	return NULL;
}

bool vp_http_message_parse(const uint8_t *message, size_t len, struct vp_http_message *request)
{
	struct vp_span rest = { (const char *)message, len }, line;
	const struct vp_http_message_line *length;

	*request = (struct vp_http_message){ 0 };
	if (!take_line(&rest, &line) || !parse_request_line(line, request))
		return false;
	for (;;) {
		if (!take_line(&rest, &line))
			return false;
		if (!line.len)
			break;
		if (!parse_line(line, request))
			return false;
	}
	request->body = rest;
	length = vp_http_message_line(request, "Content-Length");
	if (vp_http_message_line(request, "Transfer-Encoding"))
		return true; /* its body stays as it is */
	request->sized =
		length && rest.len && strtoul(length->value.data, NULL, 10) == rest.len;
	return request->sized || !rest.len;
}

/* Writing */

static void put_span(struct vp_strbuf *out, struct vp_span text)
{
	vp_strbuf_add(out, text.data, text.len);
}

static void put_name(struct vp_strbuf *out, struct vp_span name,
		     enum vp_http_message_names names)
{
	for (size_t i = 0; i < name.len; i++) {
		int c = (unsigned char)name.data[i];

		if (names == VP_NAMES_LOWER || (names == VP_NAMES_MIXED && i % 2 == 0))
			c = tolower(c);
		else if (names != VP_NAMES_AS_IS)
			c = toupper(c);
		vp_strbuf_addc(out, (char)c);
	}
}

/* The value, continued on another line at its first space, or at its begin. */
static void put_folded(struct vp_strbuf *out, struct vp_span value)
{
	const char *space = value.len ? memchr(value.data, ' ', value.len) : NULL;
	size_t at = space ? (size_t)(space - value.data) : 0;

	vp_strbuf_add(out, value.data, at);
	vp_strbuf_adds(out, "\r\n ");
	vp_strbuf_add(out, value.data + at + !!space, value.len - at - !!space);
}

static void put_line(const struct vp_http_message_line *line,
		     const struct vp_http_message_style *style, struct vp_strbuf *out)
{
	struct vp_span value = line->value;

	if (same(line->name, "Content-Type") && style->type)
		value = (struct vp_span){ style->type, strlen(style->type) };
	if (style->value_of && same(line->name, style->value_of))
		value = style->value;
	put_name(out, line->name, style->names);
	vp_strbuf_adds(out, style->colon ? style->colon : ": ");
	if (style->folded && !same(line->name, "Host") && !same(line->name, "Content-Length"))
		put_folded(out, value);
	else
		put_span(out, value);
	vp_strbuf_adds(out, style->after ? style->after : "");
	vp_strbuf_adds(out, style->end ? style->end : "\r\n");
}

static void put_target(const struct vp_http_message *request,
		       const struct vp_http_message_style *style, struct vp_strbuf *out)
{
	if (style->target) {
		vp_strbuf_adds(out, style->target);
		return;
	}
	put_span(out, request->path);
	if (request->query.data) {
		vp_strbuf_addc(out, '?');
		put_span(out, request->query);
	}
}

void vp_http_message_put(const struct vp_http_message *request,
			 const struct vp_http_message_style *style, struct vp_strbuf *out)
{
	const char *end = style->end ? style->end : "\r\n";

	vp_strbuf_adds(out, style->before ? style->before : "");
	put_span(out, request->method);
	vp_strbuf_addc(out, ' ');
	put_target(request, style, out);
	vp_strbuf_addc(out, ' ');
	if (style->version)
		vp_strbuf_adds(out, style->version);
	else
		put_span(out, request->version);
	vp_strbuf_adds(out, end);
	for (size_t i = 0; i < request->count; i++) {
		size_t which = style->reversed ? request->count - 1 - i : i;
		const struct vp_http_message_line *line = &request->lines[which];

		if (!style->body.data || !same(line->name, "Content-Length"))
			put_line(line, style, out);
	}
	if (style->framing)
		vp_strbuf_adds(out, style->framing);
	else if (style->body.data)
		vp_strbuf_addf(out, "Content-Length: %zu%s", style->body.len, end);
	vp_strbuf_adds(out, end);
	put_span(out, style->body.data ? style->body : request->body);
}

/* Encodings */

/* Is an encoded byte at `at`? */
static bool is_encoded(struct vp_span text, size_t at)
{
	return text.data[at] == '%' && at + 2 < text.len &&
	       isxdigit((unsigned char)text.data[at + 1]) &&
	       isxdigit((unsigned char)text.data[at + 2]);
}

void vp_percent_put(struct vp_span text, bool lower, unsigned int every, bool twice,
		    struct vp_strbuf *out)
{
	unsigned int seen = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (is_encoded(text, i)) {
			vp_strbuf_add(out, text.data + i, 3);
			i += 2;
		} else if (is_word(c) && seen++ % every == 0) {
			vp_strbuf_addf(out, lower ? "%%%s%02x" : "%%%s%02X", twice ? "25" : "",
				       (unsigned char)c);
		} else {
			vp_strbuf_addc(out, c);
		}
	}
}

void vp_case_put(struct vp_span text, bool values, struct vp_strbuf *out)
{
	bool in_value = !values;

	for (size_t i = 0; i < text.len; i++) {
		int c = (unsigned char)text.data[i];

		if (is_encoded(text, i)) {
			vp_strbuf_add(out, text.data + i, 3);
			i += 2;
			continue;
		}
		if (values)
			in_value = c == '=' || (in_value && c != '&');
		if (in_value)
			c = isupper(c) ? tolower(c) : toupper(c);
		vp_strbuf_addc(out, (char)c);
	}
}

void vp_entity_put(struct vp_span text, struct vp_strbuf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		if (is_word(text.data[i]))
			vp_strbuf_addf(out, "&#x%02x;", (unsigned char)text.data[i]);
		else
			vp_strbuf_addc(out, text.data[i]);
	}
}

void vp_json_put(struct vp_span text, struct vp_strbuf *out)
{
	bool inside = false;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (inside && c == '\\' && i + 1 < text.len) {
			size_t len = text.data[i + 1] == 'u' && i + 5 < text.len ? 6 : 2;

			vp_strbuf_add(out, text.data + i, len);
			i += len - 1;
			continue;
		}
		if (c == '"')
			inside = !inside;
		if (inside && c >= ' ' && c < 0x7f && c != '"')
			vp_strbuf_addf(out, "\\u%04x", c);
		else
			vp_strbuf_addc(out, (char)c);
	}
}

void vp_xml_put(struct vp_span text, struct vp_strbuf *out)
{
	bool inside = false; /* the root element, and no tag */

	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (c == '<')
			inside = false;
		if (inside && is_word(c))
			vp_strbuf_addf(out, "&#x%02x;", (unsigned char)c);
		else
			vp_strbuf_addc(out, c);
		if (c == '>')
			inside = true;
	}
}

void vp_chunks_put(struct vp_span text, size_t size, const char *extension,
		   struct vp_strbuf *out)
{
	for (size_t at = 0; at < text.len; at += size) {
		size_t len = text.len - at < size ? text.len - at : size;

		vp_strbuf_addf(out, "%zx%s\r\n", len, extension);
		vp_strbuf_add(out, text.data + at, len);
		vp_strbuf_adds(out, "\r\n");
	}
	vp_strbuf_addf(out, "0%s\r\n\r\n", extension);
}

/* Uncompressed meta-blocks (RFC 7932, 9.2), which need no compressor. */
static void put_brotli(struct vp_span text, struct vp_strbuf *out)
{
	const size_t most = 1u << 16;

	/* WBITS 16 is the single bit 0; each block: ISLAST 0, MNIBBLES 0 (four), MLEN - 1 in
	 * 16 bits, ISUNCOMPRESSED 1, then up to the byte's end */
	for (size_t at = 0; at < text.len; at += most) {
		size_t len = text.len - at < most ? text.len - at : most;
		uint32_t bits = at ? 0 : 1; /* the window's bit comes before the first */
		uint32_t head = (uint32_t)(len - 1) << (3 + bits) | 1u << (19 + bits);

		for (unsigned int i = 0; i < 3; i++)
			vp_strbuf_addc(out, (char)(head >> (8 * i)));
		vp_strbuf_add(out, text.data + at, len);
	}
	vp_strbuf_addc(out, text.len ? 3 : 6); /* ISLAST and ISLASTEMPTY */
}

void vp_content_put(struct vp_span text, enum vp_content_coding coding, struct vp_strbuf *out)
{
	static const int bits[] = {
		[VP_CONTENT_GZIP] = 15 + 16, [VP_CONTENT_ZLIB] = 15, [VP_CONTENT_DEFLATE] = -15
	};
	z_stream stream = { .next_in = (z_const Bytef *)(uintptr_t)text.data,
			    .avail_in = (unsigned int)text.len };
	unsigned char *room;
	size_t size;

	if (coding == VP_CONTENT_BR) {
		put_brotli(text, out);
		return;
	}
	if (deflateInit2(&stream, 9, Z_DEFLATED, bits[coding], 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return;
	size = deflateBound(&stream, text.len);
	room = vp_alloc(size, 1);
	stream.next_out = room;
	stream.avail_out = (unsigned int)size;
	if (deflate(&stream, Z_FINISH) == Z_STREAM_END)
		vp_strbuf_add(out, (const char *)room, size - stream.avail_out);
	deflateEnd(&stream);
	free(room);
}
