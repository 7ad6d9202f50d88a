/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Durations, rates and strings as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "policy/value.h"
#include "tests/unit/policy/policy_tests.h"

static void durations_parse_and_print(void **state)
{
	static const struct {
		const char *text;
		uint64_t milliseconds;
		const char *printed;
	} good[] = {
		{ "200ms", 200, "200ms" },    { "90s", 90000, "90s" },
		{ "60s", 60000, "1m" },	      { "24h", 86400000, "1d" },
		{ "7d", 604800000, "7d" },    { "0s", 0, "0s" },
		{ "1500ms", 1500, "1500ms" },
	};
	static const char *const bad[] = { "",
					   "5",
					   "s",
					   "5 s",
					   "-5s",
					   "5w",
					   "5S",
					   "1.5s",
					   "5ss",
					   "99999999999999999999s",
					   "9223372036854775807d" };

	(void)state;
	for (size_t i = 0; i < VP_COUNT(good); i++) {
		_cleanup_strbuf_ struct vp_strbuf out = { 0 };
		uint64_t milliseconds = 1;

		assert_int_equal(vp_duration_parse(good[i].text, &milliseconds), 0);
		assert_int_equal(milliseconds, good[i].milliseconds);
		vp_duration_print(milliseconds, &out);
		assert_string_equal(vp_strbuf_text(&out), good[i].printed);
	}
	for (size_t i = 0; i < VP_COUNT(bad); i++) {
		uint64_t milliseconds = 77;

		assert_true(vp_duration_parse(bad[i], &milliseconds) < 0);
		assert_int_equal(milliseconds, 77);
	}
}

static void rates_parse_and_print(void **state)
{
	static const char *const good[] = { "10/second", "100/minute", "5/hour", "1/day" };
	static const char *const bad[] = {
		"",	    "10",	 "10/",		  "/second",
		"0/second", "10/week",	 "10 /second",	  "10/seconds",
		"x/second", "-1/second", "4294967296/day"
	};

	(void)state;
	for (size_t i = 0; i < VP_COUNT(good); i++) {
		_cleanup_strbuf_ struct vp_strbuf out = { 0 };
		struct vp_rate rate = { 0 };

		assert_int_equal(vp_rate_parse(good[i], &rate), 0);
		vp_rate_print(&rate, &out);
		assert_string_equal(vp_strbuf_text(&out), good[i]);
	}
	for (size_t i = 0; i < VP_COUNT(bad); i++) {
		struct vp_rate rate = { .count = 77 };

		assert_true(vp_rate_parse(bad[i], &rate) < 0);
		assert_int_equal(rate.count, 77);
	}
}

/* Every byte prints as ASCII that the lexer reads as the same byte. */
static void all_bytes_survive(void **state)
{
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };
	_cleanup_free_ char *definition = NULL;
	const struct vp_value *value;
	struct built built;
	uint8_t bytes[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	vp_bytes_print(bytes, sizeof(bytes), &text);
	for (size_t i = 0; i < text.len; i++)
		assert_true(text.data[i] >= ' ' && text.data[i] < 0x7f);
	vp_strbuf_addc(&text, ' ');
	definition = vp_format("[patch]\nid = T\ntitle = T\nseverity = low\nmode = monitor\n"
			       "[service s]\nports = udp/5\n[rule r]\nservice = s\n"
			       "when = datagram[0:256] equals %s\naction = drop\n",
			       vp_strbuf_text(&text));
	build(&built, definition, NULL, 0, NULL);
	value = &only_patch(&built)->rules.data[0].when.data[0].values.data[0];
	assert_int_equal(value->kind, VP_VALUE_BYTES);
	assert_int_equal(value->bytes.len, sizeof(bytes));
	assert_memory_equal(value->bytes.data, bytes, sizeof(bytes));
	built_free(&built);
}

int run_value_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_parse_and_print),
		cmocka_unit_test(rates_parse_and_print),
		cmocka_unit_test(all_bytes_survive),
	};

	return cmocka_run_group_tests_name("value", tests, NULL, NULL);
}
