/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dumps of rtnetlink: interfaces, addresses, routes, queueing disciplines. */
#ifndef VP_MODULES_ROUTE_H
#define VP_MODULES_ROUTE_H

#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

/* A bound socket, owned by the caller (mnl_socket_close); NULL: there is none to be had. */
struct mnl_socket *vp_route_open(void);

/*
 * Ask for all objects of RTM_GET`type`, with `header` (struct ifinfomsg and so on) in
 * front, and visit each. What cannot be read is not visited.
 */
void vp_route_dump(struct mnl_socket *socket, uint16_t type, const void *header, size_t size,
		   mnl_cb_t visit, void *data);

#endif
