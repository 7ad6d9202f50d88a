/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints the findings of definitions and folders: the reading half of the check
 * command, for tests of the policy library alone.
 *
 *     check_policy [--print] PATH... [--overrides PATH...]
 *
 * Exit status: 0 no errors, 1 errors, 2 wrong usage. --print also prints the
 * canonical text of each patch.
 */
#include <stdio.h>
#include <string.h>

#include "policy/policy.h"

#define NOW 1767225600 /* 2026-01-01: overrides that end do so the same way for ever */

static int check(const char *const *paths, size_t count, const char *const *overrides,
		 size_t overrides_count, bool print)
{
	struct vp_sources sources = { 0 };
	struct vp_policy policy = { 0 };
	struct vp_findings findings = { 0 };
	_cleanup_strbuf_ struct vp_strbuf out = { 0 };
	int status;

	vp_sources_read(&sources, paths, count, overrides, overrides_count, 0, &findings);
	vp_policy_build(&policy, &sources, NOW, &findings);
	vp_findings_print(&findings, &out);
	vp_array_each (patch, &policy.patches)
		if (print)
			vp_patch_print(*patch, &out);
	fputs(vp_strbuf_text(&out), stdout);
	status = findings.errors ? 1 : 0;
	vp_policy_free(&policy);
	vp_sources_free(&sources);
	vp_findings_free(&findings);
	return status;
}

int main(int argc, char **argv)
{
	VP_ARRAY(const char *) paths = { 0 };
	VP_ARRAY(const char *) overrides = { 0 };
	bool print = false, after = false;
	int status = 2;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--print"))
			print = true;
		else if (!strcmp(argv[i], "--overrides"))
			after = true;
		else if (after)
			vp_array_push(&overrides, argv[i]);
		else
			vp_array_push(&paths, argv[i]);
	}
	if (paths.len)
		status = check(paths.data, paths.len, overrides.data, overrides.len, print);
	else
		fputs("usage: check_policy [--print] PATH... [--overrides PATH...]\n", stderr);
	vp_array_free(&paths);
	vp_array_free(&overrides);
	return status;
}
