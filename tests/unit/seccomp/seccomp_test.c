/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs all groups of tests of system-call filters; "kernel": those that ask the kernel. */
#include <string.h>

#include "tests/unit/seccomp/seccomp_tests.h"

int main(int argc, char **argv)
{
	int failed = 0;

	if (argc == 2 && !strcmp(argv[1], "kernel"))
		return kernel_tests() != 0;
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
