/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values on their way to the sink: see http_out.h. Knows nothing of HTTP but its fields. */
#include "modules/inspection/http_out.h"

#include "lib/memory.h"

static const char *const ambiguity_names[] = {
	[VP_HTTP_BOTH_LENGTHS] = "both-lengths",
	[VP_HTTP_DIFFERING_LENGTHS] = "differing-lengths",
	[VP_HTTP_REPEATED_LENGTH] = "repeated-length",
	[VP_HTTP_BAD_LENGTH] = "bad-length",
	[VP_HTTP_BAD_TRANSFER_ENCODING] = "bad-transfer-encoding",
	[VP_HTTP_OLD_CHUNKED] = "old-chunked",
	[VP_HTTP_FOLDED_HEADER] = "folded-header",
	[VP_HTTP_NUL] = "nul",
	[VP_HTTP_BARE_CR] = "bare-cr",
	[VP_HTTP_BARE_LF] = "bare-lf",
	[VP_HTTP_SPACE_BEFORE_COLON] = "space-before-colon",
	[VP_HTTP_BAD_HEADER] = "bad-header",
	[VP_HTTP_BAD_REQUEST_LINE] = "bad-request-line",
	[VP_HTTP_BAD_VERSION] = "bad-version",
	[VP_HTTP_NO_VERSION] = "no-version",
	[VP_HTTP_REPEATED_HOST] = "repeated-host",
	[VP_HTTP_DIFFERING_HOSTS] = "differing-hosts",
	[VP_HTTP_BAD_HOST] = "bad-host",
	[VP_HTTP_DIFFERING_TYPES] = "differing-types",
	[VP_HTTP_FOREIGN_CHARSET] = "foreign-charset",
	[VP_HTTP_BAD_CHUNK_SIZE] = "bad-chunk-size",
	[VP_HTTP_BAD_CHUNK_END] = "bad-chunk-end",
	[VP_HTTP_UNKNOWN_ENCODING] = "unknown-encoding",
	[VP_HTTP_BAD_ENCODING] = "bad-encoding",
	[VP_HTTP_BAD_MULTIPART] = "bad-multipart",
	[VP_HTTP_BAD_XML] = "bad-xml",
	[VP_HTTP_TRUNCATED] = "truncated",
	[VP_HTTP_DIFFERING_READINGS] = "differing-readings",
};
_Static_assert(VP_COUNT(ambiguity_names) == VP_HTTP_AMBIGUITY_COUNT, "every one has a word");

const char *vp_http_ambiguity_name(enum vp_http_ambiguity ambiguity)
{
	return ambiguity_names[ambiguity];
}

void vp_http_out_open(struct vp_http_out *out, struct vp_sink *sink)
{
	*out = (struct vp_http_out){ .sink = sink };
	for (unsigned int field = VP_FIELD_HTTP_METHOD; field <= VP_FIELD_HTTP_RESPONSE_BODY;
	     field++)
		if (sink->operations->wants(sink, field))
			out->wanted |= VP_HTTP_FIELD_BIT(field);
}

void vp_http_put(struct vp_http_out *out, enum vp_field_id field, struct vp_slice name,
		 struct vp_slice value)
{
	if (vp_http_wants(out, field))
		out->sink->operations->bytes(out->sink, field, name, value, VP_PART_WHOLE);
}

/* Those by which one reader's body is another's next request. */
#define FRAMING                                                                               \
	(1u << VP_HTTP_BOTH_LENGTHS | 1u << VP_HTTP_DIFFERING_LENGTHS |                       \
	 1u << VP_HTTP_BAD_LENGTH | 1u << VP_HTTP_BAD_TRANSFER_ENCODING |                     \
	 1u << VP_HTTP_OLD_CHUNKED | 1u << VP_HTTP_FOLDED_HEADER | 1u << VP_HTTP_NUL |        \
	 1u << VP_HTTP_BARE_CR | 1u << VP_HTTP_SPACE_BEFORE_COLON |                           \
	 1u << VP_HTTP_BAD_CHUNK_SIZE | 1u << VP_HTTP_BAD_CHUNK_END |                         \
	 1u << VP_HTTP_DIFFERING_READINGS)

void vp_http_ambiguous(struct vp_http_out *out, enum vp_http_ambiguity ambiguity)
{
	const char *name = ambiguity_names[ambiguity];

	if (out->told & 1u << ambiguity)
		return;
	out->told |= 1u << ambiguity;
	if (1u << ambiguity & FRAMING)
		out->framing = name;
	vp_http_put(out, VP_FIELD_HTTP_AMBIGUITY, VP_SLICE_NONE,
		    vp_slice_of(name, strlen(name)));
}

static void send(struct vp_http_value *value, const void *data, size_t len, bool last)
{
	struct vp_sink *sink = value->out->sink;
	enum vp_part part = last ? VP_PART_LAST : VP_PART_MORE;

	if (!value->open)
		part = last ? VP_PART_WHOLE : VP_PART_FIRST;
	value->open = !last;
	sink->operations->bytes(sink, value->field, value->name, vp_slice_of(data, len), part);
}

void vp_http_value_begin(struct vp_http_value *value, struct vp_slice name)
{
	value->name = name;
	value->inside = vp_http_wants(value->out, value->field);
	value->open = false;
	value->len = 0;
}

void vp_http_value_flush(struct vp_http_value *value)
{
	if (value->inside && value->len)
		send(value, value->gathered, value->len, false);
	value->len = 0;
}

void vp_http_value_add(struct vp_http_value *value, const void *data, size_t len)
{
	if (!value->inside || !len)
		return;
	if (len > sizeof(value->gathered) - value->len)
		vp_http_value_flush(value);
	if (len > sizeof(value->gathered)) {
		send(value, data, len, false);
		return;
	}
	memcpy(value->gathered + value->len, data, len);
	value->len += (uint16_t)len;
}

void vp_http_value_end(struct vp_http_value *value)
{
	if (value->inside)
		send(value, value->gathered, value->len, true);
	value->inside = false;
	value->len = 0;
}
