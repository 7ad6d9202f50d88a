// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The socket to nf_tables, single requests and dumps over it. One socket lives as
 * long as the instance, because a table with an owner belongs to its socket. It is
 * not subscribed to events (watch.c has a socket of its own).
 */
#include "modules/netfilter/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "lib/memory.h"

#define RECEIVE_ROOM (32 << 20) /* echoes of a large transaction wait here */

int vp_netlink_open(struct vp_netlink *nl, struct vp_error *err)
{
	int on = 1, room = RECEIVE_ROOM, fd;

	*nl = (struct vp_netlink){ 0 };
	nl->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!nl->socket)
		return vp_fail(
			err, -errno,
			"cannot open a netfilter netlink socket: %s; is nfnetlink in this "
			"kernel (CONFIG_NETFILTER_NETLINK)?",
			strerror(errno));
	if (mnl_socket_bind(nl->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		int code = -errno;

		vp_netlink_close(nl);
		return vp_fail(err, code, "cannot bind a netlink socket: %s", strerror(-code));
	}
	fd = mnl_socket_get_fd(nl->socket);
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	nl->portid = mnl_socket_get_portid(nl->socket);
	nl->sequence = (uint32_t)time(NULL);
	nl->buffer = vp_alloc(1, VP_NETLINK_ANSWER);
	return 0;
}

void vp_netlink_close(struct vp_netlink *nl)
{
	if (nl->socket)
		mnl_socket_close(nl->socket);
	free(nl->buffer);
	*nl = (struct vp_netlink){ 0 };
}

int vp_netlink_make_room(struct vp_netlink *nl, size_t size)
{
	int fd = mnl_socket_get_fd(nl->socket), room;
	socklen_t len = sizeof(room);

	if (size <= nl->room)
		return 0;
	/* the kernel doubles what is asked for, and keeps 32 bytes for itself */
	room = (int)(size + 4096);
	if (size > INT32_MAX / 4)
		return -EMSGSIZE;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, &len) < 0 || room < 64)
		return -EMSGSIZE;
	nl->room = (size_t)room - 32;
	return size <= nl->room ? 0 : -EMSGSIZE;
}

struct nlmsghdr *vp_netlink_request(struct vp_netlink *nl, void *buffer, uint16_t type,
				    uint16_t flags)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *family;

	request->nlmsg_type = (uint16_t)((NFNL_SUBSYS_NFTABLES << 8) | type);
	request->nlmsg_flags = NLM_F_REQUEST | flags;
	request->nlmsg_seq = ++nl->sequence;
	family = mnl_nlmsg_put_extra_header(request, sizeof(*family));
	family->nfgen_family = NFPROTO_INET;
	family->version = NFNETLINK_V0;
	return request;
}

/* One message of an answer: 1 to go on, 0 at the end, -errno. */
static int take(const struct nlmsghdr *message, vp_netlink_visit visit, void *data)
{
	int code;

	if (message->nlmsg_type == NLMSG_DONE) {
		if (mnl_nlmsg_get_payload_len(message) < sizeof(int))
			return 0;
		code = *(const int *)mnl_nlmsg_get_payload(message);
		return code < 0 ? code : 0;
	}
	if (message->nlmsg_type == NLMSG_ERROR)
		return ((const struct nlmsgerr *)mnl_nlmsg_get_payload(message))->error;
	code = visit ? visit(message, data) : 0;
	if (code < 0)
		return code;
	return message->nlmsg_flags & NLM_F_MULTI ? 1 : 0;
}

int vp_netlink_ask(struct vp_netlink *nl, const struct nlmsghdr *request,
		   vp_netlink_visit visit, void *data)
{
	bool interrupted = false;

	if (mnl_socket_sendto(nl->socket, request, request->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		ssize_t size = mnl_socket_recvfrom(nl->socket, nl->buffer, VP_NETLINK_ANSWER);
		const struct nlmsghdr *message = (const void *)nl->buffer;
		int left = (int)size;

		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return -errno;
		for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
			int code;

			if (message->nlmsg_seq != request->nlmsg_seq)
				continue; /* the rest of a request that was given up */
			interrupted |= (message->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
			code = take(message, visit, data);
			if (code == 0 && interrupted)
				return -EINTR;
			if (code <= 0)
				return code;
		}
	}
}

static int visit_genid(const struct nlmsghdr *message, void *data)
{
	const struct nlattr *attr;

	mnl_attr_for_each (attr, message, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(attr) == NFTA_GEN_ID)
			*(uint32_t *)data = ntohl(mnl_attr_get_u32(attr));
	return 0;
}

int vp_netlink_genid(struct vp_netlink *nl, uint32_t *genid)
{
	uint8_t buffer[VP_NETLINK_REQUEST] __attribute__((aligned(8)));
	struct nlmsghdr *request = vp_netlink_request(nl, buffer, NFT_MSG_GETGEN, 0);

	return vp_netlink_ask(nl, request, visit_genid, genid);
}

const char *vp_netlink_cure(int code)
{
	switch (-code) {
	case EPERM:
		return "run as root, or in a user and network namespace of your own; a table "
		       "owned by a living process can only be changed by that process";
	case ENOBUFS:
	case ENOMEM:
		return "the kernel is short of memory for the rules; free some and apply "
		       "again";
	case EMSGSIZE:
		return "the transaction is larger than the socket buffer and only real root "
		       "may "
		       "raise that; run as root, or raise net.core.wmem_max, or load fewer "
		       "patches";
	case ENOENT:
		return "the kernel lacks this nftables feature (or somebody removed what it "
		       "refers to); load or build its modules: nft_ct, nft_limit, nft_log, "
		       "nfnetlink_log, nft_objref, nft_reject_inet";
	case EOPNOTSUPP:
	case EPROTONOSUPPORT:
		return "this kernel cannot do that; a newer kernel or its missing nft_* "
		       "module "
		       "is needed";
	case ENFILE:
		return "the set is full: its declared size is too small";
	case EBUSY:
		return "something still refers to it";
	case EEXIST:
		return "somebody else made an object of that name in our table; remove the "
		       "table "
		       "and apply again";
	case EMLINK:
	case ELOOP:
		return "the chains are nested too deeply";
	default:
		return "apply again; if it stays, report this with the kernel version";
	}
}
