/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel says about a process, in /proc. */
#ifndef VP_LIB_PROCESS_H
#define VP_LIB_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct vp_process_stat {
	pid_t parent;	/* 0 at the top */
	uint64_t start; /* clock ticks after boot; with its id it names a process for good */
};

/* False, *out all zero: the process is gone. */
bool vp_process_stat(pid_t pid, struct vp_process_stat *out);

/* The same from the text of /proc/PID/stat; false when it is none. Pure. */
bool vp_process_parse_stat(const char *text, struct vp_process_stat *out);

/* 0 at the top, or when the process is gone. */
pid_t vp_process_parent(pid_t pid);

/* The unit of the service manager (a service or socket) that a process or thread runs in,
 * owned by the caller; NULL: none, or the process is gone. */
char *vp_process_unit(pid_t pid);

/* The same from the text of /proc/PID/cgroup. Pure. */
char *vp_process_parse_unit(const char *cgroup);

/* Is the unit of that name, or an instance of it where it is a template (a@.service)? Pure. */
bool vp_process_unit_is(const char *unit, const char *name);

/* The path of its executable, also where that was replaced since; owned by the caller. NULL:
 * it has none, or is gone, or may not be asked. */
char *vp_process_executable(pid_t pid);

#endif
