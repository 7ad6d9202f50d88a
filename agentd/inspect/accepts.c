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

size_t vp_accepts_take(struct vp_accepts *accepts,
		       struct vp_ring_verdict verdicts[static VP_ACCEPTS_MAX])
{
	uint32_t newest = accepts->packets[0];
	size_t count = accepts->count;

	accepts->count = 0;
	if (accepts->waiting || count < 2) {
		for (size_t i = 0; i < count; i++)
			verdicts[i] = accept_one(accepts, accepts->packets[i]);
		return count;
	}
	for (size_t i = 1; i < count; i++) /* numbers wrap */
		if ((int32_t)(accepts->packets[i] - newest) > 0)
			newest = accepts->packets[i];
	verdicts[0] = accept_one(accepts, newest);
	verdicts[0].batch = true;
	return 1;
}
