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

#define FRAGMENTS_MAX 256

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

/* The datagram as the client's socket would send it, but in a shape that no socket gives it.
 */
static int send_shaped(struct vp_datagrams *datagrams, struct vp_lab *lab,
		       const struct vp_path *path, const uint8_t *data, size_t len,
		       struct vp_error *err)
{
	struct vp_packet_bytes pieces[FRAGMENTS_MAX];
	_cleanup_free_ uint8_t *payload = vp_alloc(len + 8, 1);
	_cleanup_free_ uint8_t *packet = NULL;
	struct sockaddr_storage name;
	socklen_t size = sizeof(name);
	size_t packet_len, count = 0;
	int r;

	if (getsockname(datagrams->client, (struct sockaddr *)&name, &size) < 0)
		return vp_fail(err, -errno, "lab: getsockname: %s", strerror(errno));
	/* the port lies at the same place in both families' names */
	memcpy(payload, &((struct sockaddr_in *)&name)->sin_port, 2);
	payload[2] = (uint8_t)(path->port >> 8);
	payload[3] = (uint8_t)path->port;
	if (len)
		memcpy(payload + 8, data, len);
	vp_packet_build(&path->client, &path->server, IPPROTO_UDP, payload, len + 8, &packet,
			&packet_len);
	r = vp_packet_shape(packet, packet_len, path->shape, ++lab->fences, pieces,
			    FRAGMENTS_MAX, &count, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		if (!r)
			r = vp_lab_send(lab, pieces[i].data, pieces[i].len, err);
		free(pieces[i].data);
	}
	return r;
}

static int send_plain(int from, const uint8_t *data, size_t len,
		      const struct sockaddr_storage *name, socklen_t size,
		      struct vp_error *err)
{
	if (sendto(from, data, len, 0, (const struct sockaddr *)name, size) < 0 &&
	    errno != EPERM)
		return vp_fail(err, -errno, "lab: a datagram of %zu bytes: %s", len,
			       strerror(errno));
	return 0;
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
	r = up && path->shape != VP_SHAPE_PLAIN
		    ? send_shaped(datagrams, lab, path, data, len, err)
		    : send_plain(from, data, len, &name, size, err);
	if (!r)
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
