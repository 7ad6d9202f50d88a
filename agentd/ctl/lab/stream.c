/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Samples over TCP: a listener on the service's port, a client that connects
 * without blocking, and bytes in both directions. Both ends are in this process,
 * so that each look at them is as good as final once the lab has settled.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/sockios.h>

#include "agentd/ctl/lab/transport.h"
#include "lib/cleanup.h"

#define ACK_WAIT                                                                              \
	100 /* milliseconds; a delayed acknowledgement (40) may hold back the next segment */

unsigned int vp_socket_name(const struct vp_address *address, uint16_t port,
			    unsigned int index, struct sockaddr_storage *name)
{
	memset(name, 0, sizeof(*name));
	if (address->family == 4) {
		struct sockaddr_in *in = (struct sockaddr_in *)name;

		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, address->bytes, 4);
		return sizeof(*in);
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)name;

	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	memcpy(&in6->sin6_addr, address->bytes, 16);
	if (IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr))
		in6->sin6_scope_id = index;
	return sizeof(*in6);
}

static int tcp_socket(struct vp_lab *lab, enum vp_lab_side side,
		      const struct vp_address *address, uint16_t port, struct vp_error *err)
{
	struct linger abort_it = { .l_onoff = 1, .l_linger = 0 };
	struct sockaddr_storage name;
	_cleanup_close_ int fd = -1;
	unsigned int size;
	int on = 1, r = vp_lab_enter(lab, side, err);

	if (r < 0)
		return r;
	fd = socket(address->family == 4 ? AF_INET : AF_INET6,
		    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return vp_fail(err, -errno, "lab: TCP socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort_it, sizeof(abort_it));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	/* no pacing: what may be sent is sent at once */
	setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
	size = vp_socket_name(address, port, lab->index[side], &name);
	if (bind(fd, (struct sockaddr *)&name, size) < 0) {
		char text[VP_ADDRESS_TEXT];

		return vp_fail(err, -errno, "lab: TCP socket at %s port %u: %s",
			       vp_address_print(address, text), port, strerror(errno));
	}
	return TAKE_FD(fd);
}

int vp_stream_open(struct vp_stream *stream, struct vp_lab *lab, const struct vp_path *path,
		   struct vp_error *err)
{
	int fd = tcp_socket(lab, path->side, &path->server, path->port, err);

	*stream = (struct vp_stream){ .listener = -1, .client = -1, .server = -1 };
	if (fd < 0)
		return fd;
	stream->listener = fd;
	if (listen(fd, 64) < 0)
		return vp_fail(err, -errno, "lab: TCP listener: %s", strerror(errno));
	return 0;
}

static void keep(struct vp_stream *stream)
{
	if (stream->client >= 0)
		vp_array_push(&stream->connections, TAKE_FD(stream->client));
	if (stream->server >= 0)
		vp_array_push(&stream->connections, TAKE_FD(stream->server));
}

int vp_stream_connect(struct vp_stream *stream, struct vp_lab *lab, const struct vp_path *path,
		      struct vp_error *err)
{
	struct linger abort_it = { .l_onoff = 1, .l_linger = 0 };
	struct sockaddr_storage name;
	int fd, on = 1, r;

	keep(stream);
	fd = tcp_socket(lab, path->client_side, &path->client, 0, err);
	if (fd < 0)
		return fd;
	vp_array_push(&stream->connections, fd);
	unsigned int size =
		vp_socket_name(&path->server, path->port, lab->index[VP_LAB_CLIENT], &name);

	if (connect(fd, (struct sockaddr *)&name, size) < 0 && errno != EINPROGRESS &&
	    errno != ECONNREFUSED && errno != EHOSTUNREACH && errno != ENETUNREACH &&
	    errno != EPERM)
		return vp_fail(err, -errno, "lab: TCP connection: %s", strerror(errno));
	r = vp_lab_settle(lab, 2, err); /* SYN and its answer; the third packet */
	if (r < 0)
		return r;
	stream->server = accept4(stream->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (stream->server < 0)
		return 0;
	stream->client = fd;
	stream->connections.len--;
	setsockopt(stream->server, SOL_SOCKET, SO_LINGER, &abort_it, sizeof(abort_it));
	setsockopt(stream->server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return 0;
}

/* Compare what has come with what was sent; *at counts the bytes seen. True when there was
 * any. */
static bool take(int fd, const uint8_t *data, size_t len, size_t *at,
		 struct vp_delivery *delivery)
{
	uint8_t buffer[16384];
	bool any = false;
	ssize_t got;

	while ((got = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0) {
		size_t count = (size_t)got;

		any = true;
		if (count > len - *at || memcmp(buffer, data + *at, count)) {
			delivery->differs = true;
			return true;
		}
		*at += count;
	}
	return any;
}

/* Bytes that TCP holds back until it gets an acknowledgement. */
static bool held_back(int fd)
{
	int unsent = 0;

	return !ioctl(fd, SIOCOUTQNSD, &unsent) && unsent > 0;
}

int vp_stream_carry(struct vp_stream *stream, struct vp_lab *lab, enum vp_direction direction,
		    const uint8_t *data, size_t len, struct vp_delivery *delivery,
		    struct vp_error *err)
{
	int from = direction == VP_TO_SERVER ? stream->client : stream->server;
	int to = direction == VP_TO_SERVER ? stream->server : stream->client;
	size_t sent = 0, got = 0;
	bool moving = true;

	*delivery = (struct vp_delivery){ 0 };
	if (from < 0 || to < 0)
		return 0;
	while (moving && !delivery->differs) {
		struct pollfd wait = { .fd = to, .events = POLLIN };
		ssize_t count =
			sent < len ? send(from, data + sent, len - sent, MSG_NOSIGNAL) : 0;
		int r = vp_lab_settle(lab, 1, err);

		if (r < 0)
			return r;
		moving = count > 0;
		if (count > 0)
			sent += (size_t)count;
		moving |= take(to, data, len, &got, delivery);
		if (!moving && got < len && held_back(from))
			moving = poll(&wait, 1, ACK_WAIT) > 0;
		if (got == len)
			break;
	}
	delivery->arrived = got == len && !delivery->differs;
	return 0;
}

void vp_stream_close(struct vp_stream *stream)
{
	keep(stream);
	vp_array_each (fd, &stream->connections)
		close(*fd);
	vp_array_free(&stream->connections);
	if (stream->listener >= 0)
		close(stream->listener);
	stream->listener = -1;
}
