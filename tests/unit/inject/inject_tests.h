/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the injection's unit test share. */
#ifndef VP_TESTS_INJECT_TESTS_H
#define VP_TESTS_INJECT_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

int vp_test_arch(void);
int vp_test_fixup(void);
int vp_test_request(void);
int vp_test_target(void); /* not where the processor is emulated: /proc shows the emulator */

#endif
