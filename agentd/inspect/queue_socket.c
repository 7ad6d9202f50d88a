/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Binding queues (linux/netfilter/nfnetlink_queue.h): small, acknowledged
 * configuration messages. See queue_socket.h.
 */
#include "agentd/inspect/queue_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>

#include <libmnl/libmnl.h>

#include "agentd/inspect/queue.h"
#include "agentd/inspect/settle.h"
#include "lib/cleanup.h"
#include "lib/memory.h"

#define RECEIVE_BUFFER (16 << 20) /* some hundred packets of 64 KiB */
#define COPY	       0xffff	  /* the kernel copies 4 bytes less at most */

static struct nlmsghdr *bind_message(char *buffer, const struct vp_queue *queue)
{
	const struct nfqnl_msg_config_cmd command = { .command = NFQNL_CFG_CMD_BIND };
	const struct nfqnl_msg_config_params params = { .copy_range = htonl(COPY),
							.copy_mode = NFQNL_COPY_PACKET };
	uint32_t flags = (queue->gso ? NFQA_CFG_F_GSO : 0) |
			 (queue->class == VP_QUEUE_BLOCK ? 0 : NFQA_CFG_F_FAIL_OPEN);
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *family;

	message->nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_CONFIG;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	family = mnl_nlmsg_put_extra_header(message, sizeof(*family));
	*family = (struct nfgenmsg){ .nfgen_family = AF_UNSPEC,
				     .version = NFNETLINK_V0,
				     .res_id = htons(queue->number) };
	mnl_attr_put(message, NFQA_CFG_CMD, sizeof(command), &command);
	mnl_attr_put(message, NFQA_CFG_PARAMS, sizeof(params), &params);
	mnl_attr_put_u32(message, NFQA_CFG_QUEUE_MAXLEN, htonl(queue->length));
	mnl_attr_put_u32(message, NFQA_CFG_MASK, htonl(NFQA_CFG_F_GSO | NFQA_CFG_F_FAIL_OPEN));
	mnl_attr_put_u32(message, NFQA_CFG_FLAGS, htonl(flags));
	return message;
}

/* 1: the acknowledgement, with its *result. */
static int is_answer(const void *data, size_t len, int *result)
{
	const struct nlmsghdr *header = data;

	if (!mnl_nlmsg_ok(header, (int)len) || header->nlmsg_type != NLMSG_ERROR ||
	    header->nlmsg_len < mnl_nlmsg_size(sizeof(struct nlmsgerr)))
		return 0;
	*result = ((const struct nlmsgerr *)mnl_nlmsg_get_payload(header))->error;
	return 1;
}

/*
 * The answer may come behind packets of queues that are bound already. A worker would
 * never see those, and a verdict of its for all packets up to one would let them pass.
 */
static int bind_queue(int fd, const struct vp_queue *queues, size_t bound)
{
	struct vp_settling settling;
	char request[256];
	const struct nlmsghdr *message = bind_message(request, &queues[bound]);
	_cleanup_free_ uint8_t *answer = vp_alloc(1, VP_PACKET_ROOM);
	int result = 0;

	vp_settling_begin(&settling, fd, queues, bound + 1);
	if (send(fd, message, message->nlmsg_len, 0) < 0)
		return -errno;
	for (;;) {
		ssize_t length = recv(fd, answer, VP_PACKET_ROOM, 0);

		if (length < 0 && errno != EINTR && errno != ENOBUFS)
			return -errno;
		if (length < 0)
			continue;
		if (is_answer(answer, (size_t)length, &result))
			return result;
		vp_settling_note(&settling, answer, (size_t)length);
		vp_settling_judge(&settling, false);
	}
}

static int bind_error(int code, uint16_t queue, struct vp_error *err)
{
	if (code == -EBUSY || code == -EPERM)
		return vp_fail(err, -EBUSY,
			       "cannot bind queue %u: another process has it (in use: "
			       "/proc/net/netfilter/nfnetlink_queue), or CAP_NET_ADMIN is "
			       "missing",
			       queue);
	if (code == -EINVAL || code == -EOPNOTSUPP || code == -ENOENT)
		return vp_fail(err, code,
			       "cannot bind queue %u: the kernel has no nfnetlink_queue "
			       "(module nfnetlink_queue)",
			       queue);
	return vp_fail(err, code, "cannot bind queue %u: %s", queue, strerror(-code));
}

int vp_queue_open(const struct vp_queue *queues, size_t count, struct vp_error *err)
{
	_cleanup_close_ int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	int size = RECEIVE_BUFFER, on = 1;

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return vp_fail(err, -errno, "cannot open a netfilter netlink socket: %s",
			       strerror(errno));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	/* a full buffer is the queue's to count; errors need not repeat what was sent */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof(on));
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	for (size_t i = 0; i < count; i++) {
		int r = bind_queue(fd, queues, i);

		if (r)
			return bind_error(r, queues[i].number, err);
	}
	return TAKE_FD(fd);
}
