/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking up one connection by what its server's answers look like: see conntrack.h. */
#include "agentd/conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

/* CTA_TUPLE_ORIG: as the client's packets are; CTA_TUPLE_REPLY: as the server's. */
static void put_tuple(struct nlmsghdr *message, uint16_t type, const struct vp_ends *ends)
{
	bool v4 = ends->server.family == 4, reply = type == CTA_TUPLE_REPLY;
	size_t size = vp_address_size(ends->server.family);
	const uint8_t *server = ends->server.bytes, *client = ends->client.bytes;
	uint16_t server_port = htons(ends->server_port),
		 client_port = htons(ends->client_port);
	struct nlattr *tuple = mnl_attr_nest_start(message, type);
	struct nlattr *part = mnl_attr_nest_start(message, CTA_TUPLE_IP);

	mnl_attr_put(message, v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, size,
		     reply ? server : client);
	mnl_attr_put(message, v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, size,
		     reply ? client : server);
	mnl_attr_nest_end(message, part);
	part = mnl_attr_nest_start(message, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(message, CTA_PROTO_NUM, IPPROTO_TCP);
	mnl_attr_put_u16(message, CTA_PROTO_SRC_PORT, reply ? server_port : client_port);
	mnl_attr_put_u16(message, CTA_PROTO_DST_PORT, reply ? client_port : server_port);
	mnl_attr_nest_end(message, part);
	mnl_attr_nest_end(message, tuple);
}

/* The attribute of that type within a nest, of at least `size` bytes; NULL: none. */
static const struct nlattr *within(const struct nlattr *nest, uint16_t type, size_t size)
{
	const struct nlattr *attr;

	if (nest)
		mnl_attr_for_each_nested (attr, nest)
			if (mnl_attr_get_type(attr) == type)
				return mnl_attr_get_payload_len(attr) >= size ? attr : NULL;
	return NULL;
}

static bool is_port(const struct nlattr *attr, uint16_t port)
{
	return attr && ntohs(mnl_attr_get_u16(attr)) == port;
}

/* Is the connection's first packet one of this client? A server that itself connects is not.
 */
static bool is_from(const struct nlattr *original, const struct vp_ends *ends)
{
	bool v4 = ends->client.family == 4;
	size_t size = vp_address_size(ends->client.family);
	const struct nlattr *source = within(within(original, CTA_TUPLE_IP, 0),
					     v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, size);

	return source && !memcmp(mnl_attr_get_payload(source), ends->client.bytes, size) &&
	       is_port(within(within(original, CTA_TUPLE_PROTO, 0), CTA_PROTO_SRC_PORT, 2),
		       ends->client_port);
}

static void read_answer(const struct nlmsghdr *message, const struct vp_ends *ends,
			struct vp_tracked *tracked)
{
	bool v4 = ends->server.family == 4;
	size_t size = vp_address_size(ends->server.family);
	const struct nlattr *attr, *original = NULL, *port, *address;
	uint32_t status = 0;

	mnl_attr_for_each (attr, message, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) == CTA_TUPLE_ORIG)
			original = attr;
		if (mnl_attr_get_type(attr) == CTA_STATUS &&
		    mnl_attr_get_payload_len(attr) >= sizeof(status))
			status = ntohl(mnl_attr_get_u32(attr));
	}
	port = within(within(original, CTA_TUPLE_PROTO, 0), CTA_PROTO_DST_PORT, 2);
	address = within(within(original, CTA_TUPLE_IP, 0), v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST,
			 size);
	*tracked = (struct vp_tracked){ .assured = status & IPS_ASSURED };
	if (!port || !address || !(status & IPS_DST_NAT) || !is_from(original, ends))
		return;
	tracked->published = ntohs(mnl_attr_get_u16(port));
	tracked->published_at.family = ends->server.family;
	memcpy(tracked->published_at.bytes, mnl_attr_get_payload(address), size);
}

static int ask(struct vp_query *query, uint16_t type, const struct vp_ends *ends,
	       struct vp_tracked *tracked)
{
	char buffer[VP_QUERY_ROOM];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	int r;

	message->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET;
	message->nlmsg_flags = NLM_F_REQUEST;
	header->nfgen_family = ends->server.family == 4 ? AF_INET : AF_INET6;
	header->version = NFNETLINK_V0;
	put_tuple(message, type, ends);
	r = vp_query_ask(query, buffer);
	if (r)
		return r == -ENOENT ? 0 : r;
	read_answer(message, ends, tracked);
	return 1;
}

/* Where the client's address is translated behind us, only its own packets look like this. */
int vp_conntrack_find(struct vp_query *query, const struct vp_ends *ends,
		      struct vp_tracked *tracked)
{
	int r = ask(query, CTA_TUPLE_REPLY, ends, tracked);

	return r ? r : ask(query, CTA_TUPLE_ORIG, ends, tracked);
}
