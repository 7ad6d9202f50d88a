/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slices at places that the value decides: at an offset that stands in it, and
 * behind each occurrence of a string. Each row is judged whole and in parts; random
 * values are judged against a search that goes back.
 */
#include "lib/memory.h"
#include "tests/unit/inspection/rules.h"

int run_unit_place_tests(void);

#define MESSAGE VP_FIELD_MESSAGE

struct row {
	const char *rule;
	bool holds;
	const char *data;
	size_t len;
};

#define ROW(rule, holds, data)                                                                \
	{                                                                                     \
		"when = " rule "\n", holds, data, sizeof(data) - 1                            \
	}

static const struct row rows[] = {
	/* the offset is a number of the value */
	ROW("message[message[0:1]:2] equals \"ab\"", true, "\3xxabx"),
	ROW("message[message[0:1]:2] equals \"ab\"", false, "\2xxabx"),
	ROW("message[message[0:1]:2] equals \"ab\"", false, "\4xxxa"),
	ROW("message[message[0:1]:2] equals \"ab\"", true, "\4xxxab"),
	ROW("message[message[1:2] | little-endian | plus(3):1] equals 7", true, "x\2\0yz\7"),
	ROW("message[message[1:2] | little-endian | plus(3):1] equals 7", false, "x\0\2yz\7"),
	ROW("message[message[0:1] | mask(0xf) | times(4):2] equals 9", true, "\x41xxx\0\11xx"),
	ROW("message[message[0:1] | mask(0xf) | times(4):2] equals 9", false,
	    "\x42xxx\0\11xx"),
	/* before the number itself, across it, and on it */
	ROW("message[message[2:1] | minus(2):2] equals \"ab\"", true, "ab\2x"),
	ROW("message[message[2:1] | minus(9):2] equals \"ab\"", true, "ab\2x"),
	ROW("message[message[2:1]:3] equals \"b\\x01c\"", true, "ab\1cd"),
	ROW("message[message[2:1]:1] equals 2", true, "ab\2cd"),
	/* far away, and beyond everything */
	ROW("message[message[0:2]:1] present", false, "\xff\xffxx"),
	ROW("message[message[0:2]:1] absent", true, "\xff\xffxx"),
	ROW("not message[message[0:2]:1] equals 7", false, "\xff\xffxx"),
	ROW("message[message[0:8]:8] present", false,
	    "\xff\xff\xff\xff\xff\xff\xff\xffxxxxxx"),
	ROW("message[message[0:8]:] present", false, "\xff\xff\xff\xff\xff\xff\xff\xffxxxxxx"),
	ROW("message[message[0:8] | plus(1):] present", false,
	    "\xff\xff\xff\xff\xff\xff\xff\xffxxxxxx"),
	/* no number */
	ROW("message[message[3:2]:1] absent", true, "abcd"),
	ROW("message[message[3:2]:1] present", false, "abcd"),
	/* open slices, patterns, transforms, lengths */
	ROW("message[message[0:1]:] contains \"cd\"", true, "\2xabcde"),
	ROW("message[message[0:1]:] contains \"cd\"", false, "\5xabcde"),
	ROW("message[message[0:1]:] matches /^ab.*e$/", true, "\2xabcde"),
	ROW("message[message[0:1]:] matches /^b.*e$/", false, "\2xabcde"),
	ROW("message[message[0:1]:3] | lowercase equals \"abc\"", true, "\2xABCDE"),
	ROW("message[message[0:1]:] | length equals 4", true, "\2xabcd"),
	ROW("message[message[0:1]:] | length equals 4", false, "\3xabcd"),
	ROW("message[message[0:1]:2] | decimal equals 42", true, "\2x42"),
	ROW("message[message[0:1]:2] greater-than message[0:] | length", true, "\2x\0\5"),
	ROW("message[message[0:1]:2] greater-than message[0:] | length", false, "\2x\0\4"),

	/* behind a string */
	ROW("message[\"AB\":2] equals \"cd\"", true, "xABcdx"),
	ROW("message[\"AB\":2] equals \"cd\"", true, "ABcd"),
	ROW("message[\"AB\":2] equals \"cd\"", false, "ABxcd"),
	ROW("message[\"AB\":2] equals \"cd\"", false, "AcdB"),
	/* a decoy before it hides nothing */
	ROW("message[\"AB\":2] equals \"cd\"", true, "ABxxABcd"),
	ROW("message[\"AB\":2] equals 0x6364", true, "ABxxABcd"),
	ROW("message[\"AB\":1] equals 0x41", true, "ABABcd"),
	ROW("message[\"AA\":1] equals 0x42", true, "AAAB"),
	ROW("message[\"ABAB\":1] equals 0x43", true, "ABABABC"),
	ROW("message[\"AAB\":1] equals 0x43", true, "AAABC"),
	ROW("message[\"AB\" | plus(3):2] equals \"cd\"", true, "xAB...cdx"),
	ROW("message[\"AB\" | plus(3):2] equals \"cd\"", false, "xAB..cdx"),
	ROW("message[\"AB\" | plus(3):2] equals 0x6364", true, "xABABAcd"),
	ROW("message[\"AB\" | plus(3):2] equals 0x6364", false, "xABAABAcd"),
	ROW("message[\"\\xff\\xfb\":2] greater-than 500", true, "x\xff\xfb\2\0"),
	ROW("message[\"\\xff\\xfb\":2] greater-than 500", false, "x\xff\xfb\1\0"),
	ROW("message[\"\\xff\\xfb\":2] | little-endian greater-than 500", false,
	    "x\xff\xfb\2\0"),
	ROW("message[\"\\xff\\xfb\":2] | plus(12) greater-than 500", true, "\xff\xfb\1\xe9"),
	ROW("message[\"\\0\":8] equals 0x0102030405060708", true, "\0\1\2\3\4\5\6\7\10"),
	ROW("message[\"AB\":1] greater-than message[0:] | length", true, "AB\4"),
	ROW("message[\"AB\":1] greater-than message[0:] | length", false, "AB\4x"),
	ROW("message[\"AB\":1] equals message[\"CD\":1]", true, "ABxAByCDyCDz"),
	ROW("message[\"AB\":1] equals message[\"CD\":1]", false, "ABxAByCDz"),
	/* it is there where all its bytes are */
	ROW("message[\"AB\":2] present", true, "ABcd"),
	ROW("message[\"AB\":2] present", false, "ABc"),
	ROW("message[\"AB\":2] absent", true, "ABc"),
	ROW("message[\"AB\":2] absent", true, "xxxx"),
	ROW("not message[\"AB\":2] equals \"cd\"", true, "ABcx"),
	ROW("not message[\"AB\":2] equals \"cd\"", false, "ABc"),
	ROW("not message[\"AB\":2] equals \"cd\"", false, "ABcd"),
	ROW("not message[\"AB\":2] equals 1", true, "ABcx"),
	ROW("not message[\"AB\":2] equals 1", false, "ABc"),
	ROW("message[\"AB\":] present", true, "ABc"),
	ROW("message[\"AB\":] present", false, "AB"),
	/* within so many bytes; the value may end before */
	ROW("message[\"AB\":6] contains \"cd\"", true, "AB....cd"),
	ROW("message[\"AB\":6] contains \"cd\"", false, "AB.....cd"),
	ROW("message[\"AB\":6] contains \"cd\"", true, "AB.cd"),
	ROW("message[\"AB\":6] contains \"cd\"", true, "AB\n\0cd"),
	ROW("message[\"AB\":6] contains \"cd\"", false, "cdAB"),
	ROW("message[\"AB\" | plus(2):4] contains \"cd\"", false, "AB.cd"),
	ROW("message[\"AB\" | plus(2):4] contains \"cd\"", true, "AB..cd"),
	ROW("message[\"AB\":6] starts-with \"cd\"", true, "ABcd"),
	ROW("message[\"AB\":6] starts-with \"cd\"", false, "AB.cd"),
	ROW("message[\"AB\":] contains \"cd\"", true, "AB................cd"),
	ROW("message[\"AB\":] contains \"cd\", \"ef\"", true, "cdAB...........ef."),
	ROW("message[\"AB\":] contains \"cd\"", false, "cdA"),
	ROW("not message[\"AB\":] contains \"cd\"", true, "ABx"),
	ROW("not message[\"AB\":] contains \"cd\"", false, "AB"),
	ROW("message[\".*\":] contains \"a+\"", true, "x.*a+"),
	ROW("message[\".*\":] contains \"a+\"", false, "xxxaa"),
};

static void give(struct test_rules *t, const char *data, size_t len, size_t piece)
{
	if (!piece) {
		test_value(t, MESSAGE, "", data, len);
		return;
	}
	test_part(t, MESSAGE, "", data, piece < len ? piece : len, VP_PART_FIRST);
	for (size_t i = piece; i < len; i += piece)
		test_part(t, MESSAGE, "", data + i, i + piece < len ? piece : len - i,
			  VP_PART_MORE);
	test_part(t, MESSAGE, "", "", 0, VP_PART_LAST);
}

static void check_row(const struct row *row)
{
	struct test_rules t;

	test_rules_open(&t, FRAME_SERVICE, &row->rule, 1, NULL);
	for (size_t piece = 0; piece < 5; piece++) {
		test_begin(&t);
		give(&t, row->data, row->len, piece);
		test_final(&t, VP_PHASE_END);
		test_end(&t);
		if (vp_unit_take(t.unit).count != row->holds)
			fail_msg("%swith `%s` in pieces of %zu: expected %s", row->rule,
				 row->data, piece, row->holds ? "a hit" : "no hit");
	}
	test_rules_free(&t);
}

static void places(void **state)
{
	(void)state;
	for (size_t i = 0; i < VP_COUNT(rows); i++)
		check_row(&rows[i]);
}

/* Conditions that differ in nothing but how far they look. */
static void of_different_lengths(void **state)
{
	const char *rules[] = {
		"when = message[\"AB\":9] contains \"cd\"\n",
		"when = message[\"AB\":4] contains \"cd\"\n",
		"when = message[\"AB\":] contains \"cd\"\n",
		"when = message[\"AB\":4] starts-with \"cd\"\n",
		"when = message[\"AB\":2] equals \"cd\"\n",
	};
	struct test_rules t;

	(void)state;
	test_rules_open(&t, FRAME_SERVICE, rules, VP_COUNT(rules), NULL);
	test_begin(&t);
	give(&t, "AB.....cd", 9, 0);
	test_final(&t, VP_PHASE_END);
	test_hits(&t, "0 2");
	test_begin(&t);
	give(&t, "ABcd", 4, 0);
	test_final(&t, VP_PHASE_END);
	test_hits(&t, "0 1 2 3 4");
	test_rules_free(&t);
}

/* Behind a string what was found is known at once: nothing waits for the value's end. */
static void decided_early(void **state)
{
	const char *rules[] = {
		"when = stream[\"AB\":2] equals 7\n",
		"when = stream[\"AB\":100] contains \"cd\"\n",
		"when = stream[stream[0:1]:1] equals 0x42\n",
	};
	struct test_rules t;

	(void)state;
	test_rules_open(&t, RAW_SERVICE, rules, VP_COUNT(rules), NULL);
	assert_true(vp_program_reach(t.program, VP_FIELD_STREAM) == UINT64_MAX);
	test_begin(&t);
	test_part(&t, VP_FIELD_STREAM, "", "\2AB\0", 4, VP_PART_FIRST);
	test_hits(&t, "2");
	test_part(&t, VP_FIELD_STREAM, "", "\7c", 2, VP_PART_MORE);
	test_hits(&t, "0");
	test_part(&t, VP_FIELD_STREAM, "", "d", 1, VP_PART_MORE);
	test_hits(&t, "1");
	test_rules_free(&t);
}

/* Random values of few letters, so that strings overlap. */

#define STRINGS 4

static const char *const strings[STRINGS] = { "a", "aa", "aba", "abab" };

struct place {
	const char *string;
	uint32_t skip, length;
	char wanted[3];
	bool contains;
};

static bool holds_naively(const struct place *place, const char *text, size_t len)
{
	size_t string = strlen(place->string), wanted = strlen(place->wanted);

	for (size_t i = 0; i + string <= len; i++) {
		size_t from = i + string + place->skip;
		size_t to = place->contains ? from + place->length - wanted : from;

		if (memcmp(text + i, place->string, string) != 0)
			continue;
		for (size_t at = from; at <= to && at + wanted <= len; at++)
			if (!memcmp(text + at, place->wanted, wanted))
				return true;
	}
	return false;
}

static char *random_rule(struct place *place, bool number)
{
	place->string = strings[test_chance(STRINGS)];
	place->skip = test_chance(3) ? test_chance(70) : 0;
	place->contains = !number && test_chance(2);
	place->length = place->contains ? 2 + test_chance(40) : 2;
	for (size_t i = 0; i < 2; i++)
		place->wanted[i] = "ab"[test_chance(2)];
	place->wanted[2] = '\0';
	if (number)
		return vp_format("when = message[\"%s\" | plus(%u):2] equals 0x%02x%02x\n",
				 place->string, place->skip, place->wanted[0],
				 place->wanted[1]);
	return vp_format("when = message[\"%s\" | plus(%u):%u] %s \"%s\"\n", place->string,
			 place->skip, place->length, place->contains ? "contains" : "equals",
			 place->wanted);
}

static void the_same_as_naively(void **state)
{
	enum { RULES = 60 };
	struct place all[RULES];
	const char *texts[RULES];
	struct test_rules t;
	size_t held = 0;

	(void)state;
	for (size_t i = 0; i < RULES; i++)
		texts[i] = random_rule(&all[i], i % 2);
	test_rules_open(&t, FRAME_SERVICE, texts, RULES, NULL);
	for (unsigned int round = 0; round < 4000; round++) {
		char text[100];
		size_t len = test_chance(sizeof(text));
		bool hit[RULES] = { false };
		struct vp_unit_hits hits;

		for (size_t i = 0; i < len; i++)
			text[i] = "abx"[test_chance(round % 3 ? 3 : 2)];
		test_begin(&t);
		give(&t, text, len, test_chance(9));
		test_final(&t, VP_PHASE_END);
		test_end(&t);
		hits = vp_unit_take(t.unit);
		for (size_t i = 0; i < hits.count; i++)
			hit[hits.rules[i]] = true;
		held += hits.count;
		for (size_t i = 0; i < RULES; i++)
			if (hit[i] != holds_naively(&all[i], text, len))
				fail_msg("%swith `%.*s`: %s", texts[i], (int)len, text,
					 hit[i] ? "a hit" : "no hit");
	}
	assert_true(held > 4000 && held < (size_t)4000 * RULES * 3 / 4);
	test_rules_free(&t);
	for (size_t i = 0; i < RULES; i++)
		free((char *)(uintptr_t)texts[i]);
}

static void packed_and_loaded(void **state)
{
	const char *rules[] = {
		"when = message[message[0:1] | minus(1):1] equals 7\n",
		"when = message[\"AB\" | plus(1):1] equals 7\n",
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
	test_value(&t, MESSAGE, "", "\3.\7AB.\7", 7);
	test_final(&t, VP_PHASE_END);
	test_hits(&t, "0 1");
	test_rules_free(&t);
}

int run_unit_place_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places),
		cmocka_unit_test(of_different_lengths),
		cmocka_unit_test(decided_early),
		cmocka_unit_test(the_same_as_naively),
		cmocka_unit_test(packed_and_loaded),
	};

	return cmocka_run_group_tests_name("unit places", tests, NULL, NULL);
}
