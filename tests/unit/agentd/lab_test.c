/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lab: its pure parts, then the lab itself on small definitions. */
#include "lab_tests.h"

int main(void)
{
	int failed = lab_packet_tests();

	failed += lab_judge_tests();
	failed += lab_mutant_tests();
	failed += lab_script_tests();
	failed += lab_recode_tests();
	failed += lab_calls_tests();
	failed += lab_run_tests();
	return failed ? 1 : 0;
}
