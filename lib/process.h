/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel says about a process, in /proc: whichever of its files it takes. */
#ifndef VP_LIB_PROCESS_H
#define VP_LIB_PROCESS_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/proc.h"

/* Of a process or thread. False, *out all zero: it is gone. */
bool vp_process_stat(pid_t pid, struct vp_proc_stat *out);
bool vp_process_status(pid_t pid, struct vp_proc_status *out);

/*
 * Likewise by the name of the file, below a folder that is open and so names the same process
 * whatever becomes of its number (openat(2)). 0; -ESRCH: it is gone; another -errno. *out is
 * untouched on failure.
 */
int vp_process_stat_at(int folder, const char *name, struct vp_proc_stat *out);
int vp_process_status_at(int folder, const char *name, struct vp_proc_status *out);

/* Any such file as text, cut off after room - 1 bytes. Results likewise. */
int vp_process_text(int folder, const char *name, char *text, size_t room);

/* The next number in an open folder of processes (/proc) or threads (/proc/PID/task); 0: that
 * was the last. NULL has none. */
pid_t vp_process_next(DIR *folder);

/* 0 at the top, or when the process is gone. */
pid_t vp_process_parent(pid_t pid);

/* The process that a thread is of; 0: it is gone. */
pid_t vp_process_of_thread(pid_t thread);

/* The unit of the service manager (a service or socket) that a process or thread runs in,
 * owned by the caller; NULL: none, or the process is gone. */
char *vp_process_unit(pid_t pid);

/* The same from the text of /proc/PID/cgroup. Pure. */
char *vp_process_parse_unit(const char *cgroup);

/*
 * Is it, of that stat and unit, on its way to its program: made by a service manager, which is
 * outside of the unit that it runs in, and nothing else yet? What it does until then is the
 * manager's doing, and has to work.
 */
bool vp_process_is_starting(pid_t pid, const struct vp_proc_stat *stat, const char *unit);

/* The path of its executable, also where that was replaced since; owned by the caller. NULL:
 * it has none, or is gone, or may not be asked. */
char *vp_process_executable(pid_t pid);

#endif
