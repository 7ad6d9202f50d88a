/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ending a connection for its receiving side: see reset.h.
 *
 * A socket is destroyed in two steps. Looked up by addresses alone the kernel
 * falls back to the listening socket when the connection is gone, and destroying
 * that would end the service: so the socket is read first, must be a connection
 * of exactly these addresses, and is then destroyed by its cookie.
 */
#include "agentd/reset.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/inet_diag.h>
#include <linux/netfilter.h>
#include <linux/sock_diag.h>

#include "agentd/conntrack.h"
#include "agentd/query.h"
#include "lib/cleanup.h"
#include "lib/memory.h"

#define HOP_LIMIT 64

struct vp_reset {
	struct vp_query sockets, tracking;
	int raw4, raw6;
};

static void release(struct vp_reset **reset)
{
	vp_reset_close(*reset);
}

static int open_raw(int family)
{
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
	int one = 1;

	if (fd < 0)
		return -errno;
	if (family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_HDRINCL, &one, sizeof(one))) {
		int r = -errno;

		close(fd);
		return r;
	}
	return fd;
}

int vp_reset_open(struct vp_reset **reset, struct vp_error *err)
{
	vp_cleanup(release) struct vp_reset *made = vp_new(struct vp_reset);
	int r;

	made->raw4 = made->raw6 = -1;
	r = vp_query_open(&made->sockets, NETLINK_SOCK_DIAG);
	if (!r)
		r = vp_query_open(&made->tracking, NETLINK_NETFILTER);
	if (r)
		return vp_fail(err, r, "cannot open a netlink socket for resets: %s",
			       strerror(-r));
	made->raw4 = open_raw(AF_INET);
	if (made->raw4 < 0)
		return vp_fail(err, made->raw4,
			       "cannot open a raw socket for resets (CAP_NET_RAW): %s",
			       strerror(-made->raw4));
	made->raw6 = open_raw(AF_INET6); /* without IPv6 there is nothing to reset there */
	*reset = TAKE_PTR(made);
	return 0;
}

void vp_reset_close(struct vp_reset *reset)
{
	if (!reset)
		return;
	vp_query_close(&reset->sockets);
	vp_query_close(&reset->tracking);
	if (reset->raw4 >= 0)
		close(reset->raw4);
	if (reset->raw6 >= 0)
		close(reset->raw6);
	free(reset);
}

/* The receiver's end of the reported packet, as inet_diag names a socket. */
static struct inet_diag_sockid socket_id(const struct vp_report *report)
{
	struct inet_diag_sockid id = {
		.idiag_sport = htons(report->destination_port),
		.idiag_dport = htons(report->source_port),
		.idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE },
	};

	memcpy(id.idiag_src, report->destination, sizeof(id.idiag_src));
	memcpy(id.idiag_dst, report->source, sizeof(id.idiag_dst));
	return id;
}

/* Read (to *found) or destroy the socket. */
static int ask(struct vp_reset *reset, uint16_t type, uint8_t family,
	       const struct inet_diag_sockid *id, struct inet_diag_msg *found)
{
	char buffer[VP_QUERY_ROOM];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct inet_diag_req_v2 *request;
	int r;

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | (found ? 0 : NLM_F_ACK);
	request = mnl_nlmsg_put_extra_header(message, sizeof(*request));
	request->sdiag_family = family == 4 ? AF_INET : AF_INET6;
	request->sdiag_protocol = IPPROTO_TCP;
	request->idiag_states = ~0u;
	request->id = *id;
	r = vp_query_ask(&reset->sockets, buffer);
	if (r || !found)
		return r;
	if (message->nlmsg_len < mnl_nlmsg_size(sizeof(*found)))
		return -EPROTO;
	memcpy(found, mnl_nlmsg_get_payload(message), sizeof(*found));
	return 0;
}

/* The receiver's socket: 1: *id says it exactly; 0: it is not on this host. */
static int find_socket(struct vp_reset *reset, const struct vp_report *report,
		       struct inet_diag_sockid *id, struct vp_error *err)
{
	struct inet_diag_msg found = { 0 };
	int r;

	*id = socket_id(report);
	r = ask(reset, SOCK_DIAG_BY_FAMILY, report->family, id, &found);

	if (r == -ENOENT)
		return 0;
	if (r)
		return vp_fail(err, r, "cannot look up a connection to reset: %s",
			       strerror(-r));
	if (found.idiag_state == TCP_LISTEN || found.id.idiag_dport != id->idiag_dport ||
	    found.id.idiag_sport != id->idiag_sport)
		return 0;
	/* not found.id: an IPv6 socket with an IPv4 peer says its addresses in the other
	 * family */
	memcpy(id->idiag_cookie, found.id.idiag_cookie, sizeof(id->idiag_cookie));
	return 1;
}

/* 1: destroyed, 0: there is no such connection on this host. */
static int destroy_socket(struct vp_reset *reset, const struct vp_report *report,
			  struct vp_error *err)
{
	struct inet_diag_sockid id;
	int r = find_socket(reset, report, &id, err);

	if (r <= 0)
		return r;
	r = ask(reset, SOCK_DESTROY, report->family, &id, NULL);
	if (r == -ENOENT)
		return 0;
	if (r == -EOPNOTSUPP)
		return vp_fail(err, r,
			       "the kernel cannot end connections (INET_DIAG_DESTROY is off): "
			       "the blocked packet's sender was reset, its receiver was not");
	return r ? vp_fail(err, r, "cannot end a connection: %s", strerror(-r)) : 1;
}

static uint32_t sum(uint32_t total, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i + 1 < len; i += 2)
		total += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	return total;
}

static uint16_t fold(uint32_t total)
{
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return htons((uint16_t)~total);
}

static void fill_tcp(const struct vp_report *report, struct tcphdr *tcp)
{
	size_t size = vp_address_size(report->family);
	uint32_t total = IPPROTO_TCP + sizeof(*tcp);

	*tcp = (struct tcphdr){
		.th_sport = htons(report->source_port),
		.th_dport = htons(report->destination_port),
		.th_seq = htonl(report->sequence),
		.th_ack = htonl(report->acknowledgement),
		.th_off = sizeof(*tcp) / 4,
		.th_flags = TH_RST | TH_ACK,
	};
	total = sum(total, report->source, size);
	total = sum(total, report->destination, size);
	tcp->th_sum = fold(sum(total, tcp, sizeof(*tcp)));
}

size_t vp_reset_packet(const struct vp_report *report, unsigned char *packet)
{
	struct tcphdr tcp;

	fill_tcp(report, &tcp);
	if (report->family == 4) {
		struct iphdr ip = {
			.version = 4,
			.ihl = 5,
			.tot_len = htons(sizeof(ip) + sizeof(tcp)),
			.frag_off = htons(IP_DF),
			.ttl = HOP_LIMIT,
			.protocol = IPPROTO_TCP,
		};

		memcpy(&ip.saddr, report->source, 4);
		memcpy(&ip.daddr, report->destination, 4);
		ip.check = fold(sum(0, &ip, sizeof(ip)));
		memcpy(packet, &ip, sizeof(ip));
		memcpy(packet + sizeof(ip), &tcp, sizeof(tcp));
		return sizeof(ip) + sizeof(tcp);
	}
	struct ip6_hdr ip6 = { .ip6_flow = htonl(6u << 28),
			       .ip6_plen = htons(sizeof(tcp)),
			       .ip6_nxt = IPPROTO_TCP,
			       .ip6_hlim = HOP_LIMIT };

	memcpy(&ip6.ip6_src, report->source, 16);
	memcpy(&ip6.ip6_dst, report->destination, 16);
	memcpy(packet, &ip6, sizeof(ip6));
	memcpy(packet + sizeof(ip6), &tcp, sizeof(tcp));
	return sizeof(ip6) + sizeof(tcp);
}

static int send_reset(struct vp_reset *reset, const struct vp_report *report,
		      struct vp_error *err)
{
	struct sockaddr_in to4 = { .sin_family = AF_INET };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6 };
	bool v4 = report->family == 4;
	int fd = v4 ? reset->raw4 : reset->raw6;
	const struct sockaddr *to = v4 ? (void *)&to4 : (void *)&to6;
	unsigned char packet[60];
	size_t len = vp_reset_packet(report, packet);

	memcpy(&to4.sin_addr, report->destination, 4);
	memcpy(&to6.sin6_addr, report->destination, 16);
	if (IN6_IS_ADDR_LINKLOCAL(&to6.sin6_addr))
		to6.sin6_scope_id = report->out_interface;
	if (fd < 0)
		return vp_fail(err, -EAFNOSUPPORT, "cannot send a reset: no IPv6 raw socket");
	if (sendto(fd, packet, len, 0, to, v4 ? sizeof(to4) : sizeof(to6)) < 0)
		return vp_fail(err, -errno, "cannot send a reset: %s", strerror(errno));
	return 1;
}

static bool is_to_server(const struct vp_claim *claim)
{
	return claim->placement->rule->direction == VP_TO_SERVER;
}

/* What connection tracking knows of it. 1, 0: nothing, or -errno. */
static int track(struct vp_reset *reset, const struct vp_report *report,
		 const struct vp_claim *claim, struct vp_tracked *tracked)
{
	bool to_server = is_to_server(claim);
	struct vp_ends ends = {
		.client = { .family = report->family },
		.server = { .family = report->family },
		.client_port = to_server ? report->source_port : report->destination_port,
		.server_port = to_server ? report->destination_port : report->source_port,
	};

	memcpy(ends.client.bytes, to_server ? report->source : report->destination, 16);
	memcpy(ends.server.bytes, to_server ? report->destination : report->source, 16);
	*tracked = (struct vp_tracked){ 0 };
	return vp_conntrack_find(&reset->tracking, &ends, tracked);
}

/*
 * To a server whose address was translated it goes directly; it is of no connection that
 * is tracked then, and where rules drop such packets, as ours do of inspected services, it
 * goes the way of the connection's own packets, to the address before.
 * `server`: what is known of the connection when it goes to its server, or NULL.
 */
static int send_to_end(struct vp_reset *reset, struct vp_report rst,
		       const struct vp_tracked *server, struct vp_error *err)
{
	int r = send_reset(reset, &rst, err);

	if (r != -EPERM || !server || !server->published)
		return r;
	memcpy(rst.destination, server->published_at.bytes, sizeof(rst.destination));
	rst.destination_port = server->published;
	return send_reset(reset, &rst, err);
}

/* End it for the receiver, whoever that is. 1: ended, 0: it was gone, -errno. */
static int end_connection(struct vp_reset *reset, const struct vp_report *report,
			  const struct vp_tracked *server, struct vp_error *err)
{
	int r;

	if (report->hook == NF_INET_FORWARD)
		return send_to_end(reset, *report, server, err);
	r = destroy_socket(reset, report, err);
	if (!r && report->hook == NF_INET_LOCAL_OUT)
		return send_to_end(reset, *report, server, err);
	return r;
}

/* Can a socket be bound to it: is the packet's source this host? */
static bool is_from_here(const struct vp_report *report)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	bool v4 = report->family == 4;
	_cleanup_close_ int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(&in.sin_addr, report->source, 4);
	memcpy(&in6.sin6_addr, report->source, 16);
	if (IN6_IS_ADDR_LINKLOCAL(&in6.sin6_addr))
		in6.sin6_scope_id = report->out_interface;
	return fd >= 0 && !bind(fd, v4 ? (const void *)&in : (const void *)&in6,
				v4 ? sizeof(in) : sizeof(in6));
}

/* What the kernel's reject does for netfilter: a RST to the blocked segment's sender. */
static int answer_sender(struct vp_reset *reset, const struct vp_report *report,
			 const struct vp_tracked *server, struct vp_error *err)
{
	struct vp_report answer = *report;

	memcpy(answer.source, report->destination, sizeof(answer.source));
	memcpy(answer.destination, report->source, sizeof(answer.destination));
	answer.source_port = report->destination_port;
	answer.destination_port = report->source_port;
	answer.out_interface = report->in_interface;
	answer.sequence = report->acknowledgement;
	answer.acknowledgement = report->sequence + report->payload +
				 !!(report->tcp_flags & TH_SYN) +
				 !!(report->tcp_flags & TH_FIN);
	return send_to_end(reset, answer, server, err);
}

/* Was it to a port that the rule shields, before its destination was translated? */
static bool is_published(struct vp_reset *reset, const struct vp_report *report,
			 const struct vp_claim *claim)
{
	struct vp_tracked tracked;

	return track(reset, report, claim, &tracked) > 0 && tracked.published &&
	       vp_claim_has_port(claim, tracked.published);
}

/* The service's end is this host: to it, only a socket of its own can be meant. */
static int is_here(struct vp_reset *reset, const struct vp_report *report,
		   const struct vp_claim *claim, struct vp_error *err)
{
	struct inet_diag_sockid id;

	if (is_to_server(claim))
		return find_socket(reset, report, &id, err);
	return report->hook == NF_INET_LOCAL_OUT && is_from_here(report);
}

/* Is the connection the rule's? 1; 0: it is gone; -EPERM or another -errno. */
static int check(struct vp_reset *reset, const struct vp_report *report,
		 const struct vp_claim *claim, struct vp_error *err)
{
	int r = vp_claim_check(claim, report, err);
	bool here;

	if (r)
		return r;
	if (!claim->placement->local)
		return 1;
	here = report->hook != NF_INET_FORWARD && vp_claim_has_end(claim, report);
	r = here ? is_here(reset, report, claim, err) : 0;
	if (r)
		return r;
	if (is_published(reset, report, claim))
		return 1;
	return here ? 0
		    : vp_fail(err, -EPERM, "connection is not reset: it is not the service's");
}

int vp_reset_run(struct vp_reset *reset, const struct vp_report *report,
		 const struct vp_claim *claim, struct vp_error *err)
{
	int r = check(reset, report, claim, err), answered = 0;
	bool to_server = is_to_server(claim);
	struct vp_tracked tracked;

	if (r <= 0)
		return r;
	(void)track(reset, report, claim, &tracked);
	if (claim->point == VP_POINT_INSPECTION)
		answered = answer_sender(reset, report, to_server ? NULL : &tracked, err);
	if (claim->verdict == VP_VERDICT_REJECT)
		return answered;
	r = end_connection(reset, report, to_server ? &tracked : NULL, err);
	return r ? r : answered;
}

int vp_reset_check_ban(struct vp_reset *reset, const struct vp_report *report,
		       const struct vp_claim *claim, struct vp_error *err)
{
	struct vp_tracked tracked;
	int r = check(reset, report, claim, err);

	if (r > 0)
		r = track(reset, report, claim, &tracked);
	if (r <= 0)
		return r;
	return tracked.assured ? 1
			       : vp_fail(err, -ENOTCONN,
					 "client is not banned: it completed no handshake");
}
