/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Samples as IP packets: sent from the client onto its link byte for byte (from
 * the server through its own stack, so that its output hooks see them), seen
 * behind the shield by raw sockets. A raw socket gets a packet when local
 * delivery begins: after the input hooks and reassembly, before the transport
 * protocol has an opinion.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agentd/ctl/lab/transport.h"
#include "lib/cleanup.h"

static int raw_socket(struct vp_lab *lab, enum vp_lab_side side, uint8_t family, int protocol,
		      struct vp_error *err)
{
	int r = vp_lab_enter(lab, side, err);
	int fd;

	if (r < 0)
		return r;
	fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
		    protocol);
	if (fd < 0)
		return vp_fail(err, -errno, "lab: raw socket of protocol %d: %s", protocol,
			       strerror(errno));
	return fd;
}

static int witness_of(struct vp_witnesses *witnesses, struct vp_lab *lab,
		      enum vp_lab_side side, uint8_t family, uint8_t protocol,
		      struct vp_error *err)
{
	struct vp_witness *witness;
	int fd;

	vp_array_each (known, &witnesses->list)
		if (known->side == side && known->family == family &&
		    known->protocol == protocol)
			return known->fd;
	fd = raw_socket(lab, side, family, protocol, err);
	if (fd < 0)
		return fd;
	witness = vp_array_add(&witnesses->list);
	*witness = (struct vp_witness){ side, family, protocol, fd };
	return fd;
}

/* Send through the stack of a side: its output hooks see the packet. */
static int send_through(struct vp_witnesses *witnesses, struct vp_lab *lab,
			enum vp_lab_side side, const struct vp_packet_bytes *packet,
			struct vp_error *err)
{
	uint8_t family = packet->data[0] >> 4;
	int *fd = &witnesses->sender[side][vp_lab_family(family)];
	struct vp_address to = { .family = family };
	struct sockaddr_storage name;
	unsigned int size;

	if (!*fd) {
		int made = raw_socket(lab, side, family, IPPROTO_RAW, err);

		if (made < 0)
			return made;
		*fd = made; /* IPPROTO_RAW: the header is ours, for both families */
	}
	memcpy(to.bytes, packet->data + (family == 4 ? 16 : 24), vp_address_size(family));
	size = vp_socket_name(&to, 0, lab->index[side], &name);
	if (sendto(*fd, packet->data, packet->len, 0, (struct sockaddr *)&name, size) < 0 &&
	    errno != EPERM)
		return vp_fail(err, -errno, "lab: sending a packet of %zu bytes: %s",
			       packet->len, strerror(errno));
	return 0;
}

/* A packet may name a destination of its own: the target then has it too. */
static int expect_destination(struct vp_lab *lab, const struct vp_path *path,
			      const struct vp_packet_bytes *packet, struct vp_error *err)
{
	struct vp_address to = { .family = packet->data[0] >> 4 };
	struct group_req group = { .gr_interface = lab->index[VP_LAB_HOST] };
	int level = to.family == 4 ? IPPROTO_IP : IPPROTO_IPV6;
	bool multicast;
	int fd, r;

	memcpy(to.bytes, packet->data + (to.family == 4 ? 16 : 24),
	       vp_address_size(to.family));
	if (!vp_address_compare(&to, &path->server))
		return 0;
	multicast = to.family == 4 ? to.bytes[0] >= 224 : to.bytes[0] == 0xff;
	if (!multicast)
		return vp_lab_assign(lab, path->side, &to, err);
	if (path->side != VP_LAB_HOST || (to.family == 4 && to.bytes[0] >= 240))
		return 0;
	r = vp_lab_enter(lab, VP_LAB_HOST, err);
	fd = r < 0 ? r
		   : socket(to.family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return vp_fail(err, -errno, "lab: multicast socket: %s", strerror(errno));
	vp_socket_name(&to, 0, lab->index[VP_LAB_HOST], &group.gr_group);
	setsockopt(fd, level, MCAST_JOIN_GROUP, &group, sizeof(group));
	return 0; /* the membership ends with the process; a second one is no use and no harm
		   */
}

/* What a witness of `protocol` must see: the payload of the packet or of all fragments. */
static int expected_payload(const struct vp_packet_bytes *packets, size_t count,
			    uint8_t *protocol, uint8_t **payload, size_t *len,
			    struct vp_error *err)
{
	struct vp_lab_packet first;
	int r = vp_lab_packet_parse(packets[0].data, packets[0].len, &first, err);

	if (r < 0)
		return r;
	*protocol = first.protocol;
	if (!first.fragment) {
		*len = packets[0].len - first.payload;
		*payload = vp_memdup(packets[0].data + first.payload, *len);
		return 0;
	}
	r = vp_packet_join(packets, count, payload, len, err);
	if (!r && first.family == 6) {
		size_t skip = vp_packet_skip(*payload, *len, protocol);

		*len -= skip;
		memmove(*payload, *payload + skip, *len);
	}
	return r;
}

/* IPv4 raw sockets see the IP header too, IPv6 ones do not. */
static void take(int fd, uint8_t family, const uint8_t *payload, size_t len,
		 struct vp_delivery *delivery)
{
	uint8_t buffer[VP_PACKET_MAX];
	ssize_t got;

	while ((got = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT)) >= 0 ||
	       errno != EAGAIN) {
		size_t skip = family == 4 && got > 0 ? (size_t)(buffer[0] & 15) * 4 : 0;

		if (got < 0 || (size_t)got < skip)
			continue;
		if ((size_t)got - skip == len && !memcmp(buffer + skip, payload, len))
			delivery->arrived = true;
	}
}

int vp_packets_carry(struct vp_witnesses *witnesses, struct vp_lab *lab,
		     const struct vp_path *path, enum vp_direction direction,
		     const struct vp_packet_bytes *packets, size_t count,
		     struct vp_delivery *delivery, struct vp_error *err)
{
	bool up = direction == VP_TO_SERVER;
	enum vp_lab_side target = up ? path->side : path->client_side;
	enum vp_lab_side source = up ? path->client_side : path->side;
	_cleanup_free_ uint8_t *payload = NULL;
	struct vp_delivery before = { 0 };
	uint8_t family = packets[0].data[0] >> 4, protocol = 0;
	size_t len = 0;
	int fd = -1, r = 0;
	bool whole = !expected_payload(packets, count, &protocol, &payload, &len, NULL);

	*delivery = (struct vp_delivery){ 0 };
	if (whole) {
		fd = witness_of(witnesses, lab, target, family, protocol, err);
		if (fd < 0)
			return fd;
		take(fd, family, payload, len, &before);
	}
	if (up)
		r = expect_destination(lab, path, &packets[0], err);
	for (size_t i = 0; i < count && r >= 0; i++)
		r = source == VP_LAB_CLIENT
			    ? vp_lab_send(lab, packets[i].data, packets[i].len, err)
			    : send_through(witnesses, lab, source, &packets[i], err);
	if (r >= 0)
		r = vp_lab_settle(lab, 1, err);
	if (r >= 0 && whole)
		take(fd, family, payload, len, delivery);
	return r;
}
