/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers of a unit: arithmetic, text as numbers, comparison of two fields. Each row is
 * judged with its values whole and in parts of one byte.
 */
#include "lib/memory.h"
#include "tests/unit/inspection/rules.h"

int run_unit_number_tests(void);

#define URI	VP_FIELD_HTTP_URI
#define HEADER	VP_FIELD_HTTP_HEADER
#define BODY	VP_FIELD_HTTP_REQUEST_BODY
#define MESSAGE VP_FIELD_MESSAGE

#define V(field, name, text)                                                                  \
	{                                                                                     \
		field, name, text, sizeof(text) - 1                                           \
	}
#define M(text)	     V(MESSAGE, "", text)
#define LENGTH(text) V(HEADER, "Content-Length", text)

struct value {
	enum vp_field_id field;
	const char *name, *data;
	size_t len;
};

struct row {
	const char *rule;
	bool holds;
	struct value values[3];
};

static const struct row messages[] = {
	/* arithmetic: from left to right, within 64 bits */
	{ "when = message[0:1] | plus(3) equals 5\n", true, { M("\2") } },
	{ "when = message[0:1] | plus(3) equals 5\n", false, { M("\5") } },
	{ "when = message[0:1] | minus(3) equals 0\n", true, { M("\2") } },
	{ "when = message[0:1] | minus(3) equals 0\n", true, { M("\3") } },
	{ "when = message[0:1] | minus(3) equals 0\n", false, { M("\4") } },
	{ "when = message[0:1] | mask(0xf) | times(4) greater-than 20\n",
	  true,
	  { M("\x46") } },
	{ "when = message[0:1] | mask(0xf) | times(4) greater-than 20\n",
	  false,
	  { M("\x45") } },
	{ "when = message[0:1] | plus(1) | times(2) equals 6\n", true, { M("\2") } },
	{ "when = message[0:1] | times(2) | plus(1) equals 6\n", false, { M("\2") } },
	{ "when = message[0:8] | plus(1) equals 0xffffffffffffffff\n",
	  true,
	  { M("\xff\xff\xff\xff\xff\xff\xff\xff") } },
	{ "when = message[0:8] | times(3) equals 0xffffffffffffffff\n",
	  true,
	  { M("\x7f\xff\xff\xff\xff\xff\xff\xff") } },
	{ "when = message[0:2] | little-endian | plus(1) equals 0x0202\n",
	  true,
	  { M("\1\2") } },
	{ "when = message[0:] | length | minus(2) equals 3\n", true, { M("abcde") } },
	{ "when = message[0:] | length | minus(2) equals 3\n", false, { M("abcd") } },

	/* a heartbeat that claims more than its record has */
	{ "when = message[6:2] | plus(24) greater-than message[0:] | length\n",
	  true,
	  { M("\x18\3\3\0\x13\1\0\1ABCDEFGHIJKLMNOP") } },
	{ "when = message[6:2] | plus(24) greater-than message[0:] | length\n",
	  false,
	  { M("\x18\3\3\0\x14\1\0\1ABCDEFGHIJKLMNOPQ") } },
	/* each operator, each width and order of bytes */
	{ "when = message[0:1] equals message[1:1]\n", true, { M("aa") } },
	{ "when = message[0:1] equals message[1:1]\n", false, { M("ab") } },
	{ "when = message[0:1] less-than message[1:1]\n", true, { M("ab") } },
	{ "when = message[0:1] less-than message[1:1]\n", false, { M("aa") } },
	{ "when = message[0:1] at-most message[1:1]\n", true, { M("aa") } },
	{ "when = message[0:1] at-most message[1:1]\n", false, { M("ba") } },
	{ "when = message[0:1] at-least message[1:1]\n", true, { M("aa") } },
	{ "when = message[0:1] at-least message[1:1]\n", false, { M("ab") } },
	{ "when = message[0:2] equals message[2:2] | little-endian\n", true, { M("abba") } },
	{ "when = message[0:2] equals message[2:2] | little-endian\n", false, { M("abab") } },
	{ "when = message[0:3] equals message[3:4]\n", true, { M("abc\0abc") } },
	{ "when = message[0:3] equals message[3:4]\n", false, { M("abc\1abc") } },
	{ "when = message[0:8] greater-than message[8:8] | plus(1)\n",
	  false,
	  { M("\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\1") } },
	{ "when = message[0:8] greater-than message[8:8] | plus(1)\n",
	  true,
	  { M("\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\1") } },
	/* a missing side makes it false, also under not */
	{ "when = message[0:1] less-than message[1:2]\n", false, { M("\0\xff") } },
	{ "when = message[1:2] greater-than message[0:1]\n", false, { M("\0\xff") } },
	{ "when = not message[0:1] equals message[1:2]\n", false, { M("\0\xff") } },
	{ "when = not message[0:1] equals message[1:2]\n", true, { M("\0\xff\1") } },
	{ "when = not message[0:1] equals message[1:2]\n", false, { M("\1\0\1") } },
	{ "when = message[0:1] equals 1\nexcept = message[1:1] equals message[2:1]\n",
	  true,
	  { M("\1ab") } },
	{ "when = message[0:1] equals 1\nexcept = message[1:1] equals message[2:1]\n",
	  false,
	  { M("\1aa") } },
	/* text */
	{ "when = message[0:4] | decimal greater-than message[4:] | length\n",
	  true,
	  { M("0005abcd") } },
	{ "when = message[0:4] | decimal greater-than message[4:] | length\n",
	  false,
	  { M("0004abcd") } },
	{ "when = message[0:4] | hexadecimal equals 0x2af\n", true, { M("02aF") } },
	{ "when = message[0:4] | hexadecimal equals 0x2a\n", true, { M("0X2a") } },
	{ "when = message[0:4] | hexadecimal equals 0x2a\n", false, { M("02ag") } },
	/* ports */
	{ "when = tcp.srcport greater-than tcp.dstport\n", true, { M("x") } },
	{ "when = tcp.srcport less-than tcp.dstport\n", false, { M("x") } },
	{ "when = tcp.srcport | minus(39920) equals tcp.dstport\n", true, { M("x") } },
	{ "when = tcp.dstport equals message[0:2]\n", true, { M("\0\x50") } },
	{ "when = tcp.dstport equals message[0:2]\n", false, { M("\0\x51") } },
};

static const struct row requests[] = {
	{ "when = http.header(Content-Length) | decimal greater-than 100\n",
	  true,
	  { LENGTH("101") } },
	{ "when = http.header(Content-Length) | decimal greater-than 100\n",
	  false,
	  { LENGTH("100") } },
	/* too large is the largest */
	{ "when = http.header(Content-Length) | decimal equals 0xffffffffffffffff\n",
	  true,
	  { LENGTH("18446744073709551616") } },
	{ "when = http.header(Content-Length) | decimal equals 0xffffffffffffffff\n",
	  true,
	  { LENGTH("99999999999999999999999999999999990") } },
	{ "when = http.header(Content-Length) | decimal equals 18446744073709551614\n",
	  true,
	  { LENGTH("18446744073709551614") } },
	{ "when = http.header(Content-Length) | decimal equals 7\n",
	  true,
	  { LENGTH("0007") } },
	{ "when = http.header(Content-Length) | decimal equals 0\n", true, { LENGTH("0") } },
	/* what is no number is missing */
	{ "when = http.header(Content-Length) | decimal at-least 0\n",
	  false,
	  { LENGTH("-1") } },
	{ "when = http.header(Content-Length) | decimal at-least 0\n", false, { LENGTH("") } },
	{ "when = http.header(Content-Length) | decimal at-least 0\n",
	  false,
	  { LENGTH("0x1") } },
	{ "when = http.header(Content-Length) | hexadecimal at-least 0\n",
	  false,
	  { LENGTH("0x") } },
	{ "when = http.header(Content-Length) | decimal at-least 0\n",
	  false,
	  { LENGTH("1 ") } },
	{ "when = http.header(Content-Length) | trim | decimal equals 1\n",
	  true,
	  { LENGTH(" 1 ") } },
	{ "when = not http.header(Content-Length) | decimal equals 5\n",
	  false,
	  { LENGTH("five") } },
	{ "when = not http.header(Content-Length) | decimal equals 5\n",
	  true,
	  { LENGTH("6") } },
	{ "when = http.header(Content-Length) | decimal absent\n", true, { LENGTH("five") } },
	{ "when = http.header(Content-Length) | decimal absent\n", false, { LENGTH("5") } },
	{ "when = http.header(Content-Length) | decimal present\n", true, { LENGTH("5") } },
	{ "when = http.header(Content-Length) | decimal present\n",
	  false,
	  { LENGTH("five") } },
	{ "when = http.header(Content-Length) absent\n", false, { LENGTH("five") } },
	/* any value of the one side against any of the other */
	{ "when = http.request_body | length less-than http.header(Content-Length) | "
	  "decimal\n",
	  true,
	  { LENGTH("4"), V(BODY, "", "abc") } },
	{ "when = http.request_body | length less-than http.header(Content-Length) | "
	  "decimal\n",
	  false,
	  { LENGTH("3"), V(BODY, "", "abc") } },
	{ "when = http.request_body | length less-than http.header(Content-Length) | "
	  "decimal\n",
	  true,
	  { LENGTH("2"), LENGTH("9"), V(BODY, "", "abc") } },
	{ "when = http.request_body | length equals http.header(Content-Length) | decimal\n",
	  true,
	  { LENGTH("2"), LENGTH("3"), V(BODY, "", "abc") } },
	{ "when = http.request_body | length equals http.header(Content-Length) | decimal\n",
	  false,
	  { LENGTH("2"), LENGTH("4"), V(BODY, "", "abc") } },
	{ "when = not http.request_body | length equals http.header(Content-Length) | "
	  "decimal\n",
	  true,
	  { LENGTH("2"), LENGTH("4"), V(BODY, "", "abc") } },
	{ "when = not http.request_body | length equals http.header(Content-Length) | "
	  "decimal\n",
	  false,
	  { LENGTH("2"), V(URI, "", "/") } },
	{ "when = http.header(Content-Length) | count greater-than http.uri | length\n",
	  true,
	  { LENGTH("2"), LENGTH("2"), V(URI, "", "/") } },
	{ "when = http.header(Content-Length) | count greater-than http.uri | length\n",
	  false,
	  { LENGTH("2"), V(URI, "", "/") } },
	/* two presences of one input */
	{ "when = http.header(Content-Length) | decimal present\n"
	  "when = http.header(Content-Length) | decimal | plus(1) present\n",
	  true,
	  { LENGTH("2") } },
};

static void give(struct test_rules *t, const struct value *value, bool parts)
{
	if (!parts || (value->field != BODY && value->field != MESSAGE)) {
		test_value(t, value->field, value->name, value->data, value->len);
		return;
	}
	for (size_t i = 0; i <= value->len; i++)
		test_part(t, value->field, value->name, value->data + i, i < value->len,
			  !i		    ? VP_PART_FIRST
			  : i == value->len ? VP_PART_LAST
					    : VP_PART_MORE);
}

static void check_row(const char *service, const struct row *row)
{
	struct test_rules t;

	test_rules_open(&t, service, &row->rule, 1, NULL);
	for (unsigned int round = 0; round < 3; round++) {
		test_begin(&t);
		for (size_t i = 0; i < VP_COUNT(row->values) && row->values[i].data; i++)
			give(&t, &row->values[i], round == 1);
		test_final(&t, VP_PHASE_END);
		test_end(&t);
		if (vp_unit_take(t.unit).count != row->holds)
			fail_msg("%swith `%s`: expected %s (round %u)", row->rule,
				 row->values[0].data, row->holds ? "a hit" : "no hit", round);
	}
	test_rules_free(&t);
}

static void numbers_of_messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < VP_COUNT(messages); i++)
		check_row("ports = tcp/80\nframe = fixed 30\n", &messages[i]);
}

static void numbers_of_requests(void **state)
{
	(void)state;
	for (size_t i = 0; i < VP_COUNT(requests); i++)
		check_row(HTTP_SERVICE, &requests[i]);
}

/* A comparison is decided as soon as a pair satisfies it, not at the end. */
static void decided_early(void **state)
{
	const char *rule = "when = message[0:1] greater-than message[1:1]\n";
	struct test_rules t;

	(void)state;
	test_rules_open(&t, FRAME_SERVICE, &rule, 1, NULL);
	test_begin(&t);
	test_part(&t, MESSAGE, "", "\2", 1, VP_PART_FIRST);
	test_hits(&t, "");
	test_part(&t, MESSAGE, "", "\1", 1, VP_PART_MORE);
	test_hits(&t, "0");
	test_rules_free(&t);
}

/* More different numbers than are kept leave equality open, and say so. */
static void too_many_numbers(void **state)
{
	const char *rule = "when = http.header(a) | decimal equals http.header(b) | decimal\n";
	struct test_rules t;
	size_t failed;

	(void)state;
	test_rules_open(&t, HTTP_SERVICE, &rule, 1, NULL);
	test_begin(&t);
	for (unsigned int i = 0; i < 1025; i++) {
		char text[12];

		assert_int_equal(vp_unit_failure(t.unit, &failed), VP_UNIT_FINE);
		snprintf(text, sizeof(text), "%u", i);
		test_text(&t, HEADER, "a", text);
	}
	assert_int_equal(vp_unit_failure(t.unit, &failed), VP_UNIT_BOUND);
	test_text(&t, HEADER, "b", "7");
	test_hits(&t, "0");
	assert_int_equal(vp_unit_failure(t.unit, &failed), VP_UNIT_FINE);
	test_rules_free(&t);
}

/* Random comparisons of random values, against one that looks at all pairs in the end. */

enum measure { DECIMAL, HEXADECIMAL, LENGTH_OF, COUNT_OF };

static const struct {
	const char *text;
	enum vp_field_id field;
	const char *name;
	enum measure measure;
	uint64_t times, plus, minus; /* 0: none; in this order */
} operands[] = {
	{ "http.query(a) | decimal", VP_FIELD_HTTP_QUERY, "a", DECIMAL, 0, 0, 0 },
	{ "http.query(a) | decimal | times(2) | plus(1)", VP_FIELD_HTTP_QUERY, "a", DECIMAL, 2,
	  1, 0 },
	{ "http.query(b) | hexadecimal | minus(3)", VP_FIELD_HTTP_QUERY, "b", HEXADECIMAL, 0,
	  0, 3 },
	{ "http.query(b) | decimal", VP_FIELD_HTTP_QUERY, "b", DECIMAL, 0, 0, 0 },
	{ "http.header(c) | length | plus(2)", HEADER, "c", LENGTH_OF, 0, 2, 0 },
	{ "http.query(a) | count", VP_FIELD_HTTP_QUERY, "a", COUNT_OF, 0, 0, 0 },
	{ "http.request_body | length", BODY, "", LENGTH_OF, 0, 0, 0 },
};

struct comparison {
	size_t left, right;
	enum vp_operator op;
	bool negated;
};

struct given {
	size_t source; /* operand whose field and name it has */
	char text[4];
};

static bool number_of(enum measure measure, const char *text, uint64_t *number)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t base = measure == DECIMAL ? 10 : 16;

	*number = strlen(text);
	if (measure == LENGTH_OF)
		return true;
	*number = 0;
	for (const char *p = text; *p; p++) {
		const char *digit = strchr(digits, *p);

		if (!digit || (uint64_t)(digit - digits) >= base)
			return false;
		*number = *number * base + (uint64_t)(digit - digits);
	}
	return *text;
}

static size_t numbers_of(size_t operand, const struct given *given, size_t count,
			 uint64_t *numbers)
{
	size_t found = 0, values = 0;

	for (size_t i = 0; i < count; i++) {
		if (operands[given[i].source].field != operands[operand].field ||
		    strcmp(operands[given[i].source].name, operands[operand].name) != 0)
			continue;
		values++;
		if (operands[operand].measure != COUNT_OF)
			found += number_of(operands[operand].measure, given[i].text,
					   &numbers[found]);
	}
	if (operands[operand].measure == COUNT_OF && values)
		numbers[found++] = values;
	for (size_t i = 0; i < found; i++) {
		if (operands[operand].times)
			numbers[i] *= operands[operand].times;
		numbers[i] += operands[operand].plus;
		numbers[i] -= numbers[i] < operands[operand].minus ? numbers[i]
								   : operands[operand].minus;
	}
	return found;
}

static bool satisfies(enum vp_operator op, uint64_t left, uint64_t right)
{
	return op == VP_OP_EQUALS	  ? left == right
	       : op == VP_OP_LESS_THAN	  ? left < right
	       : op == VP_OP_AT_MOST	  ? left <= right
	       : op == VP_OP_GREATER_THAN ? left > right
					  : left >= right;
}

static bool holds_naively(const struct comparison *c, const struct given *given, size_t count)
{
	uint64_t left[16], right[16];
	size_t lefts = numbers_of(c->left, given, count, left);
	size_t rights = numbers_of(c->right, given, count, right);
	bool any = false;

	for (size_t i = 0; i < lefts; i++)
		for (size_t j = 0; j < rights; j++)
			any |= satisfies(c->op, left[i], right[j]);
	return lefts && rights && any != c->negated;
}

static char *random_rule(struct comparison *c)
{
	c->left = test_chance(VP_COUNT(operands));
	c->right = test_chance(VP_COUNT(operands));
	c->op = VP_OP_EQUALS + test_chance(VP_OP_AT_LEAST + 1);
	c->negated = !test_chance(3);
	return vp_format("when = %s%s %s %s\n", c->negated ? "not " : "",
			 operands[c->left].text, vp_operator_name(c->op),
			 operands[c->right].text);
}

static size_t random_unit(struct given *given)
{
	size_t count = test_chance(9);

	for (size_t i = 0; i < count; i++) {
		size_t len = test_chance(sizeof(given->text));

		given[i].source = test_chance(VP_COUNT(operands));
		for (size_t k = 0; k < len; k++)
			given[i].text[k] = "0123a"[test_chance(5)];
		given[i].text[len] = '\0';
	}
	return count;
}

static void the_same_as_naively(void **state)
{
	enum { RULES = 80 };
	struct comparison all[RULES];
	const char *texts[RULES];
	struct test_rules t;
	size_t held = 0;

	(void)state;
	for (size_t i = 0; i < RULES; i++)
		texts[i] = random_rule(&all[i]);
	test_rules_open(&t, HTTP_SERVICE, texts, RULES, NULL);
	for (unsigned int round = 0; round < 3000; round++) {
		struct given given[9];
		size_t count = random_unit(given);
		bool hit[RULES] = { false };
		struct vp_unit_hits hits;

		test_begin(&t);
		for (size_t i = 0; i < count; i++)
			test_text(&t, operands[given[i].source].field,
				  operands[given[i].source].name, given[i].text);
		test_final(&t, VP_PHASE_HEAD);
		test_final(&t, VP_PHASE_END);
		test_end(&t);
		hits = vp_unit_take(t.unit);
		for (size_t i = 0; i < hits.count; i++)
			hit[hits.rules[i]] = true;
		held += hits.count;
		for (size_t i = 0; i < RULES; i++)
			if (hit[i] != holds_naively(&all[i], given, count))
				fail_msg("%s: %s", texts[i], hit[i] ? "a hit" : "no hit");
	}
	assert_true(held > 3000 && held < (size_t)3000 * RULES / 2);
	test_rules_free(&t);
	for (size_t i = 0; i < RULES; i++)
		free((char *)(uintptr_t)texts[i]);
}

/* A program that was packed and loaded judges the same. */
static void packed_and_loaded(void **state)
{
	const char *rules[] = {
		"when = message[0:2] | plus(2) | times(2) greater-than message[2:1]\n",
		"when = message[0:2] | decimal equals message[2:2] | hexadecimal\n",
	};
	struct vp_program *loaded;
	struct test_rules t;
	uint8_t *bytes;
	size_t len;

	(void)state;
	test_rules_open(&t, FRAME_SERVICE, rules, VP_COUNT(rules), NULL);
	vp_program_pack(t.program, &bytes, &len);
	vp_unit_free(t.unit);
	vp_program_free(t.program);
	assert_int_equal(vp_program_load(bytes, len, &loaded, &t.error), 0);
	free(bytes);
	t.program = loaded;
	t.unit = NULL;
	test_rules_unit(&t, TEST_BOUND);
	test_begin(&t);
	test_value(&t, MESSAGE, "", "\0\1\5", 3);
	test_final(&t, VP_PHASE_END);
	test_hits(&t, "0");
	test_begin(&t);
	test_value(&t, MESSAGE, "", "160x10", 4);
	test_final(&t, VP_PHASE_END);
	test_hits(&t, "0");
	test_begin(&t);
	test_value(&t, MESSAGE, "", "1610", 4);
	test_final(&t, VP_PHASE_END);
	test_hits(&t, "0 1");
	test_rules_free(&t);
}

int run_unit_number_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_messages), cmocka_unit_test(numbers_of_requests),
		cmocka_unit_test(decided_early),       cmocka_unit_test(too_many_numbers),
		cmocka_unit_test(the_same_as_naively), cmocka_unit_test(packed_and_loaded),
	};

	return cmocka_run_group_tests_name("unit numbers", tests, NULL, NULL);
}
