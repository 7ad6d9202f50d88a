/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers and names of queues, leases, sizes and counters: see queue.h. Pure. */
#include "modules/netfilter/queue.h"

#include <string.h>

#define PARITIES 2u
#define ROWS	 (VP_QUEUE_CLASSES * PARITIES * VP_QUEUE_KINDS)

/* Behind the marks of the leases: sizes for IPv4, then those for IPv6. */
#define AWAY_BASE 0x100u
#define AWAY_IPV6 0x40u
_Static_assert(VP_AWAY_MARK == VP_LEASE_MARK + AWAY_BASE, "the mark that queue.h tells");

#define AWAY_SMALLEST ((uint64_t)256 << 10) /* bytes */

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
			enum vp_queue_kind kind, uint64_t generation)
{
	unsigned int parity = (unsigned int)(generation % PARITIES);
	unsigned int row = (class * PARITIES + parity) * VP_QUEUE_KINDS + kind;

	return (uint16_t)(queueing->base + row * queueing->count);
}

bool vp_queue_fits(const struct vp_queueing *queueing)
{
	return queueing->base + ROWS * queueing->count <= UINT16_MAX + 1u;
}

bool vp_queue_find(const struct vp_queueing *queueing, uint16_t queue,
		   enum vp_queue_class *class, enum vp_queue_kind *kind, unsigned int *parity)
{
	unsigned int row;

	if (queue < queueing->base)
		return false;
	row = (unsigned int)(queue - queueing->base) / queueing->count;
	if (row >= ROWS)
		return false;
	*kind = (enum vp_queue_kind)(row % VP_QUEUE_KINDS);
	row /= VP_QUEUE_KINDS;
	*parity = row % PARITIES;
	*class = (enum vp_queue_class)(row / PARITIES);
	return true;
}

uint32_t vp_lease_mark(const struct vp_queueing *queueing, enum vp_queue_class class)
{
	return queueing->lease_mark + class;
}

uint32_t vp_away_mark(const struct vp_queueing *queueing, bool ipv6, unsigned int size)
{
	return queueing->lease_mark + AWAY_BASE + (ipv6 ? AWAY_IPV6 : 0) + size;
}

uint64_t vp_away_bytes(unsigned int size)
{
	return size < VP_AWAY_ENDING ? AWAY_SMALLEST << size : UINT64_MAX;
}

uint16_t vp_published_sign(const struct vp_queueing *queueing)
{
	return (uint16_t)((queueing->lease_mark >> 16 ^ 2) & ~1u);
}

/* As the rules make it: the port as the kernel has it, then the sign, each half its bytes. */
bool vp_published_port(const struct vp_queueing *queueing, uint32_t mark, uint16_t *port,
		       bool *answer)
{
	uint8_t bytes[sizeof(mark)];
	uint16_t sign;

	memcpy(bytes, &mark, sizeof(mark));
	memcpy(&sign, bytes + 2, sizeof(sign));
	if ((sign & ~1u) != vp_published_sign(queueing))
		return false;
	*port = (uint16_t)(bytes[0] << 8 | bytes[1]);
	*answer = sign & 1;
	return true;
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
