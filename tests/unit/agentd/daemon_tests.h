/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the daemon's unit test share. */
#ifndef VP_TESTS_DAEMON_TESTS_H
#define VP_TESTS_DAEMON_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

int vp_test_message(void);
int vp_test_generation(void);
int vp_test_state(void);
int vp_test_config(void);
int vp_test_local(void);
int vp_test_totals(void);
int vp_test_overruns(void);
int vp_test_session(void);
int vp_test_transaction(void);
int vp_test_loop(void);

/* A fresh folder, to be given to vp_test_folder_remove(). */
char *vp_test_folder_make(void);
void vp_test_folder_remove(char *folder);
/* Write FOLDER/NAME. */
void vp_test_file(const char *folder, const char *name, const char *text);

#endif
