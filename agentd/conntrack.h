/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What connection tracking knows of one connection (ctnetlink). */
#ifndef VP_AGENTD_CONNTRACK_H
#define VP_AGENTD_CONNTRACK_H

#include <stdint.h>

#include "agentd/query.h"
#include "lib/address.h"

/* A TCP connection as it is behind a translation of its destination; ports in host order. */
struct vp_ends {
	struct vp_address client, server;
	uint16_t client_port, server_port;
};

/*
 * The port that the connection was sent to before its destination was translated.
 * 1: *port is filled in; 0: there is no such connection, or it was not translated, or
 * at its other end too; -errno. `query` is of NETLINK_NETFILTER.
 */
int vp_conntrack_published(struct vp_query *query, const struct vp_ends *ends, uint16_t *port);

#endif
