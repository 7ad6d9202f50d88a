/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines arrive whole and as written, whatever INI libraries make of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "policy/source.h"
#include "tests/unit/policy/policy_tests.h"

#define HEAD                                                                                  \
	"[patch]\nid = T\ntitle = T\nseverity = low\nmode = monitor\n"                        \
	"[service s]\nports = tcp/80\napplication = http\n[rule r]\nservice = s\naction = "   \
	"drop\n"

/* The only value of the only condition of a definition with this line. */
static const struct vp_value *value_of(struct built *built, const char *when)
{
	_cleanup_free_ char *text = vp_format(HEAD "%s\n", when);

	build(built, text, NULL, 0, NULL);
	return &only_patch(built)->rules.data[0].when.data[0].values.data[0];
}

static void long_values_arrive_whole(void **state)
{
	char pattern[10001];
	_cleanup_free_ char *when = NULL;
	const struct vp_value *value;
	struct built built;

	(void)state;
	for (size_t i = 0; i < sizeof(pattern) - 1; i++)
		pattern[i] = "abc ;#=:,]\\/"[i % 12];
	/* an escaped slash must not be cut in two */
	memcpy(pattern + sizeof(pattern) - 5, "wxyz", 5);
	when = vp_format("when = http.uri matches /%s/", pattern);
	value = value_of(&built, when);
	assert_int_equal(value->kind, VP_VALUE_REGEX);
	assert_int_equal(strlen(value->regex.pattern), 10000);
	assert_string_equal(value->regex.pattern, pattern);
	built_free(&built);
}

static void special_characters_are_text(void **state)
{
	static const char pattern[] = "a ;b #c =d :e ,f ]g\\/h\"i";
	static const char string[] = "a ;b #c =d :e ,f ]g \\\\/h /i/";
	const struct vp_value *value;
	_cleanup_free_ char *regex =
		vp_format("when = http.uri matches /%s/ ; comment", pattern);
	_cleanup_free_ char *text =
		vp_format("when=http.uri contains \"%s\";no comment", string);
	_cleanup_free_ char *good =
		vp_format("when=http.uri contains \"%s\"	; comment", string);
	struct built built;

	(void)state;
	value = value_of(&built, regex);
	assert_string_equal(value->regex.pattern, pattern);
	built_free(&built);
	value = value_of(&built, good);
	assert_int_equal(value->bytes.len, strlen(string) - 1);
	assert_memory_equal(value->bytes.data, "a ;b #c =d :e ,f ]g \\/h /i/",
			    value->bytes.len);
	built_free(&built);
	build(&built, text, NULL, 0, NULL); /* a comment needs a blank before it */
	assert_true(built.findings.errors > 0);
	built_free(&built);
}

static void line_ends(void **state)
{
	static const char unix_text[] = HEAD "when = http.uri contains \"x\"\n";
	_cleanup_strbuf_ struct vp_strbuf windows = { 0 };
	struct built built;

	(void)state;
	vp_strbuf_adds(&windows, "\xef\xbb\xbf");
	for (const char *p = unix_text; *p; p++) {
		if (*p == '\n')
			vp_strbuf_addc(&windows, '\r');
		vp_strbuf_addc(&windows, *p);
	}
	build(&built, vp_strbuf_text(&windows), NULL, 0, NULL);
	only_patch(&built);
	built_free(&built);
	build_bytes(&built, unix_text, sizeof(unix_text) - 2); /* no newline at the end */
	only_patch(&built);
	built_free(&built);
}

/* Every prefix of a text is judged without reading behind its end. */
static void every_prefix_is_safe(void **state)
{
	static const char text[] = HEAD
		"when = http.uri | lowercase matches /a\\/b/i, /c/ ; d\n"
		"when = stream[0:4] equals \"a\\x00\\\\\\\"\", 0x1f\nexcept = ip.src equals "
		"@a\n"
		"[set a]\nvalues = 192.0.2.0/24, ::1\n"
		"[sample p]\nrule = r\nexpect = blocked\npacket = 4500\nsend = \"\\x0\"\n";

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		struct built built;

		build_bytes(&built, text, len);
		built_free(&built);
	}
}

static void too_long_files_are_refused(void **state)
{
	_cleanup_free_ char *text = vp_alloc(VP_DEFINITION_MAX + 2, 1);
	struct built built;

	(void)state;
	memset(text, '#', VP_DEFINITION_MAX + 1);
	build(&built, text, NULL, 0, NULL);
	assert_non_null(
		strstr(vp_strbuf_text(&built.text), "expected a file of at most 1048576"));
	built_free(&built);
}

/* Findings are bounded in time, not only correct: a megabyte of bad lines. */
static void many_findings(void **state)
{
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };
	struct built built;

	(void)state;
	vp_strbuf_adds(&text, "[patch]\n");
	while (text.len < 500000)
		vp_strbuf_adds(&text, "bad line\nid = 5\n[rule x]\n");
	build(&built, vp_strbuf_text(&text), NULL, 0, NULL);
	assert_true(built.findings.errors > 10000);
	assert_int_equal(built.policy.patches.len, 0);
	built_free(&built);
}

int run_source_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(long_values_arrive_whole),
		cmocka_unit_test(special_characters_are_text),
		cmocka_unit_test(line_ends),
		cmocka_unit_test(every_prefix_is_safe),
		cmocka_unit_test(too_long_files_are_refused),
		cmocka_unit_test(many_findings),
	};

	return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
