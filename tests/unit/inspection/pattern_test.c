/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two matchers agree: a random pattern of the language that the database
 * decides alone gives on random values what the backtracking matcher gives, and
 * where it only narrows down, it misses nothing.
 */
#include <errno.h>

#include "lib/memory.h"
#include "modules/inspection/confirm.h"
#include "modules/inspection/database.h"
#include "modules/inspection/pattern.h"
#include "tests/unit/inspection/rules.h"

static void add_pattern(struct vp_strbuf *out, unsigned int depth);

static void add_atom(struct vp_strbuf *out, unsigned int depth)
{
	static const char *const atoms[] = {
		"a",	 "b",	   "c",	       "A",	      ".",
		"[ab]",	 "[^a]",   "[a-c\\n]", "\\d",	      "\\w",
		"\\s",	 "\\W",	   "\\h",      "\\v",	      "\\N",
		"\\x0a", "\\xff",  "\\n",      "\\b",	      "\\B",
		"\\A",	 "\\z",	   "\\Z",      "^",	      "$",
		"\\R",	 "\\.",	   "\\/",      "[$]",	      "(?=a)",
		"(?!b)", "(?<=a)", "(?<!b)",   "[[:alpha:]]", "[^\\x80-\\xff]",
		"\\H",	 "\\V",	   "\\S",      "\\D",
	};

	if (depth && !test_chance(4)) {
		vp_strbuf_adds(out, test_chance(2) ? "(" : "(?:");
		add_pattern(out, depth - 1);
		vp_strbuf_adds(out, ")");
		return;
	}
	vp_strbuf_adds(out, test_chance(2) ? atoms[test_chance(4)]
					   : atoms[test_chance(VP_COUNT(atoms))]);
}

static void add_pattern(struct vp_strbuf *out, unsigned int depth)
{
	static const char *const repeats[] = { "*",	"+",	"?",  "{2}",
					       "{1,3}", "{2,}", "*?", "+?" };
	size_t count = 1 + test_chance(4);

	for (size_t i = 0; i < count; i++) {
		size_t start = out->len;

		if (i && !test_chance(6))
			vp_strbuf_adds(out, "|");
		add_atom(out, depth);
		if (strstr(vp_strbuf_text(out) + start, "(?") &&
		    !strstr(vp_strbuf_text(out) + start, "(?:"))
			continue;
		/* a place has nothing to repeat */
		if (!test_chance(3) && !strchr("^$", vp_strbuf_text(out)[out->len - 1]) &&
		    !(out->len - start >= 2 &&
		      strchr("bBAzZ", vp_strbuf_text(out)[out->len - 1]) &&
		      vp_strbuf_text(out)[out->len - 2] == '\\'))
			vp_strbuf_adds(out, repeats[test_chance(VP_COUNT(repeats))]);
	}
}

static void on_match(void *context, unsigned int pattern)
{
	assert_int_equal(pattern, 0);
	*(bool *)context = true;
}

struct matchers {
	struct vp_database_pattern pattern;
	struct vp_database *whole, *parts;
	struct vp_scanner *scanner;
	struct vp_confirm *confirm;
};

static bool in_whole(const struct matchers *m, struct vp_slice value)
{
	bool matched = false;
	struct vp_database_watcher watcher = { on_match, &matched };

	assert_int_equal(vp_database_scan(m->whole, m->scanner, value, &watcher), 0);
	return matched;
}

static bool in_parts(const struct matchers *m, struct vp_slice value)
{
	struct vp_database_stream *stream = vp_database_open(m->parts);
	bool matched = false;
	struct vp_database_watcher watcher = { on_match, &matched };

	for (size_t i = 0; i < value.len; i++)
		assert_int_equal(vp_database_feed(stream, m->scanner,
						  (struct vp_slice){ value.data + i, 1 },
						  &watcher),
				 0);
	assert_int_equal(vp_database_rewind(stream, m->scanner, &watcher), 0);
	vp_database_close(stream);
	return matched;
}

/* A decided match is the truth; a narrowing one may not miss it. */
static void compare(const struct matchers *m, const char *text, struct vp_slice value)
{
	int truth = vp_confirm_match(m->confirm, value);
	bool whole = in_whole(m, value), parts = in_parts(m, value);
	bool decided = m->pattern.decider == VP_DECIDED;

	if (truth < 0) {
		assert_int_equal(truth, -E2BIG);
		return;
	}
	if (decided ? whole != (bool)truth || parts != (bool)truth
		    : truth && (!whole || !parts))
		fail_msg("/%s/ (%u, %s) on `%.*s`: truth %d, whole %d, parts %d", text,
			 m->pattern.flags, decided ? "decided" : "narrowed", (int)value.len,
			 (const char *)value.data, truth, whole, parts);
}

static bool matchers_make(struct matchers *m, const char *text, unsigned int flags)
{
	struct vp_error err = { 0 };

	*m = (struct matchers){ .pattern = { .text = text, .flags = flags, .regex = true } };
	m->confirm = vp_confirm_new(text, flags, &err);
	if (!m->confirm)
		fail_msg("%s: %s", text, err.text);
	assert_int_equal(vp_database_compile(&m->pattern, 1, true, &m->parts, &err), 0);
	assert_int_equal(vp_database_compile(&m->pattern, 1, false, &m->whole, &err), 0);
	if (!m->whole || !m->parts)
		return false;
	assert_int_equal(vp_scanner_add(&m->scanner, m->whole), 0);
	assert_int_equal(vp_scanner_add(&m->scanner, m->parts), 0);
	return true;
}

static void matchers_free(struct matchers *m)
{
	vp_scanner_free(m->scanner);
	vp_database_free(m->whole);
	vp_database_free(m->parts);
	vp_confirm_free(m->confirm);
}

static void matchers_agree(void **state)
{
	static const char letters[] = "aaabbcA1 \t\n\n\r\xff.$/";
	static const char *const flags[] = { "", "i", "s", "m", "ims" };
	size_t decided = 0, narrowed = 0, left = 0;

	(void)state;
	for (unsigned int round = 0; round < 1500; round++) {
		_cleanup_strbuf_ struct vp_strbuf written = { 0 };
		_cleanup_free_ char *text = NULL;
		struct vp_value value = { .kind = VP_VALUE_REGEX };
		unsigned int bits;
		struct matchers m;

		add_pattern(&written, 2);
		value.regex.pattern = (char *)(uintptr_t)vp_strbuf_text(&written);
		value.regex.flags = (char *)(uintptr_t)flags[test_chance(VP_COUNT(flags))];
		text = vp_pattern_text(VP_OP_MATCHES, &value, &bits);
		if (matchers_make(&m, text, bits)) {
			decided += m.pattern.decider == VP_DECIDED;
			narrowed += m.pattern.decider == VP_CONFIRMED;
			for (unsigned int i = 0; i < 40; i++) {
				char bytes[12];
				size_t len = test_chance(sizeof(bytes));

				for (size_t j = 0; j < len; j++)
					bytes[j] = letters[test_chance(sizeof(letters) - 1)];
				compare(&m, text,
					(struct vp_slice){ (const uint8_t *)bytes, len });
			}
		} else {
			left++;
		}
		matchers_free(&m);
	}
	print_message(
		"%zu patterns decided by the database, %zu narrowed down, %zu left out\n",
		decided, narrowed, left);
	assert_true(decided > 300 && narrowed > 50 && left > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matchers_agree),
	};

	return cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
}
