/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Binding an NFLOG group. Only small, acknowledged configuration messages are
 * exchanged here; packets are read by vpatchd-events. See nflog_socket.h.
 */
#include "agentd/nflog_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <linux/capability.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>

#include <libmnl/libmnl.h>

#include "agentd/nflog.h"
#include "lib/cleanup.h"

#define RECEIVE_BUFFER (4 << 20) /* a burst of some thousand packets */
#define BATCH	       32	 /* packets in one datagram, at most */
#define DELAY	       1	 /* hundredths of a second until a datagram goes out */

static void close_socket(struct mnl_socket **socket)
{
	if (*socket)
		mnl_socket_close(*socket);
}

static struct nlmsghdr *config_message(char *buffer, uint16_t group)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *nfg;

	message->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	nfg = mnl_nlmsg_put_extra_header(message, sizeof(*nfg));
	nfg->nfgen_family = AF_UNSPEC;
	nfg->version = NFNETLINK_V0;
	nfg->res_id = htons(group);
	return message;
}

/* Send and wait for the acknowledgement. A packet of the group may come first. */
static int transact(struct mnl_socket *socket, const struct nlmsghdr *message)
{
	char answer[8192];

	if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		ssize_t length = mnl_socket_recvfrom(socket, answer, sizeof(answer));
		const struct nlmsghdr *header = (const struct nlmsghdr *)(const void *)answer;

		if (length < 0 && (errno == EINTR || errno == ENOBUFS || errno == ENOSPC))
			continue;
		if (length < 0)
			return -errno;
		if (!mnl_nlmsg_ok(header, (int)length) || header->nlmsg_type != NLMSG_ERROR ||
		    header->nlmsg_len < mnl_nlmsg_size(sizeof(struct nlmsgerr)))
			continue;
		return ((const struct nlmsgerr *)mnl_nlmsg_get_payload(header))->error;
	}
}

static int bind_group(struct mnl_socket *socket, uint16_t group)
{
	struct nfulnl_msg_config_cmd command = { .command = NFULNL_CFG_CMD_BIND };
	char buffer[256];
	struct nlmsghdr *message = config_message(buffer, group);

	mnl_attr_put(message, NFULA_CFG_CMD, sizeof(command), &command);
	return transact(socket, message);
}

static int configure(struct mnl_socket *socket, uint16_t group)
{
	struct nfulnl_msg_config_mode mode = {
		.copy_range = htonl(VP_NFLOG_COPY),
		.copy_mode = NFULNL_COPY_PACKET,
	};
	char buffer[256];
	struct nlmsghdr *message = config_message(buffer, group);

	mnl_attr_put(message, NFULA_CFG_MODE, sizeof(mode), &mode);
	mnl_attr_put_u16(message, NFULA_CFG_FLAGS, htons(NFULNL_CFG_F_SEQ));
	mnl_attr_put_u32(message, NFULA_CFG_QTHRESH, htonl(BATCH));
	mnl_attr_put_u32(message, NFULA_CFG_TIMEOUT, htonl(DELAY));
	return transact(socket, message);
}

/* A bind of a group that another process has is answered by EPERM too, as if we had no right.
 */
static bool may_bind(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct now[2] = { 0 };

	return !syscall(SYS_capget, &header, now) && (now[0].effective & 1u << CAP_NET_ADMIN);
}

static int bind_error(int code, uint16_t group, struct vp_error *err)
{
	if (code == -EBUSY || (code == -EPERM && may_bind()))
		return vp_fail(
			err, -EBUSY,
			"NFLOG group %u is used by another process: choose another with "
			"log-group in vpatchd.conf (in use: "
			"/proc/net/netfilter/nfnetlink_log)",
			group);
	if (code == -EPERM)
		return vp_fail(err, -EPERM,
			       "cannot bind NFLOG group %u: CAP_NET_ADMIN is missing", group);
	if (code == -EOPNOTSUPP || code == -EINVAL || code == -ENOENT)
		return vp_fail(err, code,
			       "cannot bind NFLOG group %u: the kernel has no nfnetlink_log "
			       "(module nfnetlink_log)",
			       group);
	return vp_fail(err, code, "cannot bind NFLOG group %u: %s", group, strerror(-code));
}

int vp_nflog_open(uint16_t group, struct vp_error *err)
{
	vp_cleanup(close_socket) struct mnl_socket *socket = NULL;
	int size = RECEIVE_BUFFER, fd, r;

	socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return vp_fail(err, -errno, "cannot open a netfilter netlink socket: %s",
			       strerror(errno));
	fd = mnl_socket_get_fd(socket);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	r = bind_group(socket, group);
	if (r)
		return bind_error(r, group, err);
	r = configure(socket, group);
	if (r)
		return vp_fail(err, r, "cannot configure NFLOG group %u: %s", group,
			       strerror(-r));
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return vp_fail(err, -errno, "cannot keep the NFLOG socket: %s",
			       strerror(errno));
	return fd;
}
