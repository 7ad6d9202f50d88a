/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process that can do no harm: first of its own process namespace, in user, mount,
 * network, IPC and host name namespaces that it shares with nobody, on an empty, read-only
 * file system, without any capability and as nobody.
 */
#ifndef VP_LAB_CELL_H
#define VP_LAB_CELL_H

#include <stddef.h>
#include <sys/types.h>

#include "lib/error.h"

#define VP_CELL_UID 65534 /* nobody, whatever the system calls it */

struct vp_cell_order {
	/* What the process does there; its descriptors are /dev/null as 0, 1 and 2, and those
	 * of `fds` from 3 on. It ends with the result. */
	int (*run)(void *context);
	void *context;
	const int *fds;
	size_t count;
};

/*
 * Start it: the process id of its keeper, which lives as long as the cell does and with
 * whose end (or the caller's) all that is in the cell is killed. -errno: -EPERM, -ENOSPC
 * and the like when there can be no namespaces here; anything else that the process does not
 * have in the end, or has, is an error too.
 */
pid_t vp_cell_start(const struct vp_cell_order *order, struct vp_error *err);

/* End it, and wait for that. */
void vp_cell_end(pid_t keeper);

#endif
