/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel says about a process, in /proc. */
#ifndef VP_LIB_PROCESS_H
#define VP_LIB_PROCESS_H

#include <sys/types.h>

/* 0 at the top, or when the process is gone. */
pid_t vp_process_parent(pid_t pid);

/* The same from the text of /proc/PID/stat; 0 when it is none. Pure. */
pid_t vp_process_parse_parent(const char *stat);

/* The unit of the service manager (a service or socket) that a process or thread runs in,
 * owned by the caller; NULL: none, or the process is gone. */
char *vp_process_unit(pid_t pid);

/* The same from the text of /proc/PID/cgroup. Pure. */
char *vp_process_parse_unit(const char *cgroup);

/* The path of its executable, also where that was replaced since; owned by the caller. NULL:
 * it has none, or is gone, or may not be asked. */
char *vp_process_executable(pid_t pid);

#endif
