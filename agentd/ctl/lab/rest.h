/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets of a network namespace that wait in user space for a verdict, as the
 * kernel counts them (/proc/net/netfilter/nfnetlink_queue).
 */
#ifndef VP_LAB_REST_H
#define VP_LAB_REST_H

#include <stdint.h>

#include "lib/error.h"

struct vp_queued_now {
	uint64_t waiting; /* without a verdict */
	uint64_t ever;	  /* queued since the queues were made */
};

/* A descriptor for the current namespace; -errno where the kernel has no queues. */
int vp_rest_open(struct vp_error *err);

/* All queues together. 0 or -errno. */
int vp_rest_read(int fd, struct vp_queued_now *now, struct vp_error *err);

#endif
