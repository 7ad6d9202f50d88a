/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading by netlink: see dump.h. Nothing here changes anything. */
#include "modules/dump.h"

#include "lib/memory.h"

#define ANSWER_SIZE (64u << 10)

struct mnl_socket *vp_dump_open(int protocol)
{
	struct mnl_socket *socket = mnl_socket_open2(protocol, SOCK_CLOEXEC);

	if (socket && mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		mnl_socket_close(socket);
		return NULL;
	}
	return socket;
}

bool vp_dump(struct mnl_socket *socket, uint16_t type, const void *header, size_t size,
	     mnl_cb_t visit, void *data)
{
	uint8_t *buffer = vp_alloc(1, ANSWER_SIZE);
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	int more = MNL_CB_OK;

	request->nlmsg_type = type;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request->nlmsg_seq = type;
	memcpy(mnl_nlmsg_put_extra_header(request, size), header, size);
	if (mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
		more = MNL_CB_ERROR;
	while (more > MNL_CB_STOP) {
		ssize_t got = mnl_socket_recvfrom(socket, buffer, ANSWER_SIZE);

		if (got <= 0)
			break;
		more = mnl_cb_run(buffer, (size_t)got, type, mnl_socket_get_portid(socket),
				  visit, data);
	}
	free(buffer);
	return more == MNL_CB_STOP;
}
