/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drop-ins of a folder of definitions, written as vpatchd would:
 *
 *   dropins DEFINITIONS ROOT GENERATION [all|few|unknown|ask] [exact] [reload]
 *
 * "ask" asks this host's systemd for rights and version, "reload" tells it; else reloads are
 * printed. Prints what is there afterwards: UNIT GENERATION PATCHES.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/syscalls/manager.h"
#include "policy/plan.h"

static enum vp_dropin_rights all(const char *unit)
{
	(void)unit;
	return VP_DROPIN_RIGHTS_ALL;
}

static enum vp_dropin_rights few(const char *unit)
{
	(void)unit;
	return VP_DROPIN_RIGHTS_FEW;
}

static enum vp_dropin_rights unknown(const char *unit)
{
	(void)unit;
	return VP_DROPIN_RIGHTS_UNKNOWN;
}

static int say_reload(struct vp_error *err)
{
	(void)err;
	puts("reload");
	return 0;
}

static void take_option(const char *word, struct vp_dropin_folder *folder)
{
	if (!strcmp(word, "few"))
		folder->rights = few;
	else if (!strcmp(word, "unknown"))
		folder->rights = unknown;
	else if (!strcmp(word, "exact"))
		folder->exact = true;
	else if (!strcmp(word, "reload"))
		folder->reload = vp_manager_reload;
	else if (!strcmp(word, "ask")) {
		folder->rights = vp_manager_rights;
		folder->manager = vp_manager_version();
		printf("systemd %u\n", folder->manager);
	}
}

static int build(const char *path, struct vp_dropins *dropins)
{
	struct vp_sources sources = { 0 };
	struct vp_findings findings = { 0 };
	struct vp_policy policy = { 0 };
	struct vp_host host = { .now = 1767225600, .clock_synchronised = true };
	struct vp_plan plan = { 0 };
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };
	int errors;

	vp_sources_read(&sources, &path, 1, NULL, 0, 0, &findings);
	vp_policy_build(&policy, &sources, host.now, &findings);
	vp_plan_build(&plan, &policy, &host, (1u << VP_POINT_COUNT) - 1, &findings);
	vp_findings_print(&findings, &text);
	fputs(vp_strbuf_text(&text), stderr);
	errors = findings.errors != 0;
	vp_dropins_build(&plan, dropins);
	vp_plan_free(&plan);
	vp_policy_free(&policy);
	vp_findings_free(&findings);
	vp_sources_free(&sources);
	return errors;
}

int main(int argc, char **argv)
{
	struct vp_dropin_folder folder = { .manager = 252,
					   .rights = all,
					   .reload = say_reload };
	struct vp_dropin_list list = { 0 };
	struct vp_dropins dropins = { 0 };
	struct vp_error err = { 0 };
	int failed;

	if (argc < 4)
		return 2;
	folder.root = argv[2];
	for (int i = 4; i < argc; i++)
		take_option(argv[i], &folder);
	failed = build(argv[1], &dropins);
	if (!failed &&
	    vp_dropin_files_write(&folder, &dropins, strtoull(argv[3], NULL, 10), &err)) {
		fprintf(stderr, "%s\n", err.text);
		failed = 1;
	}
	vp_dropin_files_list(folder.root, &list);
	vp_array_each (file, &list)
		printf("%s %" PRIu64 " %s\n", file->unit, file->generation, file->patches);
	vp_dropin_list_free(&list);
	vp_dropins_free(&dropins);
	return failed;
}
