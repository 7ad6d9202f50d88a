/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking the kernel one question over netlink and waiting for its one answer. */
#ifndef VP_AGENTD_QUERY_H
#define VP_AGENTD_QUERY_H

#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

struct vp_query {
	struct mnl_socket *socket; /* NULL: closed */
	uint32_t sequence;
};

#define VP_QUERY_ROOM 8192 /* for a question and its answer */

/* A socket of that netlink family (NETLINK_...). 0 or -errno; *query all zero then. */
int vp_query_open(struct vp_query *query, int family);
void vp_query_close(struct vp_query *query);

/*
 * Send the message at the begin of `buffer` (VP_QUERY_ROOM bytes); what answers it
 * takes its place. 0, the kernel's -errno, -EAGAIN when it did not answer in time.
 */
int vp_query_ask(struct vp_query *query, void *buffer);

#endif
