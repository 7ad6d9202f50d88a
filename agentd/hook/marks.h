/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel asks before it executes a program of the table: marks of fanotify(7) on the
 * files that the programs are, which follow a path when it names another file. Nothing else
 * that is executed is held up.
 */
#ifndef VP_HOOK_MARKS_H
#define VP_HOOK_MARKS_H

#include "agentd/hook/places.h"

struct vp_hook_marks {
	int group; /* of fanotify: permission events; -1: none */
	int watch; /* of inotify: a folder of a program has changed; -1: none */
	struct vp_hook_places places; /* of a table; with an error: not marked */
};

/* Called between steps that may take time. */
typedef void vp_hook_breathe(void *data);

/* Look for the programs of a table, which may take time; nothing is held up by it. Released by
 * vp_hook_marks_close. */
void vp_hook_marks_prepare(struct vp_hook_marks *marks, const struct vp_hook_table *table,
			   vp_hook_breathe *breathe, void *data);

/* Mark them: from here on they are held up. 0 or -errno, nothing is. That one of them cannot
 * be marked is no failure. */
int vp_hook_marks_hold(struct vp_hook_marks *marks, const struct vp_hook_table *table,
		       struct vp_error *err);

/* What it holds up goes on. */
void vp_hook_marks_close(struct vp_hook_marks *marks);

/* Does a path name another file than the one marked, or is it there again? */
bool vp_hook_marks_stale(const struct vp_hook_marks *marks, const struct vp_hook_table *table);

/* Forget what inotify has told. */
void vp_hook_marks_read_watch(const struct vp_hook_marks *marks);

#endif
