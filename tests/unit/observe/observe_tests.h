/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The groups of tests of observing; each returns cmocka's count of failures. */
#ifndef VP_TESTS_OBSERVE_TESTS_H
#define VP_TESTS_OBSERVE_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

int lineage_tests(void);
int numbers_tests(void);
int observation_tests(void);
int origin_tests(void);
int trace_tests(void);
int ring_tests(void);
int refusals_tests(void);

#endif
