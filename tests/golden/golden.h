/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Golden tests: cases are folders below tests/golden/NAME, which hold what goes in and, in
 * files that end in .ok, what has to come out.
 */
#ifndef VP_TESTS_GOLDEN_H
#define VP_TESTS_GOLDEN_H

#include <stdbool.h>

#include "lib/strbuf.h"

#define GOLDEN_SKIP 77

/*
 * Runs `run` for each case, in its folder, and prints what came of it: 0 it is as it should
 * be, GOLDEN_SKIP: that could not be tried, else it is not, and why has been printed. `update`
 * is handed on. 0, GOLDEN_SKIP when one was, 1 when one failed or there is none.
 */
int golden_run(const char *name, bool update, int (*run)(const char *name, bool update));

/* Is the file of that name, in the current folder, what was found? `update`: from now on it
 * is. 0 or -1 with what was found printed. */
int golden_compare(const char *name, const char *file, const struct vp_strbuf *found,
		   bool update);

#endif
