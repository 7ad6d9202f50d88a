/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs all groups of tests of observing. */
#include "tests/unit/observe/observe_tests.h"

int main(void)
{
	int failed = 0;

	failed += trace_tests();
	failed += ring_tests();
	failed += origin_tests();
	failed += numbers_tests();
	failed += lineage_tests();
	failed += refusals_tests();
	failed += observation_tests();
	return failed != 0;
}
