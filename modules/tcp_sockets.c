/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dumps of sockets: see tcp_sockets.h. */
#include "modules/tcp_sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/inet_diag.h>
#include <linux/sock_diag.h>

#include <libmnl/libmnl.h>

#include "modules/dump.h"

struct visitor {
	vp_tcp_socket_visit *visit;
	void *context;
};

static struct vp_address address_of(const struct inet_diag_msg *message, const uint32_t *words)
{
	bool four = message->idiag_family == AF_INET;
	struct vp_address address = { .family = four ? 4 : 6 };

	memcpy(address.bytes, words, four ? 4 : 16);
	return address;
}

static int visit_message(const struct nlmsghdr *header, void *data)
{
	const struct inet_diag_msg *message = mnl_nlmsg_get_payload(header);
	const struct visitor *visitor = data;
	struct vp_tcp_socket socket;

	if (mnl_nlmsg_get_payload_len(header) < sizeof(*message))
		return MNL_CB_OK;
	socket = (struct vp_tcp_socket){
		.local = address_of(message, message->id.idiag_src),
		.peer = address_of(message, message->id.idiag_dst),
		.local_port = ntohs(message->id.idiag_sport),
		.peer_port = ntohs(message->id.idiag_dport),
		.inode = message->idiag_inode,
	};
	visitor->visit(visitor->context, &socket);
	return MNL_CB_OK;
}

bool vp_tcp_sockets_each(int state, vp_tcp_socket_visit *visit, void *context)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct visitor visitor = { visit, context };
	struct mnl_socket *socket = vp_dump_open(NETLINK_SOCK_DIAG);
	bool all = socket != NULL;

	for (size_t i = 0; all && i < sizeof(families); i++) {
		const struct inet_diag_req_v2 request = { .sdiag_family = families[i],
							  .sdiag_protocol = IPPROTO_TCP,
							  .idiag_states = 1u << state };

		all = vp_dump(socket, SOCK_DIAG_BY_FAMILY, &request, sizeof(request),
			      visit_message, &visitor);
	}
	if (socket)
		mnl_socket_close(socket);
	return all;
}
