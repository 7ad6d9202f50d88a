/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words and typed values of one entry. The lexer sees the raw value whole, so
 * that commas, comments and slashes inside quotes and regexes are only text.
 * Conditions, which are made of these, are in condition.c.
 */
#include "policy/lexer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct vp_lexer vp_lexer_of(const struct vp_definition *definition,
			    const struct vp_entry *entry, struct vp_findings *findings)
{
	return (struct vp_lexer){
		.file = definition->file,
		.start = entry->value,
		.next = entry->value,
		.end = entry->value + entry->value_len,
		.line = entry->line,
		.column = entry->column,
		.findings = findings,
	};
}

struct vp_location vp_lexer_at(const struct vp_lexer *lexer, const char *p)
{
	return (struct vp_location){
		.file = lexer->file,
		.line = lexer->line,
		.column = lexer->column + (uint32_t)(p - lexer->start),
	};
}

bool vp_lexer_fail(struct vp_lexer *lexer, const char *p, const char *format, ...)
{
	struct vp_location at = vp_lexer_at(lexer, p);
	va_list args;

	if (lexer->failed)
		return false;
	lexer->failed = true;
	va_start(args, format);
	vp_findv(lexer->findings, VP_FINDING_ERROR, &at, format, args);
	va_end(args);
	return false;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Does a comment begin at p? */
static bool comment_at(const struct vp_lexer *lexer, const char *p)
{
	return *p == ';' && (p == lexer->start || blank(p[-1]));
}

bool vp_lexer_expected(struct vp_lexer *lexer, const char *p, const char *expected,
		       const char *example)
{
	const char *end = p;
	char found[64];

	while (end < lexer->end && !blank(*end) && !(end > p && *end == ','))
		end++;
	if (p >= lexer->end || comment_at(lexer, p))
		strcpy(found, "nothing");
	else
		snprintf(found, sizeof(found), "`%.*s`", vp_excerpt(p, (size_t)(end - p)), p);
	if (!example)
		return vp_lexer_fail(lexer, p, "expected %s, found %s", expected, found);
	return vp_lexer_fail(lexer, p, "expected %s, found %s, e.g. `%s`", expected, found,
			     example);
}

bool vp_lexer_end(struct vp_lexer *lexer)
{
	while (lexer->next < lexer->end && blank(*lexer->next))
		lexer->next++;
	return lexer->failed || lexer->next == lexer->end || comment_at(lexer, lexer->next);
}

bool vp_lexer_skip(struct vp_lexer *lexer, char c)
{
	if (vp_lexer_end(lexer) || *lexer->next != c)
		return false;
	lexer->next++;
	return true;
}

static bool word_letter(char c, const char *more)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    c == '_' || c == '-' || c == '.')
		return true;
	while (*more && *more != c)
		more++;
	return *more;
}

size_t vp_lexer_word(struct vp_lexer *lexer, const char *more, const char **word)
{
	*word = lexer->next;
	if (vp_lexer_end(lexer))
		return 0;
	*word = lexer->next;
	while (lexer->next < lexer->end && word_letter(*lexer->next, more))
		lexer->next++;
	return (size_t)(lexer->next - *word);
}

bool vp_lexer_take(struct vp_lexer *lexer, const char *expected)
{
	const char *word;
	size_t length = vp_lexer_word(lexer, "", &word);

	if (length == strlen(expected) && !memcmp(word, expected, length))
		return true;
	lexer->next = word;
	return false;
}

size_t vp_lexer_text(struct vp_lexer *lexer, const char **text)
{
	const char *p, *close;

	if (vp_lexer_end(lexer)) {
		*text = lexer->next;
		return 0;
	}
	*text = lexer->next;
	for (p = lexer->next; p < lexer->end && !comment_at(lexer, p); p++) {
		if (*p != '"')
			continue;
		close = memchr(p + 1, '"', (size_t)(lexer->end - p - 1));
		if (close)
			p = close;
	}
	lexer->next = p;
	while (p > *text && blank(p[-1]))
		p--;
	return (size_t)(p - *text);
}

int vp_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The byte that the escape at `p` (behind the backslash) means, -1: none. Its length in
 * *length. */
static int escaped_byte(const char *p, const char *end, size_t *length)
{
	*length = 1;
	if (p == end)
		return -1;
	switch (*p) {
	case 'r':
		return '\r';
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case '0':
		return '\0';
	case '"':
	case '\\':
		return *p;
	case 'x':
		*length = 3;
		if (end - p < 3 || vp_hex_digit(p[1]) < 0 || vp_hex_digit(p[2]) < 0)
			return -1;
		return vp_hex_digit(p[1]) << 4 | vp_hex_digit(p[2]);
	default:
		return -1;
	}
}

/* Find the closing quote and count the bytes between. NULL with a finding. */
static const char *measure_string(struct vp_lexer *lexer, const char *p, size_t *bytes)
{
	const char *open = p - 1;

	for (*bytes = 0; p < lexer->end && *p != '"'; p++, ++*bytes) {
		size_t length;

		if (*p != '\\')
			continue;
		if (escaped_byte(p + 1, lexer->end, &length) < 0) {
			vp_lexer_fail(lexer, p,
				      "expected an escape \\xHH \\r \\n \\t \\0 \\\" or \\\\, "
				      "found `%.*s`; a backslash itself is written `\\\\`",
				      vp_excerpt(p, lexer->end - p < 2 ? 1 : 2), p);
			return NULL;
		}
		p += length;
	}
	if (p < lexer->end)
		return p;
	vp_lexer_fail(lexer, open, "expected a closing `\"`, found the end of the line");
	return NULL;
}

static bool read_string(struct vp_lexer *lexer, struct vp_value *out)
{
	const char *p = lexer->next + 1, *close;
	size_t bytes;
	uint8_t *data;

	close = measure_string(lexer, p, &bytes);
	if (!close)
		return false;
	data = vp_realloc(NULL, bytes, 1);
	out->kind = VP_VALUE_BYTES;
	out->bytes.data = data;
	out->bytes.len = bytes;
	while (p < close) {
		size_t length;

		if (*p != '\\') {
			*data++ = (uint8_t)*p++;
			continue;
		}
		*data++ = (uint8_t)escaped_byte(p + 1, close, &length);
		p += 1 + length;
	}
	lexer->next = close + 1;
	return true;
}

/* Flags behind the closing slash, sorted. NULL with a finding. */
static char *read_flags(struct vp_lexer *lexer)
{
	static const char known[] = "ims";
	bool set[3] = { false };
	char flags[4] = "", *end = flags;

	while (lexer->next < lexer->end && word_letter(*lexer->next, "")) {
		const char *flag = strchr(known, *lexer->next);

		if (!flag || set[flag - known]) {
			vp_lexer_expected(lexer, lexer->next,
					  flag ? "each flag once"
					       : "the regex's flags i, s or m",
					  "/^abc\\/def/is");
			return NULL;
		}
		set[flag - known] = true;
		lexer->next++;
	}
	for (size_t i = 0; i < sizeof(set); i++)
		if (set[i])
			*end++ = known[i];
	return vp_strdup(flags);
}

static bool read_regex(struct vp_lexer *lexer, struct vp_value *out)
{
	const char *start = lexer->next + 1, *p = start;
	char *flags;

	while (p < lexer->end && *p != '/')
		p += *p == '\\' && p + 1 < lexer->end ? 2 : 1;
	if (p >= lexer->end)
		return vp_lexer_fail(lexer, lexer->next,
				     "expected a closing `/`, found the end of the line; "
				     "a slash inside a regex is written `\\/`");
	if (p == start)
		return vp_lexer_fail(lexer, lexer->next,
				     "expected a pattern between the slashes, found nothing, "
				     "e.g. `/^abc/i`");
	lexer->next = p + 1;
	flags = read_flags(lexer);
	if (!flags)
		return false;
	out->kind = VP_VALUE_REGEX;
	out->regex.pattern = vp_strndup(start, (size_t)(p - start));
	out->regex.flags = flags;
	return true;
}

static bool read_set_name(struct vp_lexer *lexer, struct vp_value *out)
{
	const char *word;
	size_t length;

	lexer->next++;
	length = vp_lexer_word(lexer, "", &word);
	if (!vp_name_is_good(word, length))
		return vp_lexer_expected(lexer, word, "the name of a set behind `@`",
					 "@stations");
	out->kind = VP_VALUE_SET;
	out->reference.name = vp_strndup(word, length);
	return true;
}

/* Digits at *p, which moves behind them. False: none, a leading zero, or above 64 bits. */
static bool read_digits(const char **p, const char *end, uint64_t *number)
{
	bool hex = end - *p > 2 && (*p)[0] == '0' && ((*p)[1] == 'x' || (*p)[1] == 'X');
	unsigned int base = hex ? 16 : 10;
	const char *start = *p += hex ? 2 : 0;

	*number = 0;
	for (; *p < end; (*p)++) {
		int digit = vp_hex_digit(**p);

		if (digit < 0 || digit >= (int)base)
			break;
		if (*number > (UINT64_MAX - (unsigned int)digit) / base)
			return false;
		*number = *number * base + (unsigned int)digit;
	}
	return *p > start && (hex || *p == start + 1 || *start != '0');
}

bool vp_lexer_number(struct vp_lexer *lexer, uint64_t *number)
{
	const char *start, *p;

	vp_lexer_end(lexer);
	start = p = lexer->next;
	if (lexer->failed)
		return false;
	if (p == lexer->end || !read_digits(&p, lexer->end, number) ||
	    (p < lexer->end && word_letter(*p, "")))
		return vp_lexer_expected(lexer, start, "a number of at most 64 bits",
					 "5` or `0x1f");
	lexer->next = p;
	return true;
}

static bool read_number(struct vp_lexer *lexer, const char *word, const char *end,
			struct vp_value *out)
{
	const char *p = word;

	out->kind = VP_VALUE_NUMBER;
	if (read_digits(&p, end, &out->number.first)) {
		out->number.last = out->number.first;
		if (p == end)
			return true;
		if (*p++ == '-' && read_digits(&p, end, &out->number.last) && p == end) {
			if (out->number.first <= out->number.last)
				return true;
			return vp_lexer_expected(lexer, word,
						 "a range with its smaller end first", "5-9");
		}
	}
	return vp_lexer_expected(
		lexer, word, "a number of at most 64 bits without leading zeros, or a range",
		"5`, `0x1f` or `5-9");
}

static bool read_address(struct vp_lexer *lexer, const char *word, const char *end,
			 struct vp_value *out)
{
	char text[VP_ADDRESS_TEXT];
	int r = -EINVAL;

	out->kind = VP_VALUE_ADDRESS;
	if ((size_t)(end - word) < sizeof(text)) {
		memcpy(text, word, (size_t)(end - word));
		text[end - word] = '\0';
		r = vp_address_range_parse(text, &out->address);
	}
	if (!r)
		return true;
	if (r == -ERANGE)
		return vp_lexer_expected(
			lexer, word,
			memchr(word, '/', (size_t)(end - word))
				? "a prefix whose bits behind its length are zero"
				: "an address range with its smaller end first",
			memchr(word, '/', (size_t)(end - word)) ? "192.0.2.0/24"
								: "192.0.2.1-192.0.2.9");
	return vp_lexer_expected(lexer, word, "an address, a prefix or a range of addresses",
				 "192.0.2.0/24` or `2001:db8::1");
}

/* Numbers and addresses; anything else that is bare is an error. */
static bool read_bare(struct vp_lexer *lexer, struct vp_value *out)
{
	const char *word = lexer->next, *p = word;
	bool dots = false;

	for (; p < lexer->end && !blank(*p) && *p != ','; p++)
		dots |= *p == '.' || *p == ':';
	lexer->next = p;
	if (dots && (vp_hex_digit(*word) >= 0 || *word == ':'))
		return read_address(lexer, word, p, out);
	if (*word >= '0' && *word <= '9')
		return read_number(lexer, word, p, out);
	return vp_lexer_expected(lexer, word, "a value (strings are written in quotes)",
				 "\"GET\"`, `/^GET/i`, `5`, `192.0.2.0/24` or `@stations");
}

bool vp_lexer_value(struct vp_lexer *lexer, struct vp_value *out)
{
	bool good;

	memset(out, 0, sizeof(*out));
	if (vp_lexer_end(lexer))
		return vp_lexer_expected(
			lexer, lexer->next, "a value",
			"\"GET\"`, `/^GET/i`, `5`, `192.0.2.0/24` or `@stations");
	out->at = vp_lexer_at(lexer, lexer->next);
	switch (*lexer->next) {
	case '"':
		good = read_string(lexer, out);
		break;
	case '/':
		good = read_regex(lexer, out);
		break;
	case '@':
		good = read_set_name(lexer, out);
		break;
	default:
		good = read_bare(lexer, out);
	}
	if (!good)
		memset(out, 0, sizeof(*out));
	return good;
}

bool vp_lexer_values(struct vp_lexer *lexer, struct vp_values *out)
{
	struct vp_value value;

	do {
		if (!vp_lexer_value(lexer, &value))
			return false;
		if (!out->len)
			vp_array_reserve(out, 1);
		vp_array_push(out, value);
	} while (vp_lexer_skip(lexer, ','));
	if (!vp_lexer_end(lexer))
		return vp_lexer_expected(lexer, lexer->next,
					 "a comma or the end of the line behind the value",
					 "5, 7");
	return !lexer->failed;
}
