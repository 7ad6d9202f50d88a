/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All processes, as /proc shows them at this moment: see processes.h. */
#include "agentd/syscalls/processes.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/process.h"

enum vp_unit_match vp_seen_is_of(const struct vp_seen_process *process,
				 const struct vp_call_target *target)
{
	const char *name =
		target->kind == VP_CALL_TARGET_UNIT ? process->unit : process->executable;

	if (name && target->kind == VP_CALL_TARGET_UNIT)
		return vp_unit_match(name, target->name);
	return name && !strcmp(name, target->name) ? VP_UNIT_SAME : VP_UNIT_OTHER;
}

static int compare(const void *a, const void *b)
{
	const struct vp_seen_process *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

void vp_seen_processes_read(struct vp_seen_processes *processes, bool units, bool executables)
{
	_cleanup_closedir_ DIR *proc = opendir("/proc");
	struct vp_proc_stat stat;
	pid_t id;

	while ((id = vp_process_next(proc))) {
		struct vp_seen_process seen = { .id = id };

		if (id <= 1 || id == getpid() || !vp_process_stat(id, &stat))
			continue;
		seen.unit = units ? vp_process_unit(id) : NULL;
		if (seen.unit && vp_process_is_starting(id, &stat, seen.unit)) {
			free(seen.unit);
			continue;
		}
		seen.parent = stat.parent;
		seen.start = stat.start;
		seen.executable = executables ? vp_process_executable(id) : NULL;
		vp_array_push(processes, seen);
	}
	if (processes->len)
		qsort(processes->data, processes->len, sizeof(*processes->data), compare);
}

void vp_seen_processes_free(struct vp_seen_processes *processes)
{
	vp_array_each (process, processes) {
		free(process->unit);
		free(process->executable);
	}
	vp_array_free(processes);
}
