/* SPDX-License-Identifier: GPL-2.0-or-later */
/* So many a minute, and what was held back is said with the next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agentd/quota.h"
#include "tests/unit/agentd/events_tests.h"

static void by_the_minute(void **state)
{
	struct vp_quota quota = { 0 };

	(void)state;
	assert_int_equal(vp_quota_take(&quota, 2, 90000), 1);
	assert_int_equal(vp_quota_take(&quota, 2, 90001), 1);
	assert_int_equal(vp_quota_take(&quota, 2, 90002), 0);
	assert_int_equal(vp_quota_take(&quota, 2, 119999), 0);
	assert_int_equal(vp_quota_take(&quota, 2, 120000), 3);
	assert_int_equal(vp_quota_take(&quota, 2, 120000), 1);
	assert_int_equal(vp_quota_take(&quota, 2, 120000), 0);
	assert_int_equal(vp_quota_take(&quota, 2, 9000000), 2);
}

int run_quota_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_the_minute),
	};

	return cmocka_run_group_tests_name("quota", tests, NULL, NULL);
}
