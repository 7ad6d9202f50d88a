/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links, addresses, routes and neighbours of a network namespace, over
 * rtnetlink(7). Every call is acknowledged before it returns.
 */
#ifndef VP_LAB_LINK_H
#define VP_LAB_LINK_H

#include <stdint.h>

#include "lib/address.h"
#include "lib/error.h"

struct vp_links; /* a socket in one namespace */

/* In the current namespace, and for as long as the lab's process lives. 0 or -errno. */
int vp_links_open(struct vp_links **links, struct vp_error *err);

#define VP_MAC_SIZE 6

struct vp_link_end {
	const char *name;
	uint8_t mac[VP_MAC_SIZE];
};

/*
 * A pair of virtual Ethernet interfaces: `here` in this namespace, `there` in the
 * one behind `netns`.
 */
int vp_link_pair(struct vp_links *links, const struct vp_link_end *here,
		 const struct vp_link_end *there, int netns, struct vp_error *err);

/* Interfaces are named by index (if_nametoindex(3) in their namespace). 0 or -errno. */
int vp_link_up(struct vp_links *links, unsigned int index, struct vp_error *err);

/* Assign a single address, without duplicate address detection. Having it already is success.
 */
int vp_link_address(struct vp_links *links, unsigned int index,
		    const struct vp_address *address, struct vp_error *err);

/* A neighbour that never needs to be asked for. */
int vp_link_neighbour(struct vp_links *links, unsigned int index,
		      const struct vp_address *address, const uint8_t mac[static VP_MAC_SIZE],
		      struct vp_error *err);

/* A route to one address, or with destination NULL to everything, through `gateway` on that
 * link. */
int vp_link_route(struct vp_links *links, unsigned int index,
		  const struct vp_address *destination, const struct vp_address *gateway,
		  struct vp_error *err);

/*
 * The route that makes an assigned address this namespace's own. The kernel makes
 * it too, but for IPv6 in its own time; until then packets to it are forwarded.
 */
int vp_link_local(struct vp_links *links, unsigned int index, const struct vp_address *address,
		  struct vp_error *err);

/* Forget all tracked connections of this namespace. 0 or -errno (-EOPNOTSUPP: not in this
 * kernel). */
int vp_conntrack_flush(struct vp_error *err);

#endif
