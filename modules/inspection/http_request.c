/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a head to field values: see http_request.h. Each header counts, also of
 * those that come several times; nothing is joined.
 */
#include "modules/inspection/http_request.h"

#include "lib/memory.h"
#include "modules/inspection/form.h"
#include "modules/inspection/http_reading.h"

static void put(struct vp_http_out *out, enum vp_field_id field, struct vp_slice value)
{
	vp_http_put(out, field, VP_SLICE_NONE, value);
}

static void put_ambiguities(struct vp_http_out *out, uint32_t ambiguity)
{
	for (unsigned int i = 0; ambiguity; i++, ambiguity >>= 1)
		if (ambiguity & 1)
			vp_http_ambiguous(out, i);
}

static void add_decoded(struct vp_http_value *value, struct vp_slice text, bool plus)
{
	struct vp_percent percent = { .plus = plus };
	uint8_t decoded[3];

	for (size_t i = 0; i < text.len; i++)
		vp_http_value_add(value, decoded,
				  vp_percent_next(&percent, text.data[i], decoded));
	vp_http_value_add(value, decoded, vp_percent_end(&percent, decoded));
}

static void put_uri(struct vp_http_out *out, struct vp_slice path, struct vp_slice query)
{
	struct vp_http_value uri = { .out = out, .field = VP_FIELD_HTTP_URI };

	vp_http_value_begin(&uri, VP_SLICE_NONE);
	vp_http_value_add(&uri, path.data, path.len);
	if (query.data) {
		vp_http_value_add(&uri, "?", 1);
		add_decoded(&uri, query, false);
	}
	vp_http_value_end(&uri);
}

static void put_query(struct vp_http_out *out, struct vp_slice query)
{
	struct vp_http_value value = { .out = out, .field = VP_FIELD_HTTP_QUERY };
	struct vp_form form;

	if (!query.data || !vp_http_wants(out, VP_FIELD_HTTP_QUERY))
		return;
	vp_http_value_begin(&value, VP_SLICE_NONE);
	add_decoded(&value, query, true);
	vp_http_value_end(&value);
	vp_form_open(&form, out, VP_FIELD_HTTP_QUERY);
	vp_form_feed(&form, query);
	vp_form_finish(&form);
}

static void put_lower(struct vp_http_out *out, enum vp_field_id field, struct vp_slice text)
{
	struct vp_http_value value = { .out = out, .field = field };
	uint8_t lower[64];

	vp_http_value_begin(&value, VP_SLICE_NONE);
	while (text.len) {
		size_t len = text.len < sizeof(lower) ? text.len : sizeof(lower);

		for (size_t i = 0; i < len; i++) {
			uint8_t c = text.data[i];

			lower[i] = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
		}
		vp_http_value_add(&value, lower, len);
		text.data += len;
		text.len -= len;
	}
	vp_http_value_end(&value);
}

static struct vp_slice without_port(struct vp_slice host)
{
	for (size_t i = host.len; i && host.data[i - 1] != ']'; i--) {
		if (host.data[i - 1] == ':') {
			host.len = i - 1;
			break;
		}
	}
	if (host.len > 1 && host.data[host.len - 1] == '.')
		host.len--;
	return host;
}

static struct vp_slice next_cookie(struct vp_slice *rest)
{
	const uint8_t *end = rest->len ? memchr(rest->data, ';', rest->len) : NULL;
	struct vp_slice cookie = *rest;

	if (end)
		cookie.len = (size_t)(end - rest->data);
	rest->data += cookie.len + !!end;
	rest->len -= cookie.len + !!end;
	return vp_http_trim(cookie);
}

static void put_cookies(struct vp_http_out *out, struct vp_slice rest)
{
	while (rest.len) {
		struct vp_slice cookie = next_cookie(&rest);
		const uint8_t *equals =
			cookie.len ? memchr(cookie.data, '=', cookie.len) : NULL;
		struct vp_slice name = cookie, value = VP_SLICE_NONE;

		if (equals) {
			name = vp_slice_of(cookie.data, (size_t)(equals - cookie.data));
			value = vp_slice_of(equals + 1, cookie.len - name.len - 1);
		}
		name = vp_http_trim(name);
		if (name.len)
			vp_http_put(out, VP_FIELD_HTTP_COOKIE, name, vp_http_trim(value));
	}
}

struct head_state {
	struct vp_http_out *out;
	struct vp_http_content *content;
	struct vp_http_value names;
	bool host;
	struct vp_slice type; /* the first Content-Type; no data: none */
};

static void put_type(struct head_state *state, const struct vp_http_header *header)
{
	struct vp_slice type = header->value;

	vp_http_header_put(state->out, VP_FIELD_HTTP_CONTENT_TYPE, VP_SLICE_NONE, header);
	if (state->type.data &&
	    (state->type.len != type.len || memcmp(state->type.data, type.data, type.len)))
		vp_http_ambiguous(state->out, VP_HTTP_DIFFERING_TYPES);
	state->type = type;
	vp_http_content_header(state->content, state->out, header);
}

static void put_host(struct head_state *state, const struct vp_http_header *header)
{
	put_lower(state->out, VP_FIELD_HTTP_HOST, without_port(header->value));
	if (state->host)
		vp_http_ambiguous(state->out, VP_HTTP_REPEATED_HOST);
	state->host = true;
}

static void put_cookie_header(struct head_state *state, const struct vp_http_header *header)
{
	vp_http_header_put(state->out, VP_FIELD_HTTP_COOKIE, VP_SLICE_NONE, header);
	if (vp_http_wants(state->out, VP_FIELD_HTTP_COOKIE))
		put_cookies(state->out, header->value);
}

static void put_user_agent(struct head_state *state, const struct vp_http_header *header)
{
	vp_http_header_put(state->out, VP_FIELD_HTTP_USER_AGENT, VP_SLICE_NONE, header);
}

static void put_encoding(struct head_state *state, const struct vp_http_header *header)
{
	vp_http_content_header(state->content, state->out, header);
}

/* Headers that are fields of their own, by the length of their names. */
static const struct special {
	size_t len;
	const char *name;
	void (*put)(struct head_state *state, const struct vp_http_header *header);
} specials[] = {
	{ 4, "host", put_host },
	{ 6, "cookie", put_cookie_header },
	{ 10, "user-agent", put_user_agent },
	{ 12, "content-type", put_type },
	{ 16, "content-encoding", put_encoding },
};

static void put_header(struct head_state *state, const struct vp_http_header *header)
{
	struct vp_slice name = vp_http_trim(header->name);

	vp_http_value_add(&state->names, header->name.data, header->name.len);
	vp_http_value_add(&state->names, "\n", 1);
	vp_http_header_put(state->out, VP_FIELD_HTTP_HEADER, header->name, header);
	for (size_t i = 0; i < VP_COUNT(specials); i++)
		if (specials[i].len == name.len && vp_http_same(name, specials[i].name))
			specials[i].put(state, header);
}

static void put_headers(struct vp_http_out *out, const struct vp_http_head *head,
			struct vp_http_content *content)
{
	struct head_state state = {
		.out = out,
		.content = content,
		.names = { .out = out, .field = VP_FIELD_HTTP_HEADER_NAMES },
	};
	struct vp_http_header header;
	size_t position = 0;

	if (head->lines.len)
		vp_http_value_begin(&state.names, VP_SLICE_NONE);
	while (vp_http_header_next(head->lines, &position, &header))
		put_header(&state, &header);
	vp_http_value_end(&state.names);
	if (head->lines.len)
		put(out, VP_FIELD_HTTP_RAW_HEADER, head->lines);
}

static void put_target(struct vp_http_out *out, const struct vp_http_head *head)
{
	bool connect = head->method.len == 7 && !memcmp(head->method.data, "CONNECT", 7);
	struct vp_http_reading reading;
	struct vp_slice path;

	vp_http_reading_open(&reading, head);
	path = reading.path;
	if (!path.len && reading.host.len && !connect)
		path = vp_slice_of("/", 1); /* http://host?query */
	put_uri(out, path.len ? path : head->target, reading.query);
	if (path.len)
		put(out, VP_FIELD_HTTP_PATH, path);
	put_query(out, reading.query);
	if (reading.host.data)
		put(out, VP_FIELD_HTTP_HOST, reading.host);
	put_ambiguities(out, reading.ambiguity);
	vp_http_reading_close(&reading);
}

void vp_http_request_put(struct vp_http_out *out, const struct vp_http_head *head,
			 struct vp_http_content *content)
{
	*content = (struct vp_http_content){
		.framing = head->framing,
		.length = head->length,
		.type = VP_SLICE_NONE,
	};
	put_ambiguities(out, head->ambiguity);
	put(out, VP_FIELD_HTTP_REQUEST_LINE, head->line);
	put(out, VP_FIELD_HTTP_METHOD, head->method);
	if (head->target.len)
		put(out, VP_FIELD_HTTP_URI_RAW, head->target);
	if (head->protocol.len)
		put(out, VP_FIELD_HTTP_PROTOCOL, head->protocol);
	put_target(out, head);
	put_headers(out, head, content);
}

void vp_http_response_put(struct vp_http_out *out, const struct vp_http_head *head,
			  unsigned int status, struct vp_slice reason,
			  struct vp_http_content *content)
{
	struct vp_http_header header;
	size_t position = 0;

	*content = (struct vp_http_content){
		.framing = head->framing,
		.length = head->length,
		.response = true,
		.type = VP_SLICE_NONE,
	};
	put_ambiguities(out, head->ambiguity);
	if (vp_http_wants(out, VP_FIELD_HTTP_STAT_CODE))
		out->sink->operations->number(out->sink, VP_FIELD_HTTP_STAT_CODE, status);
	put(out, VP_FIELD_HTTP_STAT_MSG, reason);
	while (vp_http_header_next(head->lines, &position, &header)) {
		vp_http_header_put(out, VP_FIELD_HTTP_RESPONSE_HEADER, header.name, &header);
		vp_http_content_header(content, out, &header);
	}
}
