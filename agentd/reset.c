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
#include <time.h>

#include <linux/inet_diag.h>
#include <linux/netfilter.h>
#include <linux/sock_diag.h>

#include <libmnl/libmnl.h>

#include "lib/cleanup.h"
#include "lib/memory.h"

#define HOP_LIMIT 64
#define PATIENCE  1 /* seconds for the kernel's answer */

struct vp_reset {
	struct mnl_socket *diag;
	uint32_t sequence;
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
	const struct timeval patience = { .tv_sec = PATIENCE };
	vp_cleanup(release) struct vp_reset *made = vp_new(struct vp_reset);

	made->raw4 = made->raw6 = -1;
	made->diag = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	if (!made->diag || mnl_socket_bind(made->diag, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    setsockopt(mnl_socket_get_fd(made->diag), SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)))
		return vp_fail(err, -errno, "cannot open a sock_diag socket: %s",
			       strerror(errno));
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
	if (reset->diag)
		mnl_socket_close(reset->diag);
	if (reset->raw4 >= 0)
		close(reset->raw4);
	if (reset->raw6 >= 0)
		close(reset->raw6);
	free(reset);
}

static bool is_unicast(uint8_t family, const uint8_t *address)
{
	static const uint8_t zero[16];

	if (!memcmp(address, zero, sizeof(zero)))
		return false;
	return family == 4 ? address[0] != 0 && address[0] < 224 : address[0] != 0xff;
}

static bool is_management(const struct vp_port_ranges *management, uint16_t port)
{
	vp_array_each (range, management)
		if ((range->protocol == IPPROTO_TCP || range->protocol == VP_PROTOCOL_ANY) &&
		    range->first <= port && port <= range->last)
			return true;
	return false;
}

int vp_reset_check(const struct vp_report *report, const struct vp_port_ranges *management,
		   struct vp_error *err)
{
	const char *reason = NULL;

	if (report->kind != VP_REPORT_RESET)
		reason = "the packet met no reset rule";
	else if (!(report->flags & VP_REPORT_TCP))
		reason = "the packet's TCP header was not seen";
	else if (report->tcp_flags & TH_RST)
		reason = "it is a RST itself";
	else if (!(report->tcp_flags & TH_ACK))
		reason = "the connection is not established";
	else if (!is_unicast(report->family, report->source) ||
		 !is_unicast(report->family, report->destination))
		reason = "an address is not unicast";
	else if (!report->source_port || !report->destination_port)
		reason = "a port is 0";
	else if (management && (is_management(management, report->source_port) ||
				is_management(management, report->destination_port)))
		reason = "it is a management connection";
	return reason ? vp_fail(err, -EPERM, "connection is not reset: %s", reason) : 0;
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

/* One request, one answer: the socket (to *found) or an error. */
static int ask(struct vp_reset *reset, uint16_t type, uint8_t family,
	       const struct inet_diag_sockid *id, struct inet_diag_msg *found)
{
	char buffer[8192];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct inet_diag_req_v2 *request;
	ssize_t length;

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | (found ? 0 : NLM_F_ACK);
	message->nlmsg_seq = ++reset->sequence;
	request = mnl_nlmsg_put_extra_header(message, sizeof(*request));
	request->sdiag_family = family == 4 ? AF_INET : AF_INET6;
	request->sdiag_protocol = IPPROTO_TCP;
	request->idiag_states = ~0u;
	request->id = *id;
	if (mnl_socket_sendto(reset->diag, message, message->nlmsg_len) < 0)
		return -errno;
	do {
		length = mnl_socket_recvfrom(reset->diag, buffer, sizeof(buffer));
		if (length < 0 && errno != EINTR)
			return -errno;
	} while (length < 0 || !mnl_nlmsg_ok(message, (int)length) ||
		 message->nlmsg_seq != reset->sequence);
	if (message->nlmsg_type == NLMSG_ERROR)
		return ((const struct nlmsgerr *)mnl_nlmsg_get_payload(message))->error;
	if (!found || message->nlmsg_len < mnl_nlmsg_size(sizeof(*found)))
		return -EPROTO;
	memcpy(found, mnl_nlmsg_get_payload(message), sizeof(*found));
	return 0;
}

/* 1: destroyed, 0: there is no such connection on this host. */
static int destroy_socket(struct vp_reset *reset, const struct vp_report *report,
			  struct vp_error *err)
{
	struct inet_diag_sockid id = socket_id(report);
	struct inet_diag_msg found = { 0 };
	int r = ask(reset, SOCK_DIAG_BY_FAMILY, report->family, &id, &found);

	if (r == -ENOENT)
		return 0;
	if (r)
		return vp_fail(err, r, "cannot look up a connection to reset: %s",
			       strerror(-r));
	if (found.idiag_state == TCP_LISTEN || found.id.idiag_dport != id.idiag_dport ||
	    found.id.idiag_sport != id.idiag_sport)
		return 0;
	/* not found.id: an IPv6 socket with an IPv4 peer says its addresses in the other
	 * family */
	memcpy(id.idiag_cookie, found.id.idiag_cookie, sizeof(id.idiag_cookie));
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
	if (fd < 0)
		return vp_fail(err, -EAFNOSUPPORT, "cannot send a reset: no IPv6 raw socket");
	if (sendto(fd, packet, len, 0, to, v4 ? sizeof(to4) : sizeof(to6)) < 0)
		return vp_fail(err, -errno, "cannot send a reset: %s", strerror(errno));
	return 1;
}

int vp_reset_run(struct vp_reset *reset, const struct vp_report *report,
		 const struct vp_port_ranges *management, struct vp_error *err)
{
	int r = vp_reset_check(report, management, err);

	if (r)
		return r;
	if (report->hook == NF_INET_FORWARD)
		return send_reset(reset, report, err);
	r = destroy_socket(reset, report, err);
	if (!r && report->hook == NF_INET_LOCAL_OUT)
		return send_reset(reset, report, err);
	return r;
}
