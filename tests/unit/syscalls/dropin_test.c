/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drop-ins in a folder: written, compared, left alone, removed; and what is asked of systemd.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agentd/syscalls/manager.h"
#include "lib/cleanup.h"
#include "lib/file.h"

static int reloads, reload_result;
static enum vp_dropin_rights rights_now;

static int count_reload(struct vp_error *err)
{
	reloads++;
	return reload_result ? vp_fail(err, reload_result, "no manager") : 0;
}

static enum vp_dropin_rights tell_rights(const char *unit)
{
	(void)unit;
	return rights_now;
}

struct scene {
	char root[32];
	struct vp_dropin_folder folder;
	struct vp_dropins dropins;
	struct vp_error err;
};

static void end_scene(struct scene *scene)
{
	_cleanup_free_ char *command = vp_format("rm -rf %s", scene->root);

	assert_int_equal(system(command), 0);
	vp_dropins_free(&scene->dropins);
}
#define _cleanup_scene_ vp_cleanup(end_scene)

static void set_scene(struct scene *scene)
{
	*scene = (struct scene){ .root = "/tmp/vp-dropin.XXXXXX" };
	assert_non_null(mkdtemp(scene->root));
	scene->folder = (struct vp_dropin_folder){ .root = scene->root,
						   .manager = 252,
						   .rights = tell_rights,
						   .reload = count_reload };
	reloads = reload_result = 0;
	rights_now = VP_DROPIN_RIGHTS_ALL;
}

static void add_dropin(struct scene *scene, const char *unit, const char *directive)
{
	struct vp_dropin *dropin = vp_array_add(&scene->dropins);
	struct vp_dropin_item item = { .rule = vp_strdup("rule"),
				       .directive = vp_strdup(directive) };

	dropin->unit = vp_strdup(unit);
	dropin->patches = vp_strdup("CVE-1, CVE-2");
	vp_array_push(&dropin->items, item);
}

static void forget_dropins(struct scene *scene)
{
	vp_dropins_free(&scene->dropins);
	scene->dropins = (struct vp_dropins){ 0 };
}

static char *path_in(const struct scene *scene, const char *name)
{
	return vp_format("%s/%s", scene->root, name);
}

static bool is_there(const struct scene *scene, const char *name)
{
	_cleanup_free_ char *path = path_in(scene, name);

	return !access(path, F_OK);
}

static char *text_of(const struct scene *scene, const char *name)
{
	_cleanup_free_ char *path = path_in(scene, name);
	char *text = NULL;
	size_t len;

	return vp_file_read(path, 10000, &text, &len, NULL) ? NULL : text;
}

static int settle(struct scene *scene, uint64_t generation)
{
	return vp_dropin_files_write(&scene->folder, &scene->dropins, generation, &scene->err);
}

static void files_are_written_compared_and_removed(void **state)
{
	_cleanup_scene_ struct scene scene;
	_cleanup_free_ char *text = NULL, *later = NULL, *admin = NULL;

	(void)state;
	set_scene(&scene);
	admin = path_in(&scene, "other.service.d");
	assert_int_equal(mkdir(admin, 0755), 0);
	add_dropin(&scene, "app.service", "SystemCallFilter=~splice:EPERM");
	assert_int_equal(settle(&scene, 7), 0);
	assert_int_equal(reloads, 1);
	text = text_of(&scene, "app.service.d/60-vpatch.conf");
	assert_non_null(text);
	assert_ptr_equal(
		strstr(text, "# Written by vpatch for CVE-1, CVE-2 (generation 7).\n"), text);
	/* the same: not written, nobody told, the old generation stays */
	assert_int_equal(settle(&scene, 8), 0);
	assert_int_equal(reloads, 1);
	later = text_of(&scene, "app.service.d/60-vpatch.conf");
	assert_string_equal(later, text);
	add_dropin(&scene, "web.service", "SystemCallFilter=~splice:EPERM");
	assert_int_equal(settle(&scene, 9), 0);
	assert_int_equal(reloads, 2);
	forget_dropins(&scene);
	assert_int_equal(settle(&scene, 10), 0);
	assert_int_equal(reloads, 3);
	assert_false(is_there(&scene, "app.service.d"));
	assert_false(is_there(&scene, "web.service.d"));
	assert_true(is_there(&scene, "other.service.d"));
	assert_int_equal(settle(&scene, 11), 0);
	assert_int_equal(reloads, 3);
}

static void others_files_are_left_alone(void **state)
{
	_cleanup_scene_ struct scene scene;
	_cleanup_free_ char *folder = NULL, *file = NULL, *link = NULL, *text = NULL,
			    *beside = NULL;

	(void)state;
	set_scene(&scene);
	folder = path_in(&scene, "app.service.d");
	file = path_in(&scene, "app.service.d/60-vpatch.conf");
	beside = path_in(&scene, "web.service.d/50-site.conf");
	link = path_in(&scene, "lnk.service.d");
	assert_int_equal(mkdir(folder, 0755), 0);
	assert_int_equal(vp_file_write(file, "[Service]\n", 10, 0644, &scene.err), 0);
	assert_int_equal(symlink("/tmp", link), 0);
	add_dropin(&scene, "app.service", "SystemCallFilter=~splice:EPERM");
	add_dropin(&scene, "web.service", "SystemCallFilter=~splice:EPERM");
	assert_int_equal(settle(&scene, 1), -EEXIST);
	assert_non_null(
		strstr(scene.err.text, "app.service.d/60-vpatch.conf: not written by"));
	assert_true(is_there(&scene, "web.service.d/60-vpatch.conf")); /* all the same */
	text = text_of(&scene, "app.service.d/60-vpatch.conf");
	assert_string_equal(text, "[Service]\n");
	assert_int_equal(vp_file_write(beside, "", 0, 0644, &scene.err), 0);
	forget_dropins(&scene);
	assert_int_equal(settle(&scene, 2), 0);
	assert_true(is_there(&scene, "app.service.d/60-vpatch.conf"));
	assert_false(is_there(&scene, "web.service.d/60-vpatch.conf"));
	assert_true(is_there(&scene, "web.service.d/50-site.conf"));
	add_dropin(&scene, "lnk.service", "SystemCallFilter=~splice:EPERM");
	add_dropin(&scene, "../up.service", "SystemCallFilter=~splice:EPERM");
	assert_int_equal(settle(&scene, 3), -ENOTDIR);
	assert_int_equal(access("/tmp/60-vpatch.conf", F_OK), -1);
	assert_int_equal(access("/tmp/up.service.d", F_OK), -1);
}

/* Who starts with few rights would lose more by directives; who does not run tells nothing. */
static void rights_decide(void **state)
{
	_cleanup_scene_ struct scene scene;

	(void)state;
	set_scene(&scene);
	add_dropin(&scene, "app.service", "SystemCallFilter=~splice:EPERM");
	rights_now = VP_DROPIN_RIGHTS_UNKNOWN;
	assert_int_equal(settle(&scene, 1), 0);
	assert_false(is_there(&scene, "app.service.d"));
	rights_now = VP_DROPIN_RIGHTS_ALL;
	assert_int_equal(settle(&scene, 2), 0);
	assert_true(is_there(&scene, "app.service.d/60-vpatch.conf"));
	rights_now = VP_DROPIN_RIGHTS_UNKNOWN;
	assert_int_equal(settle(&scene, 3), 0);
	assert_true(is_there(&scene, "app.service.d/60-vpatch.conf"));
	assert_int_equal(reloads, 1);
	rights_now = VP_DROPIN_RIGHTS_FEW;
	assert_int_equal(settle(&scene, 4), 0);
	assert_false(is_there(&scene, "app.service.d"));
	scene.dropins.data[0].no_new_privs = true;
	assert_int_equal(settle(&scene, 5), 0);
	assert_true(is_there(&scene, "app.service.d/60-vpatch.conf"));
}

/* no_new_privs is a basis where the unit has it, not where it came with the drop-in. */
static void our_own_seal_is_no_basis(void **state)
{
	_cleanup_scene_ struct scene scene;

	(void)state;
	set_scene(&scene);
	add_dropin(&scene, "app.service", "SystemCallFilter=~splice:EPERM");
	rights_now = VP_DROPIN_RIGHTS_SEALED;
	for (uint64_t i = 1; i < 4; i++) {
		assert_int_equal(settle(&scene, i), 0);
		assert_true(is_there(&scene, "app.service.d/60-vpatch.conf"));
	}
	rights_now = VP_DROPIN_RIGHTS_ALL;
	assert_int_equal(settle(&scene, 5), 0);
	assert_true(is_there(&scene, "app.service.d/60-vpatch.conf"));
	/* now it starts as somebody else, and sealed because of ours */
	rights_now = VP_DROPIN_RIGHTS_SEALED;
	assert_int_equal(settle(&scene, 6), 0);
	assert_false(is_there(&scene, "app.service.d"));
}

static void what_is_there_is_listed(void **state)
{
	_cleanup_scene_ struct scene scene;
	struct vp_dropin_list list = { 0 };

	(void)state;
	set_scene(&scene);
	reload_result = -EOPNOTSUPP;
	add_dropin(&scene, "web.service", "SystemCallFilter=~splice:EPERM");
	add_dropin(&scene, "app@1.service", "SystemCallFilter=~splice:EPERM");
	assert_int_equal(settle(&scene, 77), -EOPNOTSUPP); /* written, but nobody was told */
	vp_dropin_files_list(scene.root, &list);
	assert_int_equal(list.len, 2);
	assert_string_equal(list.data[0].unit, "app@1.service");
	assert_string_equal(list.data[1].unit, "web.service");
	assert_string_equal(list.data[1].patches, "CVE-1, CVE-2");
	assert_int_equal(list.data[1].generation, 77);
	assert_non_null(strstr(list.data[1].path, "/web.service.d/60-vpatch.conf"));
	vp_dropin_list_free(&list);
	list = (struct vp_dropin_list){ 0 };
	vp_dropin_files_list("/nonexistent", &list);
	assert_int_equal(list.len, 0);
}

/* A change that the manager was not told of is told by whoever comes next. */
static void what_was_begun_is_ended(void **state)
{
	_cleanup_scene_ struct scene scene;
	_cleanup_free_ char *pending = NULL, *half = NULL, *own = NULL;

	(void)state;
	set_scene(&scene);
	pending = path_in(&scene, "pending");
	scene.folder.pending = pending;
	reload_result = -EPERM;
	add_dropin(&scene, "web.service", "SystemCallFilter=~splice:EPERM");
	assert_int_equal(settle(&scene, 1), -EPERM);
	assert_true(is_there(&scene, "pending"));
	own = path_in(&scene, "app.service.d");
	half = path_in(&scene, "app.service.d/60-vpatch.conf.abc123");
	assert_int_equal(mkdir(own, 0755), 0);
	assert_int_equal(vp_file_write(half, "# Wri", 5, 0600, &scene.err), 0);
	reload_result = 0;
	assert_int_equal(settle(&scene, 2), 0);
	assert_int_equal(reloads, 2);
	assert_false(is_there(&scene, "pending"));
	assert_false(is_there(&scene, "app.service.d"));
	assert_int_equal(settle(&scene, 3), 0);
	assert_int_equal(reloads, 2);
}

/* Before a confirmation: what is not meant goes, what is meant waits. */
static void only_taking_away(void **state)
{
	_cleanup_scene_ struct scene scene;

	(void)state;
	set_scene(&scene);
	add_dropin(&scene, "web.service", "SystemCallFilter=~splice:EPERM");
	assert_int_equal(settle(&scene, 1), 0);
	forget_dropins(&scene);
	add_dropin(&scene, "app.service", "SystemCallFilter=~splice:EPERM");
	scene.folder.removing = true;
	assert_int_equal(settle(&scene, 2), 0);
	assert_false(is_there(&scene, "web.service.d"));
	assert_false(is_there(&scene, "app.service.d"));
	scene.folder.removing = false;
	assert_int_equal(settle(&scene, 2), 0);
	assert_true(is_there(&scene, "app.service.d/60-vpatch.conf"));
}

static void look_for(const struct scene *scene, enum vp_dropin_place place, const char *reason)
{
	struct vp_dropin_view view;

	vp_dropin_files_look(&scene->folder, &scene->dropins.data[0], &view);
	free(view.path);
	assert_int_equal(view.place, place);
	if (reason)
		assert_non_null(strstr(view.reason, reason));
	else
		assert_null(view.reason);
}

static void how_it_stands_is_seen(void **state)
{
	_cleanup_scene_ struct scene scene;
	_cleanup_free_ char *path = NULL;

	(void)state;
	set_scene(&scene);
	path = path_in(&scene, "web.service.d/60-vpatch.conf");
	add_dropin(&scene, "web.service", "SystemCallFilter=~splice:EPERM");
	look_for(&scene, VP_DROPIN_ABSENT, NULL);
	assert_int_equal(settle(&scene, 5), 0);
	look_for(&scene, VP_DROPIN_WRITTEN, NULL);
	rights_now = VP_DROPIN_RIGHTS_FEW;
	look_for(&scene, VP_DROPIN_CHANGED, "no_new_privs");
	rights_now = VP_DROPIN_RIGHTS_ALL;
	assert_int_equal(vp_file_write(path, "[Service]\n", 10, 0644, &scene.err), 0);
	look_for(&scene, VP_DROPIN_FOREIGN, NULL);
}

/* On whatever host this runs: ours go when there are none any more. */
static void none_at_all_are_none_left(void **state)
{
	_cleanup_scene_ struct scene scene;
	struct vp_dropin_folder folder;

	(void)state;
	set_scene(&scene);
	add_dropin(&scene, "web.service", "SystemCallFilter=~splice:EPERM");
	assert_int_equal(settle(&scene, 1), 0);
	assert_true(is_there(&scene, "web.service.d/60-vpatch.conf"));
	if (vp_manager_is_systemd())
		return; /* it would be told to reload */
	folder = vp_manager_folder(scene.root, false);
	assert_int_equal(vp_manager_keep_dropins(&folder, &scene.dropins, 2, &scene.err), 0);
	assert_false(is_there(&scene, "web.service.d"));
	folder.root = "/nonexistent";
	assert_int_equal(vp_manager_keep_dropins(&folder, &scene.dropins, 2, &scene.err), 0);
}

static void versions_are_read_from_what_runs(void **state)
{
	(void)state;
	assert_int_equal(vp_manager_parse_version(
				 "7f0-7f1 r--p 0 fe:00 1 /usr/lib/systemd/libsystemd-shared-"
				 "252.so\n"),
			 252);
	assert_int_equal(vp_manager_parse_version(
				 "7f0-7f1 r--p 0 fe:00 1 /usr/lib/x86_64-linux-gnu/systemd/"
				 "libsystemd-shared-257.9-1.so\n"),
			 257);
	assert_int_equal(vp_manager_parse_version("7f0-7f1 r--p 0 fe:00 1 /sbin/init\n"), 0);
	assert_int_equal(vp_manager_parse_version("/libsystemd-shared-x.so"), 0);
	assert_int_equal(vp_manager_rights("there-is-no-such-487.service"),
			 VP_DROPIN_RIGHTS_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_written_compared_and_removed),
		cmocka_unit_test(others_files_are_left_alone),
		cmocka_unit_test(rights_decide),
		cmocka_unit_test(our_own_seal_is_no_basis),
		cmocka_unit_test(what_is_there_is_listed),
		cmocka_unit_test(what_was_begun_is_ended),
		cmocka_unit_test(only_taking_away),
		cmocka_unit_test(how_it_stands_is_seen),
		cmocka_unit_test(none_at_all_are_none_left),
		cmocka_unit_test(versions_are_read_from_what_runs),
	};

	return cmocka_run_group_tests_name("dropin", tests, NULL, NULL);
}
