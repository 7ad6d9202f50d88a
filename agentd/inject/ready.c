/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Locked, first and spared: see ready.h. */
#include "agentd/inject/ready.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "lib/cleanup.h"

#define FIRST (-20)

static int spare(void)
{
	static const char never[] = "-1000";
	_cleanup_close_ int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, never, strlen(never)) > 0;
}

/* The lowest of the real-time priorities: a thread that it waits for may be of a higher one.
 */
int vp_ready_first(bool children)
{
	const struct sched_param lowest = { .sched_priority = 1 };
	const int policy = SCHED_FIFO | (children ? 0 : SCHED_RESET_ON_FORK);

	return !sched_setscheduler(0, policy, &lowest) || !setpriority(PRIO_PROCESS, 0, FIRST);
}

int vp_ready(void)
{
	return !mlockall(MCL_CURRENT | MCL_FUTURE) + vp_ready_first(false) + spare();
}
