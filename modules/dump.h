/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dumps by netlink: interfaces, addresses, routes, queueing disciplines (rtnetlink(7)),
 * sockets (sock_diag(7)).
 */
#ifndef VP_MODULES_DUMP_H
#define VP_MODULES_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

/* A bound socket of NETLINK_`protocol`, owned by the caller (mnl_socket_close); NULL: there is
 * none to be had. */
struct mnl_socket *vp_dump_open(int protocol);

/*
 * Ask for all objects by a request of `type` (RTM_GETLINK and so on), with `header` (struct
 * ifinfomsg and so on) in front, and visit each. What cannot be read is not visited; false:
 * that was so.
 */
bool vp_dump(struct mnl_socket *socket, uint16_t type, const void *header, size_t size,
	     mnl_cb_t visit, void *data);

#endif
