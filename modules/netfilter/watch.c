// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The watcher's socket and an eventfd that makes the daemon call back when
 * something was found while no event could say so. Only the table's name is read
 * from events; what changed is the business of verify.
 */
#include "modules/netfilter/watch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "lib/cleanup.h"
#include "lib/memory.h"
#include "modules/netfilter/instance.h"

#define EVENT_SIZE (64u << 10)
#define EVENT_ROOM (1 << 20)
#define READS_MAX  64 /* a call: others may make events faster than we read them */

struct vp_watch {
	struct vp_instance *instance; /* not owned */
	struct mnl_socket *socket;
	struct vp_netlink nl; /* for questions; the instance's may be in use */
	int poll_fd;	      /* of both: what the daemon waits for */
	int wake_fd;	      /* eventfd */
	bool suspicious;
	bool subscribed;
	uint8_t *buffer;
};

static void subscribe(struct vp_watch *watch, bool on)
{
	int group = NFNLGRP_NFTABLES;

	if (watch->subscribed == on)
		return;
	if (setsockopt(mnl_socket_get_fd(watch->socket), SOL_NETLINK,
		       on ? NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP, &group,
		       sizeof(group)) == 0)
		watch->subscribed = on;
}

static int open_socket(struct vp_watch *watch, struct vp_error *err)
{
	int room = EVENT_ROOM, fd;

	watch->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!watch->socket || mnl_socket_bind(watch->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return vp_fail(err, -errno, "cannot watch nftables: %s", strerror(errno));
	fd = mnl_socket_get_fd(watch->socket);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	subscribe(watch, true);
	if (!watch->subscribed)
		return vp_fail(err, -errno,
			       "cannot subscribe to nftables events: %s; run as root, or in a "
			       "user and network namespace of your own",
			       strerror(errno));
	return 0;
}

static int open_poll(struct vp_watch *watch, struct vp_error *err)
{
	struct epoll_event event = { .events = EPOLLIN };

	watch->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	watch->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (watch->wake_fd < 0 || watch->poll_fd < 0 ||
	    epoll_ctl(watch->poll_fd, EPOLL_CTL_ADD, watch->wake_fd, &event) < 0 ||
	    epoll_ctl(watch->poll_fd, EPOLL_CTL_ADD, mnl_socket_get_fd(watch->socket),
		      &event) < 0)
		return vp_fail(err, -errno, "cannot make an epoll set: %s", strerror(errno));
	return 0;
}

int vp_watch_open(struct vp_watch **watch, struct vp_instance *instance, struct vp_error *err)
{
	struct vp_watch *made = vp_new(struct vp_watch);
	int code;

	made->instance = instance;
	made->poll_fd = made->wake_fd = -1;
	made->buffer = vp_alloc(1, EVENT_SIZE);
	code = open_socket(made, err);
	if (code == 0)
		code = open_poll(made, err);
	if (code == 0)
		code = vp_netlink_open(&made->nl, err);
	if (code < 0) {
		vp_watch_close(made);
		return code;
	}
	instance->watch = made;
	*watch = made;
	return 0;
}

void vp_watch_close(struct vp_watch *watch)
{
	if (!watch)
		return;
	if (watch->instance->watch == watch)
		watch->instance->watch = NULL;
	if (watch->socket)
		mnl_socket_close(watch->socket);
	vp_netlink_close(&watch->nl);
	if (watch->poll_fd >= 0)
		close(watch->poll_fd);
	if (watch->wake_fd >= 0)
		close(watch->wake_fd);
	free(watch->buffer);
	free(watch);
}

int vp_watch_fd(const struct vp_watch *watch)
{
	return watch->poll_fd;
}

static void suspect(struct vp_watch *watch)
{
	watch->suspicious = true;
	if (eventfd_write(watch->wake_fd, 1) < 0)
		return; /* only when it is readable already */
}

void vp_watch_pause(struct vp_watch *watch)
{
	subscribe(watch, false);
}

void vp_watch_resume(struct vp_watch *watch, uint32_t genid, uint32_t own)
{
	uint32_t now = 0;

	subscribe(watch, true);
	if (!watch->subscribed || vp_netlink_genid(&watch->nl, &now) < 0 || now - genid != own)
		suspect(watch);
}

static bool names_our_table(const struct nlmsghdr *message)
{
	const struct nfgenmsg *family = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*family) ||
	    family->nfgen_family != NFPROTO_INET)
		return false;
	/* the first attribute of every kind of object is its table's name */
	mnl_attr_for_each (attr, message, sizeof(*family))
		if (mnl_attr_get_type(attr) == NFTA_TABLE_NAME &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
			return !strcmp(mnl_attr_get_str(attr), VP_TABLE_NAME);
	return false;
}

static enum vp_watch_event judge(const struct vp_watch *watch, const struct nlmsghdr *message)
{
	unsigned int type = message->nlmsg_type & 0xff;

	if (message->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES || type == NFT_MSG_NEWGEN ||
	    message->nlmsg_pid == watch->instance->nl.portid || !names_our_table(message))
		return VP_WATCH_NOTHING;
	return type == NFT_MSG_DELTABLE ? VP_WATCH_VANISHED : VP_WATCH_CHANGED;
}

static enum vp_watch_event worse(enum vp_watch_event a, enum vp_watch_event b)
{
	static const int weight[] = { [VP_WATCH_NOTHING] = 0,
				      [VP_WATCH_CHANGED] = 1,
				      [VP_WATCH_UNSURE] = 2,
				      [VP_WATCH_VANISHED] = 3 };

	return weight[a] >= weight[b] ? a : b;
}

enum vp_watch_event vp_watch_handle(struct vp_watch *watch)
{
	enum vp_watch_event event = watch->suspicious ? VP_WATCH_UNSURE : VP_WATCH_NOTHING;
	eventfd_t ignored;

	watch->suspicious = false;
	if (eventfd_read(watch->wake_fd, &ignored) < 0)
		ignored = 0; /* nobody woke us that way */
	for (int i = 0; i < READS_MAX; i++) {
		ssize_t size = mnl_socket_recvfrom(watch->socket, watch->buffer, EVENT_SIZE);
		const struct nlmsghdr *message = (const void *)watch->buffer;
		int left = (int)size;

		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0 && errno == ENOBUFS) {
			event = worse(event, VP_WATCH_UNSURE);
			continue;
		}
		if (size < 0)
			break;
		for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left))
			event = worse(event, judge(watch, message));
	}
	if (event != VP_WATCH_NOTHING)
		watch->instance->certain = false;
	return event;
}
