/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ABI of a call from registers as they are at its entry. */
#include <string.h>

#include <linux/perf_event.h>

#include "agentd/ctl/observe/origin.h"
#include "tests/unit/observe/observe_tests.h"

/* In the order of their bits: bx cx dx si di bp ip flags r8 r9 r10 r11. */
struct x86 {
	uint64_t bx, cx, dx, si, di, bp, ip, flags, r8, r9, r10, r11;
};

static struct vp_trace record_of(const struct x86 *x, bool narrow)
{
	const uint64_t native[] = { x->di, x->si, x->dx, x->r10, x->r8, x->r9 };
	const uint64_t other[] = { x->bx, x->cx, x->dx, x->si, x->di, x->bp };
	struct vp_trace record = { .kind = VP_TRACE_CALL, .width = PERF_SAMPLE_REGS_ABI_64 };

	for (size_t i = 0; i < VP_TRACE_ARGUMENTS; i++)
		record.arguments[i] = narrow ? other[i] : native[i];
	memcpy(record.registers, x, sizeof(*x));
	return record;
}

static void both_ways_in_are_told_apart(void **state)
{
	const struct x86 by_syscall = { .bx = 1,
					.cx = 0x7f00,
					.dx = 12,
					.si = 3,
					.di = 16,
					.bp = 9,
					.ip = 0x7f00,
					.flags = 0x246,
					.r10 = 5,
					.r8 = 6,
					.r9 = 7,
					.r11 = 0x246 };
	const struct x86 by_interrupt = { .bx = 16,
					  .cx = 3,
					  .dx = 12,
					  .si = 0,
					  .di = 4,
					  .bp = 9,
					  .ip = 0x7f00,
					  .flags = 0x203,
					  .r11 = 0x212 };
	struct vp_trace record = record_of(&by_syscall, false);
	bool sure = false;
	size_t count;

	(void)state;
	assert_int_equal(vp_origin_registers(VP_ABI_X86_64, &count), 0xf037e);
	assert_int_equal(count, 12);
	assert_int_equal(vp_origin_of(VP_ABI_X86_64, &record, &sure), VP_ABI_X86_64);
	assert_true(sure);
	record = record_of(&by_interrupt, true);
	assert_int_equal(vp_origin_of(VP_ABI_X86_64, &record, &sure), VP_ABI_I386);
	assert_true(sure);
	/* upper halves do not count there, but here */
	record.registers[0] |= 0xabcull << 32;
	assert_int_equal(vp_origin_of(VP_ABI_X86_64, &record, &sure), VP_ABI_I386);
	record = record_of(&by_syscall, false);
	record.arguments[0] |= 1ull << 32;
	assert_int_equal(vp_origin_of(VP_ABI_X86_64, &record, &sure), VP_ABI_X86_64);
	assert_true(sure); /* as it came, whoever has changed the arguments */
}

/* The registers fit both: the instruction decides, and where it leaves no trace, nothing does.
 */
static void what_fits_both_is_not_certain(void **state)
{
	const struct x86 nothing = { .ip = 0x7f00, .flags = 0x246, .r11 = 1 };
	const struct x86 returning = { .cx = 0x7f00,
				       .ip = 0x7f00,
				       .si = 0x7f00,
				       .r10 = 0x7f00,
				       .flags = 0x246,
				       .r11 = 0x246 };
	struct vp_trace record = record_of(&nothing, false);
	bool sure = true;

	(void)state;
	assert_int_equal(vp_origin_of(VP_ABI_X86_64, &record, &sure), VP_ABI_X86_64);
	assert_false(sure);
	record = record_of(&returning, false);
	assert_int_equal(vp_origin_of(VP_ABI_X86_64, &record, &sure), VP_ABI_X86_64);
	assert_true(sure);
	record.arguments[5] = 77;
	record.registers[1] = 1; /* neither fits */
	assert_int_equal(vp_origin_of(VP_ABI_X86_64, &record, &sure), VP_ABI_X86_64);
	assert_false(sure);
	record.width = PERF_SAMPLE_REGS_ABI_NONE;
	assert_int_equal(vp_origin_of(VP_ABI_X86_64, &record, &sure), VP_ABI_X86_64);
	assert_false(sure);
}

static void narrow_code_is_told_by_its_width(void **state)
{
	struct vp_trace record = { .width = PERF_SAMPLE_REGS_ABI_32 };
	bool sure = false;
	size_t count;

	(void)state;
	assert_int_equal(vp_origin_of(VP_ABI_X86_64, &record, &sure), VP_ABI_I386);
	assert_true(sure);
	assert_int_equal(vp_origin_of(VP_ABI_AARCH64, &record, &sure), VP_ABI_ARM);
	record.width = PERF_SAMPLE_REGS_ABI_64;
	assert_int_equal(vp_origin_of(VP_ABI_AARCH64, &record, &sure), VP_ABI_AARCH64);
	assert_true(sure);
	assert_true(vp_origin_registers(VP_ABI_AARCH64, &count) == 1ull << 32);
	assert_int_equal(count, 1);
}

int origin_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways_in_are_told_apart),
		cmocka_unit_test(what_fits_both_is_not_certain),
		cmocka_unit_test(narrow_code_is_told_by_its_width),
	};

	return cmocka_run_group_tests_name("origin", tests, NULL, NULL);
}
