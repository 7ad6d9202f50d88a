/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads multipart bodies: see multipart.h. Lenient as servers are (LF for CRLF,
 * anything behind a boundary), and it says so when the structure is not as it
 * should be. It does not decode a part's Content-Transfer-Encoding, as browsers
 * send none and servers heed none; one that would hide bytes is told.
 */
#include "modules/inspection/multipart.h"

#include <errno.h>

#include "lib/cleanup.h"
#include "lib/memory.h"
#include "modules/inspection/form.h"
#include "modules/inspection/http_head.h"

enum multipart_state {
	MULTIPART_DATA, /* in a part, or before the first, or behind the last */
	MULTIPART_TAIL, /* behind a boundary, up to the line's end */
	MULTIPART_HEAD, /* in a part's head */
	MULTIPART_STOPPED
};

struct vp_multipart {
	enum multipart_state state;
	struct vp_http_out *out;
	struct vp_http_value field, part;
	size_t delimiter_len;
	uint8_t delimiter[VP_MULTIPART_BOUNDARY + 3]; /* LF, two dashes, boundary */
	size_t matched;				      /* bytes of it that were seen */
	bool implied;				      /* its LF is none of the content */
	bool cr;				      /* and a CR before */
	uint8_t tail[2];			      /* the first bytes behind a boundary */
	size_t tail_len;
	bool tail_bad; /* others than white space behind it */
	bool closed;   /* the last boundary came */
	struct vp_http_collect head;
	uint8_t *name; /* of the part */
};

static bool next_segment(struct vp_slice header, size_t *position)
{
	while (*position < header.len &&
	       (header.data[*position] == ';' || header.data[*position] <= ' '))
		++*position;
	return *position < header.len;
}

/* Up to the closing quote; a backslash only hides a quote, as file names have them. */
static size_t take_quoted(struct vp_slice header, size_t *position, uint8_t *room)
{
	size_t len = 0;

	for (++*position; *position < header.len; ++*position) {
		uint8_t c = header.data[*position];

		if (c == '"') {
			++*position;
			break;
		}
		if (c == '\\' && *position + 1 < header.len &&
		    header.data[*position + 1] == '"')
			c = header.data[++*position];
		room[len++] = c;
	}
	return len;
}

bool vp_parameter_next(struct vp_slice header, size_t *position, uint8_t *room,
		       struct vp_parameter *parameter)
{
	size_t start, len = 0;

	if (!next_segment(header, position))
		return false;
	start = *position;
	while (*position < header.len && header.data[*position] != '=' &&
	       header.data[*position] != ';')
		++*position;
	parameter->name = vp_http_trim(vp_slice_of(header.data + start, *position - start));
	if (*position < header.len && header.data[*position] == '=') {
		++*position;
		while (*position < header.len && vp_http_is_space(header.data[*position]))
			++*position;
		if (*position < header.len && header.data[*position] == '"')
			len = take_quoted(header, position, room);
		while (*position < header.len && header.data[*position] != ';')
			room[len++] = header.data[(*position)++];
	}
	parameter->value = vp_http_trim(vp_slice_of(room, len));
	return true;
}

static bool find_boundary(struct vp_multipart *multipart, struct vp_slice type)
{
	_cleanup_free_ uint8_t *room = vp_alloc(type.len + 1, 1);
	struct vp_parameter parameter;
	size_t position = 0;

	while (vp_parameter_next(type, &position, room, &parameter)) {
		if (!vp_http_same(parameter.name, "boundary"))
			continue;
		if (!parameter.value.len || parameter.value.len > VP_MULTIPART_BOUNDARY ||
		    memchr(parameter.value.data, '\n', parameter.value.len))
			return false;
		memcpy(multipart->delimiter, "\n--", 3);
		memcpy(multipart->delimiter + 3, parameter.value.data, parameter.value.len);
		multipart->delimiter_len = parameter.value.len + 3;
		return true;
	}
	return false;
}

struct vp_multipart *vp_multipart_new(struct vp_http_out *out, struct vp_slice type,
				      size_t header)
{
	struct vp_multipart *multipart = vp_new(struct vp_multipart);

	if (!find_boundary(multipart, type)) {
		free(multipart);
		return NULL;
	}
	multipart->out = out;
	multipart->head.bound = header;
	multipart->matched = multipart->implied = true; /* a boundary may begin the body */
	multipart->field.out = multipart->part.out = out;
	multipart->field.field = VP_FIELD_HTTP_REQUEST_BODY_FORM;
	multipart->part.field = VP_FIELD_HTTP_REQUEST_BODY_PART;
	return multipart;
}

void vp_multipart_free(struct vp_multipart *multipart)
{
	if (!multipart)
		return;
	vp_http_collect_free(&multipart->head);
	free(multipart->name);
	free(multipart);
}

size_t vp_multipart_memory(const struct vp_multipart *multipart)
{
	return sizeof(*multipart) + 2 * multipart->head.cap;
}

static void add(struct vp_multipart *multipart, const uint8_t *data, size_t len)
{
	vp_http_value_add(&multipart->field, data, len);
	vp_http_value_add(&multipart->part, data, len);
}

static void end_part(struct vp_multipart *multipart)
{
	vp_http_value_end(&multipart->field);
	vp_http_value_end(&multipart->part);
	free(TAKE_PTR(multipart->name));
}

/* What looked like a boundary was of the content. */
static void release(struct vp_multipart *multipart)
{
	if (multipart->cr)
		add(multipart, (const uint8_t *)"\r", 1);
	multipart->cr = false;
	if (multipart->matched)
		add(multipart, multipart->delimiter + multipart->implied,
		    multipart->matched - multipart->implied);
	multipart->matched = multipart->implied = 0;
}

static void begin_tail(struct vp_multipart *multipart)
{
	end_part(multipart);
	if (multipart->closed)
		vp_http_ambiguous(multipart->out, VP_HTTP_BAD_MULTIPART);
	multipart->cr = false;
	multipart->matched = multipart->implied = 0;
	multipart->tail_len = 0;
	multipart->tail_bad = false;
	multipart->state = MULTIPART_TAIL;
}

/* A byte while a boundary may be at hand, or that may begin one; false: it is of neither. */
static bool match(struct vp_multipart *multipart, uint8_t c)
{
	if (multipart->matched && c == multipart->delimiter[multipart->matched]) {
		if (++multipart->matched == multipart->delimiter_len)
			begin_tail(multipart);
		return true;
	}
	if (multipart->matched || (multipart->cr && c != '\n'))
		release(multipart);
	if (c == '\r')
		multipart->cr = true;
	else if (c == '\n')
		multipart->matched = 1;
	else
		return false;
	return true;
}

/* How many bytes were of a part's content, or of what may be a boundary. */
static size_t data(struct vp_multipart *multipart, struct vp_slice bytes)
{
	size_t len = 0;

	if (match(multipart, bytes.data[0]))
		return 1;
	while (len < bytes.len && bytes.data[len] != '\r' && bytes.data[len] != '\n')
		len++;
	add(multipart, bytes.data, len);
	return len;
}

static void tail(struct vp_multipart *multipart, uint8_t c)
{
	if (c != '\n') {
		if (multipart->tail_len < 2)
			multipart->tail[multipart->tail_len++] = c;
		else if (c != ' ' && c != '\t' && c != '\r')
			multipart->tail_bad = true;
		return;
	}
	multipart->closed = multipart->tail_len == 2 && !memcmp(multipart->tail, "--", 2);
	for (size_t i = 0; i < multipart->tail_len && !multipart->closed; i++)
		if (multipart->tail[i] > ' ')
			multipart->tail_bad = true;
	if (multipart->tail_bad)
		vp_http_ambiguous(multipart->out, VP_HTTP_BAD_MULTIPART);
	multipart->matched = multipart->implied = multipart->closed; /* as in begin_part() */
	multipart->state = multipart->closed ? MULTIPART_DATA : MULTIPART_HEAD;
}

static void put_filename(struct vp_multipart *multipart, struct vp_slice name)
{
	vp_http_put(multipart->out, VP_FIELD_HTTP_REQUEST_BODY_FILENAME, VP_SLICE_NONE, name);
}

/* UTF-8''name%20with%20escapes (RFC 8187) */
static void put_extended(struct vp_multipart *multipart, struct vp_slice value)
{
	struct vp_http_value name = { .out = multipart->out,
				      .field = VP_FIELD_HTTP_REQUEST_BODY_FILENAME };
	struct vp_percent percent = { 0 };
	uint8_t decoded[3];
	size_t quotes = 0;

	vp_http_value_begin(&name, VP_SLICE_NONE);
	for (size_t i = 0; i < value.len; i++) {
		if (quotes == 2)
			vp_http_value_add(&name, decoded,
					  vp_percent_next(&percent, value.data[i], decoded));
		else
			quotes += value.data[i] == '\'';
	}
	vp_http_value_add(&name, decoded, vp_percent_end(&percent, decoded));
	vp_http_value_end(&name);
}

/* Name and file name of the part; `is_file` when it has one that is not empty. */
static void read_disposition(struct vp_multipart *multipart, struct vp_slice value,
			     struct vp_slice *part_name, bool *is_file)
{
	_cleanup_free_ uint8_t *room = vp_alloc(value.len + 1, 1);
	struct vp_parameter parameter;
	size_t position = 0;

	while (vp_parameter_next(value, &position, room, &parameter)) {
		if (vp_http_same(parameter.name, "name")) {
			if (multipart->name) {
				vp_http_ambiguous(multipart->out, VP_HTTP_BAD_MULTIPART);
				continue;
			}
			multipart->name = vp_memdup(parameter.value.data, parameter.value.len);
			*part_name = vp_slice_of(multipart->name, parameter.value.len);
		} else if (vp_http_same(parameter.name, "filename")) {
			put_filename(multipart, parameter.value);
			*is_file = *is_file || parameter.value.len;
		} else if (vp_http_same(parameter.name, "filename*")) {
			put_extended(multipart, parameter.value);
			*is_file = true;
		}
	}
}

static bool is_plain(struct vp_slice encoding)
{
	return vp_http_same(encoding, "binary") || vp_http_same(encoding, "8bit") ||
	       vp_http_same(encoding, "7bit");
}

static void begin_part(struct vp_multipart *multipart)
{
	struct vp_slice lines = vp_slice_of(multipart->head.data, multipart->head.search.line);
	struct vp_slice name = VP_SLICE_NONE;
	struct vp_http_header header;
	size_t position = 0;
	bool is_file = false;

	while (vp_http_header_next(lines, &position, &header)) {
		if (header.ambiguity && header.whole.len)
			vp_http_ambiguous(multipart->out, VP_HTTP_BAD_MULTIPART);
		if (vp_http_header_is(&header, "content-disposition"))
			read_disposition(multipart, header.value, &name, &is_file);
		else if (vp_http_header_is(&header, "content-transfer-encoding") &&
			 !is_plain(header.value))
			vp_http_ambiguous(multipart->out, VP_HTTP_BAD_MULTIPART);
	}
	vp_http_collect_free(&multipart->head);
	multipart->state = MULTIPART_DATA;
	multipart->matched = multipart->implied = true; /* a boundary may come at once */
	if (!name.len)
		return;
	if (!is_file)
		vp_http_value_begin(&multipart->field, name);
	vp_http_value_begin(&multipart->part, name);
}

static void head(struct vp_multipart *multipart, struct vp_slice *bytes)
{
	switch (vp_http_collect(&multipart->head, bytes)) {
	case VP_HTTP_COLLECT_EMPTY:
		begin_part(multipart);
		break;
	case VP_HTTP_COLLECT_BOUND:
		multipart->state = MULTIPART_STOPPED;
		break;
	case VP_HTTP_COLLECT_LINE:
	case VP_HTTP_COLLECT_MORE:
		break;
	}
}

int vp_multipart_feed(struct vp_multipart *multipart, struct vp_slice bytes)
{
	while (bytes.len && multipart->state != MULTIPART_STOPPED) {
		size_t took = 0;

		if (multipart->state == MULTIPART_HEAD)
			head(multipart, &bytes);
		else if (multipart->state == MULTIPART_DATA)
			took = data(multipart, bytes);
		else
			tail(multipart, bytes.data[took++]);
		bytes.data += took;
		bytes.len -= took;
	}
	vp_http_value_flush(&multipart->field);
	vp_http_value_flush(&multipart->part);
	return multipart->state == MULTIPART_STOPPED ? -ENOBUFS : 0;
}

/* A body that ends without its last boundary, or has none, is not as it should be. */
void vp_multipart_finish(struct vp_multipart *multipart)
{
	if (multipart->state == MULTIPART_TAIL)
		tail(multipart, '\n');
	else if (multipart->state == MULTIPART_HEAD)
		begin_part(multipart);
	if (multipart->state == MULTIPART_DATA)
		release(multipart);
	end_part(multipart);
	if (!multipart->closed)
		vp_http_ambiguous(multipart->out, VP_HTTP_BAD_MULTIPART);
}
