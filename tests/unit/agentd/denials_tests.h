/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The groups of denials_test; each returns the number of failed tests. */
#ifndef VP_TESTS_DENIALS_TESTS_H
#define VP_TESTS_DENIALS_TESTS_H

int run_audit_record_tests(void);
int run_denial_tests(void);
int run_denial_sums_tests(void);
int run_denied_tests(void);

#endif
