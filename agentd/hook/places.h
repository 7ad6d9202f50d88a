/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which files the programs of a table are, and which entries mean a process. */
#ifndef VP_HOOK_PLACES_H
#define VP_HOOK_PLACES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agentd/hook/table.h"

/* A file. What was unmounted and mounted again is another. */
struct vp_hook_place {
	int error; /* -errno: it cannot be used; the rest is 0 where there is none */
	dev_t device;
	ino_t inode;
	uint64_t mount;
};
VP_ARRAY_TYPE(vp_hook_places, struct vp_hook_place);

/* What a path names now. */
struct vp_hook_place vp_hook_place(const char *path);

/* The same file, or both none? */
bool vp_hook_place_same(const struct vp_hook_place *a, const struct vp_hook_place *b);

/* Who starts, or runs. */
struct vp_hook_process {
	pid_t id; /* of it or one of its threads */
	dev_t device;
	ino_t inode; /* of its program */
	char *unit;  /* read when it is needed; NULL: none */
	bool asked;
};

/* Of the program that it runs now. 0 or -errno. */
int vp_hook_process_read(struct vp_hook_process *process, pid_t id);
void vp_hook_process_free(struct vp_hook_process *process);

/* The first entry from `from` on that means this process; how many there are: none. One for
 * the template of its unit does not where another for the program is for the unit
 * (lib/unit.h). */
size_t vp_hook_match(const struct vp_hook_table *table, const struct vp_hook_places *places,
		     struct vp_hook_process *process, size_t from);

/* When it began, in clock ticks after boot; 0: it is gone. */
uint64_t vp_hook_process_start(pid_t id);

#endif
