/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process of the hook's own, forked from its keeper, with a socket between the two. */
#ifndef VP_HOOK_CHILD_H
#define VP_HOOK_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/error.h"

struct vp_hook_child {
	pid_t id;   /* 0: none runs */
	int socket; /* does not block; -1: closed by the other side, or none runs */
};

/* 1 in the keeper; 0 in the child, where *socket is its end; or -errno. All signals are
 * blocked in both. */
int vp_hook_child_start(struct vp_hook_child *child, const char *name, int *socket,
			struct vp_error *err);

/* Has it ended? Then *status is as of waitpid(2), and there is none any more. */
bool vp_hook_child_ended(struct vp_hook_child *child, int *status);

/* Close the socket, by which it knows that it is to end. */
void vp_hook_child_close(struct vp_hook_child *child);

#endif
