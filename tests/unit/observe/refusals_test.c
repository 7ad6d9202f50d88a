/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Denied calls summed: what is one line, what is another, and what no line has room for. */
#include <errno.h>
#include <string.h>

#include "agentd/ctl/observe/refusals.h"
#include "tests/unit/observe/observe_tests.h"
#include "tests/unit/seccomp/world.h"

#define SOCKET	   41
#define SETSOCKOPT 54

static void add(struct vp_refusals *refusals, const struct vp_filter *filter, pid_t process,
		enum vp_abi abi, int nr, const uint64_t arguments[VP_CALL_ARGUMENTS])
{
	uint32_t action = world_run(filter, abi, nr, arguments);
	struct vp_refusal line;

	assert_int_not_equal(action, SECCOMP_RET_ALLOW);
	vp_refusal_of(filter, vp_abi_audit(abi), nr, arguments, action, &line);
	line.process = process;
	memcpy(line.name, "app", 4);
	vp_refusals_add(refusals, &line);
}

static void check(const struct vp_refusal *line, uint64_t count, const char *text)
{
	_cleanup_strbuf_ struct vp_strbuf out = { 0 };

	assert_int_equal(line->call.count, count);
	vp_observed_print(&line->call, &out);
	assert_string_equal(vp_strbuf_text(&out), text);
}

/* What rules look at parts lines; the rest is said as long as it is always the same. */
static void calls_are_summed_by_what_decides(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_filter_ struct vp_filter *filter = NULL;
	struct vp_refusals refusals = { 0 };

	(void)state;
	world_deny(&w, 1, false,
		   "socket(domain = AF_ALG), socket(domain = AF_KEY), setsockopt(level = 6, "
		   "optname = 31)",
		   EPERM);
	filter = world_compile(&w, VP_ABI_X86_64, false);
	add(&refusals, filter, 5, VP_ABI_X86_64, SOCKET,
	    (uint64_t[6]){ 38, 5, 0, 77, 88, 99 });
	add(&refusals, filter, 5, VP_ABI_X86_64, SOCKET,
	    (uint64_t[6]){ 38 | 1ull << 40, 5, 0, 1, 2, 3 });
	add(&refusals, filter, 5, VP_ABI_X86_64, SOCKET, (uint64_t[6]){ 15, 3, 2 });
	add(&refusals, filter, 6, VP_ABI_X86_64, SOCKET, (uint64_t[6]){ 38, 5, 0 });
	for (uint64_t fd = 3; fd < 7; fd++)
		add(&refusals, filter, 5, VP_ABI_X86_64, SETSOCKOPT,
		    (uint64_t[6]){ fd, 6, 31, 0x7fff0000 + fd, 4 });
	assert_int_equal(refusals.lines.len, 4);
	check(&refusals.lines.data[0], 2, "socket(domain=38, type=5)");
	check(&refusals.lines.data[1], 1, "socket(domain=15, type=3, protocol=2)");
	check(&refusals.lines.data[2], 1, "socket(domain=38, type=5)");
	check(&refusals.lines.data[3], 4, "setsockopt(level=6, optname=31, optlen=4)");
	assert_int_equal(refusals.lines.data[2].process, 6);
	vp_refusals_free(&refusals);
}

static void closed_abis_have_no_arguments(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_filter_ struct vp_filter *filter = NULL;
	struct vp_refusals refusals = { 0 };

	(void)state;
	world_deny(&w, 1, false, "socket(domain = AF_ALG)", EPERM);
	filter = world_compile(&w, VP_ABI_X86_64, false);
	for (uint64_t i = 0; i < 9; i++)
		add(&refusals, filter, 5, VP_ABI_I386, 243, (uint64_t[6]){ i, i, i });
	add(&refusals, filter, 5, VP_ABI_X32, (int)(VP_X32_BIT | SOCKET), (uint64_t[6]){ 2 });
	assert_int_equal(refusals.lines.len, 2);
	check(&refusals.lines.data[0], 9, "set_thread_area by int 0x80");
	check(&refusals.lines.data[1], 1, "socket by x32");
	vp_refusals_free(&refusals);
}

static void more_lines_than_there_is_room_for(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_filter_ struct vp_filter *filter = NULL;
	struct vp_refusals refusals = { 0 };
	uint64_t counted = 0;

	(void)state;
	world_deny(&w, 1, false, "ioctl(cmd > 0)", EPERM);
	filter = world_compile(&w, VP_ABI_X86_64, false);
	for (uint64_t round = 0; round < 2; round++)
		for (uint64_t i = 1; i <= 3000; i++)
			add(&refusals, filter, 5, VP_ABI_X86_64, 16, (uint64_t[6]){ 0, i });
	assert_int_equal(refusals.lines.len, VP_REFUSALS_MOST);
	vp_array_each (line, &refusals.lines)
		counted += line->call.count;
	assert_int_equal(counted, 2 * VP_REFUSALS_MOST);
	assert_int_equal(counted + refusals.more, 6000);
	vp_refusals_free(&refusals);
}

int refusals_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_are_summed_by_what_decides),
		cmocka_unit_test(closed_abis_have_no_arguments),
		cmocka_unit_test(more_lines_than_there_is_room_for),
	};

	return cmocka_run_group_tests_name("refusals", tests, NULL, NULL);
}
