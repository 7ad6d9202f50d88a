/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which numbers are recorded, and the kernel's filter that says so. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/ctl/observe/numbers.h"
#include "tests/unit/observe/observe_tests.h"
#include "tests/unit/seccomp/world.h"

/* What the kernel makes of the text: "(id>=1&&id<=3)||id==7". */
static bool passes(const char *text, int64_t id)
{
	while (*text) {
		long first, last;
		char *end;

		if (*text == '(') {
			first = strtol(text + strlen("(id>="), &end, 10);
			last = strtol(end + strlen("&&id<="), &end, 10);
			assert_int_equal(*end++, ')');
		} else if (text[2] == '>') {
			first = strtol(text + strlen("id>="), &end, 10);
			last = INT32_MAX;
		} else {
			assert_memory_equal(text, "id==", 4);
			first = last = strtol(text + strlen("id=="), &end, 10);
		}
		if (id >= first && id <= last)
			return true;
		text = end;
		if (!*text)
			break;
		assert_memory_equal(text, "||", 2);
		text += 2;
	}
	return false;
}

static void rules_and_what_tells_narrow_programs(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_filter_ struct vp_filter *closed = NULL, *covering = NULL;
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };
	struct vp_call_numbers numbers = { 0 }, covered = { 0 };

	(void)state;
	world_deny(&w, 1, false, "socket(domain = AF_ALG), clone(flags has CLONE_NEWUSER)",
		   EPERM);
	closed = world_compile(&w, VP_ABI_X86_64, false);
	vp_call_numbers_add(&numbers, closed);
	assert_true(vp_call_numbers_has(&numbers, 41));	 /* socket */
	assert_true(vp_call_numbers_has(&numbers, 56));	 /* clone */
	assert_true(vp_call_numbers_has(&numbers, 435)); /* clone3 */
	assert_true(vp_call_numbers_has(&numbers, 243)); /* of i386: set_thread_area */
	assert_true(vp_call_numbers_has(&numbers, VP_X32_BIT | 1));
	assert_false(vp_call_numbers_has(&numbers, 102)); /* of i386: socketcall; getuid */
	assert_false(vp_call_numbers_has(&numbers, 0));
	assert_false(vp_call_numbers_has(&numbers, -1));
	assert_false(vp_call_numbers_has(&numbers, 4000));
	vp_call_numbers_print(&numbers, &text);
	for (int i = -1; i < 1100; i++)
		assert_int_equal(passes(vp_strbuf_text(&text), i),
				 vp_call_numbers_has(&numbers, i));
	assert_true(passes(vp_strbuf_text(&text), VP_X32_BIT | 1));
	covering = world_compile(&w, VP_ABI_X86_64, true);
	vp_call_numbers_add(&covered, covering);
	assert_true(vp_call_numbers_has(&covered, 102)); /* socketcall is under the rules */
	assert_true(vp_call_numbers_has(&covered, 359)); /* socket of i386 */
	assert_true(vp_call_numbers_has(&covered, 120)); /* clone of i386 */
	assert_false(vp_call_numbers_has(&covered, 243));
}

static void aarch64_has_its_own(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_filter_ struct vp_filter *filter = NULL;
	struct vp_call_numbers numbers = { 0 };

	(void)state;
	world_deny(&w, 1, false, "socket(domain = AF_ALG)", EPERM);
	filter = world_compile(&w, VP_ABI_AARCH64, false);
	vp_call_numbers_add(&numbers, filter);
	assert_true(vp_call_numbers_has(&numbers, 198)); /* socket */
	assert_true(vp_call_numbers_has(&numbers, 248)); /* of AArch32: exit_group */
	assert_false(vp_call_numbers_has(&numbers, 41));
	assert_false(vp_call_numbers_has(&numbers, VP_X32_BIT | 1));
}

/* However many there are, the text fits, and leaves nothing out. */
static void long_filters_let_more_through(void **state)
{
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };
	struct vp_call_numbers numbers = { .x32 = true };

	(void)state;
	for (int i = 0; i < VP_CALL_NUMBERS; i += 2)
		numbers.bits[i / 64] |= 1ull << i % 64;
	vp_call_numbers_print(&numbers, &text);
	assert_true(text.len < VP_CALL_NUMBERS_TEXT);
	for (int i = 0; i < VP_CALL_NUMBERS; i += 2)
		assert_true(passes(vp_strbuf_text(&text), i));
}

int numbers_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_and_what_tells_narrow_programs),
		cmocka_unit_test(aarch64_has_its_own),
		cmocka_unit_test(long_filters_let_more_through),
	};

	return cmocka_run_group_tests_name("numbers", tests, NULL, NULL);
}
