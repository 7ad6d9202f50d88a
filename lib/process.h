/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel says about a process, in /proc. */
#ifndef VP_LIB_PROCESS_H
#define VP_LIB_PROCESS_H

#include <sys/types.h>

/* 0 at the top, or when the process is gone. */
pid_t vp_process_parent(pid_t pid);

/* The same from the text of /proc/PID/stat; 0 when it is none. Pure. */
pid_t vp_process_parse_parent(const char *stat);

#endif
