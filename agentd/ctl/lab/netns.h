/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Private namespaces of this process. Only for a child process that was forked
 * for it and ends with it: nothing here is undone, the kernel does that when the
 * last descriptor is closed.
 */
#ifndef VP_LAB_NETNS_H
#define VP_LAB_NETNS_H

#include <stdbool.h>

#include "lib/error.h"

/*
 * Make network namespaces possible: as they are for root, inside a user
 * namespace of our own otherwise (*user says which). Returns 0, or -errno with
 * what forbids it and the cure.
 */
int vp_netns_isolate(bool *user, struct vp_error *err);

/* Make a network namespace, enter it, and return its descriptor (owned by the caller) or
 * -errno. */
int vp_netns_new(struct vp_error *err);

/* Make it the current one; sockets stay where they were made. 0 or -errno. */
int vp_netns_enter(int netns, struct vp_error *err);

#endif
