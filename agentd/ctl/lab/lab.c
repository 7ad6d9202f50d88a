/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lab's network: namespaces, settings, links, addresses and the marker
 * frames that tell when traffic has come to rest. It knows nothing of patches.
 */
#include "agentd/ctl/lab/lab.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "agentd/ctl/lab/link.h"
#include "agentd/ctl/lab/netns.h"
#include "agentd/ctl/lab/rest.h"
#include "lib/cleanup.h"
#include "policy/patch.h"

#define FENCE_PROTOCOL 0x88b5 /* IEEE 802: local experimental Ethertype 1 */
/* Milliseconds; a marker is there in microseconds, or something is broken. */
#define FENCE_WAIT 2000
/* Milliseconds after which packets that wait for a verdict count as held back. */
#define HELD_WAIT    20
#define VERDICT_LOOK 30000 /* nanoseconds between two looks at them */

static const struct vp_link_end client_end = { "outer", { 2, 0, 0, 0, 0, 1 } };
static const struct vp_link_end host_outer_end = { "outer", { 2, 0, 0, 0, 0, 2 } };
static const struct vp_link_end host_inner_end = { "inner", { 2, 0, 0, 0, 0, 3 } };
static const struct vp_link_end endpoint_end = { "inner", { 2, 0, 0, 0, 0, 4 } };

/* Next hops on the two links: link-local, so that they collide with nothing a patch names. */
static const struct {
	const char *host, *client, *endpoint;
} hops[2] = {
	{ "169.254.255.1", "169.254.255.2", "169.254.255.3" },
	{ "fe80::1", "fe80::2", "fe80::3" },
};

/*
 * What the kernel would do against an attack by itself is off: the lab proves
 * the shield, not this kernel's defaults.
 */
static const struct {
	const char *name, *value;
	bool host_only;
	uint8_t family;
} settings[] = {
	{ "ipv4/conf/all/rp_filter", "0", false, 4 },
	{ "ipv4/conf/default/rp_filter", "0", false, 4 },
	{ "ipv4/conf/all/accept_source_route", "1", false, 4 },
	{ "ipv4/conf/default/accept_source_route", "1", false, 4 },
	{ "ipv4/conf/all/accept_redirects", "0", false, 4 },
	{ "ipv4/conf/default/accept_redirects", "0", false, 4 },
	{ "ipv4/conf/all/send_redirects", "0", false, 4 },
	{ "ipv4/conf/default/send_redirects", "0", false, 4 },
	{ "ipv4/icmp_echo_ignore_broadcasts", "0", false, 4 },
	{ "ipv4/ip_forward", "1", true, 4 },
	/* a server that asks for it takes data in the SYN, without a cookie (RFC 7413) */
	{ "ipv4/tcp_fastopen", "0x203", false, 4 },
	{ "ipv6/conf/all/disable_ipv6", "0", false, 6 },
	{ "ipv6/conf/default/disable_ipv6", "0", false, 6 },
	{ "ipv6/conf/default/addr_gen_mode", "1", false, 6 }, /* none: no address of its own */
	{ "ipv6/conf/all/accept_source_route", "1", false, 6 },
	{ "ipv6/conf/default/accept_source_route", "1", false, 6 },
	{ "ipv6/conf/all/rpl_seg_enabled", "1", false, 6 },
	{ "ipv6/conf/default/rpl_seg_enabled", "1", false, 6 },
	{ "ipv6/conf/all/accept_ra", "0", false, 6 },
	{ "ipv6/conf/default/accept_ra", "0", false, 6 },
	{ "ipv6/conf/all/accept_redirects", "0", false, 6 },
	{ "ipv6/conf/default/accept_redirects", "0", false, 6 },
	{ "ipv6/conf/all/forwarding", "1", true, 6 },
};

static int setting_write(const char *name, const char *value)
{
	_cleanup_close_ int fd = -1;
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return write(fd, value, strlen(value)) < 0 ? -errno : 0;
}

static void apply_settings(struct vp_lab *lab, bool host)
{
	for (size_t i = 0; i < VP_COUNT(settings); i++) {
		int r;

		if (settings[i].host_only && !host)
			continue;
		r = setting_write(settings[i].name, settings[i].value);
		if (r < 0 && (host || r != -ENOENT))
			vp_array_push(&lab->missing,
				      vp_format("net/%s could not be set to %s (%s)",
						settings[i].name, settings[i].value,
						strerror(-r)));
	}
}

static struct vp_address address_of(const char *text)
{
	struct vp_address address = { 0 };

	vp_address_parse(text, &address);
	return address;
}

static int bind_processor(unsigned int processor)
{
	cpu_set_t allowed, one;
	unsigned int seen = 0, count;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return -errno;
	count = (unsigned int)CPU_COUNT(&allowed);
	CPU_ZERO(&one);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &allowed) && seen++ == processor % count)
			CPU_SET(cpu, &one);
	return sched_setaffinity(0, sizeof(one), &one) < 0 ? -errno : 0;
}

static int make_namespaces(struct vp_lab *lab, struct vp_error *err)
{
	int r = vp_netns_isolate(&lab->user_namespace, err);

	for (int side = 0; side < VP_LAB_SIDES && r >= 0; side++) {
		r = vp_netns_new(err);
		if (r < 0)
			break;
		lab->netns[side] = r;
		apply_settings(lab, side == VP_LAB_HOST);
		r = vp_links_open(&lab->links[side], err);
	}
	return r < 0 ? r : 0;
}

static int interface(struct vp_lab *lab, enum vp_lab_side side, const char *name,
		     unsigned int *index, struct vp_error *err)
{
	int r = vp_lab_enter(lab, side, err);

	if (r < 0)
		return r;
	r = vp_link_up(lab->links[side], if_nametoindex("lo"), err);
	if (r < 0)
		return r;
	*index = if_nametoindex(name);
	return vp_link_up(lab->links[side], *index, err);
}

static int make_links(struct vp_lab *lab, struct vp_error *err)
{
	struct vp_links *host = lab->links[VP_LAB_HOST];
	int r;

	r = vp_link_pair(host, &host_outer_end, &client_end, lab->netns[VP_LAB_CLIENT], err);
	if (!r)
		r = vp_link_pair(host, &host_inner_end, &endpoint_end,
				 lab->netns[VP_LAB_ENDPOINT], err);
	if (!r)
		r = interface(lab, VP_LAB_CLIENT, client_end.name, &lab->index[VP_LAB_CLIENT],
			      err);
	if (!r)
		r = interface(lab, VP_LAB_ENDPOINT, endpoint_end.name,
			      &lab->index[VP_LAB_ENDPOINT], err);
	if (!r)
		r = interface(lab, VP_LAB_HOST, host_inner_end.name, &lab->index_inner, err);
	if (!r)
		r = interface(lab, VP_LAB_HOST, host_outer_end.name, &lab->index[VP_LAB_HOST],
			      err);
	return r;
}

/* Everything unknown goes towards the client; endpoints' addresses get routes of their own. */
static int make_routes(struct vp_lab *lab, size_t family, struct vp_error *err)
{
	struct vp_address host = address_of(hops[family].host);
	struct vp_address client = address_of(hops[family].client);
	struct vp_address endpoint = address_of(hops[family].endpoint);
	const struct {
		enum vp_lab_side side;
		unsigned int index;
		const struct vp_address *hop;
		const uint8_t *mac;
		bool is_default;
	} ways[] = {
		{ VP_LAB_CLIENT, lab->index[VP_LAB_CLIENT], &host, host_outer_end.mac, true },
		{ VP_LAB_ENDPOINT, lab->index[VP_LAB_ENDPOINT], &host, host_inner_end.mac,
		  true },
		{ VP_LAB_HOST, lab->index[VP_LAB_HOST], &client, client_end.mac, true },
		{ VP_LAB_HOST, lab->index_inner, &endpoint, endpoint_end.mac, false },
	};

	for (size_t i = 0; i < VP_COUNT(ways); i++) {
		struct vp_links *links = lab->links[ways[i].side];
		int r = vp_link_neighbour(links, ways[i].index, ways[i].hop, ways[i].mac, err);

		if (!r && ways[i].is_default)
			r = vp_link_route(links, ways[i].index, NULL, ways[i].hop, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* From the ranges that are set aside for documentation (RFC 5737, RFC 3849). */
static const char *const candidates[2][2][3] = {
	{ { "198.51.100.10", "203.0.113.10", "192.0.2.10" },
	  { "198.51.100.1", "203.0.113.1", "192.0.2.1" } },
	{ { "2001:db8:c::10", "2001:db8:cc::10", "2001:db8:ccc::10" },
	  { "2001:db8:a::1", "2001:db8:aa::1", "2001:db8:aaa::1" } },
};

static struct vp_address choose(const struct vp_ranges *taken, const char *const texts[3])
{
	struct vp_address address = { 0 };

	for (size_t i = 0; i < 3; i++) {
		bool free_one = true;

		address = address_of(texts[i]);
		for (size_t k = 0; k < taken->len; k++)
			if (vp_address_within(&address, &taken->data[k]))
				free_one = false;
		if (free_one)
			break;
	}
	return address;
}

static int make_addresses(struct vp_lab *lab, const struct vp_ranges *taken,
			  struct vp_error *err)
{
	for (size_t family = 0; family < 2; family++) {
		int r;

		if (!(lab->families & (family ? VP_FAMILY_IPV6 : VP_FAMILY_IPV4)))
			continue;
		r = make_routes(lab, family, err);
		lab->client[family] = choose(taken, candidates[family][0]);
		lab->host[family] = choose(taken, candidates[family][1]);
		if (!r)
			r = vp_lab_assign(lab, VP_LAB_CLIENT, &lab->client[family], err);
		if (!r)
			r = vp_lab_assign(lab, VP_LAB_HOST, &lab->host[family], err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int packet_socket(struct vp_lab *lab, enum vp_lab_side side, unsigned int index,
			 uint16_t protocol, struct vp_error *err)
{
	struct sockaddr_ll name = { .sll_family = AF_PACKET,
				    .sll_protocol = htons(protocol),
				    .sll_ifindex = (int)index };
	_cleanup_close_ int fd = -1;
	int r = vp_lab_enter(lab, side, err);

	if (r < 0)
		return r;
	fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof(name)) < 0)
		return vp_fail(err, -errno, "lab: packet socket: %s", strerror(errno));
	return TAKE_FD(fd);
}

static int make_sockets(struct vp_lab *lab, struct vp_error *err)
{
	const struct {
		enum vp_lab_side side;
		unsigned int index;
	} fences[4] = {
		{ VP_LAB_CLIENT, lab->index[VP_LAB_CLIENT] },
		{ VP_LAB_HOST, lab->index[VP_LAB_HOST] },
		{ VP_LAB_HOST, lab->index_inner },
		{ VP_LAB_ENDPOINT, lab->index[VP_LAB_ENDPOINT] },
	};

	for (size_t i = 0; i < 4; i++) {
		lab->fence[i] = packet_socket(lab, fences[i].side, fences[i].index,
					      FENCE_PROTOCOL, err);
		if (lab->fence[i] < 0)
			return lab->fence[i];
	}
	lab->sender = packet_socket(lab, VP_LAB_CLIENT, lab->index[VP_LAB_CLIENT], 0, err);
	return lab->sender < 0 ? lab->sender : 0;
}

int vp_lab_enter(struct vp_lab *lab, enum vp_lab_side side, struct vp_error *err)
{
	return vp_netns_enter(lab->netns[side], err);
}

int vp_lab_assign(struct vp_lab *lab, enum vp_lab_side side, const struct vp_address *address,
		  struct vp_error *err)
{
	int r = vp_link_address(lab->links[side], lab->index[side], address, err);

	if (!r && address->family == 6)
		r = vp_link_local(lab->links[side], lab->index[side], address, err);
	if (!r && side == VP_LAB_ENDPOINT) {
		struct vp_address hop =
			address_of(hops[vp_lab_family(address->family)].endpoint);

		r = vp_link_route(lab->links[VP_LAB_HOST], lab->index_inner, address, &hop,
				  err);
	}
	return r;
}

int vp_lab_send(struct vp_lab *lab, const void *packet, size_t len, struct vp_error *err)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_ifindex = (int)lab->index[VP_LAB_CLIENT],
				  .sll_halen = VP_MAC_SIZE };

	to.sll_protocol = htons(*(const uint8_t *)packet >> 4 == 4 ? ETH_P_IP : ETH_P_IPV6);
	memcpy(to.sll_addr, host_outer_end.mac, VP_MAC_SIZE);
	if (sendto(lab->sender, packet, len, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		return vp_fail(err, -errno, "lab: sending a packet of %zu bytes: %s", len,
			       strerror(errno));
	return 0;
}

/* Put the marker onto a link at one end and wait for it at the other. */
static int fence_hop(struct vp_lab *lab, int from, int to, const uint8_t *mac,
		     unsigned int index, int patience, struct vp_error *err)
{
	struct sockaddr_ll name = { .sll_family = AF_PACKET,
				    .sll_protocol = htons(FENCE_PROTOCOL),
				    .sll_ifindex = (int)index,
				    .sll_halen = VP_MAC_SIZE };
	uint32_t marker = ++lab->fences, seen = 0;

	memcpy(name.sll_addr, mac, VP_MAC_SIZE);
	if (sendto(from, &marker, sizeof(marker), 0, (struct sockaddr *)&name, sizeof(name)) <
	    0)
		return vp_fail(err, -errno, "lab: sending a marker: %s", strerror(errno));
	while (seen != marker) {
		struct pollfd wait = { .fd = to, .events = POLLIN };

		if (recv(to, &seen, sizeof(seen), MSG_DONTWAIT) >= 0)
			continue;
		if (errno != EAGAIN && errno != EINTR)
			return vp_fail(err, -errno, "lab: receiving a marker: %s",
				       strerror(errno));
		if (poll(&wait, 1, patience) == 0)
			return vp_fail(err, -ETIMEDOUT, "lab: a marker frame was lost");
	}
	return 0;
}

/* There and back, once. */
static int fence_round(struct vp_lab *lab, int patience, struct vp_error *err)
{
	int *fence = lab->fence;
	int r;

	r = fence_hop(lab, fence[0], fence[1], host_outer_end.mac, lab->index[VP_LAB_CLIENT],
		      patience, err);
	if (!r)
		r = fence_hop(lab, fence[2], fence[3], endpoint_end.mac, lab->index_inner,
			      patience, err);
	if (!r)
		r = fence_hop(lab, fence[3], fence[2], host_inner_end.mac,
			      lab->index[VP_LAB_ENDPOINT], patience, err);
	if (!r)
		r = fence_hop(lab, fence[1], fence[0], client_end.mac, lab->index[VP_LAB_HOST],
			      patience, err);
	return r;
}

/* To another hardware address than the client's: only taps see it then. */
int vp_lab_detach(struct vp_lab *lab, bool detached, struct vp_error *err)
{
	static const uint8_t nobody[VP_MAC_SIZE] = { 2, 0, 0, 0, 0, 9 };
	int r = 0;

	for (size_t family = 0; family < 2 && !r; family++) {
		struct vp_address client = address_of(hops[family].client);

		if (lab->families & (family ? VP_FAMILY_IPV6 : VP_FAMILY_IPV4))
			r = vp_link_neighbour(lab->links[VP_LAB_HOST], lab->index[VP_LAB_HOST],
					      &client, detached ? nobody : client_end.mac,
					      err);
	}
	return r;
}

static uint64_t milliseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Let whoever judges have the processor until nothing waits; *held: for longer than it may. */
static int await_verdicts(struct vp_lab *lab, struct vp_queued_now *now, bool *held,
			  struct vp_error *err)
{
	const struct timespec moment = { .tv_nsec = VERDICT_LOOK };
	struct vp_queued_now last = { 0 };
	uint64_t since = 0, attended = 0;
	int r = vp_rest_read(lab->queues, now, err);

	while (!r && now->waiting && !*held) {
		uint64_t time = milliseconds();

		if (now->waiting != last.waiting || now->ever != last.ever)
			since = time;
		*held = time - since > HELD_WAIT;
		if (lab->attend && time != attended)
			lab->attend(lab->attended);
		attended = time;
		nanosleep(&moment, NULL);
		last = *now;
		r = vp_rest_read(lab->queues, now, err);
	}
	return r;
}

/*
 * Until nothing waits in a queue, and nothing came into one since the last marker:
 * what was let go may have sent something on, or back.
 */
static int rest(struct vp_lab *lab, struct vp_error *err)
{
	uint64_t before = UINT64_MAX;
	bool held = false;

	for (;;) {
		struct vp_queued_now now;
		int r = fence_round(lab, FENCE_WAIT, err);

		if (!r)
			r = await_verdicts(lab, &now, &held, err);
		if (r < 0 || held || now.ever == before)
			return r;
		before = now.ever;
	}
}

int vp_lab_settle(struct vp_lab *lab, unsigned int rounds, struct vp_error *err)
{
	int r = 0;

	if (lab->queues >= 0)
		return rest(lab, err);
	for (unsigned int i = 0; i < rounds && !r; i++)
		r = fence_round(lab, FENCE_WAIT, err);
	return r;
}

int vp_lab_watch_queues(struct vp_lab *lab, struct vp_error *err)
{
	int r = lab->queues >= 0 ? 0 : vp_lab_enter(lab, VP_LAB_HOST, err);

	if (!r && lab->queues < 0) {
		r = vp_rest_open(err);
		lab->queues = r;
	}
	return r < 0 ? r : 0;
}

/* An interface carries nothing until the kernel has noticed, in its own time, that its peer is
 * up. */
static int wait_for_carrier(struct vp_lab *lab, struct vp_error *err)
{
	int r = -ETIMEDOUT;

	for (int tries = 0; tries < FENCE_WAIT && r == -ETIMEDOUT; tries++)
		r = fence_round(lab, 1, err);
	return r;
}

int vp_lab_open(struct vp_lab *lab, const struct vp_ranges *taken, unsigned int processor,
		struct vp_error *err)
{
	struct rlimit files;
	int r;

	*lab = (struct vp_lab){ .families = VP_FAMILY_IPV4, .queues = -1 };
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	prctl(PR_SET_TIMERSLACK, 1ul, 0ul, 0ul, 0ul); /* short waits are short */
	r = bind_processor(processor);
	if (r < 0)
		return vp_fail(err, r, "lab: binding to one processor: %s", strerror(-r));
	r = make_namespaces(lab, err);
	if (r < 0)
		return r;
	if (!access("/proc/sys/net/ipv6", F_OK))
		lab->families |= VP_FAMILY_IPV6;
	else
		vp_array_push(&lab->missing, vp_strdup("this kernel runs without IPv6"));
	if (lab->user_namespace)
		vp_array_push(&lab->missing,
			      vp_strdup("run without root: units, processes and system-call "
					"rules of the real host are not reproduced"));
	r = make_links(lab, err);
	if (!r)
		r = make_addresses(lab, taken, err);
	if (!r)
		r = make_sockets(lab, err);
	return r < 0 ? r : wait_for_carrier(lab, err);
}

int vp_lab_forget(struct vp_lab *lab, struct vp_error *err)
{
	int r = vp_lab_enter(lab, VP_LAB_HOST, err);

	return r < 0 ? r : vp_conntrack_flush(err);
}
