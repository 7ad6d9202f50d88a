/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process of ours with given descriptors and nothing else of its parent's. */
#ifndef VP_INSPECT_CHILD_H
#define VP_INSPECT_CHILD_H

#include <stddef.h>
#include <sys/types.h>

#include "lib/error.h"

/*
 * Run `executable`, an absolute path, with fds[i] as descriptor 3 + i and an empty
 * environment. The descriptors stay the caller's and must be above all of the
 * child's, and close-on-exec (vp_child_raise). The process id, or -errno.
 */
pid_t vp_child_start(const char *executable, const int *fds, size_t count,
		     struct vp_error *err);

/* Move a descriptor up, where it is in no child's way. 0 or -errno. */
int vp_child_raise(int *fd);

/*
 * Kill it, whatever state it is in, and wait. How it ended is written into `ended`
 * ("by signal 31 (...)", "with exit status 1"), of `room` bytes.
 */
void vp_child_end(pid_t pid, char *ended, size_t room);

/* Has it ended? Then it was waited for, and `ended` is written. */
int vp_child_ended(pid_t pid, char *ended, size_t room);

/* Path of an executable of ours, owned by the caller: beside the running one, as in a build
 * folder; else where it is installed. */
char *vp_child_executable(const char *name);

#endif
