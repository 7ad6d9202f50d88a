/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs as files, and processes that run them: see places.h. Reads only. */
#include "agentd/hook/places.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/process.h"
#include "lib/unit.h"

struct vp_hook_place vp_hook_place(const char *path)
{
	struct vp_hook_place place = { 0 };
	struct statx file;

	if (statx(AT_FDCWD, path, 0, STATX_BASIC_STATS | STATX_MNT_ID, &file))
		return (struct vp_hook_place){ .error = -errno };
	if (!S_ISREG(file.stx_mode))
		return (struct vp_hook_place){ .error = -EACCES };
	place.device = makedev(file.stx_dev_major, file.stx_dev_minor);
	place.inode = file.stx_ino;
	place.mount = file.stx_mask & STATX_MNT_ID ? file.stx_mnt_id : 0;
	return place;
}

bool vp_hook_place_same(const struct vp_hook_place *a, const struct vp_hook_place *b)
{
	return a->device == b->device && a->inode == b->inode && a->mount == b->mount;
}

int vp_hook_process_read(struct vp_hook_process *process, pid_t id)
{
	struct stat file;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)id);
	if (stat(path, &file))
		return -errno;
	*process = (struct vp_hook_process){ .id = id,
					     .device = file.st_dev,
					     .inode = file.st_ino };
	return 0;
}

void vp_hook_process_free(struct vp_hook_process *process)
{
	free(process->unit);
	process->unit = NULL;
}

/* How close the entry's unit is to that of the process; one without is closest. */
static enum vp_unit_match match_unit(struct vp_hook_process *process, const char *unit)
{
	if (!unit)
		return VP_UNIT_SAME;
	if (!process->asked)
		process->unit = vp_process_unit(process->id);
	process->asked = true;
	return process->unit ? vp_unit_match(process->unit, unit) : VP_UNIT_OTHER;
}

static bool is_program(const struct vp_hook_place *place,
		       const struct vp_hook_process *process)
{
	return !place->error && place->inode == process->inode &&
	       place->device == process->device;
}

/* Does an entry for the program name the very unit of the process? */
static bool is_named(const struct vp_hook_table *table, const struct vp_hook_places *places,
		     struct vp_hook_process *process)
{
	for (size_t i = 0; i < table->entries.len; i++)
		if (table->entries.data[i].unit && is_program(&places->data[i], process) &&
		    match_unit(process, table->entries.data[i].unit) == VP_UNIT_SAME)
			return true;
	return false;
}

size_t vp_hook_match(const struct vp_hook_table *table, const struct vp_hook_places *places,
		     struct vp_hook_process *process, size_t from)
{
	for (size_t i = from; i < table->entries.len; i++) {
		enum vp_unit_match match;

		if (!is_program(&places->data[i], process))
			continue;
		match = match_unit(process, table->entries.data[i].unit);
		if (match == VP_UNIT_SAME ||
		    (match == VP_UNIT_TEMPLATE && !is_named(table, places, process)))
			return i;
	}
	return table->entries.len;
}

uint64_t vp_hook_process_start(pid_t id)
{
	struct vp_proc_stat stat;

	return vp_process_stat(id, &stat) ? stat.start : 0;
}
