/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A walk over a pattern that checks its form and finds its longest necessary
 * literal. It does not match anything: matchers compile the pattern themselves.
 * Constructs that need backtracking (back references, look-around) are refused,
 * because every pattern must run in linear time.
 */
#include "policy/regex.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define DEPTH_MAX 50

/* What is known of a part of the pattern. */
struct part {
	size_t necessary; /* longest literal that every match of the part contains */
	size_t exact;	  /* the part is exactly one literal of this length */
	bool is_exact;
};

struct walk {
	const char *pattern, *p;
	struct vp_regex_fault *fault;
	unsigned int depth;
	bool failed;
};

static struct part alternatives(struct walk *walk);

static struct part fail(struct walk *walk, const char *at, const char *text)
{
	if (!walk->failed) {
		walk->fault->at = (size_t)(at - walk->pattern);
		walk->fault->text = text;
	}
	walk->failed = true;
	walk->p += strlen(walk->p);
	return (struct part){ 0 };
}

static struct part one_byte(void)
{
	return (struct part){ .necessary = 1, .exact = 1, .is_exact = true };
}

/* \x41, \n, \., \d ... : p is at the backslash */
static struct part escape(struct walk *walk)
{
	const char *start = walk->p++;
	char c = *walk->p;

	if (!c)
		return fail(walk, start, "expected a character behind `\\`, found the end");
	walk->p++;
	if (strchr("123456789kg", c))
		return fail(walk, start,
			    "expected a pattern without back references, which cannot run in "
			    "linear time, found one");
	if (c == 'x') {
		for (int i = 0; i < 2; i++, walk->p++)
			if (!*walk->p || !strchr("0123456789abcdefABCDEF", *walk->p))
				return fail(walk, start,
					    "expected two hexadecimal digits behind `\\x`, "
					    "found something else, e.g. `\\x0a`");
		return one_byte();
	}
	if (strchr("bBAzZ", c))
		return (struct part){ .is_exact = true };
	if (strchr("dDwWsShHvVRN", c))
		return (struct part){ 0 };
	if (strchr("nrtfae0", c) || !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')))
		return one_byte();
	return fail(
		walk, start,
		"expected a known escape (\\xHH \\n \\r \\t \\d \\w \\s \\b or a backslash "
		"before punctuation), found another letter behind `\\`");
}

/* [...]: p is at the bracket */
static struct part class(struct walk *walk)
{
	const char *start = walk->p++;

	if (*walk->p == '^')
		walk->p++;
	if (*walk->p == ']')
		walk->p++;
	while (*walk->p && *walk->p != ']') {
		if (*walk->p == '[' && walk->p[1] == ':') {
			const char *end = strstr(walk->p, ":]");

			if (end)
				walk->p = end + 1;
		} else if (*walk->p == '\\' && walk->p[1]) {
			walk->p++;
		}
		walk->p++;
	}
	if (!*walk->p)
		return fail(walk, start,
			    "expected `]` at the end of the character class, found "
			    "the end of the pattern");
	walk->p++;
	return (struct part){ 0 };
}

/* (...): p is at the parenthesis */
static struct part group(struct walk *walk)
{
	const char *start = walk->p++;
	struct part part;

	if (*walk->p == '?') {
		walk->p++;
		if (*walk->p != ':')
			return fail(
				walk, start,
				"expected a group `(...)` or `(?:...)`, found look-around or "
				"an option, which cannot run in linear time");
		walk->p++;
	}
	if (++walk->depth > DEPTH_MAX)
		return fail(walk, start, "expected groups at most 50 deep, found more");
	part = alternatives(walk);
	walk->depth--;
	if (*walk->p != ')')
		return fail(
			walk, start,
			"expected `)` at the end of the group, found the end of the pattern");
	walk->p++;
	return part;
}

static struct part atom(struct walk *walk)
{
	switch (*walk->p) {
	case '\\':
		return escape(walk);
	case '[':
		return class(walk);
	case '(':
		return group(walk);
	case '.':
		walk->p++;
		return (struct part){ 0 };
	case '^':
	case '$':
		walk->p++;
		return (struct part){ .is_exact = true };
	case '*':
	case '+':
	case '?':
		return fail(
			walk, walk->p,
			"expected something to repeat before `*`, `+` or `?`, found nothing");
	default:
		walk->p++;
		return one_byte();
	}
}

/* {2}, {2,} or {2,5}: the smallest count, or -1 when the brace is only a character */
static long braces(struct walk *walk)
{
	const char *p = walk->p + 1;
	long least = 0, most = 0;

	if (*p < '0' || *p > '9')
		return -1;
	for (; *p >= '0' && *p <= '9'; p++)
		least = least > 100000 ? least : least * 10 + (*p - '0');
	if (*p == ',') {
		p++;
		most = *p == '}' ? least : 0;
		for (; *p >= '0' && *p <= '9'; p++)
			most = most > 100000 ? most : most * 10 + (*p - '0');
	} else {
		most = least;
	}
	if (*p != '}')
		return -1;
	if (most < least || most > 32767)
		fail(walk, walk->p,
		     "expected a repetition {LEAST,MOST} of at most 32767 with its smaller "
		     "number first, found another");
	else
		walk->p = p + 1;
	return least;
}

static struct part repeated(struct walk *walk, struct part part)
{
	long least = 1;

	switch (*walk->p) {
	case '*':
	case '?':
		least = 0;
		walk->p++;
		break;
	case '+':
		walk->p++;
		break;
	case '{':
		least = braces(walk);
		if (least < 0)
			return part;
		break;
	default:
		return part;
	}
	if (*walk->p == '?') /* lazy */
		walk->p++;
	if (*walk->p == '*' || *walk->p == '+' || *walk->p == '?')
		return fail(walk, walk->p, "expected one repetition, found another behind it");
	part.is_exact = false;
	if (!least)
		part.necessary = 0;
	return part;
}

static size_t longer(size_t a, size_t b)
{
	return a > b ? a : b;
}

static struct part sequence(struct walk *walk)
{
	struct part all = { .is_exact = true };
	size_t run = 0; /* literal bytes without a gap, up to here */

	while (*walk->p && *walk->p != '|' && *walk->p != ')') {
		struct part part = repeated(walk, atom(walk));

		all.necessary = longer(all.necessary, part.necessary);
		if (part.is_exact) {
			run += part.exact;
			all.necessary = longer(all.necessary, run);
			all.exact += part.exact;
		} else {
			run = 0;
			all.is_exact = false;
		}
	}
	return all;
}

static struct part alternatives(struct walk *walk)
{
	struct part all = sequence(walk);

	while (*walk->p == '|') {
		struct part part;

		walk->p++;
		part = sequence(walk);
		if (part.necessary < all.necessary)
			all.necessary = part.necessary;
		all.is_exact = false;
	}
	return all;
}

int vp_regex_check(const char *pattern, size_t *literal, struct vp_regex_fault *fault)
{
	struct walk walk = { .pattern = pattern, .p = pattern, .fault = fault };
	struct part part = alternatives(&walk);

	if (!walk.failed && *walk.p)
		fail(&walk, walk.p, "expected `(` before `)`, found none");
	if (walk.failed)
		return -EINVAL;
	*literal = part.necessary;
	return 0;
}
