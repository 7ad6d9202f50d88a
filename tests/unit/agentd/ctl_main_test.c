/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The test program of vpatchctl: all groups, and the golden files they share. */
#include <stdlib.h>

#include "lib/cleanup.h"
#include "lib/file.h"
#include "lib/memory.h"
#include "tests/unit/agentd/ctl_test.h"

static char *source_path(const char *path)
{
	const char *root = getenv("srcdir");

	return vp_format("%s/%s", root ? root : VP_TEST_SOURCES, path);
}

char *source_file(const char *path)
{
	_cleanup_free_ char *whole = source_path(path);
	struct vp_error err = { 0 };
	char *text = NULL;
	size_t len;

	if (vp_file_read(whole, 1u << 20, &text, &len, &err))
		fail_msg("%s", err.text);
	return text;
}

void assert_golden(const char *path, const char *text)
{
	_cleanup_free_ char *whole = source_path(path), *wanted = NULL;
	struct vp_error err = { 0 };

	if (getenv("VP_UPDATE_GOLDEN") && vp_file_write(whole, text, strlen(text), 0644, &err))
		fail_msg("%s", err.text);
	wanted = source_file(path);
	if (strcmp(text, wanted))
		fail_msg("%s differs (VP_UPDATE_GOLDEN=1 writes it anew); this run made:\n%s",
			 path, text);
}

int main(void)
{
	return test_arguments() + test_help() + test_manual() + test_page() + test_render();
}
