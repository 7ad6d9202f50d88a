/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the two processes of inspection may do, and the descriptors that they have.
 *
 * The worker reads packets of its queues, writes verdicts into shared memory,
 * wakes the writer, and talks to the parent. The writer sends verdicts, renews
 * leases and lets connections leave the queues; it has CAP_NET_ADMIN, without which the kernel
 * takes no verdict, and reads no packet's content. Neither can open, connect, run or trace
 * anything.
 */
#ifndef VP_INSPECT_CONFINE_H
#define VP_INSPECT_CONFINE_H

#include "agentd/sandbox.h"

/* Given by the parent, to both alike. */
enum {
	VP_FD_QUEUE = 3, /* the queues' socket */
	VP_FD_CONTROL,	 /* to the parent */
	VP_FD_RING,	 /* both are mapped and closed before anything else */
	VP_FD_TALLY,
	VP_FD_WAKE, /* a pipe to the writer: verdicts came while it slept */
	VP_FD_LIFE, /* a socket pair between the two: its end is that of the other process */
	VP_FD_GIVEN_END,
	VP_FD_EPOLL = VP_FD_RING,
	/* the worker's: a program on its way in */
	VP_FD_PROGRAM = VP_FD_TALLY,
	VP_FD_WORKER_END = VP_FD_GIVEN_END,
	/* the writer's: one socket a class, where it has queues of that class */
	VP_FD_LEASE = VP_FD_GIVEN_END,
	VP_FD_AWAY = VP_FD_LEASE + 3, /* and one for orders to leave */
	VP_FD_WRITER_END,
};

/* `user` and *achieved as in vp_sandbox_enter. 0 or -errno. */
int vp_confine_worker(const char *user, unsigned int *achieved, struct vp_error *err);
int vp_confine_writer(const char *user, unsigned int *achieved, struct vp_error *err);

#endif
