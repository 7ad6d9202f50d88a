/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtnetlink and ctnetlink requests of the lab. It only makes things: a lab is
 * never taken apart, its namespaces are.
 */
#include "agentd/ctl/lab/link.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#include <libmnl/libmnl.h>

#include "lib/memory.h"

#define REQUEST_SIZE 1024

struct vp_links {
	struct mnl_socket *socket;
	uint32_t sequence;
};

int vp_links_open(struct vp_links **links, struct vp_error *err)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);

	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		int code = -errno;

		if (socket)
			mnl_socket_close(socket);
		return vp_fail(err, code, "rtnetlink socket: %s", strerror(-code));
	}
	*links = vp_new(struct vp_links);
	(*links)->socket = socket;
	return 0;
}

static struct nlmsghdr *request(void *buffer, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	return message;
}

/* Send, wait for the acknowledgement. -errno of the kernel. */
static int talk(struct mnl_socket *socket, struct nlmsghdr *message, uint32_t sequence)
{
	char answer[8192];
	ssize_t len;

	message->nlmsg_seq = sequence;
	if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
		return -errno;
	do {
		len = mnl_socket_recvfrom(socket, answer, sizeof(answer));
		if (len < 0)
			return -errno;
		len = mnl_cb_run(answer, (size_t)len, sequence, mnl_socket_get_portid(socket),
				 NULL, NULL);
	} while (len > 0);
	return len < 0 ? -errno : 0;
}

static int links_talk(struct vp_links *links, struct nlmsghdr *message, const char *what,
		      struct vp_error *err)
{
	int r = talk(links->socket, message, ++links->sequence);

	if (r < 0)
		return vp_fail(err, r, "lab: %s: %s", what, strerror(-r));
	return 0;
}

static void put_link(struct nlmsghdr *message, const struct vp_link_end *end)
{
	mnl_attr_put_strz(message, IFLA_IFNAME, end->name);
	mnl_attr_put(message, IFLA_ADDRESS, VP_MAC_SIZE, end->mac);
}

int vp_link_pair(struct vp_links *links, const struct vp_link_end *here,
		 const struct vp_link_end *there, int netns, struct vp_error *err)
{
	char buffer[REQUEST_SIZE];
	struct nlmsghdr *message = request(buffer, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	struct nlattr *info, *data, *peer;

	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	put_link(message, here);
	info = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_strz(message, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(message, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	put_link(message, there);
	mnl_attr_put_u32(message, IFLA_NET_NS_FD, (uint32_t)netns);
	mnl_attr_nest_end(message, peer);
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, info);
	return links_talk(links, message, "a pair of veth interfaces", err);
}

int vp_link_up(struct vp_links *links, unsigned int index, struct vp_error *err)
{
	char buffer[REQUEST_SIZE];
	struct nlmsghdr *message = request(buffer, RTM_NEWLINK, 0);
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(message, sizeof(*link));

	link->ifi_index = (int)index;
	link->ifi_change = IFF_UP;
	link->ifi_flags = IFF_UP;
	return links_talk(links, message, "bringing an interface up", err);
}

static uint8_t family_of(const struct vp_address *address)
{
	return address->family == 4 ? AF_INET : AF_INET6;
}

static void put_address(struct nlmsghdr *message, uint16_t type,
			const struct vp_address *address)
{
	mnl_attr_put(message, type, vp_address_size(address->family), address->bytes);
}

int vp_link_address(struct vp_links *links, unsigned int index,
		    const struct vp_address *address, struct vp_error *err)
{
	char buffer[REQUEST_SIZE], text[VP_ADDRESS_TEXT], what[VP_ADDRESS_TEXT + 32];
	struct nlmsghdr *message = request(buffer, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);
	struct ifaddrmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	header->ifa_family = family_of(address);
	header->ifa_prefixlen = (uint8_t)(vp_address_size(address->family) * 8);
	header->ifa_scope = RT_SCOPE_UNIVERSE;
	header->ifa_index = index;
	put_address(message, IFA_LOCAL, address);
	put_address(message, IFA_ADDRESS, address);
	mnl_attr_put_u32(message, IFA_FLAGS, IFA_F_NODAD);
	snprintf(what, sizeof(what), "assigning %s", vp_address_print(address, text));
	return links_talk(links, message, what, err);
}

int vp_link_neighbour(struct vp_links *links, unsigned int index,
		      const struct vp_address *address, const uint8_t mac[static VP_MAC_SIZE],
		      struct vp_error *err)
{
	char buffer[REQUEST_SIZE];
	struct nlmsghdr *message = request(buffer, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE);
	struct ndmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	header->ndm_family = family_of(address);
	header->ndm_ifindex = (int)index;
	header->ndm_state = NUD_PERMANENT;
	put_address(message, NDA_DST, address);
	mnl_attr_put(message, NDA_LLADDR, VP_MAC_SIZE, mac);
	return links_talk(links, message, "a neighbour entry", err);
}

int vp_link_route(struct vp_links *links, unsigned int index,
		  const struct vp_address *destination, const struct vp_address *gateway,
		  struct vp_error *err)
{
	char buffer[REQUEST_SIZE];
	struct nlmsghdr *message = request(buffer, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
	struct rtmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	header->rtm_family = family_of(gateway);
	header->rtm_table = RT_TABLE_MAIN;
	header->rtm_protocol = RTPROT_STATIC;
	header->rtm_scope = RT_SCOPE_UNIVERSE;
	header->rtm_type = RTN_UNICAST;
	header->rtm_flags = RTNH_F_ONLINK;
	if (destination) {
		header->rtm_dst_len = (uint8_t)(vp_address_size(destination->family) * 8);
		put_address(message, RTA_DST, destination);
	}
	put_address(message, RTA_GATEWAY, gateway);
	mnl_attr_put_u32(message, RTA_OIF, index);
	return links_talk(links, message, "a route", err);
}

int vp_link_local(struct vp_links *links, unsigned int index, const struct vp_address *address,
		  struct vp_error *err)
{
	char buffer[REQUEST_SIZE];
	struct nlmsghdr *message = request(buffer, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
	struct rtmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	header->rtm_family = family_of(address);
	header->rtm_dst_len = (uint8_t)(vp_address_size(address->family) * 8);
	header->rtm_table = RT_TABLE_LOCAL;
	header->rtm_protocol = RTPROT_STATIC;
	header->rtm_scope = RT_SCOPE_HOST;
	header->rtm_type = RTN_LOCAL;
	put_address(message, RTA_DST, address);
	mnl_attr_put_u32(message, RTA_OIF, index);
	return links_talk(links, message, "a local route", err);
}

int vp_conntrack_flush(struct vp_error *err)
{
	char buffer[REQUEST_SIZE];
	struct nlmsghdr *message =
		request(buffer, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE, 0);
	struct nfgenmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	int r;

	header->nfgen_family = AF_UNSPEC;
	header->version = NFNETLINK_V0;
	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
		r = -errno;
	else
		r = talk(socket, message, 1);
	if (socket)
		mnl_socket_close(socket);
	if (r < 0)
		return vp_fail(err, r, "forgetting tracked connections: %s", strerror(-r));
	return 0;
}
