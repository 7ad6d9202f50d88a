/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A timer whose signal is SIGKILL: see limit.h. It goes with its process. */
#include "agentd/hook/limit.h"

#include <signal.h>

void vp_hook_limit(struct vp_hook_limit *limit, unsigned int milliseconds)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL };
	const struct itimerspec time = {
		.it_value = { .tv_sec = milliseconds / 1000,
			      .tv_nsec = milliseconds % 1000 * 1000000L },
	};

	if (!limit->open && timer_create(CLOCK_MONOTONIC, &event, &limit->timer))
		return;
	limit->open = true;
	(void)timer_settime(limit->timer, 0, &time, NULL);
}
