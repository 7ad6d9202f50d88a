/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One question, one answer: see query.h. No dumps, no transactions. */
#include "agentd/query.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/time.h>

#define PATIENCE 1 /* seconds for the kernel's answer */

int vp_query_open(struct vp_query *query, int family)
{
	const struct timeval patience = { .tv_sec = PATIENCE };
	int r = 0;

	*query = (struct vp_query){ .socket = mnl_socket_open2(family, SOCK_CLOEXEC) };
	if (!query->socket)
		return -errno;
	if (mnl_socket_bind(query->socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    setsockopt(mnl_socket_get_fd(query->socket), SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience))) {
		r = -errno;
		vp_query_close(query);
	}
	return r;
}

void vp_query_close(struct vp_query *query)
{
	if (query->socket)
		mnl_socket_close(query->socket);
	*query = (struct vp_query){ 0 };
}

int vp_query_ask(struct vp_query *query, void *buffer)
{
	struct nlmsghdr *message = buffer;
	ssize_t length;

	message->nlmsg_seq = ++query->sequence;
	if (mnl_socket_sendto(query->socket, message, message->nlmsg_len) < 0)
		return -errno;
	do {
		length = mnl_socket_recvfrom(query->socket, buffer, VP_QUERY_ROOM);
		if (length < 0 && errno != EINTR)
			return -errno;
	} while (length < 0 || !mnl_nlmsg_ok(message, (int)length) ||
		 message->nlmsg_seq != query->sequence);
	if (message->nlmsg_type == NLMSG_ERROR)
		return ((const struct nlmsgerr *)mnl_nlmsg_get_payload(message))->error;
	return 0;
}
