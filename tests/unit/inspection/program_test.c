/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs: packed and loaded they judge the same, damage is refused, what cannot be evaluated
 * is an error with its place, and many rules cost little. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "lib/digest.h"
#include "lib/memory.h"
#include "tests/unit/inspection/rules.h"

static const char *const varied[] = {
	"when = http.uri contains \"a\"\nwhen = not http.header(X) equals \"1\"\n",
	"when = http.request_body matches /evil\\R/i\n",
	"when = http.uri | length equals 2-3, 5\nexcept = ip.src equals @near\n",
	"direction = to-client\nwhen = http.uri present\n",
	"when = http.header(host) | lowercase | trim equals \"a\", @words\n",
	("when = tcp.srcport | mask(0xff) equals 0x40\nwhen = http.uri.raw contains "
	 "\"/raw/\"\n"),
	"",
};

static const char sets[] = "[set words]\nvalues = \"one\", \"two\"\n"
			   "[set near]\nvalues = 192.0.3.0/25, 2001:db8::/32\n";

static void give(struct test_rules *t)
{
	test_begin(t);
	test_text(t, VP_FIELD_HTTP_URI, "", "/a/");
	test_text(t, VP_FIELD_HTTP_URI_RAW, "", "/raw/");
	test_text(t, VP_FIELD_HTTP_HEADER, "HOST", " TWO ");
	test_text(t, VP_FIELD_HTTP_HEADER, "x", "2");
	test_part(t, VP_FIELD_HTTP_REQUEST_BODY, "", "ev", 2, VP_PART_FIRST);
	test_part(t, VP_FIELD_HTTP_REQUEST_BODY, "", "IL\n", 3, VP_PART_LAST);
	test_final(t, VP_PHASE_END);
	test_end(t);
}

static void packed_and_loaded(void **state)
{
	struct vp_program *loaded = NULL;
	struct vp_slice literal;
	struct test_rules t;
	uint8_t *bytes, *again;
	size_t len, again_len;

	(void)state;
	test_rules_open(&t, HTTP_SERVICE, varied, VP_COUNT(varied), sets);
	give(&t);
	test_hits(&t, "0 1 2 4 5 6");
	vp_program_pack(t.program, &bytes, &len);
	vp_unit_free(t.unit);
	t.unit = NULL;
	if (vp_program_load(bytes, len, &loaded, &t.error))
		fail_msg("%s", t.error.text);
	for (size_t i = 0; i < VP_COUNT(varied); i++) {
		const struct vp_program_rule *a = vp_program_rule(t.program, i);
		const struct vp_program_rule *b = vp_program_rule(loaded, i);

		assert_int_equal(a->tag, b->tag);
		assert_int_equal(a->tag, t.plan.placements.data[i].tag);
		assert_int_equal(a->mode, b->mode);
		assert_int_equal(a->direction, b->direction);
		assert_int_equal(a->action.verdict, b->action.verdict);
	}
	vp_program_free(t.program);
	t.program = loaded;
	assert_int_equal(vp_program_rules(loaded), VP_COUNT(varied));
	vp_program_necessary(loaded, 5, &literal);
	assert_int_equal(literal.len, 5);
	vp_program_pack(loaded, &again, &again_len);
	assert_int_equal(again_len, len);
	assert_memory_equal(again, bytes, len);
	free(again);
	free(bytes);
	vp_program_accelerate(loaded);
	test_rules_unit(&t, TEST_BOUND);
	give(&t);
	test_hits(&t, "0 1 2 4 5 6");
	test_rules_free(&t);
}

/* `bytes` with another digest and length, so that what is behind them is reached. */
static void sign(uint8_t *bytes, size_t len)
{
	uint64_t length = htole64(len);
	uint64_t digest = htole64(vp_digest_long(VP_DIGEST_SEED, bytes + 32, len - 32));

	memcpy(bytes + 16, &length, 8);
	memcpy(bytes + 24, &digest, 8);
}

static void damage_is_refused(void **state)
{
	static const char *const rules[] = {
		("when = tcp.srcport equals 1-5\nwhen = http.uri | trim | length equals 7\n"
		 "except = http.header(a) absent\nexcept = ip.src equals 192.0.2.1\n"),
	};
	struct vp_program *loaded = NULL;
	struct test_rules t;
	uint8_t *bytes;
	size_t len, refused = 0;

	(void)state;
	test_rules_open(&t, HTTP_SERVICE, rules, VP_COUNT(rules), NULL);
	vp_program_pack(t.program, &bytes, &len);
	for (size_t i = 0; i < len; i++) {
		bytes[i] ^= 0x41;
		assert_int_equal(vp_program_load(bytes, len, &loaded, &t.error), -EBADMSG);
		bytes[i] ^= 0x41;
		if (i)
			assert_int_equal(vp_program_load(bytes, i, &loaded, NULL), -EBADMSG);
	}
	assert_int_equal(vp_program_load(bytes, 0, &loaded, NULL), -EBADMSG);
	/* with the right digest, any number may be there: it is checked, or it is harmless */
	for (size_t i = 32; i < len; i++) {
		uint8_t *other = vp_memdup(bytes, len);

		other[i] += (uint8_t)(1 + test_chance(255));
		sign(other, len);
		if (vp_program_load(other, len, &loaded, NULL)) {
			refused++;
		} else {
			struct test_rules u = { .program = loaded };

			test_rules_unit(&u, 100);
			give(&u);
			vp_unit_take(u.unit);
			test_rules_free(&u);
		}
		free(other);
	}
	assert_true(refused > len / 4);
	free(bytes);
	test_rules_free(&t);
}

/* What validation lets through and the matcher cannot do names its line. */
static void errors_have_their_place(void **state)
{
	static const struct {
		const char *service, *rule;
	} table[] = {
		{ HTTP_SERVICE,
		  "when = http.uri present\nwhen = http.uri matches /a[[.x.]]/\n" },
		{ RAW_SERVICE,
		  "when = stream[0:1] present\nwhen = stream[0:4] less-than \"ab\"\n" },
	};

	(void)state;
	for (size_t i = 0; i < VP_COUNT(table); i++) {
		struct test_rules t;

		test_rules_plan(&t, table[i].service, &table[i].rule, 1, NULL);
		assert_false(test_rules_compile(&t));
		/* the second `when` */
		if (!strstr(t.error.text, i ? "t0.vpatch:12:" : "t0.vpatch:13:"))
			fail_msg("%s", t.error.text);
		test_rules_free(&t);
	}
}

/* The language refuses what needs backtracking; the compiler can have it all the same. */
static void look_around_and_back_references(void **state)
{
	static const char *const rules[] = {
		"when = http.uri matches /replaced/\n",
		"when = http.request_body matches /replaced/i\n",
	};
	static const char *const patterns[] = { "(\\w)\\1(?!x)", "(?<=a)b(?=c)" };
	struct test_rules t;
	size_t rule;

	(void)state;
	test_rules_plan(&t, HTTP_SERVICE, rules, VP_COUNT(rules), NULL);
	for (size_t i = 0; i < VP_COUNT(rules); i++) {
		struct vp_value *value =
			&t.plan.placements.data[i].rule->when.data[0].values.data[0];

		free(value->regex.pattern);
		value->regex.pattern = vp_strdup(patterns[i]);
	}
	if (!test_rules_compile(&t))
		fail_msg("%s", t.error.text);
	test_rules_unit(&t, TEST_BOUND);
	for (unsigned int round = 0; round < 2; round++) {
		test_begin(&t);
		test_text(&t, VP_FIELD_HTTP_URI, "", "/aax");
		test_text(&t, VP_FIELD_HTTP_REQUEST_BODY, "", "abd");
		test_text(&t, VP_FIELD_HTTP_REQUEST_BODY, "", "xbc");
		test_hits(&t, "");
		test_text(&t, VP_FIELD_HTTP_URI, "", "/abba");
		test_hits(&t, "0");
		test_part(&t, VP_FIELD_HTTP_REQUEST_BODY, "", "..A", 3, VP_PART_FIRST);
		test_part(&t, VP_FIELD_HTTP_REQUEST_BODY, "", "BC", 2, VP_PART_LAST);
		test_hits(&t, "1");
		/* the same as machine code */
		vp_program_accelerate(t.program);
	}
	/* narrowed down beyond what may be held: nobody can say */
	test_rules_unit(&t, 8);
	test_begin(&t);
	test_part(&t, VP_FIELD_HTTP_REQUEST_BODY, "", "012345678", 9, VP_PART_FIRST);
	assert_int_equal(vp_unit_failure(t.unit, &rule), VP_UNIT_FINE);
	test_part(&t, VP_FIELD_HTTP_REQUEST_BODY, "", "abc", 3, VP_PART_MORE);
	assert_int_equal(vp_unit_failure(t.unit, &rule), VP_UNIT_BOUND);
	assert_int_equal(rule, 1);
	test_part(&t, VP_FIELD_HTTP_REQUEST_BODY, "", "", 0, VP_PART_LAST);
	test_hits(&t, "");
	test_rules_free(&t);
}

static void necessary_literals(void **state)
{
	static const struct {
		const char *service, *rule, *literal;
	} table[] = {
		{ RAW_SERVICE, "when = stream[0:] contains \"abcd\"\n", "abcd" },
		{ RAW_SERVICE, "when = stream[0:] contains \"ab\"\n", "" },
		{ RAW_SERVICE, "when = not stream[0:] contains \"abcd\"\n", "" },
		{ RAW_SERVICE, "when = stream[0:] contains \"abcd\", \"efgh\"\n", "" },
		{ RAW_SERVICE, "when = stream[0:] | lowercase contains \"abcd\"\n", "" },
		{ RAW_SERVICE,
		  ("when = stream[0:] contains \"abc\"\nwhen = stream[0:] matches "
		   "/x?longer+y/\n"),
		  "longe" },
		{ RAW_SERVICE, "when = stream[0:] matches /abcd/i\n", "" },
		{ RAW_SERVICE, "when = stream[0:] matches /abcd|efgh/\n", "" },
		{ RAW_SERVICE,
		  "when = stream[0:] matches /(abcd|e)fgh\\.[ab]ijk{2}\\x41\\n\\/z$/\n",
		  "fgh." },
		{ RAW_SERVICE, "when = stream[0:] matches /a{3}bcd(x[)|]){2,3}/\n", "bcd" },
		{ RAW_SERVICE, "when = stream[0:] matches /a\\x41\\n\\/z\\d/\n", "aA\n/z" },
		{ RAW_SERVICE, "when = stream[0:4] equals 0x61626364\n", "" },
		{ RAW_SERVICE, "when = stream[\"abcd\":4] equals 5\n", "abcd" },
		{ RAW_SERVICE, "when = stream[\"abcd\":9] contains \"vwxyz\"\n", "vwxyz" },
		{ RAW_SERVICE, "when = stream[\"abcd\":9] contains \"xyz\", \"z\"\n", "abcd" },
		{ RAW_SERVICE, "when = stream[\"abcd\":9] present\n", "abcd" },
		{ RAW_SERVICE, "when = stream[\"abcd\":9] absent\n", "" },
		{ RAW_SERVICE, "when = not stream[\"abcd\":4] equals 5\n", "" },
		{ RAW_SERVICE, "when = stream[stream[0:2]:9] contains \"xyz\"\n", "xyz" },
		{ RAW_SERVICE, "when = stream[0:2] equals stream[2:2]\n", "" },
		{ RAW_SERVICE, "except = stream[0:] contains \"abcd\"\n", "" },
		{ HTTP_SERVICE, "when = http.uri contains \"abcd\"\n", "" },
		{ HTTP_SERVICE, "when = http.uri.raw contains \"abcd\"\n", "abcd" },
		{ HTTP_SERVICE, "when = http.request_line starts-with \"GET /\"\n", "GET /" },
	};

	(void)state;
	for (size_t i = 0; i < VP_COUNT(table); i++) {
		struct vp_slice literal;
		struct test_rules t;

		test_rules_open(&t, table[i].service, &table[i].rule, 1, NULL);
		vp_program_necessary(t.program, 0, &literal);
		if (literal.len != strlen(table[i].literal) ||
		    (literal.len && memcmp(literal.data, table[i].literal, literal.len) != 0))
			fail_msg("%s`%.*s`", table[i].rule, (int)literal.len,
				 (const char *)literal.data);
		test_rules_free(&t);
	}
}

static void what_is_read(void **state)
{
	static const char *const rules[] = {
		"when = stream[0:4] equals 1\nwhen = ip.src equals 192.0.2.1\n",
		"when = stream[4:8] contains \"x\"\n",
	};
	static const char *const open[] = { "when = stream[4:] contains \"abc\"\n" };
	struct test_rules t;

	(void)state;
	test_rules_open(&t, RAW_SERVICE, rules, VP_COUNT(rules), NULL);
	assert_true(vp_program_wants(t.program, VP_FIELD_STREAM));
	assert_true(vp_program_wants(t.program, VP_FIELD_IP_SRC));
	assert_false(vp_program_wants(t.program, VP_FIELD_IP_DST));
	assert_false(vp_program_wants(t.program, VP_FIELD_COUNT - 1));
	assert_int_equal(vp_program_reach(t.program, VP_FIELD_STREAM), 12);
	assert_int_equal(vp_program_reach(t.program, VP_FIELD_MESSAGE), 0);
	test_rules_free(&t);
	test_rules_open(&t, RAW_SERVICE, open, VP_COUNT(open), NULL);
	assert_true(vp_program_reach(t.program, VP_FIELD_STREAM) == UINT64_MAX);
	test_rules_free(&t);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void request(struct test_rules *t, const char *uri)
{
	test_begin(t);
	test_text(t, VP_FIELD_HTTP_METHOD, "", "POST");
	test_text(t, VP_FIELD_HTTP_URI, "", uri);
	test_text(t, VP_FIELD_HTTP_HEADER, "Host", "www.example.org");
	test_text(t, VP_FIELD_HTTP_HEADER, "User-Agent", "Mozilla/5.0 (X11; Linux x86_64)");
	test_text(t, VP_FIELD_HTTP_HEADER, "Content-Type", "application/json");
	test_final(t, VP_PHASE_HEAD);
	test_text(t, VP_FIELD_HTTP_REQUEST_BODY, "", "{\"name\": \"value\", \"other\": 42}");
	test_final(t, VP_PHASE_END);
	test_end(t);
}

/* Printed, not judged: how long many rules take. Judged: that the right ones hold. */
static void many_rules(size_t count)
{
	const char **rules = vp_alloc(count, sizeof(char *));
	double start, compiled, loaded;
	struct test_rules t;
	char expected[16];
	uint8_t *bytes;
	size_t len, rounds = 20000;

	for (size_t i = 0; i < count; i++)
		rules[i] = vp_format("when = http.method equals \"POST\"\n"
				     "when = http.uri contains \"/app%zu/login%zu.php\"\n"
				     "when = %s matches /value%zu[a-z]+(;|\\|)/i\n",
				     i, i * 7,
				     i % 2 ? "http.request_body" : "http.header(X-Api)", i);
	test_rules_plan(&t, HTTP_SERVICE, rules, count, NULL);
	start = seconds();
	assert_true(test_rules_compile(&t));
	compiled = seconds() - start;
	vp_program_pack(t.program, &bytes, &len);
	vp_program_free(t.program);
	start = seconds();
	assert_int_equal(vp_program_load(bytes, len, &t.program, &t.error), 0);
	loaded = seconds() - start;
	test_rules_unit(&t, TEST_BOUND);
	start = seconds();
	for (size_t i = 0; i < rounds; i++)
		request(&t, "/app/index.php?page=1");
	print_message("%zu rules: compiled in %.3f s, %zu KiB packed, loaded in %.3f s, "
		      "%.2f us a request, %zu bytes held\n",
		      count, compiled, len / 1024, loaded,
		      (seconds() - start) / (double)rounds * 1e6, vp_unit_memory(t.unit));
	test_hits(&t, "");
	test_begin(&t);
	test_text(&t, VP_FIELD_HTTP_URI, "", "/app101/login707.php");
	test_text(&t, VP_FIELD_HTTP_METHOD, "", "POST");
	test_text(&t, VP_FIELD_HTTP_REQUEST_BODY, "", "value101abc;");
	snprintf(expected, sizeof(expected), "%d", 101);
	test_hits(&t, expected);
	test_rules_free(&t);
	free(bytes);
	for (size_t i = 0; i < count; i++)
		free((char *)(uintptr_t)rules[i]);
	free(rules);
}

static void cost_of_rules(void **state)
{
	(void)state;
	many_rules(200);
	many_rules(2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packed_and_loaded),
		cmocka_unit_test(damage_is_refused),
		cmocka_unit_test(errors_have_their_place),
		cmocka_unit_test(look_around_and_back_references),
		cmocka_unit_test(necessary_literals),
		cmocka_unit_test(what_is_read),
		cmocka_unit_test(cost_of_rules),
	};

	return cmocka_run_group_tests_name("program", tests, NULL, NULL);
}
