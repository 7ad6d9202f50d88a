/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processes of this host that filters are meant for. Reading only. */
#ifndef VP_SYSCALLS_PROCESSES_H
#define VP_SYSCALLS_PROCESSES_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/memory.h"
#include "lib/unit.h"
#include "policy/patch.h"

struct vp_seen_process {
	pid_t id, parent;
	uint64_t start;	  /* clock ticks after boot */
	char *unit;	  /* NULL: in none, or not asked for */
	char *executable; /* NULL: likewise */
	/* filters on it and on its parent, where anybody asked for them; 0: none, or not known
	 */
	uint32_t filters, parent_filters;
};

VP_ARRAY_TYPE(vp_seen_processes, struct vp_seen_process);

/* Is it one of the target's, and how close (lib/unit.h)? An executable's is VP_UNIT_SAME. */
enum vp_unit_match vp_seen_is_of(const struct vp_seen_process *process,
				 const struct vp_call_target *target);

/*
 * All processes but the first, this one, and those in a unit that are on their way to its
 * program, by number. `units`, `executables`: which of
 * the two anybody asks for.
 */
void vp_seen_processes_read(struct vp_seen_processes *processes, bool units, bool executables);
void vp_seen_processes_free(struct vp_seen_processes *processes);

#endif
