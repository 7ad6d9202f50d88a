/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The form of a condition: [not] FIELD {| TRANSFORM} OPERATOR VALUES. Whether it
 * makes sense for its service is checked in validate_condition.c.
 */
#include <string.h>

#include "policy/lexer.h"
#include "policy/suggest.h"

static const char example[] = "ip.ttl less-than 5";

static bool read_field(struct vp_lexer *lexer, struct vp_condition *out)
{
	const char *word, *near;
	size_t length = vp_lexer_word(lexer, "", &word);

	if (!length)
		return vp_lexer_expected(lexer, word, "a field", example);
	out->at = vp_lexer_at(lexer, word);
	out->field = vp_field_find(word, length);
	if (out->field)
		return true;
	near = vp_field_suggest(word, length);
	return vp_lexer_fail(lexer, word, "expected a field, found `%.*s`%s%s%s",
			     vp_excerpt(word, length), word,
			     near ? "; did you mean `" : ", e.g. `", near ? near : example,
			     near ? "`?" : "`");
}

static bool read_operand(struct vp_lexer *lexer, struct vp_condition *out, bool inner);

/* "STRING" [| plus(N)]: behind each occurrence of it. */
static bool read_behind(struct vp_lexer *lexer, struct vp_condition *out, uint64_t *offset)
{
	struct vp_value value;

	if (!vp_lexer_value(lexer, &value))
		return false;
	out->behind.data = value.bytes.data;
	out->behind.len = value.bytes.len;
	if (!vp_lexer_skip(lexer, '|'))
		return true;
	if (!vp_lexer_take(lexer, "plus") || !vp_lexer_skip(lexer, '('))
		return vp_lexer_expected(
			lexer, lexer->next,
			"`plus(NUMBER)` behind the string that a slice follows",
			"stream[\"AB\" | plus(2):4]");
	if (!vp_lexer_number(lexer, offset))
		return false;
	if (!vp_lexer_skip(lexer, ')'))
		return vp_lexer_expected(lexer, lexer->next, "`)` behind the number",
					 "plus(4)");
	return true;
}

/* A number, what a slice of the same field says, or a string. `inner`: it is that slice. */
static bool read_offset(struct vp_lexer *lexer, struct vp_condition *out, bool inner,
			uint64_t *offset)
{
	char next;

	if (vp_lexer_end(lexer))
		return vp_lexer_number(lexer, offset);
	next = *lexer->next;
	if (inner || (next >= '0' && next <= '9'))
		return vp_lexer_number(lexer, offset);
	if (next == '"')
		return read_behind(lexer, out, offset);
	if (!vp_lexer_word(&(struct vp_lexer){ .next = lexer->next, .end = lexer->end }, "",
			   &(const char *){ NULL }))
		return vp_lexer_expected(
			lexer, lexer->next,
			"an offset: a number, a slice of the same field, or a string",
			"message[4:2]`, `message[message[4:2]:8]` or `message[\"AB\":8]");
	out->start = vp_new(struct vp_condition);
	return read_operand(lexer, out->start, true);
}

static bool read_slice(struct vp_lexer *lexer, struct vp_condition *out, bool inner)
{
	const char *start = lexer->next;
	uint64_t offset = 0, length = 0;

	if (lexer->next == lexer->end || *lexer->next != '[')
		return vp_lexer_fail(
			lexer, start,
			"expected `[OFFSET:LENGTH]` or `[OFFSET:]` behind `%s`, found "
			"none, e.g. `%s[0:4]`",
			out->field->name, out->field->name);
	lexer->next++;
	if (!read_offset(lexer, out, inner, &offset))
		return false;
	if (!vp_lexer_skip(lexer, ':'))
		return vp_lexer_expected(lexer, lexer->next, "`:` behind the slice's offset",
					 "[0:4]");
	if (!vp_lexer_skip(lexer, ']')) {
		if (!vp_lexer_number(lexer, &length))
			return false;
		if (!length)
			return vp_lexer_fail(
				lexer, start,
				"expected a slice of at least 1 byte, found length 0; "
				"`[%llu:]` goes to the end",
				(unsigned long long)offset);
		if (!vp_lexer_skip(lexer, ']'))
			return vp_lexer_expected(lexer, lexer->next,
						 "`]` at the end of the slice", "[0:4]");
	}
	if (offset > UINT32_MAX || length > UINT32_MAX || offset + length > UINT32_MAX)
		return vp_lexer_fail(lexer, start,
				     "expected a slice below 4294967295, found %llu:%llu",
				     (unsigned long long)offset, (unsigned long long)length);
	out->offset = (uint32_t)offset;
	out->length = (uint32_t)length;
	return true;
}

static bool read_text_argument(struct vp_lexer *lexer, struct vp_condition *out)
{
	const char *start = lexer->next, *close, *end;

	if (lexer->next == lexer->end || *lexer->next != '(') {
		if (out->field->argument == VP_ARGUMENT_OPTIONAL)
			return true;
		return vp_lexer_fail(lexer, start,
				     "expected a name in parentheses behind `%s`, found none, "
				     "e.g. `%s(Host)`",
				     out->field->name, out->field->name);
	}
	close = memchr(start, ')', (size_t)(lexer->end - start));
	if (!close)
		return vp_lexer_fail(
			lexer, start,
			"expected `)` behind the argument of `%s`, found the end of "
			"the line",
			out->field->name);
	lexer->next = close + 1;
	for (start++; start < close && (*start == ' ' || *start == '\t'); start++)
		;
	for (end = close; end > start && (end[-1] == ' ' || end[-1] == '\t'); end--)
		;
	if (start == end)
		return vp_lexer_fail(lexer, start,
				     "expected a name in the parentheses, found nothing, e.g. "
				     "`%s(Host)`",
				     out->field->name);
	out->argument = vp_strndup(start, (size_t)(end - start));
	return true;
}

static bool read_argument(struct vp_lexer *lexer, struct vp_condition *out, bool inner)
{
	switch (out->field->argument) {
	case VP_ARGUMENT_SLICE:
		return read_slice(lexer, out, inner);
	case VP_ARGUMENT_REQUIRED:
	case VP_ARGUMENT_OPTIONAL:
		return read_text_argument(lexer, out);
	case VP_ARGUMENT_NONE:
		break;
	}
	if (lexer->next < lexer->end && (*lexer->next == '[' || *lexer->next == '('))
		return vp_lexer_fail(
			lexer, lexer->next,
			"expected a transform or an operator behind `%s`, which takes "
			"no argument, found `%.1s`",
			out->field->name, lexer->next);
	return true;
}

static bool unknown_transform(struct vp_lexer *lexer, const char *word, size_t length)
{
	struct vp_suggestion suggestion = { .text = word, .length = length };

	for (size_t i = 0; i < VP_TRANSFORM_COUNT; i++)
		vp_suggest(&suggestion, vp_transform_types[i].name);
	return vp_lexer_fail(lexer, word,
			     "expected a transform behind `|`, found `%.*s`%s%s%s",
			     vp_excerpt(word, length), word,
			     suggestion.best ? "; did you mean `" : ", e.g. `",
			     suggestion.best ? suggestion.best : "| lowercase",
			     suggestion.best ? "`?" : "`");
}

static bool read_transform(struct vp_lexer *lexer, struct vp_condition *out)
{
	const char *word;
	size_t length = vp_lexer_word(lexer, "", &word);
	int kind = vp_transform_find(word, length);
	struct vp_transform *transform;
	const char *number = kind == VP_TRANSFORM_MASK ? "mask(0x07)" : "plus(4)";

	if (!length)
		return vp_lexer_expected(lexer, word, "a transform behind `|`", "| lowercase");
	if (kind < 0)
		return unknown_transform(lexer, word, length);
	if (!out->transforms.len)
		vp_array_reserve(&out->transforms, 1);
	transform = vp_array_add(&out->transforms);
	transform->kind = (enum vp_transform_kind)kind;
	if (!vp_transform_types[kind].takes_number) {
		if (lexer->next < lexer->end && *lexer->next == '(')
			return vp_lexer_fail(lexer, lexer->next,
					     "expected no argument behind `%s`, found `(`",
					     vp_transform_types[kind].name);
		return true;
	}
	if (!vp_lexer_skip(lexer, '('))
		return vp_lexer_expected(lexer, lexer->next, "a number in parentheses",
					 number);
	if (!vp_lexer_number(lexer, &transform->number))
		return false;
	if (!vp_lexer_skip(lexer, ')'))
		return vp_lexer_expected(lexer, lexer->next, "`)` behind the number", number);
	return true;
}

static bool read_operator(struct vp_lexer *lexer, struct vp_condition *out)
{
	const char *word;
	size_t length = vp_lexer_word(lexer, "=<>!~", &word);
	int op = vp_operator_find(word, length);
	struct vp_suggestion suggestion = { .text = word, .length = length };

	if (op >= 0) {
		out->op = (enum vp_operator)op;
		return true;
	}
	for (unsigned int i = 0; i < VP_OP_COUNT; i++)
		vp_suggest(&suggestion, vp_operator_name(i));
	if (suggestion.best)
		return vp_lexer_fail(lexer, word,
				     "expected an operator, found `%.*s`; did you mean `%s`?",
				     vp_excerpt(word, length), word, suggestion.best);
	return vp_lexer_expected(
		lexer, word,
		"an operator (equals, less-than, at-most, greater-than, "
		"at-least, contains, starts-with, ends-with, matches, present or "
		"absent)",
		example);
}

/* FIELD {| TRANSFORM} */
static bool read_operand(struct vp_lexer *lexer, struct vp_condition *out, bool inner)
{
	if (!read_field(lexer, out) || !read_argument(lexer, out, inner))
		return false;
	while (vp_lexer_skip(lexer, '|'))
		if (!read_transform(lexer, out))
			return false;
	return !lexer->failed;
}

/* Does a field follow, not a value? A misspelt one does too. */
static bool field_follows(const struct vp_lexer *lexer)
{
	struct vp_lexer ahead = *lexer;
	const char *word;
	size_t length = vp_lexer_word(&ahead, "", &word);
	bool argument = ahead.next < ahead.end && (*ahead.next == '[' || *ahead.next == '(');

	if (!length || (*word >= '0' && *word <= '9'))
		return false;
	return vp_field_find(word, length) ||
	       ((argument || memchr(word, '.', length)) && vp_field_suggest(word, length));
}

/* The field that is compared with, up to the end. */
static bool read_other(struct vp_lexer *lexer, struct vp_condition *out)
{
	out->other = vp_new(struct vp_condition);
	if (!read_operand(lexer, out->other, false))
		return false;
	if (!vp_lexer_end(lexer))
		return vp_lexer_expected(
			lexer, lexer->next,
			"a transform or the end of the line behind the field that is "
			"compared with",
			"message[1:2] | plus(3) greater-than message[0:] | length");
	return !lexer->failed;
}

static bool skip_not(struct vp_lexer *lexer)
{
	const char *word, *before = lexer->next;

	if (vp_lexer_word(lexer, "", &word) == 3 && !memcmp(word, "not", 3))
		return true;
	lexer->next = before;
	return false;
}

bool vp_lexer_condition(struct vp_lexer *lexer, struct vp_condition *out)
{
	out->negated = skip_not(lexer);
	if (!read_operand(lexer, out, false) || !read_operator(lexer, out))
		return false;
	if (out->op != VP_OP_PRESENT && out->op != VP_OP_ABSENT)
		return field_follows(lexer) ? read_other(lexer, out)
					    : vp_lexer_values(lexer, &out->values);
	if (!vp_lexer_end(lexer))
		return vp_lexer_fail(
			lexer, lexer->next,
			"expected the end of the line behind `%s`, which takes no "
			"value, found `%.*s`",
			vp_operator_name(out->op),
			vp_excerpt(lexer->next, (size_t)(lexer->end - lexer->next)),
			lexer->next);
	return !lexer->failed;
}
