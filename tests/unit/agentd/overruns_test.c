/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel says of queues: ours are summed up, others are not. */
#include "agentd/overruns.h"
#include "lib/memory.h"
#include "tests/unit/agentd/daemon_tests.h"

static void ours_only(void **state)
{
	static const char text[] = " 4699  12345     9 2 65531     9     9        9  1\n"
				   " 4700  12345     3 2 65531    10     5       21  1\n"
				   " 4711  12346     1 2 65531     2     0        4  1\n"
				   " 4712  12346     9 2 65531     9     9        4  1\n"
				   "70000  12346     9 2 65531     9     9        4  1\n"
				   "a line of another kind\n";
	struct vp_host host = { 0 };
	struct vp_overruns overruns;

	(void)state;
	vp_overruns_parse(text, &host, &overruns);
	assert_int_equal(overruns.waiting, 4);
	assert_int_equal(overruns.dropped, 17);
	host.queueing.base = 4712;
	vp_overruns_parse(text, &host, &overruns);
	assert_int_equal(overruns.waiting, 9);
	assert_int_equal(overruns.dropped, 18);
	vp_overruns_parse("", &host, &overruns);
	assert_int_equal(overruns.waiting, 0);
}

int vp_test_overruns(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ours_only),
	};

	return cmocka_run_group_tests_name("overruns", tests, NULL, NULL);
}
