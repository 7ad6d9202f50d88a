/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The groups of tests of system-call filters; each returns cmocka's count of failures. */
#ifndef VP_TESTS_SECCOMP_TESTS_H
#define VP_TESTS_SECCOMP_TESTS_H

int abi_tests(void);
int catalogue_tests(void);
int definitions_tests(void);
int filter_tests(void);
int interpreter_tests(void);
int kernel_tests(void);
int property_tests(void);
int trap_tests(void);
int vectors_tests(void);

#endif
