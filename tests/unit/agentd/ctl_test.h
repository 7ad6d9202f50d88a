/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of vpatchctl share: golden texts, and a page to render on. */
#ifndef VP_TESTS_CTL_TEST_H
#define VP_TESTS_CTL_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A file of the source tree, owned by the caller; the test fails when it is not there. */
char *source_file(const char *path);

/*
 * The file at `path` in the source tree must hold exactly `text`. With
 * VP_UPDATE_GOLDEN set in the environment it is written instead.
 */
void assert_golden(const char *path, const char *text);

int test_arguments(void);
int test_help(void);
int test_manual(void);
int test_page(void);
int test_render(void);

#endif
