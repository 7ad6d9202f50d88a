/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A value in parts gives the same hits as the whole, wherever it is cut; and the
 * order in which the values of a unit come makes no difference at its end.
 */
#include "lib/memory.h"
#include "lib/strbuf.h"
#include "tests/unit/inspection/rules.h"

int run_unit_property_tests(void);

static const char *const rules[] = {
	"when = http.request_body contains \"abc\"\n",
	"when = http.request_body starts-with \"ab\"\n",
	"when = http.request_body ends-with \"bc\"\n",
	"when = http.request_body equals \"abcabc\"\n",
	"when = http.request_body matches /a(b|%62)+c/\n",
	"when = http.request_body matches /^[abc%]+$/\n",
	"when = http.request_body matches /^c.*$/m\n",
	"when = http.request_body matches /b+\\R?c/\n",
	"when = http.request_body | url-decode contains \"bb\"\n",
	"when = http.request_body | normalise-path contains \"/b\"\n",
	"when = http.request_body | trim ends-with \"a\"\n",
	"when = http.request_body | url-decode | length greater-than 20\n",
	"when = http.request_body | length less-than 9\n",
	"when = not http.request_body contains \"ca\"\n",
	("when = http.request_body contains \"aa\"\nwhen = not http.request_body contains "
	 "\"cc\"\n"
	 "except = http.request_body | length at-least 60\n"),
	"when = http.uri contains \"abc\"\n",
	"when = http.uri matches /^a.*c$/\n",
	"when = http.uri | lowercase matches /b{2,3}\\R?a/\n",
	"when = http.uri contains \"a\"\nwhen = http.request_body contains \"b\"\n",
};

static const char *const stream_rules[] = {
	"when = stream[0:4] at-least 0x61626300\n",
	"when = stream[2:3] equals \"abc\"\n",
	"when = stream[1:7] contains \"bb\"\n",
	"when = stream[1:7] matches /a+\\R?b/\n",
	"when = stream[5:] starts-with \"c\"\n",
	"when = stream[5:] ends-with \"c\"\n",
	"when = stream[5:] contains \"cab\"\n",
	"when = stream[0:5000] contains \"bcbc\"\n",
	"when = stream[0:5000] matches /c+\\R?b/\n",
	"when = stream[10:5] absent\n",
	"when = not stream[3:2] | little-endian equals 0x6161\n",
	"when = stream[4:6] | url-decode | length less-than 5\n",
};

static void random_text(char *text, size_t len)
{
	static const char letters[] = "aaabbbccc%62/. \n";

	for (size_t i = 0; i < len; i++)
		text[i] = letters[test_chance(sizeof(letters) - 1)];
	text[len] = '\0';
}

static void feed(struct test_rules *t, enum vp_field_id field, const char *text, size_t len,
		 size_t piece)
{
	enum vp_part part = VP_PART_FIRST;

	if (!piece) {
		test_value(t, field, "", text, len);
		return;
	}
	while (part != VP_PART_LAST) {
		size_t n = test_chance((uint32_t)piece + 1);

		n = n < len ? n : len;
		if (n == len && part != VP_PART_FIRST)
			part = VP_PART_LAST;
		test_part(t, field, "", text, n, part);
		text += n;
		len -= n;
		if (part == VP_PART_FIRST)
			part = VP_PART_MORE;
	}
}

struct given {
	char uri[40], body[200];
	size_t uri_len, body_len;
};

static char *hits_of(struct test_rules *t, const struct given *given, bool stream,
		     size_t piece, bool body_first)
{
	struct vp_strbuf out = { 0 };
	struct vp_unit_hits hits;
	size_t rule;

	test_begin(t);
	for (unsigned int i = 0; i < 2; i++) {
		if (i == body_first && !stream)
			feed(t, VP_FIELD_HTTP_URI, given->uri, given->uri_len, piece);
		if (i != body_first)
			feed(t, stream ? VP_FIELD_STREAM : VP_FIELD_HTTP_REQUEST_BODY,
			     given->body, given->body_len, piece);
	}
	test_final(t, VP_PHASE_END);
	assert_int_equal(vp_unit_failure(t->unit, &rule), VP_UNIT_FINE);
	test_end(t);
	hits = vp_unit_take(t->unit);
	for (size_t i = 0; i < hits.count; i++)
		vp_strbuf_addf(&out, "%u ", hits.rules[i]);
	return vp_strbuf_take(&out);
}

static void check(struct test_rules *t, bool stream, size_t count)
{
	size_t seen = 0, total = 0;

	for (unsigned int round = 0; round < 1200; round++) {
		struct given given = { .uri_len = test_chance(16),
				       .body_len = test_chance(round % 4 ? 20 : 150) };
		_cleanup_free_ char *whole = NULL;

		random_text(given.uri, given.uri_len);
		random_text(given.body, given.body_len);
		whole = hits_of(t, &given, stream, 0, false);
		for (size_t piece = 1; piece < 40; piece *= 3) {
			_cleanup_free_ char *parts =
				hits_of(t, &given, stream, piece, piece % 2);

			if (strcmp(whole, parts) != 0)
				fail_msg("`%s` `%s`: whole %s; in parts of up to %zu %s",
					 given.uri, given.body, whole, piece, parts);
		}
		seen += strlen(whole) != 0;
		for (const char *p = whole; *p; p++)
			total += *p == ' ';
	}
	/* the values are such that rules hold, and not all of them always */
	assert_true(seen > 600);
	assert_true(total > seen && total < 1200 * count);
}

static void parts_equal_the_whole(void **state)
{
	struct test_rules t;

	(void)state;
	test_rules_open(&t, HTTP_SERVICE, rules, VP_COUNT(rules), NULL);
	check(&t, false, VP_COUNT(rules));
	test_rules_free(&t);
}

static void slices_in_parts_equal_the_whole(void **state)
{
	struct test_rules t;

	(void)state;
	test_rules_open(&t, RAW_SERVICE, stream_rules, VP_COUNT(stream_rules), NULL);
	check(&t, true, VP_COUNT(stream_rules));
	test_rules_free(&t);
}

int run_unit_property_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_equal_the_whole),
		cmocka_unit_test(slices_in_parts_equal_the_whole),
	};

	return cmocka_run_group_tests_name("unit properties", tests, NULL, NULL);
}
