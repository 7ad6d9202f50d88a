/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What connection tracking knows of one connection (ctnetlink). */
#ifndef VP_AGENTD_CONNTRACK_H
#define VP_AGENTD_CONNTRACK_H

#include <stdbool.h>
#include <stdint.h>

#include "agentd/query.h"
#include "lib/address.h"

/* A TCP connection as it is behind a translation of its destination; ports in host order. */
struct vp_ends {
	struct vp_address client, server;
	uint16_t client_port, server_port;
};

struct vp_tracked {
	bool assured;	    /* its handshake was completed: the client's address is its own */
	uint16_t published; /* port that it was sent to before its destination was
			     * translated, by this client; 0: it was not */
	struct vp_address published_at; /* and the address */
};

/*
 * 1: *tracked is filled in; 0: there is no such connection; -errno. `query` is of
 * NETLINK_NETFILTER.
 */
int vp_conntrack_find(struct vp_query *query, const struct vp_ends *ends,
		      struct vp_tracked *tracked);

#endif
