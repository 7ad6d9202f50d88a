/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The runner of golden tests: see golden.h. */
#include "tests/golden/golden.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/file.h"
#include "lib/memory.h"

int golden_compare(const char *name, const char *file, const struct vp_strbuf *found,
		   bool update)
{
	_cleanup_free_ char *wanted = NULL;
	struct vp_error err = { 0 };
	size_t len;

	if (update)
		return vp_file_write(file, vp_strbuf_text(found), found->len, 0644, &err);
	if (vp_file_read(file, 64u << 20, &wanted, &len, &err)) {
		printf("FAIL %s: %s\n", name, err.text);
		return -1;
	}
	if (len == found->len && !memcmp(wanted, vp_strbuf_text(found), len))
		return 0;
	printf("FAIL %s: not %s, but\n%s", name, file, vp_strbuf_text(found));
	return -1;
}

static int is_case(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int run_in(const char *name, bool update, int (*run)(const char *name, bool update))
{
	int result;

	if (chdir(name)) {
		printf("FAIL %s: %s\n", name, strerror(errno));
		return 1;
	}
	result = run(name, update);
	if (!result)
		printf("ok %s\n", name);
	if (chdir("..")) {
		printf("FAIL %s: no way back: %s\n", name, strerror(errno));
		exit(1);
	}
	return result && result != GOLDEN_SKIP ? 1 : result;
}

int golden_run(const char *name, bool update, int (*run)(const char *name, bool update))
{
	const char *source = getenv("srcdir");
	_cleanup_free_ char *folder =
		vp_format("%s/tests/golden/%s", source ? source : ".", name);
	struct dirent **list;
	int count = chdir(folder) ? -1 : scandir(".", &list, is_case, alphasort), worst = 0;

	if (count <= 0) {
		printf("%s: no cases: %s\n", folder, strerror(errno));
		return 1;
	}
	for (int i = 0; i < count; i++) {
		int result = run_in(list[i]->d_name, update, run);

		worst = worst == 1 || !result ? worst : result;
		free(list[i]);
	}
	free(list);
	return worst;
}
