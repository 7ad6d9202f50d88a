/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Samples over UDP: a socket on the service's port and one at the client, both
 * unconnected, so that an ICMP answer to one datagram does not spoil the next.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agentd/ctl/lab/transport.h"
#include "lib/cleanup.h"

static int udp_socket(struct vp_lab *lab, enum vp_lab_side side,
		      const struct vp_address *address, uint16_t port, struct vp_error *err)
{
	struct sockaddr_storage name;
	_cleanup_close_ int fd = -1;
	unsigned int size;
	int r = vp_lab_enter(lab, side, err);

	if (r < 0)
		return r;
	fd = socket(address->family == 4 ? AF_INET : AF_INET6,
		    SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return vp_fail(err, -errno, "lab: UDP socket: %s", strerror(errno));
	size = vp_socket_name(address, port, lab->index[side], &name);
	if (bind(fd, (struct sockaddr *)&name, size) < 0) {
		char text[VP_ADDRESS_TEXT];

		return vp_fail(err, -errno, "lab: UDP socket at %s port %u: %s",
			       vp_address_print(address, text), port, strerror(errno));
	}
	return TAKE_FD(fd);
}

int vp_datagrams_open(struct vp_datagrams *datagrams, struct vp_lab *lab,
		      const struct vp_path *path, struct vp_error *err)
{
	*datagrams = (struct vp_datagrams){ .client = -1, .server = -1 };
	datagrams->server = udp_socket(lab, path->side, &path->server, path->port, err);
	if (datagrams->server < 0)
		return datagrams->server;
	datagrams->client = udp_socket(lab, path->client_side, &path->client, 0, err);
	return datagrams->client < 0 ? datagrams->client : 0;
}

static void take(int fd, const uint8_t *data, size_t len, struct vp_delivery *delivery)
{
	uint8_t buffer[VP_PACKET_MAX];
	ssize_t got;

	while ((got = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT)) >= 0 ||
	       errno != EAGAIN) {
		if (got < 0)
			continue; /* an error that was waiting at the socket */
		if ((size_t)got == len && !memcmp(buffer, data, len))
			delivery->arrived = true;
		else
			delivery->differs = true;
	}
}

int vp_datagrams_carry(struct vp_datagrams *datagrams, struct vp_lab *lab,
		       const struct vp_path *path, enum vp_direction direction,
		       const uint8_t *data, size_t len, struct vp_delivery *delivery,
		       struct vp_error *err)
{
	bool up = direction == VP_TO_SERVER;
	enum vp_lab_side from_side = up ? path->client_side : path->side;
	int from = up ? datagrams->client : datagrams->server;
	int to = up ? datagrams->server : datagrams->client;
	struct sockaddr_storage name;
	socklen_t size = sizeof(name);
	int r;

	*delivery = (struct vp_delivery){ 0 };
	if (up)
		size = vp_socket_name(&path->server, path->port, lab->index[from_side], &name);
	else if (getsockname(to, (struct sockaddr *)&name, &size) < 0)
		return vp_fail(err, -errno, "lab: getsockname: %s", strerror(errno));
	if (sendto(from, data, len, 0, (struct sockaddr *)&name, size) < 0 && errno != EPERM)
		return vp_fail(err, -errno, "lab: a datagram of %zu bytes: %s", len,
			       strerror(errno));
	r = vp_lab_settle(lab, 1, err);
	if (r < 0)
		return r;
	take(to, data, len, delivery);
	return 0;
}

void vp_datagrams_close(struct vp_datagrams *datagrams)
{
	if (datagrams->client >= 0)
		close(datagrams->client);
	if (datagrams->server >= 0)
		close(datagrams->server);
	datagrams->client = datagrams->server = -1;
}
