/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads heads of HTTP/1.x: see http_head.h. It is strict, so that it notices
 * whatever is not as RFC 9112 says, and goes on as RFC 9112 lets lenient
 * recipients go on. It emits nothing of its own accord, and knows no bodies.
 */
#include "modules/inspection/http_head.h"

#include "lib/memory.h"

#define AMBIGUITY(kind) (1u << VP_HTTP_##kind)

static const uint8_t token_bytes[256] = {
	['!'] = 1,	   ['#'] = 1,	      ['$'] = 1,	 ['%'] = 1, ['&'] = 1,
	['\''] = 1,	   ['*'] = 1,	      ['+'] = 1,	 ['-'] = 1, ['.'] = 1,
	['^'] = 1,	   ['_'] = 1,	      ['`'] = 1,	 ['|'] = 1, ['~'] = 1,
	['0' ... '9'] = 1, ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1,
};

bool vp_http_is_token(uint8_t c)
{
	return token_bytes[c];
}

struct vp_slice vp_http_trim(struct vp_slice slice)
{
	while (slice.len && vp_http_is_space(slice.data[0])) {
		slice.data++;
		slice.len--;
	}
	while (slice.len && vp_http_is_space(slice.data[slice.len - 1]))
		slice.len--;
	return slice;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

bool vp_http_same(struct vp_slice slice, const char *text)
{
	size_t i;

	for (i = 0; i < slice.len && text[i]; i++)
		if (lower(slice.data[i]) != (uint8_t)text[i])
			return false;
	return i == slice.len && !text[i];
}

size_t vp_http_line_end(struct vp_slice data)
{
	const uint8_t *end = data.len ? memchr(data.data, '\n', data.len) : NULL;

	return end ? (size_t)(end - data.data) + 1 : 0;
}

/* An empty line is LF, or CR and LF. */
size_t vp_http_head_end(struct vp_http_search *search, struct vp_slice data)
{
	while (search->seen < data.len) {
		size_t length = vp_http_line_end(
			vp_slice_of(data.data + search->seen, data.len - search->seen));
		size_t line;

		if (!length) {
			search->seen = data.len;
			return 0;
		}
		search->seen += length;
		line = search->seen - search->line;
		if (line == 1 || (line == 2 && data.data[search->line] == '\r'))
			return search->seen;
		search->line = search->seen;
	}
	return 0;
}

enum vp_http_collected vp_http_collect(struct vp_http_collect *collect, struct vp_slice *bytes)
{
	size_t take = vp_http_line_end(*bytes), line = collect->search.line;

	if (!take)
		take = bytes->len;
	if (take > collect->bound - collect->len)
		return VP_HTTP_COLLECT_BOUND;
	if (collect->len + take > collect->cap) {
		collect->cap = 2 * collect->cap + take;
		if (collect->cap > collect->bound)
			collect->cap = collect->bound;
		collect->data = vp_realloc(collect->data, collect->cap, 1);
	}
	memcpy(collect->data + collect->len, bytes->data, take);
	collect->len += take;
	bytes->data += take;
	bytes->len -= take;
	if (vp_http_head_end(&collect->search, vp_slice_of(collect->data, collect->len)))
		return VP_HTTP_COLLECT_EMPTY;
	return collect->search.line > line ? VP_HTTP_COLLECT_LINE : VP_HTTP_COLLECT_MORE;
}

void vp_http_collect_free(struct vp_http_collect *collect)
{
	free(collect->data);
	*collect = (struct vp_http_collect){ .bound = collect->bound };
}

/* The line at *position without its end; *position goes behind it. */
static struct vp_slice take_line(struct vp_slice lines, size_t *position)
{
	struct vp_slice rest = vp_slice_of(lines.data + *position, lines.len - *position);
	size_t length = vp_http_line_end(rest);

	if (!length) {
		*position = lines.len;
		return rest;
	}
	*position += length;
	rest.len = length - 1;
	if (rest.len && rest.data[rest.len - 1] == '\r')
		rest.len--;
	return rest;
}

static void split_header(struct vp_http_header *header)
{
	struct vp_slice whole = header->whole;
	const uint8_t *colon = whole.len ? memchr(whole.data, ':', whole.len) : NULL;

	if (!colon) {
		header->ambiguity |= AMBIGUITY(BAD_HEADER);
		header->name = vp_slice_of(whole.data, 0);
		header->value = vp_http_trim(whole);
		return;
	}
	header->name = vp_slice_of(whole.data, (size_t)(colon - whole.data));
	header->value = vp_http_trim(vp_slice_of(colon + 1, whole.len - header->name.len - 1));
	while (header->name.len && vp_http_is_space(header->name.data[header->name.len - 1])) {
		header->name.len--;
		header->ambiguity |= AMBIGUITY(SPACE_BEFORE_COLON);
	}
	if (!header->name.len)
		header->ambiguity |= AMBIGUITY(BAD_HEADER);
	for (size_t i = 0; i < header->name.len; i++)
		if (!vp_http_is_token(header->name.data[i]))
			header->ambiguity |= AMBIGUITY(BAD_HEADER);
}

bool vp_http_header_next(struct vp_slice lines, size_t *position,
			 struct vp_http_header *header)
{
	if (*position >= lines.len)
		return false;
	*header = (struct vp_http_header){ .whole = take_line(lines, position) };
	if (header->whole.len && vp_http_is_space(header->whole.data[0]))
		header->ambiguity |= AMBIGUITY(FOLDED_HEADER); /* of no header */
	while (*position < lines.len && vp_http_is_space(lines.data[*position])) {
		struct vp_slice fold = take_line(lines, position);

		header->whole.len = (size_t)(fold.data + fold.len - header->whole.data);
		header->folded = true;
		header->ambiguity |= AMBIGUITY(FOLDED_HEADER);
	}
	split_header(header);
	return true;
}

bool vp_http_header_is(const struct vp_http_header *header, const char *name)
{
	return vp_http_same(vp_http_trim(header->name), name);
}

static void put_folded(struct vp_http_out *out, enum vp_field_id field, struct vp_slice name,
		       struct vp_slice lines)
{
	struct vp_http_value value = { .out = out, .field = field };
	size_t position = 0;

	vp_http_value_begin(&value, name);
	while (position < lines.len) {
		struct vp_slice line = vp_http_trim(take_line(lines, &position));

		vp_http_value_add(&value, line.data, line.len);
		if (position < lines.len)
			vp_http_value_add(&value, " ", 1);
	}
	vp_http_value_end(&value);
}

void vp_http_header_put(struct vp_http_out *out, enum vp_field_id field, struct vp_slice name,
			const struct vp_http_header *header)
{
	if (header->folded)
		put_folded(out, field, name, header->value);
	else
		vp_http_put(out, field, name, header->value);
}

/* NUL, CR without LF, and LF without CR where others have it. */
static uint32_t line_ends(struct vp_slice bytes)
{
	uint32_t ambiguity =
		bytes.len && memchr(bytes.data, 0, bytes.len) ? AMBIGUITY(NUL) : 0;
	bool with = false, without = false;
	const uint8_t *cr;
	size_t length;

	for (; (length = vp_http_line_end(bytes)); bytes.data += length, bytes.len -= length) {
		cr = memchr(bytes.data, '\r', length);
		with = with || (length > 1 && bytes.data[length - 2] == '\r');
		without = without || length < 2 || bytes.data[length - 2] != '\r';
		if (cr && cr + 2 != bytes.data + length)
			ambiguity |= AMBIGUITY(BARE_CR);
	}
	cr = bytes.len ? memchr(bytes.data, '\r', bytes.len) : NULL;
	if (cr && cr + 1 != bytes.data + bytes.len)
		ambiguity |= AMBIGUITY(BARE_CR);
	if (with && without)
		ambiguity |= AMBIGUITY(BARE_LF);
	return ambiguity;
}

/* The digits of a Content-Length; what is not digits alone is ambiguous. */
static void read_length(struct vp_http_head *head, struct vp_slice text)
{
	uint64_t length = 0;
	bool bad = !text.len || text.len > 18;

	for (size_t i = 0; i < text.len && i < 18; i++) {
		if (text.data[i] < '0' || text.data[i] > '9') {
			bad = true;
			break;
		}
		length = length * 10 + (text.data[i] - '0');
	}
	if (bad)
		head->ambiguity |= AMBIGUITY(BAD_LENGTH);
	if (head->sized)
		head->ambiguity |= head->length == length ? AMBIGUITY(REPEATED_LENGTH)
							  : AMBIGUITY(DIFFERING_LENGTHS);
	else
		head->length = length;
	head->sized = true;
}

/* "5, 5" is a list that some recipients merge (RFC 9110, 8.6). */
static void read_lengths(struct vp_http_head *head, struct vp_slice value)
{
	const uint8_t *comma;

	while ((comma = value.len ? memchr(value.data, ',', value.len) : NULL)) {
		size_t before = (size_t)(comma - value.data);

		read_length(head, vp_http_trim(vp_slice_of(value.data, before)));
		value = vp_slice_of(comma + 1, value.len - before - 1);
	}
	read_length(head, vp_http_trim(value));
}

static bool ends_with_chunked(struct vp_slice value)
{
	static const char word[] = "chunked";
	size_t len = sizeof(word) - 1;

	while (value.len && !vp_http_is_token(value.data[value.len - 1]))
		value.len--;
	return value.len >= len &&
	       vp_http_same(vp_slice_of(value.data + value.len - len, len), word);
}

static void read_encoding(struct vp_http_head *head, struct vp_slice value)
{
	if (head->encoded || !vp_http_same(value, "chunked"))
		head->ambiguity |= AMBIGUITY(BAD_TRANSFER_ENCODING);
	if (ends_with_chunked(value))
		head->framing = VP_HTTP_CHUNKED;
	head->encoded = true;
}

static void read_headers(struct vp_http_head *head)
{
	struct vp_http_header header;
	size_t position = 0;

	while (vp_http_header_next(head->lines, &position, &header)) {
		head->ambiguity |= header.ambiguity;
		if (!header.name.len)
			continue;
		switch (lower(header.name.data[0])) {
		case 'c':
			if (vp_http_header_is(&header, "content-length"))
				read_lengths(head, header.value);
			break;
		case 't':
			if (vp_http_header_is(&header, "transfer-encoding"))
				read_encoding(head, header.value);
			break;
		case 'u':
			if (vp_http_header_is(&header, "upgrade"))
				head->upgrade = true;
			break;
		default:
			break;
		}
	}
	if (head->framing != VP_HTTP_CHUNKED && head->sized && head->length)
		head->framing = VP_HTTP_LENGTH;
	if (head->encoded && head->sized)
		head->ambiguity |= AMBIGUITY(BOTH_LENGTHS);
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct vp_slice last_word(struct vp_slice line)
{
	size_t start;

	while (line.len && is_blank(line.data[line.len - 1]))
		line.len--;
	for (start = line.len; start && !is_blank(line.data[start - 1]); start--)
		;
	return vp_slice_of(line.data + start, line.len - start);
}

bool vp_http_line_has_version(struct vp_slice line)
{
	struct vp_slice word = last_word(line);

	return word.len > 5 && word.data != line.data &&
	       vp_http_same(vp_slice_of(word.data, 5), "http/");
}

static void read_version(struct vp_http_head *head)
{
	struct vp_slice text = head->protocol;

	head->version = 11;
	if (text.len == 8 && !memcmp(text.data, "HTTP/1.1", 8))
		return;
	if (text.len != 8 || memcmp(text.data, "HTTP/1.0", 8))
		head->ambiguity |= AMBIGUITY(BAD_VERSION);
	else
		head->version = 10;
}

static bool is_bad_in_target(uint8_t c)
{
	return c <= ' ' || c == 0x7f || c == '#';
}

/* One space between the three, and nothing else. */
static bool is_strict(const struct vp_http_head *head)
{
	const uint8_t *end = head->target.data + head->target.len;

	return head->method.data == head->line.data && head->target.len &&
	       head->line.len ==
		       head->method.len + head->target.len + head->protocol.len + 2 &&
	       head->line.data[head->method.len] == ' ' && *end == ' ';
}

/* method SP target SP version; lenient servers take any white space, also in the target. */
static void read_request_line(struct vp_http_head *head)
{
	struct vp_slice line = head->line;
	size_t method = 0, target, end;

	while (method < line.len && is_blank(line.data[method]))
		method++;
	for (end = method; end < line.len && !is_blank(line.data[end]); end++)
		;
	head->method = vp_slice_of(line.data + method, end - method);
	head->tokens = head->method.len > 0;
	for (size_t i = 0; i < head->method.len; i++)
		head->tokens = head->tokens && vp_http_is_token(head->method.data[i]);
	for (target = end; target < line.len && is_blank(line.data[target]); target++)
		;
	head->protocol = vp_slice_of(line.data + line.len, 0);
	if (vp_http_line_has_version(line))
		head->protocol = last_word(line);
	else
		head->ambiguity |= AMBIGUITY(NO_VERSION);
	end = (size_t)(head->protocol.data - line.data);
	while (end > target && is_blank(line.data[end - 1]))
		end--;
	if (end < target)
		target = end;
	head->target = vp_slice_of(line.data + target, end - target);
	for (size_t i = 0; i < head->target.len; i++)
		if (is_bad_in_target(head->target.data[i]))
			head->ambiguity |= AMBIGUITY(BAD_REQUEST_LINE);
	if (head->protocol.len && !is_strict(head))
		head->ambiguity |= AMBIGUITY(BAD_REQUEST_LINE);
}

static void split_lines(struct vp_http_head *head, struct vp_slice bytes)
{
	size_t position = 0;

	*head = (struct vp_http_head){ .ambiguity = line_ends(bytes) };
	head->line = take_line(bytes, &position);
	head->lines = vp_slice_of(bytes.data + position, bytes.len - position);
	if (head->lines.len && head->lines.data[head->lines.len - 1] == '\n') {
		size_t len = head->lines.len - 1;

		if (len && head->lines.data[len - 1] == '\r')
			len--;
		if (!len || head->lines.data[len - 1] == '\n')
			head->lines.len = len;
	}
}

void vp_http_head_request(struct vp_http_head *head, struct vp_slice bytes)
{
	split_lines(head, bytes);
	read_request_line(head);
	if (head->protocol.len)
		read_version(head);
	read_headers(head);
	if (head->encoded && head->version == 10)
		head->ambiguity |= AMBIGUITY(OLD_CHUNKED);
}

void vp_http_head_response(struct vp_http_head *head, struct vp_slice bytes,
			   unsigned int *status, struct vp_slice *reason)
{
	struct vp_slice line;
	size_t at;

	split_lines(head, bytes);
	line = head->line;
	for (at = 0; at < line.len && !is_blank(line.data[at]); at++)
		;
	head->protocol = vp_slice_of(line.data, at);
	head->tokens = at > 5 && vp_http_same(vp_slice_of(line.data, 5), "http/");
	read_version(head);
	while (at < line.len && is_blank(line.data[at]))
		at++;
	*status = 0;
	for (size_t end = at + 3; at < end && at < line.len; at++) {
		if (line.data[at] < '0' || line.data[at] > '9')
			break;
		*status = *status * 10 + (line.data[at] - '0');
	}
	*reason = vp_http_trim(vp_slice_of(line.data + at, line.len - at));
	read_headers(head);
	if (!head->encoded && !head->sized)
		head->framing = VP_HTTP_CLOSE;
	else if (head->encoded && head->framing != VP_HTTP_CHUNKED)
		head->framing = VP_HTTP_CLOSE;
}
