/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers and names of queues, leases and their counters: see queue.h. Pure. */
#include "modules/netfilter/queue.h"

#define ROWS 2u /* of a class: one for each parity of generations */

#define COUNT_TAG 0x76706e00u

const char *vp_queue_class_name(enum vp_queue_class class)
{
	static const char *const names[VP_QUEUE_CLASSES] = {
		[VP_QUEUE_PASS] = "pass",
		[VP_QUEUE_BLOCK] = "block",
		[VP_QUEUE_WATCH] = "watch",
	};

	return names[class];
}

struct vp_queueing vp_queueing(const struct vp_host *host)
{
	struct vp_queueing queueing = host->queueing;

	if (!queueing.base)
		queueing.base = VP_QUEUE_BASE;
	if (!queueing.count)
		queueing.count = 1;
	if (!queueing.lease_mark)
		queueing.lease_mark = VP_LEASE_MARK;
	if (!queueing.lease_milliseconds)
		queueing.lease_milliseconds = VP_LEASE_TIME;
	return queueing;
}

uint16_t vp_queue_first(const struct vp_queueing *queueing, enum vp_queue_class class,
			uint64_t generation)
{
	unsigned int row = class * ROWS + (unsigned int)(generation % ROWS);

	return (uint16_t)(queueing->base + row * queueing->count);
}

bool vp_queue_fits(const struct vp_queueing *queueing)
{
	return queueing->base + VP_QUEUE_CLASSES * ROWS * queueing->count <= UINT16_MAX + 1u;
}

bool vp_queue_find(const struct vp_queueing *queueing, uint16_t queue,
		   enum vp_queue_class *class, unsigned int *parity)
{
	unsigned int row;

	if (queue < queueing->base)
		return false;
	row = (unsigned int)(queue - queueing->base) / queueing->count;
	if (row >= VP_QUEUE_CLASSES * ROWS)
		return false;
	*class = (enum vp_queue_class)(row / ROWS);
	*parity = row % ROWS;
	return true;
}

uint32_t vp_lease_mark(const struct vp_queueing *queueing, enum vp_queue_class class)
{
	return queueing->lease_mark + class;
}

const char *vp_queue_count_name(enum vp_queue_count which)
{
	static const char *const names[VP_QUEUE_COUNTS] = {
		[VP_QUEUE_UNREAD_PASS] = "inspection-unread-pass",
		[VP_QUEUE_UNREAD_BLOCK] = "inspection-unread-block",
		[VP_QUEUE_UNREAD_WATCH] = "inspection-unread-watch",
		[VP_QUEUE_INVALID] = "inspection-invalid",
	};

	return names[which];
}

uint32_t vp_queue_count_tag(enum vp_queue_count which)
{
	return COUNT_TAG + which;
}
