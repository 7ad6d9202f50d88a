/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is a worker late? Judged by its pulse and by what waits to be read. Pure. */
#ifndef VP_INSPECT_HEALTH_H
#define VP_INSPECT_HEALTH_H

#include "agentd/inspect/note.h"
#include "agentd/inspect/ring.h"

struct vp_health {
	uint64_t limit; /* milliseconds that it may take for anything */
	uint64_t received;
	uint64_t stalled_since; /* something waits and nothing is received; 0: not so */
};

/* What a writer looks at each tick; the packets' deadline leaves room for what comes then. */
#define VP_HEALTH_TICK(deadline)  ((deadline) / 8)
#define VP_HEALTH_LIMIT(deadline) ((deadline)*5 / 8)

/* `readable`: something waits on the queues' socket. 0: it is not late. */
enum vp_lateness vp_health_check(struct vp_health *health, struct vp_pulse pulse,
				 bool readable, uint64_t now);

#endif
