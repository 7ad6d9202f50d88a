/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's unit test: runs the groups of its files. No root, no kernel. */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/memory.h"
#include "tests/unit/agentd/daemon_tests.h"

char *vp_test_folder_make(void)
{
	char *folder = vp_strdup("/tmp/vpatch-unit.XXXXXX");

	assert_non_null(mkdtemp(folder));
	return folder;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void vp_test_folder_remove(char *folder)
{
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(folder);
}

void vp_test_file(const char *folder, const char *name, const char *text)
{
	_cleanup_free_ char *path = vp_format("%s/%s", folder, name);
	_cleanup_fclose_ FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
}

int main(void)
{
	int failed = 0;

	umask(022);
	failed += vp_test_message();
	failed += vp_test_generation();
	failed += vp_test_state();
	failed += vp_test_config();
	failed += vp_test_local();
	failed += vp_test_totals();
	failed += vp_test_overruns();
	failed += vp_test_session();
	failed += vp_test_loop();
	failed += vp_test_transaction();
	return failed ? 1 : 0;
}
