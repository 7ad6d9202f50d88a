/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs every group of tests about denied calls: from the kernel's text to counted records. */
#include "tests/unit/agentd/denials_tests.h"

int main(void)
{
	int failed = 0;

	failed += run_audit_record_tests();
	failed += run_denial_tests();
	failed += run_denial_sums_tests();
	failed += run_denied_tests();
	return failed ? 1 : 0;
}
