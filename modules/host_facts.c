// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * This host's addresses and gateways from the kernel's routing tables, its
 * resolvers, and its sockets with the process and systemd unit that hold them.
 * Reading only.
 */
#include "modules/host_facts.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/rtnetlink.h>

#include "lib/cleanup.h"
#include "lib/process.h"
#include "modules/dump.h"
#include "modules/tcp_sockets.h"

static bool to_address(uint8_t family, const struct nlattr *attr, struct vp_address *address)
{
	size_t size = family == AF_INET ? 4 : 16;

	if ((family != AF_INET && family != AF_INET6) ||
	    mnl_attr_get_payload_len(attr) != size)
		return false;
	*address = (struct vp_address){ .family = family == AF_INET ? 4 : 6 };
	memcpy(address->bytes, mnl_attr_get_payload(attr), size);
	return true;
}

static void never_ban(struct vp_host *host, const struct vp_address *address)
{
	struct vp_address_range range = { *address, *address };

	vp_array_each (known, &host->never_ban)
		if (!vp_address_compare(&known->first, address) &&
		    !vp_address_compare(&known->last, address))
			return;
	vp_array_push(&host->never_ban, range);
}

static int visit_address(const struct nlmsghdr *message, void *data)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
	struct vp_address address = { 0 }, local = { 0 };
	struct vp_host *host = data;
	const struct nlattr *attr;

	mnl_attr_for_each (attr, message, sizeof(*info)) {
		if (mnl_attr_get_type(attr) == IFA_ADDRESS)
			to_address(info->ifa_family, attr, &address);
		if (mnl_attr_get_type(attr) == IFA_LOCAL)
			to_address(info->ifa_family, attr, &local);
	}
	if (local.family)
		address = local; /* IFA_ADDRESS is the peer's then */
	if (address.family) {
		struct vp_address_range range = { address, address };

		vp_array_push(&host->addresses, range);
		never_ban(host, &address);
	}
	return MNL_CB_OK;
}

/* RTA_GATEWAY, or RTA_VIA where the gateway is of another family than the route. */
static void take_gateway(struct vp_host *host, uint8_t family, const struct nlattr *attr)
{
	struct vp_address address = { .family = 6 };
	const struct rtvia *via = mnl_attr_get_payload(attr);

	if (mnl_attr_get_type(attr) == RTA_GATEWAY && to_address(family, attr, &address))
		never_ban(host, &address);
	if (mnl_attr_get_type(attr) == RTA_VIA &&
	    mnl_attr_get_payload_len(attr) == sizeof(*via) + 16 &&
	    via->rtvia_family == AF_INET6) {
		memcpy(address.bytes, via->rtvia_addr, 16);
		never_ban(host, &address);
	}
}

/* The gateways of a route with several paths. */
static void take_paths(struct vp_host *host, uint8_t family, const struct nlattr *paths)
{
	const uint8_t *at = mnl_attr_get_payload(paths);
	size_t left = mnl_attr_get_payload_len(paths);
	const struct nlattr *attr;

	while (left >= sizeof(struct rtnexthop)) {
		const struct rtnexthop *hop = (const void *)at;
		size_t size = hop->rtnh_len;

		if (size < sizeof(*hop) || size > left)
			return;
		mnl_attr_for_each_payload((const void *)(hop + 1), size - sizeof(*hop))
			take_gateway(host, family, attr);
		size = MNL_ALIGN(size) < left ? MNL_ALIGN(size) : left;
		at += size;
		left -= size;
	}
}

static int visit_route(const struct nlmsghdr *message, void *data)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr;

	mnl_attr_for_each (attr, message, sizeof(*route)) {
		take_gateway(data, route->rtm_family, attr);
		if (mnl_attr_get_type(attr) == RTA_MULTIPATH)
			take_paths(data, route->rtm_family, attr);
	}
	return MNL_CB_OK;
}

static void read_routing(struct vp_host *host)
{
	const struct ifaddrmsg address = { .ifa_family = AF_UNSPEC };
	const struct rtmsg route = { .rtm_family = AF_UNSPEC };
	struct mnl_socket *socket = vp_dump_open(NETLINK_ROUTE);

	if (!socket)
		return;
	vp_dump(socket, RTM_GETADDR, &address, sizeof(address), visit_address, host);
	vp_dump(socket, RTM_GETROUTE, &route, sizeof(route), visit_route, host);
	mnl_socket_close(socket);
}

static void read_resolvers(struct vp_host *host)
{
	_cleanup_fclose_ FILE *file = fopen("/etc/resolv.conf", "re");
	char line[256], text[64];
	struct vp_address address;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, " nameserver %63s", text) == 1 &&
		    vp_address_parse(text, &address) == 0)
			never_ban(host, &address);
}

/* A socket and the inode that /proc/PID/fd knows it by. */
struct open_socket {
	unsigned long inode;
	size_t position; /* in host->sockets */
};

VP_ARRAY_TYPE(open_sockets, struct open_socket);

static void add_socket(struct vp_host *host, struct open_sockets *open,
		       const struct vp_socket *socket, unsigned long inode)
{
	vp_array_push(&host->sockets, *socket);
	vp_array_push(open, ((struct open_socket){ inode, host->sockets.len - 1 }));
}

/* /proc/net prints addresses as 32-bit words in host order. */
static bool parse_words(const char *text, size_t words, struct vp_address *address)
{
	for (size_t i = 0; i < words; i++) {
		unsigned int word;

		if (sscanf(text + i * 8, "%8x", &word) != 1)
			return false;
		memcpy(address->bytes + i * 4, &word, 4);
	}
	return true;
}

static void read_table(struct vp_host *host, struct open_sockets *open, const char *path,
		       uint16_t protocol)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	char line[512], local[64];
	unsigned int port, state;
	unsigned long inode;

	while (file && fgets(line, sizeof(line), file)) {
		struct vp_socket socket = { .protocol = protocol };
		size_t digits;

		if (sscanf(line,
			   " %*d: %63[0-9A-F]:%x %*[0-9A-F]:%*x %x %*s %*s %*s %*s %*s %lu",
			   local, &port, &state, &inode) != 4)
			continue;
		if (protocol == IPPROTO_TCP && state != TCP_LISTEN)
			continue;
		digits = strlen(local);
		socket.address.family = digits == 8 ? 4 : 6;
		if ((digits != 8 && digits != 32) ||
		    !parse_words(local, digits / 8, &socket.address))
			continue;
		socket.port = (uint16_t)port;
		add_socket(host, open, &socket, inode);
	}
}

struct listeners {
	struct vp_host *host;
	struct open_sockets *open;
};

static void add_listener(void *context, const struct vp_tcp_socket *found)
{
	const struct listeners *listeners = context;
	const struct vp_socket socket = { .protocol = IPPROTO_TCP,
					  .address = found->local,
					  .port = found->local_port };

	add_socket(listeners->host, listeners->open, &socket, found->inode);
}

static void read_listeners(struct vp_host *host, struct open_sockets *open)
{
	struct listeners listeners = { host, open };
	size_t before = host->sockets.len;

	if (vp_tcp_sockets_each(TCP_LISTEN, add_listener, &listeners))
		return;
	host->sockets.len = before;
	open->len = 0;
	read_table(host, open, "/proc/net/tcp", IPPROTO_TCP);
	read_table(host, open, "/proc/net/tcp6", IPPROTO_TCP);
}

static int compare_inodes(const void *a, const void *b)
{
	const struct open_socket *left = a, *right = b;

	return left->inode < right->inode ? -1 : left->inode > right->inode;
}

static void claim_sockets(struct vp_host *host, const struct open_sockets *open, pid_t process)
{
	_cleanup_free_ char *path = vp_format("/proc/%d/fd", (int)process);
	_cleanup_closedir_ DIR *folder = opendir(path);
	struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		struct open_socket key, *found;
		struct vp_socket *socket;
		char target[64];
		ssize_t size =
			readlinkat(dirfd(folder), entry->d_name, target, sizeof(target) - 1);

		if (size <= 0)
			continue;
		target[size] = 0;
		if (sscanf(target, "socket:[%lu]", &key.inode) != 1 || !open->len)
			continue;
		found = bsearch(&key, open->data, open->len, sizeof(key), compare_inodes);
		if (!found)
			continue;
		socket = &host->sockets.data[found->position];
		if (!socket->process)
			socket->process = vp_process_executable(process);
		if (!socket->unit)
			socket->unit = vp_process_unit(process);
	}
}

static void read_sockets(struct vp_host *host)
{
	static const struct {
		const char *path;
		uint16_t protocol;
	} tables[] = {
		{ "/proc/net/udp", IPPROTO_UDP },
		{ "/proc/net/udp6", IPPROTO_UDP },
		{ "/proc/net/udplite", IPPROTO_UDPLITE },
		{ "/proc/net/udplite6", IPPROTO_UDPLITE },
	};
	struct open_sockets open = { 0 };
	_cleanup_closedir_ DIR *proc = opendir("/proc");
	pid_t process;

	read_listeners(host, &open);
	for (size_t i = 0; i < VP_COUNT(tables); i++)
		read_table(host, &open, tables[i].path, tables[i].protocol);
	if (open.len)
		qsort(open.data, open.len, sizeof(*open.data), compare_inodes);
	while ((process = vp_process_next(proc)))
		claim_sockets(host, &open, process);
	vp_array_free(&open);
}

void vp_host_facts_read(struct vp_host *host)
{
	read_routing(host);
	read_resolvers(host);
	if (!host->without_sockets)
		read_sockets(host);
}
