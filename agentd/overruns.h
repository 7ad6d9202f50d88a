/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets that wait in our queues, and those that the kernel dropped because a queue
 * was full or could not take them (/proc/net/netfilter/nfnetlink_queue, of the kernel's
 * net/netfilter/nfnetlink_queue.c). Where a full queue lets packets pass, as in the
 * classes pass and watch, the kernel does not count them.
 */
#ifndef VP_AGENTD_OVERRUNS_H
#define VP_AGENTD_OVERRUNS_H

#include "policy/host.h"

struct vp_overruns {
	uint64_t waiting, dropped;
};

/* Of the host's queues. 0, or -errno: the kernel has no such file. */
int vp_overruns_read(const struct vp_host *host, struct vp_overruns *overruns);

/* Of the file's text. Pure. */
void vp_overruns_parse(const char *text, const struct vp_host *host,
		       struct vp_overruns *overruns);

#endif
