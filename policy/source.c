/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only user of inih, and the reader it gets its lines from. inih decides
 * what a section and a key are; but it sees only the key of each line, because
 * it would cut long lines, end values at " ;" even inside quotes, and join
 * indented lines to the key before. The value travels beside it, untouched.
 */
#include "policy/source.h"

#include <stdio.h>
#include <string.h>

#include <ini.h>

#define KEY_MAX 128

struct reader {
	const struct vp_text *text;
	struct vp_findings *findings;
	vp_line_handler *each;
	void *context;
	const char *next, *end; /* of the text not yet read */
	const char *start;	/* of the present line */
	size_t length;		/* of the present line, without its end */
	struct vp_line line;
	bool lost; /* the section that the lines are in */
};

static struct vp_location place(const struct reader *reader, const char *at)
{
	return (struct vp_location){
		.file = reader->text->name,
		.line = reader->line.number,
		.column = at ? (uint32_t)(at - reader->start) + 1 : 0,
	};
}

#define fail(reader, at, ...)                                                                 \
	do {                                                                                  \
		struct vp_location place_ = place(reader, at);                                \
		vp_find_error((reader)->findings, &place_, __VA_ARGS__);                      \
	} while (0)

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Length of the UTF-8 character at p (lead byte 0x80 or above); 0: not one that may be shown.
 */
static size_t utf8_length(const uint8_t *p, size_t left)
{
	size_t length = *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : 2;
	uint32_t code = *p & (0xff >> (length + 1));

	if (*p < 0xc2 || *p > 0xf4 || left < length)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	if ((length == 3 && code < 0x800) || (length == 4 && code < 0x10000) ||
	    code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	/* C1 controls, and the controls that turn the direction of text */
	if (code < 0xa0 || (code >= 0x202a && code <= 0x202e) ||
	    (code >= 0x2066 && code <= 0x2069))
		return 0;
	return length;
}

/* Skip printable ASCII by the word; the line's odd bytes are looked at one by one. */
static size_t plain_length(const char *p, size_t length)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	size_t i = 0;

	for (; i + 8 <= length; i += 8) {
		uint64_t word;

		memcpy(&word, p + i, 8);
		if ((word | (word - 0x20 * ones) | (word + ones)) & 0x80 * ones)
			break;
	}
	while (i < length && p[i] >= ' ' && p[i] < 0x7f)
		i++;
	return i;
}

/* Only text that a person can see: false with a finding at the first byte that is not. */
static bool line_is_text(const struct reader *reader)
{
	const char *start = reader->start;
	size_t i = 0;

	for (;;) {
		uint8_t byte;
		size_t skip;

		i += plain_length(start + i, reader->length - i);
		if (i == reader->length)
			return true;
		byte = (uint8_t)start[i];
		skip = byte == '\t' ? 1
		       : byte >= 0x80
			       ? utf8_length((const uint8_t *)start + i, reader->length - i)
			       : 0;
		if (!skip)
			break;
		i += skip;
	}
	if (!start[i])
		fail(reader, start + i,
		     "expected text, found a NUL byte; "
		     "inside a string it is written \\0");
	else if (start[i] == '\r')
		fail(reader, start + i,
		     "expected text, found a carriage return inside the line; "
		     "inside a string it is written \\r");
	else
		fail(reader, start + i,
		     "expected UTF-8 text without control characters, found byte 0x%02x; "
		     "inside a string it is written \\x%02x",
		     (uint8_t)start[i], (uint8_t)start[i]);
	return false;
}

/* Move to the next line of the text; false at its end. */
static bool read_line(struct reader *reader)
{
	const char *newline;

	if (reader->next >= reader->end)
		return false;
	reader->start = reader->next;
	newline = memchr(reader->start, '\n', (size_t)(reader->end - reader->start));
	reader->next = newline ? newline + 1 : reader->end;
	reader->length = (size_t)((newline ? newline : reader->end) - reader->start);
	if (newline && reader->length && newline[-1] == '\r')
		reader->length--;
	reader->line.number++;
	return true;
}

static bool is_comment(const char *p, const char *end)
{
	return p == end || *p == '#' || *p == ';';
}

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && blank(*p))
		p++;
	return p;
}

/* [name], and a comment at most behind it. With a finding about the rest it still is a
 * section. */
static void read_section(struct reader *reader)
{
	const char *end = reader->start + reader->length;
	const char *name = skip_blanks(reader->start + 1, end);
	const char *last = memchr(name, ']', (size_t)(end - name));
	const char *rest;

	if (last) {
		rest = skip_blanks(last + 1, end);
		if (!is_comment(rest, end))
			fail(reader, rest,
			     "expected the end of the line behind `]`, found `%.*s`",
			     vp_excerpt(rest, (size_t)(end - rest)), rest);
	} else {
		last = end;
		fail(reader, end,
		     "expected `]` at the end of the section's name, found the end of the "
		     "line, "
		     "e.g. `[service web]`");
	}
	while (last > name && blank(last[-1]))
		last--;
	reader->line.section = true;
	reader->line.name = name;
	reader->line.name_len = (uint32_t)(last - name);
	reader->line.column = (uint32_t)(name - reader->start) + 1;
}

static bool key_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

/* A line that is no entry keeps its first word, so that its key is not reported missing too.
 */
static void bad_entry(struct reader *reader)
{
	uint32_t length = 0;

	while (length < reader->length && length < KEY_MAX &&
	       key_letter(reader->start[length]))
		length++;
	reader->line.section = false;
	reader->line.bad = true;
	reader->line.name = reader->line.value = reader->start;
	reader->line.name_len = length;
	reader->line.value_len = 0;
	reader->line.column = 1;
}

/* key = value */
static void read_entry(struct reader *reader)
{
	const char *end = reader->start + reader->length, *value;
	const char *equals = memchr(reader->start, '=', reader->length);
	const char *key_end = reader->start, *rest;

	while (key_end < end && key_letter(*key_end))
		key_end++;
	rest = skip_blanks(key_end, end);
	bad_entry(reader);
	if (!equals || equals == reader->start) {
		fail(reader, reader->start,
		     "expected `key = value` or `[section]`, found `%.*s`, e.g. `mode = "
		     "monitor`",
		     vp_excerpt(reader->start, reader->length), reader->start);
		return;
	}
	if (rest != equals || key_end - reader->start > KEY_MAX) {
		fail(reader, rest != equals ? rest : reader->start,
		     "expected a key of at most %d letters, digits, `-`, `_` and `.` before "
		     "the "
		     "`=`, found `%.*s`",
		     KEY_MAX, vp_excerpt(reader->start, (size_t)(equals - reader->start)),
		     reader->start);
		return;
	}
	value = skip_blanks(equals + 1, end);
	while (end > value && blank(end[-1]))
		end--;
	reader->line.bad = false;
	reader->line.value = value;
	reader->line.value_len = (uint32_t)(end - value);
	reader->line.column = (uint32_t)(value - reader->start) + 1;
}

/* One line into reader->line; false when it says nothing. */
static bool take_line(struct reader *reader)
{
	const char *first = skip_blanks(reader->start, reader->start + reader->length);

	if (first == reader->start + reader->length)
		return false;
	reader->line.bad = false;
	if (!line_is_text(reader)) {
		/* keys below a section that was lost belong to no other */
		reader->lost |= *first == '[';
		bad_entry(reader);
		return *first != '[' && *first != '#' && *first != ';';
	}
	if (*reader->start == '#' || *reader->start == ';')
		return false;
	if (first > reader->start) {
		fail(reader, reader->start,
		     "expected `key = value` at the start of the line, found an indented "
		     "line; "
		     "values do not continue on the next line");
		return false;
	}
	if (*first != '[') {
		read_entry(reader);
		return true;
	}
	reader->lost = false;
	read_section(reader);
	return true;
}

/* The next line that inih must see is in reader->line; false at the end of the text. */
static bool next_line(struct reader *reader)
{
	while (read_line(reader))
		if (take_line(reader) && !reader->lost &&
		    (reader->line.section || reader->line.name_len))
			return true;
	return false;
}

/* inih's reader: sections without their name, keys without their value. */
static char *give_line(char *buffer, int size, void *stream)
{
	struct reader *reader = stream;

	if (!next_line(reader))
		return NULL;
	if (reader->line.section) {
		reader->each(reader->context, &reader->line);
		return strcpy(buffer, "[s]\n");
	}
	if ((size_t)size < reader->line.name_len + sizeof("=\n"))
		return NULL;
	memcpy(buffer, reader->line.name, reader->line.name_len);
	strcpy(buffer + reader->line.name_len, "=\n");
	return buffer;
}

/* inih's handler: 0 stops with an error. */
static int take_entry(void *user, const char *section, const char *name, const char *value)
{
	struct reader *reader = user;

	(void)section;
	(void)value;
	if (strlen(name) != reader->line.name_len ||
	    memcmp(name, reader->line.name, reader->line.name_len) != 0)
		return 0;
	reader->each(reader->context, &reader->line);
	return 1;
}

static struct reader reader_of(const struct vp_text *text, struct vp_findings *findings,
			       vp_line_handler *each, void *context)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	struct reader reader = {
		.text = text,
		.findings = findings,
		.each = each,
		.context = context,
		.next = text->data,
		.end = text->data + text->len,
	};

	if (text->len >= 3 && !memcmp(text->data, byte_order_mark, 3))
		reader.next += 3;
	return reader;
}

void vp_source_read(const struct vp_text *text, struct vp_findings *findings,
		    vp_line_handler *each, void *context)
{
	struct reader reader = reader_of(text, findings, each, context);

	if (text->len > VP_DEFINITION_MAX)
		fail(&reader, NULL, "expected a file of at most %u bytes, found %zu",
		     VP_DEFINITION_MAX, text->len);
	else if (ini_parse_stream(give_line, &reader, take_entry, &reader))
		fail(&reader, reader.start,
		     "expected `key = value`, found a line that is not");
}

void vp_source_read_list(const struct vp_text *text, struct vp_findings *findings,
			 vp_line_handler *each, void *context)
{
	struct reader reader = reader_of(text, findings, each, context);

	if (text->len > VP_SET_FILE_MAX) {
		fail(&reader, NULL, "expected a file of at most %u bytes, found %zu",
		     VP_SET_FILE_MAX, text->len);
		return;
	}
	while (read_line(&reader)) {
		const char *end = reader.start + reader.length;
		const char *first = skip_blanks(reader.start, end);

		if (first == end || *first == '#' || *first == ';' || !line_is_text(&reader))
			continue;
		while (blank(end[-1]))
			end--;
		reader.line.value = first;
		reader.line.value_len = (uint32_t)(end - first);
		reader.line.column = (uint32_t)(first - reader.start) + 1;
		each(context, &reader.line);
	}
}
