/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How packets of inspected services reach user space: the contract between the
 * rules (compile_queue.c) and whoever listens. Pure.
 *
 * Every endpoint with inspection rules is of one class, by the strictest of its
 * enforced patches; a queue has packets of one class only, so that a whole queue
 * can be settled with one verdict. Each class has two rows of queues: the
 * rules of a generation name the row of its number's parity, so that the queue
 * tells which generation's programs judge a packet, and those of the one before
 * still wait in the other row. Within a row the kernel chooses by a hash of the
 * two addresses, the same in both directions and in both rows.
 *
 * A packet is queued only while the lease of its class is fresh. A beat renews
 * it: any packet over loopback with the mark of the class, which needs
 * CAP_NET_ADMIN to set. The rules take the beat out before anything else sees it:
 * sending it fails with EPERM, and when it does not, the rules are not there.
 * Without a beat for vp_queueing.lease_milliseconds, what would be queued passes
 * unread (PASS, WATCH) or is dropped (BLOCK), counted either way.
 */
#ifndef VP_NETFILTER_QUEUE_H
#define VP_NETFILTER_QUEUE_H

#include <stdint.h>

#include "policy/host.h"

enum vp_queue_class {
	VP_QUEUE_PASS,	/* enforced; passes when it cannot be read */
	VP_QUEUE_BLOCK, /* enforced; dropped when it cannot be read */
	VP_QUEUE_WATCH, /* only monitored: never altered, whatever fails */
	VP_QUEUE_CLASSES
};

/* "pass", "block", "watch" */
const char *vp_queue_class_name(enum vp_queue_class class);

#define VP_QUEUE_BASE	   4700u
#define VP_LEASE_MARK	   0x76706c00u
#define VP_LEASE_TIME	   200u /* ms */
#define VP_QUEUE_COUNT_MAX 64u

/* The host's values, or the defaults where it has none. */
struct vp_queueing vp_queueing(const struct vp_host *host);

/* The first queue of a class for a generation; queueing->count of them belong together. */
uint16_t vp_queue_first(const struct vp_queueing *queueing, enum vp_queue_class class,
			uint64_t generation);

/* Are all queue numbers numbers? */
bool vp_queue_fits(const struct vp_queueing *queueing);

/* The class of that queue, and which row: the parity of its generations. False: not ours. */
bool vp_queue_find(const struct vp_queueing *queueing, uint16_t queue,
		   enum vp_queue_class *class, unsigned int *parity);

/* Of a beat. */
uint32_t vp_lease_mark(const struct vp_queueing *queueing, enum vp_queue_class class);

/*
 * Counters of all services together. In the kernel they have these names, which no
 * rule can have, and these tags, by which struct vp_module's counts() gives them.
 */
enum vp_queue_count {
	VP_QUEUE_UNREAD_PASS,  /* the lease had ended: passed unread */
	VP_QUEUE_UNREAD_BLOCK, /* the same, dropped */
	VP_QUEUE_UNREAD_WATCH, /* the same, passed */
	VP_QUEUE_INVALID, /* not of a connection, or off its window: dropped before the queue
			   */
	VP_QUEUE_COUNTS
};

const char *vp_queue_count_name(enum vp_queue_count which);
uint32_t vp_queue_count_tag(enum vp_queue_count which);

/* Words of the reports of what is dropped without having been read, behind "vpatch:"; the
 * packet's mark is the tag of the rule on whose behalf. */
#define VP_UNREAD_WORD	"unread"
#define VP_INVALID_WORD "invalid"

#endif
