/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The groups of lab_test. Each returns the number of failed tests. */
#ifndef VP_LAB_TESTS_H
#define VP_LAB_TESTS_H

int lab_packet_tests(void);
int lab_judge_tests(void);
int lab_mutant_tests(void);
int lab_script_tests(void);
int lab_recode_tests(void);
int lab_calls_tests(void);
int lab_run_tests(void);

#endif
