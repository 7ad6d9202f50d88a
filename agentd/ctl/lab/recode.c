/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which ways to say a message otherwise there are, for a rule and a message: see
 * recode.h. How they are written is recode_http.c's. Pure.
 */
#include "agentd/ctl/lab/recode.h"

#include <string.h>

#include "agentd/ctl/lab/recode_http.h"

#define SERIES 50u /* messages before the one that matters */

/* Parts of a request that conditions read. Bits. */
enum part {
	PART_PATH = 1,
	PART_QUERY = 2,
	PART_BODY = 4,
	PART_AGENT = 8, /* the User-Agent header */
};

struct maker {
	struct vp_scripts *scripts;
	const struct vp_recode_order *order;
	struct vp_http_message request;
};

/* What rules read */

static const struct {
	enum vp_field_id field;
	unsigned int parts;
} readers[] = {
	{ VP_FIELD_HTTP_URI, PART_PATH | PART_QUERY },
	{ VP_FIELD_HTTP_URI_RAW, PART_PATH | PART_QUERY },
	{ VP_FIELD_HTTP_REQUEST_LINE, PART_PATH | PART_QUERY },
	{ VP_FIELD_HTTP_PATH, PART_PATH },
	{ VP_FIELD_HTTP_QUERY, PART_QUERY },
	{ VP_FIELD_HTTP_REQUEST_BODY, PART_BODY },
	{ VP_FIELD_HTTP_REQUEST_BODY_JSON, PART_BODY },
	{ VP_FIELD_HTTP_REQUEST_BODY_XML, PART_BODY },
	{ VP_FIELD_HTTP_REQUEST_BODY_FORM, PART_BODY },
	{ VP_FIELD_HTTP_REQUEST_BODY_PART, PART_BODY },
	{ VP_FIELD_HTTP_REQUEST_BODY_FILENAME, PART_BODY },
	{ VP_FIELD_HTTP_USER_AGENT, PART_AGENT },
};

static unsigned int parts_of(const struct vp_condition *condition)
{
	for (size_t i = 0; i < VP_COUNT(readers); i++)
		if (readers[i].field == condition->field->id)
			return readers[i].parts;
	return 0;
}

static bool has_transform(const struct vp_condition *condition, enum vp_transform_kind kind)
{
	for (size_t i = 0; i < condition->transforms.len; i++)
		if (condition->transforms.data[i].kind == kind)
			return true;
	return false;
}

/* Do all conditions of the attacked rule that read the part, at least one, undo that? */
static bool undoes(const struct vp_recode_order *order, unsigned int part,
		   enum vp_transform_kind kind)
{
	bool any = false;

	if (!order->rule)
		return false;
	for (size_t i = 0; i < order->rule->when.len; i++) {
		const struct vp_condition *condition = &order->rule->when.data[i];

		if (!(parts_of(condition) & part))
			continue;
		if (!has_transform(condition, kind))
			return false;
		any = true;
	}
	return any;
}

static bool reads(const struct vp_rule *rule, enum vp_field_id field)
{
	for (size_t i = 0; i < rule->when.len; i++)
		if (rule->when.data[i].field->id == field)
			return true;
	return false;
}

/* Does the attacked rule read the field; of what is benign, any rule of the service? */
static bool any_reads(const struct vp_recode_order *order, enum vp_field_id field)
{
	if (order->rule)
		return reads(order->rule, field);
	for (size_t i = 0; i < order->patch->rules.len; i++)
		if (order->patch->rules.data[i].service == order->service &&
		    reads(&order->patch->rules.data[i], field))
			return true;
	return false;
}

/* Does it read the target as it was sent? */
static bool reads_raw(const struct vp_rule *rule)
{
	return reads(rule, VP_FIELD_HTTP_URI_RAW) || reads(rule, VP_FIELD_HTTP_REQUEST_LINE);
}

static bool service_reads_raw(const struct vp_recode_order *order)
{
	for (size_t i = 0; i < order->patch->rules.len; i++)
		if (order->patch->rules.data[i].service == order->service &&
		    reads_raw(&order->patch->rules.data[i]))
			return true;
	return false;
}

static bool value_has_percent(const struct vp_value *value)
{
	if (value->kind == VP_VALUE_BYTES)
		return value->bytes.len && memchr(value->bytes.data, '%', value->bytes.len);
	if (value->kind == VP_VALUE_REGEX)
		return strchr(value->regex.pattern, '%');
	return false;
}

static bool rule_has_percent(const struct vp_rule *rule)
{
	for (size_t i = 0; i < rule->when.len; i++) {
		const struct vp_condition *condition = &rule->when.data[i];

		if (!parts_of(condition))
			continue;
		for (size_t k = 0; k < condition->values.len; k++)
			if (value_has_percent(&condition->values.data[k]))
				return true;
	}
	return false;
}

/* Is it the encoding itself that rules look for? Then another encoding is another thing. */
static bool looks_for_percent(const struct vp_recode_order *order)
{
	if (order->rule)
		return rule_has_percent(order->rule);
	for (size_t i = 0; i < order->patch->rules.len; i++)
		if (order->patch->rules.data[i].service == order->service &&
		    rule_has_percent(&order->patch->rules.data[i]))
			return true;
	return false;
}

/* Making scripts */

static void add(struct maker *maker, const struct vp_http_message_style *style, bool hostile,
		const char *what)
{
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };

	if (hostile && !maker->order->rule)
		return;
	vp_http_message_put(&maker->request, style, &text);
	vp_script_plain(maker->scripts, VP_WAY_CODING, (const uint8_t *)vp_strbuf_text(&text),
			text.len, VP_SEGMENT_MAX, vp_strdup(what))
		->hostile = hostile;
}

static struct vp_span text_span(const struct vp_strbuf *text)
{
	return (struct vp_span){ vp_strbuf_text(text), text->len };
}

/* Target from path and query; frees nothing. */
static void add_target(struct maker *maker, const struct vp_strbuf *path,
		       const struct vp_strbuf *query, const char *what)
{
	_cleanup_strbuf_ struct vp_strbuf target = { 0 };

	vp_strbuf_add(&target, path->data, path->len);
	if (maker->request.query.data) {
		vp_strbuf_addc(&target, '?');
		vp_strbuf_add(&target, query->data, query->len);
	}
	add(maker, &(struct vp_http_message_style){ .target = vp_strbuf_text(&target) }, false,
	    what);
}

/* How a part of the target is written. */
enum writing { AS_IS, PERCENT, PERCENT_LOWER, PERCENT_SOME, PERCENT_TWICE, OTHER_CASE };

/* Names are found as they are when decoded once: only values are encoded twice. */
static void write_twice(struct vp_span part, bool query, struct vp_strbuf *out)
{
	bool value = !query;

	for (size_t at = 0, end; at < part.len; at = end) {
		char stop = query && !value ? '=' : '&';
		const char *found = query ? memchr(part.data + at, stop, part.len - at) : NULL;

		end = found ? (size_t)(found - part.data) + 1 : part.len;
		if (value)
			vp_percent_put((struct vp_span){ part.data + at, end - at }, false, 1,
				       true, out);
		else
			vp_strbuf_add(out, part.data + at, end - at);
		value = query ? !value : value;
	}
}

/* Is some of it percent-encoded twice already? */
static bool is_twice(struct vp_span part)
{
	return part.len && memmem(part.data, part.len, "%25", 3);
}

static void write_part(struct vp_span part, enum writing writing, bool query,
		       struct vp_strbuf *out)
{
	switch (writing) {
	case PERCENT:
		vp_percent_put(part, false, 1, false, out);
		break;
	case PERCENT_LOWER:
		vp_percent_put(part, true, 1, false, out);
		break;
	case PERCENT_SOME:
		vp_percent_put(part, true, 3, false, out);
		break;
	case PERCENT_TWICE:
		write_twice(part, query, out);
		break;
	case OTHER_CASE:
		vp_case_put(part, query, out);
		break;
	case AS_IS:
	default:
		vp_strbuf_add(out, part.data, part.len);
		break;
	}
}

static void add_writing(struct maker *maker, enum writing path, enum writing query,
			const char *what)
{
	_cleanup_strbuf_ struct vp_strbuf first = { 0 };
	_cleanup_strbuf_ struct vp_strbuf second = { 0 };

	if (!maker->request.query.data && path == AS_IS)
		return;
	write_part(maker->request.path, path, false, &first);
	write_part(maker->request.query, query, true, &second);
	add_target(maker, &first, &second, what);
}

/* The path behind `prefix`, e.g. "/." for "/./path". */
static void add_prefix(struct maker *maker, const char *prefix, const char *what)
{
	_cleanup_strbuf_ struct vp_strbuf path = { 0 };
	_cleanup_strbuf_ struct vp_strbuf query = { 0 };

	vp_strbuf_adds(&path, prefix);
	write_part(maker->request.path, AS_IS, false, &path);
	write_part(maker->request.query, AS_IS, true, &query);
	add_target(maker, &path, &query, what);
}

/* Something between two segments of the path, in place of its last slash but the first. */
static void add_between(struct maker *maker, const char *between, const char *what)
{
	struct vp_span path = maker->request.path;
	const char *slash = path.len ? memrchr(path.data, '/', path.len) : NULL;
	_cleanup_strbuf_ struct vp_strbuf other = { 0 };
	_cleanup_strbuf_ struct vp_strbuf query = { 0 };

	if (!slash || slash == path.data)
		return;
	vp_strbuf_add(&other, path.data, (size_t)(slash - path.data));
	vp_strbuf_adds(&other, between);
	vp_strbuf_add(&other, slash + 1, (size_t)(path.data + path.len - slash - 1));
	write_part(maker->request.query, AS_IS, true, &query);
	add_target(maker, &other, &query, what);
}

static void make_absolute(struct maker *maker)
{
	const struct vp_http_message_line *host =
		vp_http_message_line(&maker->request, "Host");
	_cleanup_strbuf_ struct vp_strbuf prefix = { 0 };

	if (!host || !host->value.len)
		return;
	vp_strbuf_adds(&prefix, "http://");
	vp_strbuf_add(&prefix, host->value.data, host->value.len);
	add_prefix(maker, vp_strbuf_text(&prefix), "absolute form of the target");
}

static void make_targets(struct maker *maker)
{
	const struct vp_recode_order *order = maker->order;

	if (!maker->request.path.len || *maker->request.path.data != '/')
		return;
	make_absolute(maker);
	if (!looks_for_percent(order)) {
		add_writing(maker, PERCENT, AS_IS, "path percent-encoded");
		add_writing(maker, PERCENT_LOWER, AS_IS,
			    "path percent-encoded, digits in lower case");
		add_writing(maker, PERCENT_SOME, PERCENT_SOME, "some of it percent-encoded");
		add_writing(maker, AS_IS, PERCENT, "query percent-encoded");
	}
	if (!order->rule && service_reads_raw(order))
		return; /* it may well forbid dots where nobody needs them */
	if (!looks_for_percent(order)) {
		add_prefix(maker, "/%2e", "an encoded dot segment before the path");
		add_prefix(maker, "/x/%2E%2e", "encoded dots that go back before the path");
	}
	add_prefix(maker, "/.", "a dot segment before the path");
	add_prefix(maker, "/x/..", "a segment and back before the path");
	add_between(maker, "/./", "a dot segment within the path");
	add_between(maker, "//", "a doubled slash");
	add_between(maker, "/x/../", "a segment and back within the path");
	if (undoes(order, PART_PATH, VP_TRANSFORM_URL_DECODE) && !reads_raw(order->rule) &&
	    !is_twice(maker->request.path))
		add_writing(maker, PERCENT_TWICE, AS_IS, "path percent-encoded twice");
	if (undoes(order, PART_QUERY, VP_TRANSFORM_URL_DECODE) && !reads_raw(order->rule) &&
	    !is_twice(maker->request.query))
		add_writing(maker, AS_IS, PERCENT_TWICE, "query percent-encoded twice");
	if (undoes(order, PART_PATH, VP_TRANSFORM_LOWERCASE))
		add_writing(maker, OTHER_CASE, AS_IS, "path in the other case");
	if (undoes(order, PART_QUERY, VP_TRANSFORM_LOWERCASE))
		add_writing(maker, AS_IS, OTHER_CASE, "query values in the other case");
}

static void make_lines(struct maker *maker)
{
	const struct vp_http_message_line *agent =
		vp_http_message_line(&maker->request, "User-Agent");
	_cleanup_strbuf_ struct vp_strbuf other = { 0 };

	add(maker, &(struct vp_http_message_style){ .names = VP_NAMES_LOWER }, false,
	    "header names in lower case");
	add(maker, &(struct vp_http_message_style){ .names = VP_NAMES_UPPER }, false,
	    "header names in upper case");
	add(maker, &(struct vp_http_message_style){ .names = VP_NAMES_MIXED }, false,
	    "header names in mixed case");
	add(maker, &(struct vp_http_message_style){ .colon = ":" }, false,
	    "no blank behind colons");
	add(maker, &(struct vp_http_message_style){ .colon = ": \t ", .after = " \t" }, false,
	    "blanks and tabs around values");
	add(maker, &(struct vp_http_message_style){ .reversed = true }, false,
	    "headers reversed");
	add(maker, &(struct vp_http_message_style){ .end = "\n" }, false,
	    "lines that end with LF");
	add(maker, &(struct vp_http_message_style){ .before = "\r\n" }, false,
	    "an empty line before it");
	add(maker, &(struct vp_http_message_style){ .folded = true }, true, "folded headers");
	if (!any_reads(maker->order, VP_FIELD_HTTP_PROTOCOL) &&
	    !any_reads(maker->order, VP_FIELD_HTTP_REQUEST_LINE) &&
	    !vp_http_message_line(&maker->request, "Transfer-Encoding"))
		add(maker, &(struct vp_http_message_style){ .version = "HTTP/1.0" }, false,
		    "HTTP/1.0");
	if (agent && undoes(maker->order, PART_AGENT, VP_TRANSFORM_LOWERCASE)) {
		vp_case_put(agent->value, false, &other);
		add(maker,
		    &(struct vp_http_message_style){ .value_of = "User-Agent",
						     .value = text_span(&other) },
		    false, "User-Agent in the other case");
	}
}

static void make_chunks(struct maker *maker)
{
	static const struct {
		size_t size;
		const char *extension, *framing, *what;
	} kinds[] = {
		{ SIZE_MAX, "", "Transfer-Encoding: chunked\r\n", "one chunk" },
		{ 1, "", "Transfer-Encoding: chunked\r\n", "chunks of one byte" },
		{ 7, ";name=value", "transfer-encoding: Chunked\r\n",
		  "chunks with extensions" },
	};

	for (size_t i = 0; i < VP_COUNT(kinds); i++) {
		_cleanup_strbuf_ struct vp_strbuf body = { 0 };
		size_t size = kinds[i].size;

		if (size > maker->request.body.len)
			size = maker->request.body.len;
		vp_chunks_put(maker->request.body, size, kinds[i].extension, &body);
		add(maker,
		    &(struct vp_http_message_style){ .body = text_span(&body),
						     .framing = kinds[i].framing },
		    false, kinds[i].what);
	}
}

static void make_contents(struct maker *maker)
{
	static const struct {
		enum vp_content_coding coding;
		const char *name, *what;
	} kinds[] = {
		{ VP_CONTENT_GZIP, "gzip", "body in gzip" },
		{ VP_CONTENT_ZLIB, "deflate", "body in deflate" },
		{ VP_CONTENT_DEFLATE, "deflate", "body in deflate without its frame" },
		{ VP_CONTENT_BR, "br", "body in brotli" },
	};

	if (vp_http_message_line(&maker->request, "Content-Encoding"))
		return;
	for (size_t i = 0; i < VP_COUNT(kinds); i++) {
		_cleanup_strbuf_ struct vp_strbuf body = { 0 };
		_cleanup_strbuf_ struct vp_strbuf framing = { 0 };
		_cleanup_strbuf_ struct vp_strbuf chunks = { 0 };

		vp_content_put(maker->request.body, kinds[i].coding, &body);
		vp_strbuf_addf(&framing, "Content-Encoding: %s\r\nContent-Length: %zu\r\n",
			       kinds[i].name, body.len);
		add(maker,
		    &(struct vp_http_message_style){ .body = text_span(&body),
						     .framing = vp_strbuf_text(&framing) },
		    false, kinds[i].what);
		if (kinds[i].coding != VP_CONTENT_GZIP)
			continue;
		vp_chunks_put(text_span(&body), 3, "", &chunks);
		add(maker,
		    &(struct vp_http_message_style){
			    .body = text_span(&chunks),
			    .framing = "Content-Encoding: gzip\r\n"
				       "Transfer-Encoding: chunked\r\n" },
		    false, "body in gzip, in chunks");
	}
}

static bool has_type(const struct vp_http_message *request, const char *word)
{
	const struct vp_http_message_line *type =
		vp_http_message_line(request, "Content-Type");

	return type && type->value.len &&
	       memmem(type->value.data, type->value.len, word, strlen(word));
}

static void add_body(struct maker *maker, const struct vp_strbuf *body, const char *what)
{
	add(maker, &(struct vp_http_message_style){ .body = text_span(body) }, false, what);
}

/* The boundary quoted, if it is not. */
static void make_multipart(struct maker *maker)
{
	const struct vp_http_message_line *type =
		vp_http_message_line(&maker->request, "Content-Type");
	_cleanup_strbuf_ struct vp_strbuf quoted = { 0 };
	_cleanup_strbuf_ struct vp_strbuf body = { 0 };
	struct vp_span value = type->value;
	const char *boundary = memmem(value.data, value.len, "boundary=", 9);
	size_t before;

	if (!boundary)
		return;
	boundary += 9;
	before = (size_t)(boundary - value.data);
	if (before < value.len && *boundary != '"' &&
	    !memchr(boundary, ';', value.len - before)) {
		vp_strbuf_add(&quoted, value.data, before);
		vp_strbuf_addc(&quoted, '"');
		vp_strbuf_add(&quoted, boundary, value.len - before);
		vp_strbuf_addc(&quoted, '"');
		add(maker, &(struct vp_http_message_style){ .type = vp_strbuf_text(&quoted) },
		    false, "multipart boundary in quotes");
	}
	vp_strbuf_adds(&body, "text before the first part\r\n");
	vp_strbuf_add(&body, maker->request.body.data, maker->request.body.len);
	add_body(maker, &body, "text before the first part");
}

/* What the application decodes, where the rule reads it decoded. */
static void make_forms(struct maker *maker)
{
	const struct vp_recode_order *order = maker->order;
	const struct vp_http_message *request = &maker->request;
	_cleanup_strbuf_ struct vp_strbuf body = { 0 };

	if (has_type(request, "x-www-form-urlencoded") && !looks_for_percent(order) &&
	    (any_reads(order, VP_FIELD_HTTP_REQUEST_BODY_FORM) ||
	     undoes(order, PART_BODY, VP_TRANSFORM_URL_DECODE)) &&
	    (!order->rule || !reads(order->rule, VP_FIELD_HTTP_REQUEST_BODY) ||
	     undoes(order, PART_BODY, VP_TRANSFORM_URL_DECODE))) {
		vp_percent_put(request->body, false, 1, false, &body);
		add_body(maker, &body, "form percent-encoded");
	} else if (has_type(request, "json") &&
		   any_reads(order, VP_FIELD_HTTP_REQUEST_BODY_JSON) &&
		   !any_reads(order, VP_FIELD_HTTP_REQUEST_BODY)) {
		vp_json_put(request->body, &body);
		add_body(maker, &body, "JSON with \\u escapes");
	} else if (has_type(request, "xml") &&
		   any_reads(order, VP_FIELD_HTTP_REQUEST_BODY_XML) &&
		   !any_reads(order, VP_FIELD_HTTP_REQUEST_BODY)) {
		vp_xml_put(request->body, &body);
		add_body(maker, &body, "XML with character references");
	} else if (has_type(request, "multipart/")) {
		make_multipart(maker);
	}
}

static void make_transformed(struct maker *maker)
{
	const struct vp_recode_order *order = maker->order;
	_cleanup_strbuf_ struct vp_strbuf body = { 0 };

	if (undoes(order, PART_BODY, VP_TRANSFORM_HTML_ENTITY) &&
	    !memchr(maker->request.body.data, '&', maker->request.body.len) &&
	    !memchr(maker->request.body.data, '<', maker->request.body.len)) {
		vp_entity_put(maker->request.body, &body);
		add_body(maker, &body, "body with character references");
	} else if (undoes(order, PART_BODY, VP_TRANSFORM_LOWERCASE) &&
		   any_reads(order, VP_FIELD_HTTP_REQUEST_BODY_FORM)) {
		vp_case_put(maker->request.body, true, &body);
		add_body(maker, &body, "form values in the other case");
	}
}

static void make_http(struct maker *maker)
{
	if (!vp_http_message_parse(maker->order->message, maker->order->len, &maker->request))
		return;
	make_targets(maker);
	make_lines(maker);
	if (!maker->request.sized)
		return;
	make_chunks(maker);
	make_contents(maker);
	make_forms(maker);
	make_transformed(maker);
}

/* Behind other messages */

static struct vp_script *add_series(struct maker *maker, size_t count, size_t piece,
				    char *what)
{
	const struct vp_recode_order *order = maker->order;
	_cleanup_strbuf_ struct vp_strbuf all = { 0 };

	for (size_t i = 0; i < count; i++)
		vp_strbuf_add(&all, (const char *)order->companion, order->companion_len);
	vp_strbuf_add(&all, (const char *)order->message, order->len);
	return vp_script_plain(maker->scripts, VP_WAY_SERIES,
			       (const uint8_t *)vp_strbuf_text(&all), all.len, piece, what);
}

/* Does it matter what messages went before, or how many? */
static bool remembers(const struct vp_recode_order *order)
{
	if (any_reads(order, VP_FIELD_FLOW))
		return true;
	for (size_t i = 0; i < order->patch->rules.len; i++) {
		const struct vp_rule *rule = &order->patch->rules.data[i];

		if (rule->threshold.rate.count && rule->service == order->service &&
		    (!order->rule || order->rule == rule))
			return true;
	}
	return false;
}

/* Of a protocol whose messages can follow each other as they like. */
static bool goes_in_series(const struct maker *maker)
{
	const struct vp_recode_order *order = maker->order;
	const struct vp_service *service = &order->patch->services.data[order->service];
	struct vp_http_message request;

	if (!order->companion_len || order->companion_len > VP_SEGMENT_MAX || remembers(order))
		return false;
	if (service->frame)
		return true;
	if (!service->application)
		return false;
	return !strcmp(service->application, "redis") ||
	       (!strcmp(service->application, "http") &&
		vp_http_message_parse(order->companion, order->companion_len, &request));
}

static void make_series(struct maker *maker)
{
	add_series(maker, 1, VP_SEGMENT_MAX, vp_strdup("together with another message"));
	add_series(maker, SERIES, maker->order->companion_len,
		   vp_format("behind %u other messages, a segment each", SERIES));
	add_series(maker, SERIES, VP_SEGMENT_MAX,
		   vp_format("behind %u other messages, all at once", SERIES));
	add_series(maker, 3, 11, vp_strdup("behind 3 other messages, in small segments"));
}

void vp_recodings_make(struct vp_scripts *scripts, const struct vp_recode_order *order)
{
	const struct vp_service *service = &order->patch->services.data[order->service];
	struct maker maker = { .scripts = scripts, .order = order };

	if (goes_in_series(&maker))
		make_series(&maker);
	if (service->application && !strcmp(service->application, "http"))
		make_http(&maker);
}
