/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Marks of fanotify(7): see marks.h. Whoever changes them makes new ones as a whole, in a
 * group of their own, before the old group goes: so no start is missed, and a file that was
 * replaced is let go of.
 */
#include "agentd/hook/marks.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>

#include "lib/cleanup.h"

#define GROUP_FLAGS                                                                           \
	(FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK | FAN_REPORT_TID |                    \
	 FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS)
#define CHANGES                                                                               \
	(IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF |   \
	 IN_MOVE_SELF | IN_ONLYDIR)

static void watch_folder(int watch, const char *path)
{
	_cleanup_free_ char *copy = vp_strdup(path);

	(void)inotify_add_watch(watch, dirname(copy), CHANGES);
}

/* Where the paths name the files, and where the files are. What cannot be watched is looked at
 * now and then. */
static void watch_folders(int watch, const char *path)
{
	char real[PATH_MAX];

	watch_folder(watch, path);
	if (realpath(path, real) && strcmp(real, path))
		watch_folder(watch, real);
}

/* Watched first: what changes after it was looked at is told. */
void vp_hook_marks_prepare(struct vp_hook_marks *marks, const struct vp_hook_table *table,
			   vp_hook_breathe *breathe, void *data)
{
	*marks = (struct vp_hook_marks){ .group = -1 };
	marks->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	vp_array_each (entry, &table->entries) {
		if (marks->watch >= 0)
			watch_folders(marks->watch, entry->path);
		vp_array_push(&marks->places, vp_hook_place(entry->path));
		breathe(data);
	}
}

int vp_hook_marks_hold(struct vp_hook_marks *marks, const struct vp_hook_table *table,
		       struct vp_error *err)
{
	marks->group = fanotify_init(GROUP_FLAGS, O_RDONLY | O_CLOEXEC | O_LARGEFILE);
	if (marks->group < 0)
		return vp_fail(err, -errno,
			       "the kernel does not tell of programs that start "
			       "(CAP_SYS_ADMIN, CONFIG_FANOTIFY_ACCESS_PERMISSIONS): %s",
			       strerror(errno));
	for (size_t i = 0; i < table->entries.len; i++) {
		struct vp_hook_place *place = &marks->places.data[i];

		if (!place->error &&
		    fanotify_mark(marks->group, FAN_MARK_ADD, FAN_OPEN_EXEC_PERM, AT_FDCWD,
				  table->entries.data[i].path))
			place->error = -errno;
	}
	return 0;
}

void vp_hook_marks_close(struct vp_hook_marks *marks)
{
	if (marks->group >= 0)
		close(marks->group);
	if (marks->watch >= 0)
		close(marks->watch);
	marks->group = marks->watch = -1;
	vp_array_free(&marks->places);
}

bool vp_hook_marks_stale(const struct vp_hook_marks *marks, const struct vp_hook_table *table)
{
	for (size_t i = 0; i < table->entries.len; i++) {
		struct vp_hook_place now = vp_hook_place(table->entries.data[i].path);

		if (!vp_hook_place_same(&now, &marks->places.data[i]))
			return true;
	}
	return false;
}

void vp_hook_marks_read_watch(const struct vp_hook_marks *marks)
{
	char events[4096] __attribute__((aligned(8)));

	while (read(marks->watch, events, sizeof(events)) > 0)
		;
}
