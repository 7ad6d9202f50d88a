/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The form of patterns, and the literal that every match contains. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "policy/regex.h"
#include "tests/unit/policy/policy_tests.h"

static void necessary_literals(void **state)
{
	static const struct {
		const char *pattern;
		size_t literal;
	} table[] = {
		{ "abc", 3 },
		{ "^abc$", 3 },
		{ "a.c", 1 },
		{ "abc?", 2 },
		{ "abc*d", 2 },
		{ "abc+d", 2 },
		{ "[abc]", 0 },
		{ "ab|cde", 2 },
		{ "ab|", 0 },
		{ "(abc)def", 6 },
		{ "(abc)?def", 3 },
		{ "(abc|de)f", 2 },
		{ "(?:abc)+x", 3 },
		{ "\\/admin", 6 },
		{ "\\x41\\x42\\x43", 3 },
		{ "\\d\\d\\dab", 2 },
		{ "a{3}bc", 2 },
		{ "(abcd){0,2}e", 1 },
		{ "a{bc", 4 },
		{ "ab{,5}", 6 },
		{ "[]a]bc", 2 },
		{ "[^]a]bc", 2 },
		{ "[[:alpha:]]bc", 2 },
		{ "abc\\b", 3 },
		{ "(php:\\/\\/filter|phar:)", 5 },
	};

	(void)state;
	for (size_t i = 0; i < VP_COUNT(table); i++) {
		struct vp_regex_fault fault;
		size_t literal = 99;

		assert_int_equal(vp_regex_check(table[i].pattern, &literal, &fault), 0);
		if (literal != table[i].literal)
			print_error("%s: %zu\n", table[i].pattern, literal);
		assert_int_equal(literal, table[i].literal);
	}
}

static void faults_have_their_place(void **state)
{
	static const struct {
		const char *pattern;
		size_t at;
	} table[] = {
		{ "(abc", 0 },	 { "ab(c", 2 },	    { "abc)", 3 },    { "ab[c", 2 },
		{ "*a", 0 },	 { "a|*b", 2 },	    { "a**", 2 },     { "ab\\", 2 },
		{ "(a)\\1", 3 }, { "(?=a)", 0 },    { "(?<n>a)", 0 }, { "(?i)a", 0 },
		{ "a++b", 2 },	 { "a*+", 2 },	    { "a\\xg0", 1 },  { "\\y", 0 },
		{ "a{5,2}", 1 }, { "a{40000}", 1 },
	};

	(void)state;
	for (size_t i = 0; i < VP_COUNT(table); i++) {
		struct vp_regex_fault fault = { .at = 99 };
		size_t literal = 77;

		assert_true(vp_regex_check(table[i].pattern, &literal, &fault) < 0);
		if (fault.at != table[i].at)
			print_error("%s: %zu\n", table[i].pattern, fault.at);
		assert_int_equal(fault.at, table[i].at);
		assert_non_null(strstr(fault.text, "expected"));
		assert_int_equal(literal, 77);
	}
}

static void depth_is_bounded(void **state)
{
	char pattern[4096];
	struct vp_regex_fault fault;
	size_t literal;

	(void)state;
	memset(pattern, '(', sizeof(pattern) - 1);
	pattern[sizeof(pattern) - 1] = '\0';
	assert_true(vp_regex_check(pattern, &literal, &fault) < 0);
}

int run_regex_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(necessary_literals),
		cmocka_unit_test(faults_have_their_place),
		cmocka_unit_test(depth_is_bounded),
	};

	return cmocka_run_group_tests_name("regex", tests, NULL, NULL);
}
