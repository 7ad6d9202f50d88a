/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which interrupted calls are put right, and how. */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#include "agentd/inject/fixup.h"
#include "agentd/inject/inject.h"
#include "tests/unit/inject/inject_tests.h"

static struct vp_fixup_table table(void)
{
	return (struct vp_fixup_table){ vp_fixups, vp_fixup_count };
}

static const struct vp_fixup *needed(long number, int64_t result)
{
	const struct vp_fixup_table all = table();
	const struct vp_arch_wait wait = { { number, { 0 } }, result };

	return vp_fixup_needed(&all, &wait);
}

static void only_leaked_errors_are_put_right(void **state)
{
	(void)state;
	assert_non_null(needed(SYS_epoll_pwait, -EINTR));
	assert_non_null(needed(SYS_semop, -EINTR));
	assert_non_null(needed(SYS_rt_sigtimedwait, -EINTR));
	assert_null(needed(SYS_epoll_pwait, 0));
	assert_null(needed(SYS_epoll_pwait, 1));
	assert_null(needed(SYS_epoll_pwait, -EBADF));
	assert_null(needed(SYS_epoll_pwait, -VP_RESTART_SYS));
	assert_null(needed(-1, -EINTR)); /* a register of a program that computes */
}

/* What had an effect before it waited is never made again. */
static void effects_are_not_repeated(void **state)
{
	static const long never[] = { SYS_connect,	 SYS_close,	SYS_ioctl,
				      SYS_execve,	 SYS_wait4,	SYS_clone,
				      SYS_rt_sigsuspend, SYS_nanosleep, SYS_futex };

	(void)state;
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		assert_null(needed(never[i], -EINTR));
}

static void an_empty_table_puts_nothing_right(void **state)
{
	const struct vp_fixup_table empty = { vp_fixups, 0 };
	const struct vp_arch_wait wait = { { SYS_semop, { 0 } }, -EINTR };

	(void)state;
	assert_null(vp_fixup_needed(&empty, &wait));
}

static void timeouts_are_known(void **state)
{
	const struct vp_fixup_table all = table();
	const struct vp_fixup *poll = vp_fixup_find(&all, SYS_epoll_pwait);
	const struct vp_fixup *sem = vp_fixup_find(&all, SYS_semtimedop);

	(void)state;
	assert_false(vp_fixup_timed(poll, (uint64_t[6]){ 0, 0, 0, 0xffffffff }));
	assert_false(vp_fixup_timed(poll, (uint64_t[6]){ 0, 0, 0, UINT64_MAX }));
	assert_true(vp_fixup_timed(poll, (uint64_t[6]){ 0, 0, 0, 5000 }));
	/* an int: the upper half of the register does not count */
	assert_true(
		vp_fixup_timed(poll, (uint64_t[6]){ 0, 0, 0, UINT64_C(0xffffffff00000005) }));
	assert_false(vp_fixup_timed(sem, (uint64_t[6]){ 0 }));
	assert_true(vp_fixup_timed(sem, (uint64_t[6]){ 0, 0, 0, 0x7fff0000 }));
}

static void what_is_left_of_a_timeout(void **state)
{
	(void)state;
	assert_int_equal(vp_fixup_left(5000, 2000), 3000);
	assert_int_equal(vp_fixup_left(5000, 0), 5000);
	assert_int_equal(vp_fixup_left(5000, 4999), 1);
	assert_int_equal(vp_fixup_left(5000, 5000), 5000); /* of the next wait */
	assert_int_equal(vp_fixup_left(5000, 9000), 5000);
	assert_int_equal(vp_fixup_left(5000, -1), 5000);
}

static enum vp_fixup_rank rank(long number, uint64_t timeout)
{
	const struct vp_fixup_table all = table();

	return vp_fixup_rank(&all, &(struct vp_arch_call){ number, { 0, 0, 0, timeout } });
}

static void threads_are_ranked(void **state)
{
	(void)state;
	assert_int_equal(rank(SYS_futex, 0), VP_RANK_RESTARTED);
	assert_int_equal(rank(SYS_epoll_pwait, UINT64_MAX), VP_RANK_REPEATED);
	assert_int_equal(rank(SYS_epoll_pwait, 5), VP_RANK_TIMED);
	assert_int_equal(rank(-1, 0), VP_RANK_RUNNING);
	assert_int_equal(rank(SYS_connect, 0), VP_RANK_HARMED);
	assert_int_equal(rank(SYS_fsync, 0), VP_RANK_UNKNOWN);
	assert_true(VP_RANK_RESTARTED < VP_RANK_REPEATED && VP_RANK_REPEATED < VP_RANK_TIMED);
}

static void critical_sections_are_left(void **state)
{
	const struct vp_fixup_rseq section = { .first = 0x1000, .len = 0x20, .abort = 0x5000 };

	(void)state;
	assert_int_equal(vp_fixup_rseq_ip(&section, 0xfff), 0xfff);
	assert_int_equal(vp_fixup_rseq_ip(&section, 0x1000), 0x5000);
	assert_int_equal(vp_fixup_rseq_ip(&section, 0x101f), 0x5000);
	assert_int_equal(vp_fixup_rseq_ip(&section, 0x1020), 0x1020);
}

/* A call as it is entered, and as it is left. */
static void registers_of_a_call(void **state)
{
	const struct vp_arch_call call = { SYS_munmap, { 1, 2, 3, 4, 5, 6 } };
	struct vp_arch_registers registers = { 0 };
	struct vp_arch_wait wait;
	int64_t result = 0;

	(void)state;
	vp_arch_enter(&registers, 0x4000, &call);
	assert_int_equal(vp_arch_ip(&registers), 0x4000);
	vp_arch_wait(&registers, &wait);
	assert_int_equal(wait.call.number, -1); /* nothing that would be restarted */
	assert_memory_equal(wait.call.arguments, call.arguments, sizeof(call.arguments));
	assert_false(vp_arch_left(&registers, 0x4000, &call, &result));
	vp_arch_restart(&registers, 3, 99);
	vp_arch_wait(&registers, &wait);
	assert_int_equal(wait.call.arguments[3], 99);
	assert_int_equal(wait.call.arguments[4], 5);
	assert_int_equal(wait.result, -VP_RESTART_NOHANDLER);
}

static void every_outcome_has_a_name(void **state)
{
	(void)state;
	for (unsigned int i = 1; i < VP_INJECT_OUTCOMES; i++)
		assert_non_null(vp_inject_outcome_name(i));
	for (unsigned int i = 0; i < VP_REASONS; i++)
		assert_non_null(vp_inject_reason_text(i));
	for (unsigned int i = 1; i < VP_REASONS; i++)
		assert_true(strlen(vp_inject_reason_text(i)) > 10);
	assert_null(vp_inject_reason_text(VP_REASONS));
	assert_null(vp_inject_outcome_name(VP_INJECT_OUTCOMES));
}

int vp_test_fixup(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_leaked_errors_are_put_right),
		cmocka_unit_test(effects_are_not_repeated),
		cmocka_unit_test(an_empty_table_puts_nothing_right),
		cmocka_unit_test(timeouts_are_known),
		cmocka_unit_test(what_is_left_of_a_timeout),
		cmocka_unit_test(threads_are_ranked),
		cmocka_unit_test(critical_sections_are_left),
		cmocka_unit_test(registers_of_a_call),
		cmocka_unit_test(every_outcome_has_a_name),
	};

	return cmocka_run_group_tests_name("fixup", tests, NULL, NULL);
}
