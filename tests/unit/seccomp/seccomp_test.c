/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs all groups of tests of system-call filters. */
#include "tests/unit/seccomp/seccomp_tests.h"

int main(void)
{
	int failed = 0;

	failed += abi_tests();
	failed += interpreter_tests();
	failed += filter_tests();
	failed += trap_tests();
	failed += catalogue_tests();
	failed += definitions_tests();
	failed += vectors_tests();
	failed += property_tests();
	failed += kernel_tests();
	return failed != 0;
}
