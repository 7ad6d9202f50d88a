/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bodies of HTTP messages: see http_body.h. A body goes through its framing, its
 * coding, and the readers whose fields a rule reads; it is nowhere kept. A body
 * that looks like JSON or XML is read as such whatever its type says, because
 * many applications do not look at the type either.
 */
#include "modules/inspection/http_body.h"

#include <errno.h>

#include "lib/cleanup.h"
#include "lib/memory.h"
#include "modules/inspection/form.h"
#include "modules/inspection/http_chunk.h"
#include "modules/inspection/json.h"
#include "modules/inspection/multipart.h"
#include "modules/inspection/wide.h"
#include "modules/inspection/xml.h"

/* Most bytes of the head of a part, and of a trailer, out of what a head may have. */
#define PART_SHARE 8

/* No media type that an application knows is longer. */
#define MOST_MEDIA 128

struct vp_http_body {
	struct vp_http_out *out;
	const struct vp_parser_limits *limits;
	struct vp_http_content content;
	struct vp_http_value raw;
	bool wanted;
	uint64_t left; /* of VP_HTTP_LENGTH */
	struct vp_http_chunk chunk;
	struct vp_http_collect trailer;
	struct vp_decoder *decoder;
	struct vp_wide wide;
	bool begun;	   /* the first byte that is not blank came */
	const char *bound; /* which bound was reached */
	struct vp_json *json;
	struct vp_xml *xml;
	bool sniffed; /* nobody said that it is XML */
	struct vp_form *form;
	struct vp_multipart *multipart;
};

static bool contains(struct vp_slice text, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i + len <= text.len; i++)
		if (vp_http_same(vp_slice_of(text.data + i, len), word))
			return true;
	return false;
}

static bool begins_with(struct vp_slice text, const char *word)
{
	size_t len = strlen(word);

	return text.len >= len && vp_http_same(vp_slice_of(text.data, len), word);
}

/* Encodings in which ASCII is not ASCII. UTF-16 is known by its bytes, where one expects it.
 */
static bool is_foreign(struct vp_slice charset, bool may_be_wide)
{
	static const char *const names[] = { "ibm",   "cp0",	  "cp5", "cp1047", "ebcdic",
					     "utf-7", "iso-2022", "hz-", "utf-16", "utf-32",
					     "utf16", "utf32",	  "ucs" };
	size_t count = VP_COUNT(names) - (may_be_wide ? 5 : 0);

	for (size_t i = 0; i < count; i++)
		if (begins_with(charset, names[i]))
			return true;
	return false;
}

/* The parameters of a type, wherever one of the name begins. */
static bool has_foreign_charset(struct vp_slice type, bool may_be_wide)
{
	static const char name[] = "charset=";

	for (; type.len >= sizeof(name); type.data++, type.len--) {
		struct vp_slice charset =
			vp_slice_of(type.data + sizeof(name) - 1, type.len - sizeof(name) + 1);

		if (!begins_with(type, name))
			continue;
		if (*charset.data == '"' || *charset.data == '\'') {
			charset.data++;
			charset.len--;
		}
		if (is_foreign(charset, may_be_wide))
			return true;
	}
	return false;
}

static void content_type(struct vp_http_content *content, struct vp_http_out *out,
			 struct vp_slice type)
{
	const uint8_t *end = type.len ? memchr(type.data, ';', type.len) : NULL;
	struct vp_slice media =
		vp_slice_of(type.data, end ? (size_t)(end - type.data) : type.len);

	if (media.len > MOST_MEDIA)
		media.len = MOST_MEDIA;
	content->typed = true;
	content->json = content->json || contains(media, "json");
	content->xml = content->xml || contains(media, "xml");
	content->form = content->form || contains(media, "urlencoded");
	if (begins_with(type, "multipart/"))
		content->type = type;
	if (has_foreign_charset(type, content->json || content->xml))
		vp_http_ambiguous(out, VP_HTTP_FOREIGN_CHARSET);
}

static void content_encoding(struct vp_http_content *content, struct vp_http_out *out,
			     struct vp_slice coding)
{
	bool again = content->coding != VP_CODING_IDENTITY;

	if (vp_http_same(coding, "identity") || !coding.len)
		return;
	if (vp_http_same(coding, "gzip") || vp_http_same(coding, "x-gzip"))
		content->coding = VP_CODING_GZIP;
	else if (vp_http_same(coding, "deflate"))
		content->coding = VP_CODING_DEFLATE;
	else if (vp_http_same(coding, "br"))
		content->coding = VP_CODING_BROTLI;
	else
		again = true;
	if (again)
		vp_http_ambiguous(out, VP_HTTP_UNKNOWN_ENCODING);
}

void vp_http_content_header(struct vp_http_content *content, struct vp_http_out *out,
			    const struct vp_http_header *header)
{
	if (vp_http_header_is(header, "content-type"))
		content_type(content, out, header->value);
	else if (vp_http_header_is(header, "content-encoding"))
		content_encoding(content, out, header->value);
}

/* Does a rule that reads one of these fields of the body still depend on it? */
static bool is_awaited(const struct vp_sink *sink, uint64_t fields)
{
	if (!sink->operations->awaits)
		return fields;
	for (unsigned int field = VP_FIELD_HTTP_METHOD; field <= VP_FIELD_HTTP_RESPONSE_BODY;
	     field++)
		if (fields & VP_HTTP_FIELD_BIT(field) && sink->operations->awaits(sink, field))
			return true;
	return false;
}

bool vp_http_body_wanted(const struct vp_http_content *content, const struct vp_http_out *out)
{
	uint64_t request = VP_HTTP_FIELD_BIT(VP_FIELD_HTTP_REQUEST_BODY) |
			   VP_HTTP_FIELD_BIT(VP_FIELD_HTTP_REQUEST_BODY_JSON) |
			   VP_HTTP_FIELD_BIT(VP_FIELD_HTTP_REQUEST_BODY_XML) |
			   VP_HTTP_FIELD_BIT(VP_FIELD_HTTP_REQUEST_BODY_FORM) |
			   VP_HTTP_FIELD_BIT(VP_FIELD_HTTP_REQUEST_BODY_PART) |
			   VP_HTTP_FIELD_BIT(VP_FIELD_HTTP_REQUEST_BODY_FILENAME);
	uint64_t response = VP_HTTP_FIELD_BIT(VP_FIELD_HTTP_RESPONSE_BODY);
	uint64_t fields = out->wanted & (content->response ? response : request);

	/* what is wrong with a body is found where it is read */
	if (fields && vp_http_wants(out, VP_FIELD_HTTP_AMBIGUITY))
		fields |= VP_HTTP_FIELD_BIT(VP_FIELD_HTTP_AMBIGUITY);
	return fields && is_awaited(out->sink, fields);
}

static void open_json(struct vp_http_body *body)
{
	if (!body->json && vp_http_wants(body->out, VP_FIELD_HTTP_REQUEST_BODY_JSON))
		body->json = vp_json_new(body->out, VP_FIELD_HTTP_REQUEST_BODY_JSON,
					 body->limits->depth);
}

static void open_xml(struct vp_http_body *body)
{
	if (!body->xml && vp_http_wants(body->out, VP_FIELD_HTTP_REQUEST_BODY_XML))
		body->xml = vp_xml_new(body->out, VP_FIELD_HTTP_REQUEST_BODY_XML,
				       body->limits->depth, body->limits->memory / 2,
				       body->wide.width);
}

static void open_form(struct vp_http_body *body)
{
	if (body->form || !vp_http_wants(body->out, VP_FIELD_HTTP_REQUEST_BODY_FORM))
		return;
	body->form = vp_new(struct vp_form);
	vp_form_open(body->form, body->out, VP_FIELD_HTTP_REQUEST_BODY_FORM);
}

/* A form field's value may come of one reader only; parts go before. */
static void open_parts(struct vp_http_body *body)
{
	body->multipart = vp_multipart_new(body->out, body->content.type,
					   body->limits->header / PART_SHARE);
	if (!body->multipart)
		vp_http_ambiguous(body->out, VP_HTTP_BAD_MULTIPART);
}

struct vp_http_body *vp_http_body_new(const struct vp_http_content *content,
				      struct vp_http_out *out,
				      const struct vp_parser_limits *limits)
{
	struct vp_http_body *body = vp_new(struct vp_http_body);

	body->out = out;
	body->limits = limits;
	body->content = *content;
	body->left = content->length;
	body->trailer.bound = limits->header / PART_SHARE;
	body->wanted = vp_http_body_wanted(content, out);
	body->raw.out = out;
	body->raw.field =
		content->response ? VP_FIELD_HTTP_RESPONSE_BODY : VP_FIELD_HTTP_REQUEST_BODY;
	if (body->wanted && content->coding != VP_CODING_IDENTITY)
		body->decoder = vp_decoder_new(content->coding, limits->memory / 2);
	if (body->wanted && !content->response && content->type.len)
		open_parts(body);
	body->content.type = VP_SLICE_NONE; /* its bytes are the head's */
	return body;
}

void vp_http_body_free(struct vp_http_body *body)
{
	if (!body)
		return;
	vp_http_collect_free(&body->trailer);
	vp_decoder_free(body->decoder);
	vp_json_free(body->json);
	vp_xml_free(body->xml);
	free(body->form);
	vp_multipart_free(body->multipart);
	free(body);
}

size_t vp_http_body_memory(const struct vp_http_body *body)
{
	size_t bytes = sizeof(*body) + body->trailer.cap;

	if (body->decoder)
		bytes += vp_decoder_memory(body->decoder);
	if (body->json)
		bytes += vp_json_memory(body->json);
	if (body->xml)
		bytes += vp_xml_memory(body->xml);
	if (body->form)
		bytes += sizeof(*body->form);
	if (body->multipart)
		bytes += vp_multipart_memory(body->multipart);
	return bytes;
}

static bool is_lead(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xef || c == 0xbb || c == 0xbf;
}

/* The first byte that is neither white space nor of a byte order mark says what it may be. */
static void sniff(struct vp_http_body *body, uint8_t first)
{
	const struct vp_http_content *content = &body->content;

	body->begun = true;
	body->sniffed = !content->xml;
	if (content->json || first == '{' || first == '[')
		open_json(body);
	if (content->xml || first == '<')
		open_xml(body);
	if (content->form || (!content->typed && !body->json && !body->xml))
		open_form(body);
}

static int read_xml(struct vp_http_body *body, int result)
{
	if (!result)
		return 0;
	if (result == -EBADMSG && !body->sniffed)
		vp_http_ambiguous(body->out, VP_HTTP_BAD_XML);
	vp_xml_free(TAKE_PTR(body->xml));
	if (result == -ENOBUFS)
		body->bound = "xml";
	return result == -ENOBUFS ? result : 0;
}

/* Text, whatever it was encoded in. */
static int read_text(void *context, struct vp_slice bytes)
{
	struct vp_http_body *body = context;
	int r = 0;

	for (; !body->begun && bytes.len; bytes.data++, bytes.len--) {
		if (is_lead(*bytes.data))
			continue;
		sniff(body, *bytes.data);
		break;
	}
	if (!bytes.len)
		return 0;
	if (body->json && vp_json_feed(body->json, bytes)) {
		body->bound = "json";
		r = -ENOBUFS;
	}
	if (!r && body->xml)
		r = read_xml(body, vp_xml_feed(body->xml, bytes));
	if (!r && body->form)
		vp_form_feed(body->form, bytes);
	return r;
}

/* Decoded bytes of the body. */
static int read_decoded(void *context, struct vp_slice bytes)
{
	struct vp_http_body *body = context;

	if (!body->raw.inside)
		vp_http_value_begin(&body->raw, VP_SLICE_NONE);
	vp_http_value_add(&body->raw, bytes.data, bytes.len);
	vp_http_value_flush(&body->raw);
	if (body->content.response)
		return 0;
	if (!body->multipart)
		return vp_wide_feed(&body->wide, bytes, read_text, body);
	if (!vp_multipart_feed(body->multipart, bytes))
		return 0;
	body->bound = "part-header";
	return -ENOBUFS;
}

static int coded(struct vp_http_body *body, int result)
{
	if (result == -EBADMSG) {
		vp_http_ambiguous(body->out, VP_HTTP_BAD_ENCODING);
		return 0;
	}
	if (result && !body->bound)
		body->bound = "compression";
	return result;
}

/* Bytes out of the framing. */
static int read_body(struct vp_http_body *body, struct vp_slice bytes)
{
	if (!bytes.len || !body->wanted)
		return 0;
	if (!body->decoder)
		return read_decoded(body, bytes);
	return coded(body, vp_decoder_feed(body->decoder, bytes, read_decoded, body));
}

static struct vp_slice take(struct vp_http_body *body, struct vp_slice *bytes)
{
	struct vp_slice part = *bytes;

	if (body->content.framing == VP_HTTP_LENGTH) {
		if (part.len > body->left)
			part.len = (size_t)body->left;
		body->left -= part.len;
	}
	bytes->data += part.len;
	bytes->len -= part.len;
	return part;
}

static void put_trailer(struct vp_http_body *body)
{
	struct vp_slice lines = vp_slice_of(body->trailer.data, body->trailer.search.line);
	struct vp_http_header header;
	size_t position = 0;

	while (!body->content.response && vp_http_header_next(lines, &position, &header)) {
		for (unsigned int i = 0; i < VP_HTTP_AMBIGUITY_COUNT; i++)
			if (header.ambiguity & 1u << i)
				vp_http_ambiguous(body->out, i);
		vp_http_header_put(body->out, VP_FIELD_HTTP_REQUEST_TRAILER, header.name,
				   &header);
	}
}

static enum vp_http_body_state feed_trailer(struct vp_http_body *body, struct vp_slice *bytes,
					    const char **reason)
{
	while (bytes->len) {
		switch (vp_http_collect(&body->trailer, bytes)) {
		case VP_HTTP_COLLECT_EMPTY:
			put_trailer(body);
			return VP_HTTP_BODY_END;
		case VP_HTTP_COLLECT_BOUND:
			*reason = "trailer";
			return VP_HTTP_BODY_BOUND;
		case VP_HTTP_COLLECT_LINE:
		case VP_HTTP_COLLECT_MORE:
			break;
		}
	}
	return VP_HTTP_BODY_MORE;
}

static enum vp_http_body_state bound(const struct vp_http_body *body, const char **reason)
{
	*reason = body->bound ? body->bound : "body";
	return VP_HTTP_BODY_BOUND;
}

static enum vp_http_body_state feed_chunks(struct vp_http_body *body, struct vp_slice *bytes,
					   const char **reason)
{
	while (bytes->len && body->chunk.state < VP_HTTP_CHUNK_TRAILER)
		if (read_body(body, vp_http_chunk_next(&body->chunk, body->out, bytes)))
			return bound(body, reason);
	if (body->chunk.state == VP_HTTP_CHUNK_BROKEN) {
		*reason = "chunk";
		return VP_HTTP_BODY_BROKEN;
	}
	if (body->chunk.state == VP_HTTP_CHUNK_BOUND) {
		*reason = "chunk-line";
		return VP_HTTP_BODY_BOUND;
	}
	return body->chunk.state == VP_HTTP_CHUNK_TRAILER ? feed_trailer(body, bytes, reason)
							  : VP_HTTP_BODY_MORE;
}

enum vp_http_body_state vp_http_body_feed(struct vp_http_body *body, struct vp_slice *bytes,
					  const char **reason)
{
	if (body->content.framing == VP_HTTP_CHUNKED)
		return feed_chunks(body, bytes, reason);
	if (read_body(body, take(body, bytes)))
		return bound(body, reason);
	return body->content.framing == VP_HTTP_CLOSE || body->left ? VP_HTTP_BODY_MORE
								    : VP_HTTP_BODY_END;
}

uint64_t vp_http_body_skippable(const struct vp_http_body *body)
{
	if (body->wanted)
		return 0;
	if (body->content.framing == VP_HTTP_LENGTH)
		return body->left;
	return body->chunk.state == VP_HTTP_CHUNK_DATA ? body->chunk.left : 0;
}

void vp_http_body_skip(struct vp_http_body *body, uint64_t count)
{
	uint64_t most = vp_http_body_skippable(body);

	if (count > most)
		count = most;
	if (body->content.framing == VP_HTTP_LENGTH) {
		body->left -= count;
		return;
	}
	body->chunk.left -= count;
	if (!body->chunk.left)
		body->chunk.state = VP_HTTP_CHUNK_END;
}

static bool complete(const struct vp_http_body *body)
{
	if (body->content.framing == VP_HTTP_LENGTH)
		return !body->left;
	if (body->content.framing == VP_HTTP_CHUNKED)
		return body->chunk.state == VP_HTTP_CHUNK_TRAILER;
	return true;
}

bool vp_http_body_finish(struct vp_http_body *body)
{
	if (body->decoder)
		coded(body, vp_decoder_finish(body->decoder, read_decoded, body));
	if (body->wanted && !body->content.response && !body->multipart)
		vp_wide_finish(&body->wide, read_text, body);
	if (body->json)
		vp_json_finish(body->json);
	if (body->xml && !body->bound)
		read_xml(body, vp_xml_finish(body->xml));
	if (body->form)
		vp_form_finish(body->form);
	if (body->multipart)
		vp_multipart_finish(body->multipart);
	vp_http_value_end(&body->raw);
	return complete(body);
}
