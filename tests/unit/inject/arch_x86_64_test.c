/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which registers of x86-64 are changed for a call, and how the kernel is told of another. */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#include "agentd/inject/arch.h"
#include "tests/unit/inject/inject_tests.h"

static struct vp_arch_registers blocked(long number, int64_t result)
{
	return (struct vp_arch_registers){ { .rip = 0x1002,
					     .orig_rax = (uint64_t)number,
					     .rax = (uint64_t)result,
					     .rdi = 10,
					     .rsi = 11,
					     .rdx = 12,
					     .r10 = 13,
					     .r8 = 14,
					     .r9 = 15,
					     .cs = 0x33 } };
}

static void a_call_is_entered(void **state)
{
	const struct vp_arch_call call = { SYS_mmap, { 1, 2, 3, 4, 5, 6 } };
	struct vp_arch_registers registers = blocked(SYS_read, -VP_RESTART_SYS);

	(void)state;
	vp_arch_enter(&registers, 0x9000, &call);
	assert_int_equal(registers.user.rip, 0x9000);
	assert_int_equal(registers.user.rax, SYS_mmap);
	assert_int_equal(registers.user.orig_rax, UINT64_MAX); /* nothing to be restarted */
	assert_int_equal(registers.user.rdi, 1);
	assert_int_equal(registers.user.r10, 4);
	assert_int_equal(registers.user.r9, 6);
}

static void only_that_call_has_ended(void **state)
{
	const struct vp_arch_call call = { SYS_mmap, { 0 } };
	struct vp_arch_registers registers = {
		{ .rip = 0x9002, .orig_rax = SYS_mmap, .rax = 0x7000 }
	};
	int64_t result = 0;

	(void)state;
	assert_true(vp_arch_left(&registers, 0x9000, &call, &result));
	assert_int_equal(result, 0x7000);
	registers.user.orig_rax = SYS_munmap;
	assert_false(vp_arch_left(&registers, 0x9000, &call, &result));
	registers.user.orig_rax = SYS_mmap;
	registers.user.rip = 0x1002;
	assert_false(vp_arch_left(&registers, 0x9000, &call, &result));
}

static void a_wait_is_seen_and_made_again(void **state)
{
	struct vp_arch_registers registers = blocked(SYS_epoll_wait, -EINTR);
	struct vp_arch_wait wait;

	(void)state;
	vp_arch_wait(&registers, &wait);
	assert_int_equal(wait.call.number, SYS_epoll_wait);
	assert_int_equal(wait.result, -EINTR);
	assert_int_equal(wait.call.arguments[0], 10);
	assert_int_equal(wait.call.arguments[3], 13);
	vp_arch_restart(&registers, 3, 99);
	assert_int_equal(registers.user.rip, 0x1002); /* the kernel goes back by itself */
	assert_int_equal(registers.user.rax, -VP_RESTART_NOHANDLER);
	assert_int_equal(registers.user.r10, 99);
}

static void other_code_is_foreign(void **state)
{
	struct vp_arch_registers registers = blocked(SYS_read, 0);

	(void)state;
	assert_false(vp_arch_foreign(&registers));
	registers.user.cs = 0x23;
	assert_true(vp_arch_foreign(&registers));
	assert_null(vp_arch_quirks);
}

int vp_test_arch(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_is_entered),
		cmocka_unit_test(only_that_call_has_ended),
		cmocka_unit_test(a_wait_is_seen_and_made_again),
		cmocka_unit_test(other_code_is_foreign),
	};

	return cmocka_run_group_tests_name("arch x86-64", tests, NULL, NULL);
}
