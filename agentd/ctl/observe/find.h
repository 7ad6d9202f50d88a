/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is meant by a unit or a program, found in /proc and in the tree of cgroups. */
#ifndef VP_OBSERVE_FIND_H
#define VP_OBSERVE_FIND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/memory.h"
#include "policy/patch.h"

struct vp_found_process {
	pid_t process;
	uint64_t targets; /* bit i: target i */
	char name[16];
	bool filtered; /* it has filters already: what these deny is not seen here */
	bool narrow;   /* its program is a 32-bit one */
};

VP_ARRAY_TYPE(vp_found_processes, struct vp_found_process);

/* Targets as they are looked for. */
struct vp_sought {
	const struct vp_call_target *target; /* not owned */
	char *resolved; /* of a program: the file that its name leads to; or NULL */
	char *cgroup; /* of a unit: its folder in the cgroup v2 tree, when it was last found */
};

VP_ARRAY_TYPE(vp_soughts, struct vp_sought);

void vp_soughts_free(struct vp_soughts *soughts);
void vp_sought_add(struct vp_soughts *soughts, const struct vp_call_target *target);

/*
 * All processes of any of the targets: of a unit by their cgroup, of a program by what they
 * run. Fills in `cgroup`. The array is the caller's.
 */
void vp_find_processes(struct vp_soughts *soughts, struct vp_found_processes *found);

/* The targets that a process of the unit is one of; bit i: target i. Pure. */
uint64_t vp_sought_units(const char *unit, const struct vp_soughts *soughts);

/* Is it the program of that target, as the kernel names a mapped file? */
bool vp_sought_is_program(const struct vp_sought *sought, const char *path);

/*
 * The folder of a unit's cgroup, opened; the caller's. -ENOENT: the unit has no process;
 * -EOPNOTSUPP: there is no cgroup v2 here, or the unit is not in it.
 */
int vp_sought_open_cgroup(const struct vp_sought *sought);

bool vp_find_alive(pid_t process);

/* The name of a process, or "". */
void vp_find_name(pid_t process, char name[static 16]);

/*
 * The path of a line of /proc/PID/cgroup down to the unit; false: the unit is not in it. Cuts
 * the line. Pure.
 */
bool vp_cgroup_has_unit(char *line, const char *unit, const char **path);

#endif
