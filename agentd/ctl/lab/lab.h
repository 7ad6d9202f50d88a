/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A lab: three network namespaces in a row, routed, with the shield in the middle.
 *
 *   client (attacker, benign user) --- host (the shield) --- endpoint (legacy device)
 *
 * IPv4 and IPv6 alike. Only for a child process of its own; a lab is not taken
 * apart but ends with the process.
 */
#ifndef VP_LAB_LAB_H
#define VP_LAB_LAB_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/address.h"
#include "lib/error.h"
#include "lib/memory.h"

enum vp_lab_side { VP_LAB_CLIENT, VP_LAB_HOST, VP_LAB_ENDPOINT, VP_LAB_SIDES };

struct vp_links;

struct vp_lab {
	bool user_namespace;   /* made without root */
	unsigned int families; /* VP_FAMILY_ bits that work here */
	int netns[VP_LAB_SIDES];
	struct vp_links *links[VP_LAB_SIDES];
	unsigned int index[VP_LAB_SIDES];     /* of the interface; the host's is the one to the
						 client */
	unsigned int index_inner;	      /* the host's interface to the endpoint */
	struct vp_address client[2], host[2]; /* default addresses: IPv4, IPv6 */
	int sender;	 /* IP packets, from the client onto the link to the host */
	int fence[4];	 /* client, host outer, host inner, endpoint */
	uint32_t fences; /* sent so far */
	int queues;	 /* the host's packet queues (rest.h); -1: nothing is queued there */
	/* called while the lab waits for whoever reads the queues; or NULL */
	void (*attend)(void *context);
	void *attended;
	VP_ARRAY(char *) missing; /* isolation that could not be reproduced, in words */
};

/* Default addresses avoid these: what a patch gives to endpoints and senders. */
VP_ARRAY_TYPE(vp_ranges, struct vp_address_range);

/*
 * Make the namespaces, links and default addresses. Must be called once, in a
 * process of its own; binds it to one processor (the order of packets, and
 * with it every verdict of the lab, rests on that). 0, or -errno: -EPERM and
 * the like when there can be no namespaces.
 */
int vp_lab_open(struct vp_lab *lab, const struct vp_ranges *taken, unsigned int processor,
		struct vp_error *err);

/* Index of a family into client[] and host[]. */
static inline size_t vp_lab_family(uint8_t family)
{
	return family == 4 ? 0 : 1;
}

/* Assign an address to one side and make the others route to it. 0 or -errno. */
int vp_lab_assign(struct vp_lab *lab, enum vp_lab_side side, const struct vp_address *address,
		  struct vp_error *err);

/* Make the side's namespace the current one. */
int vp_lab_enter(struct vp_lab *lab, enum vp_lab_side side, struct vp_error *err);

/* Put an IP packet onto the link from the client to the host. 0 or -errno. */
int vp_lab_send(struct vp_lab *lab, const void *packet, size_t len, struct vp_error *err);

/*
 * Wait until everything that was under way has arrived, `rounds` times through
 * the lab and back. A marker frame (no IP: no shield can touch it) follows the
 * traffic through the same queues; where it has passed, what was sent before it
 * has been delivered or dropped. Where packets are queued to user space it goes
 * on until nothing waits there and nothing more came; packets that are held back
 * because others are missing do not end the wait by themselves, a short time does.
 * 0, or -ETIMEDOUT when the marker is lost.
 */
int vp_lab_settle(struct vp_lab *lab, unsigned int rounds, struct vp_error *err);

/*
 * While it is detached, the client's kernel gets nothing from its link, so that it
 * does not answer for connections that are none of its own. 0 or -errno.
 */
int vp_lab_detach(struct vp_lab *lab, bool detached, struct vp_error *err);

/* Packets may be queued on the host from now on. 0 or -errno. */
int vp_lab_watch_queues(struct vp_lab *lab, struct vp_error *err);

/* Forget tracked connections on the host. */
int vp_lab_forget(struct vp_lab *lab, struct vp_error *err);

#endif
