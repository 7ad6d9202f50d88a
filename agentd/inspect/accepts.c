/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Many accepted packets, few verdicts: see accepts.h. */
#include "agentd/inspect/accepts.h"

void vp_accepts_received(struct vp_accepts *accepts)
{
	accepts->waiting++;
}

bool vp_accepts_accept(struct vp_accepts *accepts, uint32_t packet)
{
	if (accepts->count == VP_ACCEPTS_MAX)
		return false;
	accepts->packets[accepts->count++] = packet;
	accepts->waiting--;
	return true;
}

void vp_accepts_other(struct vp_accepts *accepts)
{
	accepts->waiting--;
}

static struct vp_ring_verdict accept_one(const struct vp_accepts *accepts, uint32_t packet)
{
	return (struct vp_ring_verdict){ .queue = accepts->queue,
					 .accept = true,
					 .packet = packet };
}

/* In the order of the queue? What waited for the piece before it is not. */
static bool in_order(const struct vp_accepts *accepts)
{
	for (size_t i = 1; i < accepts->count; i++) /* numbers wrap */
		if ((int32_t)(accepts->packets[i] - accepts->packets[i - 1]) < 0)
			return false;
	return true;
}

size_t vp_accepts_take(struct vp_accepts *accepts,
		       struct vp_ring_verdict verdicts[static VP_ACCEPTS_MAX])
{
	size_t count = accepts->count;
	bool single = accepts->waiting || count < 2 || !in_order(accepts);

	accepts->count = 0;
	if (single) {
		for (size_t i = 0; i < count; i++)
			verdicts[i] = accept_one(accepts, accepts->packets[i]);
		return count;
	}
	verdicts[0] = accept_one(accepts, accepts->packets[count - 1]);
	verdicts[0].batch = true;
	return 1;
}
