/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is a worker late? See health.h. */
#include "agentd/inspect/health.h"

enum vp_lateness vp_health_check(struct vp_health *health, struct vp_pulse pulse,
				 bool readable, uint64_t now)
{
	if (pulse.busy_since && pulse.busy_since < now &&
	    now - pulse.busy_since > health->limit)
		return VP_LATE_BUSY;
	if (!readable || pulse.received != health->received)
		health->stalled_since = 0;
	else if (!health->stalled_since)
		health->stalled_since = now;
	health->received = pulse.received;
	if (health->stalled_since && now - health->stalled_since > health->limit)
		return VP_LATE_DEAF;
	return 0;
}
