/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP sockets of this network namespace, asked for by state (sock_diag(7), linux/inet_diag.h).
 * /proc/net/tcp is no way to find a few of them: it has all connections, waiting ones too, and
 * reading it beside a load of new ones was seen to take 30 to 60 seconds.
 */
#ifndef VP_MODULES_TCP_SOCKETS_H
#define VP_MODULES_TCP_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/address.h"

struct vp_tcp_socket {
	struct vp_address local, peer; /* of the socket's family, as the kernel has them */
	uint16_t local_port, peer_port;
	unsigned long inode;
};

typedef void vp_tcp_socket_visit(void *context, const struct vp_tcp_socket *socket);

/*
 * Visit those in `state` (netinet/tcp.h). False: not all could be, as where the kernel is
 * without tcp_diag; some may have been visited.
 */
bool vp_tcp_sockets_each(int state, vp_tcp_socket_visit *visit, void *context);

#endif
