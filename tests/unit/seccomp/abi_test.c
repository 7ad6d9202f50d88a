/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers and forms of calls in the ABIs, against numbers known from the call tables. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/seccomp/seccomp_tests.h"
#include "tests/unit/seccomp/world.h"

static void numbers(void **state)
{
	static const struct {
		enum vp_abi abi;
		const char *name;
		int number;
	} known[] = {
		{ VP_ABI_X86_64, "socket", 41 },
		{ VP_ABI_I386, "socket", 359 },
		{ VP_ABI_I386, "socketcall", 102 },
		{ VP_ABI_I386, "recvmmsg", 337 },
		{ VP_ABI_I386, "msgctl", 402 },
		{ VP_ABI_I386, "accept", -ENOENT },
		{ VP_ABI_I386, "semop", -ENOENT },
		{ VP_ABI_AARCH64, "socket", 198 },
		{ VP_ABI_AARCH64, "open", -ENOENT },
		{ VP_ABI_ARM, "socket", 281 },
		{ VP_ABI_X32, "setsockopt", 0x40000000 | 541 },
		{ VP_ABI_X86_64, "no_such_call", -ENOENT },
	};

	(void)state;
	for (size_t i = 0; i < VP_COUNT(known); i++)
		if (vp_abi_number(known[i].abi, known[i].name) != known[i].number)
			fail_msg("%s of %s: %d", known[i].name, vp_abi_name(known[i].abi),
				 vp_abi_number(known[i].abi, known[i].name));
	assert_true(vp_abi_knows("socketcall"));
	assert_false(vp_abi_knows("no_such_call"));
}

static void assert_forms(enum vp_abi abi, const char *call, const char *expected)
{
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };
	struct vp_abi_form forms[VP_ABI_FORMS];
	size_t count = vp_abi_forms(abi, call, forms);

	for (size_t i = 0; i < count; i++) {
		vp_strbuf_addf(&text, "%s%s %d", i ? ", " : "", forms[i].name,
			       forms[i].number);
		if (forms[i].selector_mask)
			vp_strbuf_addf(&text, " (%u)", forms[i].selector);
		if (forms[i].kept < VP_CALL_ARGUMENTS)
			vp_strbuf_addf(&text, " %u kept", forms[i].kept);
	}
	assert_string_equal(vp_strbuf_text(&text), expected);
}

static void forms(void **state)
{
	(void)state;
	assert_forms(VP_ABI_X86_64, "mmap", "mmap 9");
	assert_forms(VP_ABI_I386, "mmap", "mmap 90 0 kept, mmap2 192 5 kept");
	assert_forms(VP_ABI_ARM, "mmap", "mmap2 192 5 kept");
	assert_forms(VP_ABI_I386, "setuid", "setuid 23, setuid32 213");
	assert_forms(VP_ABI_I386, "socket", "socket 359, socketcall 102 (1) 0 kept");
	assert_forms(VP_ABI_ARM, "socket", "socket 281");
	assert_forms(VP_ABI_I386, "sendto",
		     "sendto 369, socketcall 102 (9) 0 kept, socketcall 102 (11) 0 kept");
	assert_forms(VP_ABI_ARM, "sendto", "sendto 290, send 289 4 kept");
	assert_forms(VP_ABI_I386, "semop", "semtimedop_time64 420 3 kept, ipc 117 (1) 0 kept");
	assert_forms(VP_ABI_I386, "futex", "futex 240, futex_time64 422");
	assert_forms(VP_ABI_AARCH64, "open", "");
}

static void abi_of_a_call(void **state)
{
	enum vp_abi abi;

	(void)state;
	assert_true(vp_abi_of(0xc000003e, 41, &abi));
	assert_int_equal(abi, VP_ABI_X86_64);
	assert_true(vp_abi_of(0xc000003e, -1, &abi));
	assert_int_equal(abi, VP_ABI_X86_64);
	assert_true(vp_abi_of(0xc000003e, 0x40000029, &abi));
	assert_int_equal(abi, VP_ABI_X32);
	assert_true(vp_abi_of(0x40000003, 359, &abi));
	assert_int_equal(abi, VP_ABI_I386);
	assert_true(vp_abi_of(0xc00000b7, 198, &abi));
	assert_int_equal(abi, VP_ABI_AARCH64);
	assert_false(vp_abi_of(0x80000016, 1, &abi));
}

/* Every call that definitions can name, in every form: a number below the bound, once. */
static void all_calls(void **state)
{
	size_t count, unknown = 0;
	const struct vp_call_prototype *calls = vp_call_all(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		unknown += !vp_abi_knows(calls[i].name);
		for (int abi = 0; abi < VP_ABI_COUNT; abi++) {
			struct vp_abi_form list[VP_ABI_FORMS];
			size_t found = vp_abi_forms((enum vp_abi)abi, calls[i].name, list);

			assert_true(found < VP_ABI_FORMS);
			for (size_t j = 0; j < found; j++)
				assert_in_range(list[j].number & ~VP_X32_BIT, 0,
						VP_CALL_NUMBERS - 1);
		}
	}
	print_message("%zu of %zu calls are not known to this libseccomp\n", unknown, count);
	assert_true(unknown < count / 10);
}

int abi_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(forms),
		cmocka_unit_test(abi_of_a_call),
		cmocka_unit_test(all_calls),
	};

	return cmocka_run_group_tests_name("abi", tests, NULL, NULL);
}
