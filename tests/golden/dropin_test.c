/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Golden drop-ins: for each folder below tests/golden/dropin, its *.vpatch must give
 * dropin.ok: what would be written for each unit, on different hosts. No service manager is
 * asked.
 *
 *     dropin_test [--update]        compare all cases, or write their dropin.ok
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/file.h"
#include "modules/seccomp/dropin.h"

static void print_for(const struct vp_dropin *dropin, const char *where,
		      const struct vp_dropin_site *site, struct vp_strbuf *out)
{
	vp_strbuf_addf(out, "== %s, %s\n", dropin->unit, where);
	if (!vp_dropin_print(dropin, site, out))
		vp_strbuf_adds(out, "nothing\n");
	vp_strbuf_addc(out, '\n');
}

static void print(const struct vp_dropin *dropin, struct vp_strbuf *out)
{
	struct vp_dropin_site site = { .manager = 252,
				       .basis = VP_DROPIN_BASIS_RIGHTS,
				       .generation = 12 };

	print_for(dropin, "started with all rights", &site, out);
	site.exact = true;
	print_for(dropin, "nothing wider than its rule", &site, out);
	site.exact = false;
	site.manager = 245;
	print_for(dropin, "systemd 245", &site, out);
	site.manager = 0;
	site.basis = VP_DROPIN_BASIS_ALLOWED;
	print_for(dropin, "started with few rights", &site, out);
}

/* Findings and drop-ins of the policy in the current folder. */
static void produce(struct vp_strbuf *out)
{
	const char *const paths[] = { "." };
	struct vp_sources sources = { 0 };
	struct vp_findings findings = { 0 };
	struct vp_policy policy = { 0 };
	struct vp_dropins dropins = { 0 };
	struct vp_host host = { .now = 1767225600, .clock_synchronised = true };
	struct vp_plan plan = { 0 };

	vp_sources_read(&sources, paths, 1, NULL, 0, 0, &findings);
	vp_policy_build(&policy, &sources, host.now, &findings);
	vp_plan_build(&plan, &policy, &host, (1u << VP_POINT_COUNT) - 1, &findings);
	vp_findings_sort(&findings);
	vp_findings_print(&findings, out);
	vp_dropins_build(&plan, &dropins);
	vp_array_each (dropin, &dropins)
		print(dropin, out);
	vp_dropins_free(&dropins);
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
		return vp_file_write("dropin.ok", vp_strbuf_text(found), found->len, 0644,
				     &err);
	if (vp_file_read("dropin.ok", 1u << 20, &wanted, &len, &err) < 0) {
		printf("FAIL %s: %s\n", name, err.text);
		return -1;
	}
	if (len != found->len || memcmp(wanted, vp_strbuf_text(found), len) != 0) {
		printf("FAIL %s: not dropin.ok, but\n%s", name, vp_strbuf_text(found));
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
	_cleanup_free_ char *folder =
		vp_format("%s/tests/golden/dropin", source ? source : ".");
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
