/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How packets of inspected services reach user space: the contract between the
 * rules (compile_queue.c) and whoever listens. Pure.
 *
 * Every endpoint with inspection rules is of one class, by the strictest of its
 * enforced patches; a queue has packets of one class only, so that a whole queue
 * can be settled with one verdict. Each class has two rows of queues for each kind of
 * packet: the rules of a generation name the rows of its number's parity, so that the
 * queue tells which generation's programs judge a packet, and those of the one before
 * still wait in the other row. TCP goes to the row of streams, where several segments
 * may come in one (NFQA_CFG_F_GSO); everything else to the row of datagrams, where each
 * comes as it was sent. Within a row the kernel chooses by a hash of the two addresses,
 * the same in both directions and in all rows.
 *
 * A packet is queued only while the lease of its class is fresh. A beat renews
 * it: any packet over loopback with the mark of the class, which needs
 * CAP_NET_ADMIN to set (from Linux 5.17 on CAP_NET_RAW will do). The rules take the
 * beat out before anything else sees it: sending it fails with EPERM, and when it does
 * not, the rules are not there. Without a beat for vp_queueing.lease_milliseconds, what
 * would be queued passes unread (PASS, WATCH) or is dropped (BLOCK), counted either way.
 *
 * One direction of a TCP connection can leave the queue: a UDP datagram over loopback,
 * of either family, with the mark vp_away_mark(), whose payload is the key of the packets
 * that shall go by: source address, destination address, source port, destination port
 * as those packets have them, in network order and without padding (VP_AWAY_KEY4 or
 * VP_AWAY_KEY6 bytes). It is taken out as beats are. From then on segments with that key
 * go on unread, as long as their IP packets together have at most vp_away_bytes() bytes,
 * headers included; so never more payload than that. The first one that would be more
 * is queued, and so is everything behind it. A segment with SYN, FIN, RST or URG ends
 * this and is queued; one that conntrack does not count as part of an established
 * connection is always queued (or dropped where such are). It ends by itself
 * VP_AWAY_TIME after the datagram, used or not, and with the next generation of rules; a
 * later datagram takes the place of an earlier one. Where the kernel lacks what this needs
 * (vp_kernel.away), or the sets are full, datagrams are taken out all the same and everything
 * stays queued: the reader learns what became of it only from what it gets to read.
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

enum vp_queue_kind {
	VP_QUEUE_STREAMS,   /* TCP; several segments may come in one */
	VP_QUEUE_DATAGRAMS, /* everything else, each as it was sent */
	VP_QUEUE_KINDS
};

/* "pass", "block", "watch" */
const char *vp_queue_class_name(enum vp_queue_class class);

#define VP_QUEUE_BASE	   4700u
#define VP_LEASE_MARK	   0x76706c00u
#define VP_LEASE_TIME	   200u /* ms */
#define VP_QUEUE_COUNT_MAX 64u

/* The host's values, or the defaults where it has none. */
struct vp_queueing vp_queueing(const struct vp_host *host);

/* The first queue of a class and kind for a generation; queueing->count of them belong
 * together. */
uint16_t vp_queue_first(const struct vp_queueing *queueing, enum vp_queue_class class,
			enum vp_queue_kind kind, uint64_t generation);

/* Are all queue numbers numbers? */
bool vp_queue_fits(const struct vp_queueing *queueing);

/* The class and kind of that queue, and the parity of its generations. False: not ours. */
bool vp_queue_find(const struct vp_queueing *queueing, uint16_t queue,
		   enum vp_queue_class *class, enum vp_queue_kind *kind, unsigned int *parity);

/* Of a beat. */
uint32_t vp_lease_mark(const struct vp_queueing *queueing, enum vp_queue_class class);

/* With the default lease mark: that of the smallest size for IPv4. */
#define VP_AWAY_MARK   0x76706d00u
#define VP_AWAY_SIZES  16u /* 256 KiB << size; the last one is without end */
#define VP_AWAY_ENDING (VP_AWAY_SIZES - 1)
#define VP_AWAY_TIME   3600000u /* ms */
#define VP_AWAY_KEY4   12u
#define VP_AWAY_KEY6   36u

/* Of a datagram with which a flow of that family leaves; `size` below VP_AWAY_SIZES. */
uint32_t vp_away_mark(const struct vp_queueing *queueing, bool ipv6, unsigned int size);

/* How many bytes that lets go by; UINT64_MAX: without end. */
uint64_t vp_away_bytes(unsigned int size);

/*
 * A packet of a flow whose destination was translated (a published port) is queued as it
 * is sent on. When it had no mark, it comes with one (NFQA_MARK) that has the port that
 * the flow was sent to first, which is the service's. The rules take the mark away again
 * when the packet has passed. True: this is such a mark; *port (host order) and
 * *answer, whether the server sends the packet, are set.
 */
bool vp_published_port(const struct vp_queueing *queueing, uint32_t mark, uint16_t *port,
		       bool *answer);
/* The half of such marks that is not the port, host order. Answers' has the lowest bit more.
 */
uint16_t vp_published_sign(const struct vp_queueing *queueing);

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
