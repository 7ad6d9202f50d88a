/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Golden plans of system calls: for each folder below tests/golden/plan, its
 * *.vpatch with overrides.conf laid over them must give plan.ok: findings, then the
 * plan as text. No kernel is asked.
 *
 *     plan_test [--update]        compare all cases, or write their plan.ok
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/file.h"
#include "policy/plan.h"

/* Findings and plan of the policy in the current folder. */
static void produce(struct vp_strbuf *out)
{
	const char *const paths[] = { "." }, *const overrides[] = { "overrides.conf" };
	struct vp_sources sources = { 0 };
	struct vp_findings findings = { 0 };
	struct vp_policy policy = { 0 };
	struct vp_host host = { .now = 1767225600,
				.clock_synchronised = true,
				.examples_allowed = true };
	struct vp_plan plan = { 0 };

	vp_sources_read(&sources, paths, 1, overrides, 1, 0, &findings);
	vp_policy_build(&policy, &sources, host.now, &findings);
	vp_plan_build(&plan, &policy, &host, (1u << VP_POINT_COUNT) - 1, &findings);
	vp_findings_sort(&findings);
	vp_findings_print(&findings, out);
	vp_plan_print(&plan, out);
	vp_plan_free(&plan);
	vp_policy_free(&policy);
	vp_findings_free(&findings);
	vp_sources_free(&sources);
}

static int compare(const char *name, const struct vp_strbuf *found, bool update)
{
	_cleanup_free_ char *wanted = NULL;
	struct vp_error err = { 0 };
	size_t len;

	if (update)
		return vp_file_write("plan.ok", found->data, found->len, 0644, &err);
	if (vp_file_read("plan.ok", 1u << 20, &wanted, &len, &err) < 0) {
		printf("FAIL %s: %s\n", name, err.text);
		return -1;
	}
	if (len != found->len || memcmp(wanted, found->data, len) != 0) {
		printf("FAIL %s: not plan.ok, but\n%s", name, vp_strbuf_text(found));
		return -1;
	}
	printf("ok %s\n", name);
	return 0;
}

static int is_case(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	const char *source = getenv("srcdir");
	_cleanup_free_ char *folder = vp_format("%s/tests/golden/plan", source ? source : ".");
	bool update = argc > 1 && !strcmp(argv[1], "--update"), failed = false;
	struct dirent **list;
	int count = chdir(folder) ? -1 : scandir(".", &list, is_case, alphasort);

	if (count <= 0) {
		printf("%s: no cases: %s\n", folder, strerror(errno));
		return 1;
	}
	for (int i = 0; i < count; i++) {
		_cleanup_strbuf_ struct vp_strbuf text = { 0 };

		if (chdir(list[i]->d_name) == 0) {
			produce(&text);
			failed |= compare(list[i]->d_name, &text, update) != 0;
			failed |= chdir("..") != 0;
		} else {
			printf("FAIL %s: %s\n", list[i]->d_name, strerror(errno));
			failed = true;
		}
		free(list[i]);
	}
	free(list);
	return failed;
}
