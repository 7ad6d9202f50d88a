/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When rules fire: what is missing, not certain yet, cut off, too long, or of another flow. */
#include "lib/memory.h"
#include "tests/unit/inspection/rules.h"

int run_unit_operator_tests(void);
int run_unit_property_tests(void);
int run_unit_naive_tests(void);
int run_unit_number_tests(void);
int run_unit_place_tests(void);

#define URI   VP_FIELD_HTTP_URI
#define BODY  VP_FIELD_HTTP_REQUEST_BODY
#define QUERY VP_FIELD_HTTP_QUERY

static void numbers_of_the_parser(void **state)
{
	static const char *const rules[] = {
		"when = tls.version less-than 0x0303\n",
		"when = tls.version equals 0x0303\n",
		"when = not tls.version at-least 0x0303\n",
		"when = tls.version absent\n",
		"when = tls.version present\n",
	};
	struct test_rules t;

	(void)state;
	test_rules_open(&t, TLS_SERVICE, rules, VP_COUNT(rules), NULL);
	test_begin(&t);
	t.sink->operations->number(t.sink, VP_FIELD_TLS_VERSION, 0x0302);
	test_hits(&t, "0 4");
	test_final(&t, VP_PHASE_END);
	test_hits(&t, "2");
	test_end(&t);
	test_begin(&t);
	t.sink->operations->number(t.sink, VP_FIELD_TLS_VERSION, 0x0303);
	test_final(&t, VP_PHASE_END);
	test_hits(&t, "1 4");
	test_begin(&t);
	test_final(&t, VP_PHASE_END);
	test_hits(&t, "3");
	test_rules_free(&t);
}

/* Each rule fires as early as it is certain, and once. */
static void as_early_as_certain(void **state)
{
	static const char *const rules[] = {
		"when = http.uri contains \"a\"\n",
		"when = http.uri contains \"a\"\nwhen = http.header(X) absent\n",
		"when = http.uri contains \"a\"\nwhen = http.request_body contains \"evil\"\n",
		("when = http.uri contains \"a\"\nwhen = not http.request_body contains "
		 "\"x\"\n"),
		"when = http.request_body | length greater-than 9\n",
		"when = http.request_body | length less-than 90\n",
		"when = ip.src equals 192.0.2.1\n",
		"when = http.query(q) | count equals 1\n",
	};
	struct test_rules t;

	(void)state;
	test_rules_open(&t, HTTP_SERVICE, rules, VP_COUNT(rules), NULL);
	for (unsigned int round = 0; round < 3; round++) {
		test_begin(&t);
		test_hits(&t, "6");
		test_text(&t, URI, "", "/a");
		test_hits(&t, "0");
		test_text(&t, URI, "", "/a");
		test_text(&t, QUERY, "q", "/a");
		test_hits(&t, "");
		test_final(&t, VP_PHASE_HEAD);
		test_hits(&t, "1 7");
		test_part(&t, BODY, "", "is ev", 5, VP_PART_FIRST);
		test_hits(&t, "");
		test_part(&t, BODY, "", "il", 2, VP_PART_MORE);
		test_hits(&t, "2");
		test_part(&t, BODY, "", " evil", 5, VP_PART_MORE);
		test_hits(&t, "4");
		test_part(&t, BODY, "", "", 0, VP_PART_LAST);
		test_hits(&t, "5");
		test_final(&t, VP_PHASE_END);
		test_hits(&t, "3");
		test_end(&t);
		test_hits(&t, "");
	}
	test_rules_free(&t);
}

/* In a unit without a head, the end makes everything certain. */
static void end_without_head(void **state)
{
	static const char *const rules[] = {
		"when = http.uri absent\n",
		"when = http.uri | count equals 1\n",
	};
	struct test_rules t;

	(void)state;
	test_rules_open(&t, HTTP_SERVICE, rules, VP_COUNT(rules), NULL);
	test_begin(&t);
	test_final(&t, VP_PHASE_END);
	test_hits(&t, "0");
	test_begin(&t);
	test_text(&t, URI, "", "");
	test_final(&t, VP_PHASE_END);
	test_hits(&t, "1");
	/* a unit that was cut off says nothing of what is missing */
	test_begin(&t);
	test_end(&t);
	test_hits(&t, "");
	test_rules_free(&t);
}

/* What waited for the end of a unit that was cut off does not wait for that of the next. */
static void nothing_waits_beyond_its_unit(void **state)
{
	static const char *const rules[] = {
		"when = http.uri equals \"/a\"\nwhen = http.request_body absent\n",
		"when = http.uri equals \"/a\"\nwhen = http.query(x) equals \"1\"\n",
	};
	struct test_rules t;

	(void)state;
	test_rules_open(&t, HTTP_SERVICE, rules, VP_COUNT(rules), NULL);
	test_begin(&t);
	test_text(&t, URI, "", "/a");
	test_end(&t);
	test_begin(&t);
	test_text(&t, QUERY, "x", "1");
	test_final(&t, VP_PHASE_END);
	test_hits(&t, "");
	test_rules_free(&t);
}

/* Hits of several units before they are taken: in evaluation order, each as often as it held.
 */
static void hits_are_in_order(void **state)
{
	static const char *const rules[] = {
		"when = http.uri contains \"late\"\n",
		"when = http.method equals \"GET\"\n",
		"when = http.uri contains \"early\"\n",
	};
	struct test_rules t;

	(void)state;
	test_rules_open(&t, HTTP_SERVICE, rules, VP_COUNT(rules), NULL);
	for (unsigned int round = 0; round < 2; round++) {
		test_begin(&t);
		test_text(&t, VP_FIELD_HTTP_METHOD, "", "GET");
		test_text(&t, URI, "", round ? "late" : "early");
		test_final(&t, VP_PHASE_END);
		test_end(&t);
	}
	test_hits(&t, "0 1 1 2");
	test_hits(&t, "");
	test_rules_free(&t);
}

static void a_new_flow_drops_what_is_open(void **state)
{
	static const char *const rules[] = {
		"when = http.request_body contains \"evil\"\n",
		"when = ip.src equals 192.0.2.1\n",
		"when = udp.dstport equals 80\n",
		"direction = to-client\nwhen = http.response_body present\n",
	};
	struct vp_unit_flow other = test_flow;
	struct test_rules t;

	(void)state;
	test_rules_open(&t, "ports = tcp/80, udp/80\napplication = http\n", rules,
			VP_COUNT(rules), NULL);
	test_begin(&t);
	test_part(&t, BODY, "", "ev", 2, VP_PART_FIRST);
	other.source.bytes[3] = 2;
	other.protocol = 17;
	vp_unit_flow(t.unit, &other);
	test_part(&t, BODY, "", "il", 2, VP_PART_MORE); /* of a value nobody began */
	test_hits(&t, "");
	test_begin(&t);
	test_hits(&t, "2");
	test_part(&t, BODY, "", "il", 2, VP_PART_FIRST);
	test_part(&t, BODY, "", "", 0, VP_PART_LAST);
	test_hits(&t, "");
	other.direction = VP_TO_CLIENT;
	vp_unit_flow(t.unit, &other);
	test_begin(&t);
	test_text(&t, BODY, "", "evil");
	test_text(&t, VP_FIELD_HTTP_RESPONSE_BODY, "", "fine");
	test_final(&t, VP_PHASE_END);
	test_hits(&t, "3");
	test_rules_free(&t);
}

/* What is open when everything is final is complete. */
static void final_completes_values(void **state)
{
	static const char *const rules[] = { "when = http.request_body ends-with \"evil\"\n" };
	struct test_rules t;

	(void)state;
	test_rules_open(&t, HTTP_SERVICE, rules, VP_COUNT(rules), NULL);
	test_begin(&t);
	test_part(&t, BODY, "", "evil", 4, VP_PART_FIRST);
	test_hits(&t, "");
	test_final(&t, VP_PHASE_END);
	test_hits(&t, "0");
	test_rules_free(&t);
}

static void assert_failure(struct test_rules *t, enum vp_unit_failure failure, size_t rule)
{
	size_t found = 99;

	assert_int_equal(vp_unit_failure(t->unit, &found), failure);
	if (failure != VP_UNIT_FINE)
		assert_int_equal(found, rule);
}

/* A value beyond the bound is a failure only where the rule could still hold. */
static void values_beyond_the_bound(void **state)
{
	static const char *const rules[] = {
		"when = http.uri contains \"x\"\nwhen = http.request_body matches /evil\\R/\n",
		"when = http.uri contains \"y\"\nwhen = http.request_body contains \"evil\"\n",
		("when = http.uri contains \"z\"\n"
		 "when = http.request_body | normalise-path contains \"evil\"\n"),
	};
	static const char long_body[100] = "evi";
	static const struct {
		const char *uri, *hits;
		size_t rule;
	} table[] = { { "-", "", SIZE_MAX },
		      { "y", "1", SIZE_MAX },
		      { "x", "", 0 },
		      { "z", "", 2 },
		      { "xz", "", 0 } };
	struct test_rules t;

	(void)state;
	test_rules_open(&t, HTTP_SERVICE, rules, VP_COUNT(rules), NULL);
	test_rules_unit(&t, 64);
	for (size_t i = 0; i < VP_COUNT(table); i++) {
		test_begin(&t);
		test_text(&t, URI, "", table[i].uri);
		test_final(&t, VP_PHASE_HEAD);
		test_part(&t, BODY, "", long_body, 60, VP_PART_FIRST);
		test_part(&t, BODY, "", "evil\n", 5, VP_PART_MORE);
		test_part(&t, BODY, "", long_body, 60, VP_PART_LAST);
		assert_failure(&t, table[i].rule == SIZE_MAX ? VP_UNIT_FINE : VP_UNIT_BOUND,
			       table[i].rule);
		test_hits(&t, table[i].hits);
		test_final(&t, VP_PHASE_END);
		assert_failure(&t, table[i].rule == SIZE_MAX ? VP_UNIT_FINE : VP_UNIT_BOUND,
			       table[i].rule);
		test_end(&t);
	}
	test_rules_free(&t);
}

/* The rest of a value that was too long is not taken for the whole. */
static void rests_are_no_values(void **state)
{
	static const char *const rules[] = {
		"when = http.uri matches /^evil$/\n",
		"when = http.request_body matches /^evil\\R$/\n",
	};
	struct test_rules t;

	(void)state;
	test_rules_open(&t, HTTP_SERVICE, rules, VP_COUNT(rules), NULL);
	test_rules_unit(&t, 8);
	for (size_t i = 0; i < VP_COUNT(rules); i++) {
		enum vp_field_id field = i ? BODY : URI;

		test_begin(&t);
		test_part(&t, field, "", "12345", 5, VP_PART_FIRST);
		test_part(&t, field, "", "6789", 4, VP_PART_MORE);
		test_part(&t, field, "", "evil\n", i ? 5 : 4, VP_PART_LAST);
		assert_failure(&t, VP_UNIT_BOUND, i);
		test_hits(&t, "");
		/* but the next value is judged, and what it decides is known */
		test_text(&t, field, "", i ? "evil\n" : "evil");
		assert_failure(&t, VP_UNIT_FINE, 0);
		test_hits(&t, i ? "1" : "0");
		test_end(&t);
	}
	test_rules_free(&t);
}

/* A failure of a unit that is over is still told, once it could be seen no longer. */
static void failures_outlast_their_unit(void **state)
{
	static const char *const rules[] = {
		"when = http.uri contains \"xxxxxxxxx\"\n",
		"when = not http.uri contains \"xxxxxxxxx\"\n",
		"when = http.method present\nexcept = http.uri contains \"xxxxxxxxx\"\n",
	};
	struct test_rules t;

	(void)state;
	test_rules_open(&t, HTTP_SERVICE, rules, VP_COUNT(rules), NULL);
	test_rules_unit(&t, 8);
	test_begin(&t);
	test_text(&t, VP_FIELD_HTTP_METHOD, "", "GET");
	test_part(&t, URI, "", "yyyyyyyy", 8, VP_PART_FIRST);
	test_part(&t, URI, "", "y", 1, VP_PART_LAST);
	assert_failure(&t, VP_UNIT_BOUND, 0);
	test_final(&t, VP_PHASE_END);
	test_end(&t);
	test_begin(&t);
	test_text(&t, URI, "", "fine");
	assert_failure(&t, VP_UNIT_BOUND, 0);
	/* neither the one nor the other of the first unit, nor with its exception */
	test_hits(&t, "");
	test_final(&t, VP_PHASE_END);
	test_hits(&t, "1");
	test_end(&t);
	test_begin(&t);
	assert_failure(&t, VP_UNIT_FINE, 0);
	test_rules_free(&t);
}

static void backtracking_is_bounded(void **state)
{
	static const char *const rules[] = {
		"when = http.uri matches /^(?:a|aa|aaa)+\\R$/\n",
		("when = http.method equals \"PUT\"\nwhen = http.uri matches "
		 "/^(?:a|aa)+\\R$/\n"),
	};
	static const char value[] =
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!";
	struct test_rules t;

	(void)state;
	test_rules_open(&t, HTTP_SERVICE, rules, VP_COUNT(rules), NULL);
	test_begin(&t);
	test_text(&t, VP_FIELD_HTTP_METHOD, "", "GET");
	test_text(&t, URI, "", value);
	assert_failure(&t, VP_UNIT_MATCH_LIMIT, 0);
	test_hits(&t, "");
	test_end(&t);
	test_begin(&t);
	test_text(&t, URI, "", "aaaa\r\n");
	assert_failure(&t, VP_UNIT_FINE, 0);
	test_hits(&t, "0");
	test_rules_free(&t);
}

/* A body is awaited only while a rule that reads it may hold. */
static void awaits_what_may_matter(void **state)
{
	static const char *const rules[] = {
		"when = http.uri equals \"/a\"\nwhen = http.request_body contains \"evil\"\n",
		("when = http.uri equals \"/b\"\nwhen = not http.request_body contains "
		 "\"ok\"\n"
		 "except = http.query(skip) present\n"),
	};
	static const struct {
		const char *uri, *query;
		bool awaits;
	} table[] = { { "/a", "x", true },
		      { "/b", "x", true },
		      { "/c", "x", false },
		      { "/a", "skip", true },
		      { "/b", "skip", false } };
	struct test_rules t;

	(void)state;
	test_rules_open(&t, HTTP_SERVICE, rules, VP_COUNT(rules), NULL);
	for (size_t i = 0; i < VP_COUNT(table); i++) {
		test_begin(&t);
		assert_true(t.sink->operations->awaits(t.sink, BODY));
		assert_true(t.sink->operations->wants(t.sink, BODY));
		assert_false(t.sink->operations->awaits(t.sink, VP_FIELD_HTTP_HOST));
		test_text(&t, URI, "", table[i].uri);
		test_text(&t, QUERY, table[i].query, "");
		test_final(&t, VP_PHASE_HEAD);
		if (t.sink->operations->awaits(t.sink, BODY) != table[i].awaits)
			fail_msg("%s %s", table[i].uri, table[i].query);
		assert_true(t.sink->operations->wants(t.sink, BODY));
		if (i == 0) {
			test_part(&t, BODY, "", "evil", 4, VP_PART_FIRST);
			assert_false(t.sink->operations->awaits(t.sink, BODY));
		}
		test_end(&t);
	}
	test_rules_free(&t);
}

/* After the first units nothing is allocated, and large buffers go back. */
static void memory_is_steady(void **state)
{
	static const char *const rules[] = {
		"when = http.request_body matches /evil\\R/\n",
		"when = http.request_body | url-decode contains \"x\"\n",
	};
	static const char body[60000];
	struct test_rules t;
	size_t before = 0;

	(void)state;
	test_rules_open(&t, HTTP_SERVICE, rules, VP_COUNT(rules), NULL);
	assert_int_equal(vp_unit_memory(t.unit), 0);
	for (unsigned int round = 0; round < 4; round++) {
		test_begin(&t);
		test_part(&t, BODY, "", body, sizeof(body) / 2, VP_PART_FIRST);
		test_part(&t, BODY, "", body, sizeof(body) / 2, VP_PART_LAST);
		assert_true(vp_unit_memory(t.unit) > sizeof(body));
		test_final(&t, VP_PHASE_END);
		test_end(&t);
		assert_true(vp_unit_memory(t.unit) < sizeof(body));
		if (round)
			assert_int_equal(vp_unit_memory(t.unit), before);
		before = vp_unit_memory(t.unit);
	}
	test_rules_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_the_parser),
		cmocka_unit_test(as_early_as_certain),
		cmocka_unit_test(end_without_head),
		cmocka_unit_test(nothing_waits_beyond_its_unit),
		cmocka_unit_test(hits_are_in_order),
		cmocka_unit_test(a_new_flow_drops_what_is_open),
		cmocka_unit_test(final_completes_values),
		cmocka_unit_test(values_beyond_the_bound),
		cmocka_unit_test(rests_are_no_values),
		cmocka_unit_test(failures_outlast_their_unit),
		cmocka_unit_test(backtracking_is_bounded),
		cmocka_unit_test(awaits_what_may_matter),
		cmocka_unit_test(memory_is_steady),
	};
	int failed = cmocka_run_group_tests_name("unit", tests, NULL, NULL);

	failed += run_unit_operator_tests();
	failed += run_unit_property_tests();
	failed += run_unit_naive_tests();
	failed += run_unit_number_tests();
	failed += run_unit_place_tests();
	return failed;
}
