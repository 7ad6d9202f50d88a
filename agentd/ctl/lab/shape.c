/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets in odd but valid shapes: fragments, options that do nothing,
 * extension headers. Pure.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "agentd/ctl/lab/packet.h"
#include "lib/memory.h"

const char *vp_shape_name(enum vp_shape shape)
{
	static const char *const names[VP_SHAPE_COUNT] = {
		[VP_SHAPE_PLAIN] = "plain",
		[VP_SHAPE_FRAGMENTS] = "fragments",
		[VP_SHAPE_REVERSED] = "reversed fragments",
		[VP_SHAPE_OPTIONS] = "options",
		[VP_SHAPE_HOP_BY_HOP] = "hop-by-hop",
		[VP_SHAPE_OPTIONS_FRAGMENTS] = "options, fragments",
	};

	return names[shape];
}

static struct vp_packet_bytes insert(const uint8_t *data, size_t len, size_t at,
				     const uint8_t *extra, size_t size)
{
	struct vp_packet_bytes out = { vp_alloc(len + size, 1), len + size };

	memcpy(out.data, data, at);
	memcpy(out.data + at, extra, size);
	memcpy(out.data + at + size, data + at, len - at);
	return out;
}

/* Lengths and the IPv4 checksum anew. */
static void refresh(struct vp_packet_bytes *packet)
{
	size_t length = packet->data[0] >> 4 == 4 ? packet->len : packet->len - 40;
	size_t at = packet->data[0] >> 4 == 4 ? 2 : 4;
	uint16_t sum;

	packet->data[at] = (uint8_t)(length >> 8);
	packet->data[at + 1] = (uint8_t)length;
	if (packet->data[0] >> 4 != 4)
		return;
	memset(packet->data + 10, 0, 2);
	sum = vp_checksum_finish(
		vp_checksum_add(0, packet->data, (size_t)(packet->data[0] & 15) * 4));
	memcpy(packet->data + 10, &sum, sizeof(sum));
}

/* Three times "no operation" and the end of the list, before what options there are. */
static int add_ipv4_options(const uint8_t *data, size_t len, struct vp_packet_bytes *out,
			    struct vp_error *err)
{
	static const uint8_t nothing[4] = { 1, 1, 1, 1 };

	if ((data[0] & 15) == 15)
		return vp_fail(err, -EINVAL, "no room for IPv4 options");
	*out = insert(data, len, 20, nothing, sizeof(nothing));
	out->data[0]++;
	refresh(out);
	return 0;
}

/* An options header of `type` that holds only padding, named by the byte at `named`. */
static void add_ipv6_header(const uint8_t *data, size_t len, size_t at, size_t named,
			    uint8_t type, struct vp_packet_bytes *out)
{
	const uint8_t padding[8] = { data[named], 0, 1, 4, 0, 0, 0, 0 };

	*out = insert(data, len, at, padding, sizeof(padding));
	out->data[named] = type;
	refresh(out);
}

static int add_options(const uint8_t *data, size_t len, bool hop_by_hop,
		       struct vp_packet_bytes *out, struct vp_error *err)
{
	struct vp_lab_packet packet;
	int r = vp_lab_packet_parse(data, len, &packet, err);

	if (r < 0)
		return r;
	if (packet.fragment || (packet.family == 4 && hop_by_hop) || len > VP_PACKET_MAX - 8 ||
	    (hop_by_hop && data[6] == IPPROTO_HOPOPTS))
		return vp_fail(err, -EINVAL, "this packet cannot have more options");
	if (packet.family == 4)
		return add_ipv4_options(data, len, out, err);
	if (hop_by_hop)
		add_ipv6_header(data, len, 40, 6, IPPROTO_HOPOPTS, out);
	else
		add_ipv6_header(data, len, packet.fragmentable, packet.next_header,
				IPPROTO_DSTOPTS, out);
	return 0;
}

static void reverse(struct vp_packet_bytes *pieces, size_t count)
{
	for (size_t i = 0; i < count / 2; i++) {
		struct vp_packet_bytes other = pieces[i];

		pieces[i] = pieces[count - 1 - i];
		pieces[count - 1 - i] = other;
	}
}

/*
 * The smallest pieces that Linux puts together again: of IPv6 the first one must
 * hold all headers (RFC 7112).
 */
static size_t piece_size(const uint8_t *data, size_t len)
{
	struct vp_lab_packet packet;
	size_t headers;

	if (vp_lab_packet_parse(data, len, &packet, NULL) || packet.family == 4)
		return 8;
	headers = packet.payload - packet.fragmentable;
	headers += packet.protocol == IPPROTO_TCP ? 20 : 8;
	return (headers + 7) / 8 * 8;
}

static int cut_small(const uint8_t *data, size_t len, uint32_t id,
		     struct vp_packet_bytes *pieces, size_t room, size_t *count,
		     struct vp_error *err)
{
	return vp_packet_cut(data, len, piece_size(data, len), id, pieces, room, count, err);
}

int vp_packet_shape(const uint8_t *data, size_t len, enum vp_shape shape, uint32_t id,
		    struct vp_packet_bytes *pieces, size_t room, size_t *count,
		    struct vp_error *err)
{
	struct vp_packet_bytes whole;
	int r;

	*count = 1;
	switch (shape) {
	case VP_SHAPE_FRAGMENTS:
	case VP_SHAPE_REVERSED:
		r = cut_small(data, len, id, pieces, room, count, err);
		if (!r && shape == VP_SHAPE_REVERSED)
			reverse(pieces, *count);
		return r;
	case VP_SHAPE_OPTIONS:
	case VP_SHAPE_HOP_BY_HOP:
		return add_options(data, len, shape == VP_SHAPE_HOP_BY_HOP, &pieces[0], err);
	case VP_SHAPE_OPTIONS_FRAGMENTS:
		r = add_options(data, len, false, &whole, err);
		if (r < 0)
			return r;
		r = cut_small(whole.data, whole.len, id, pieces, room, count, err);
		free(whole.data);
		return r;
	case VP_SHAPE_PLAIN:
	case VP_SHAPE_COUNT:
	default:
		pieces[0].data = vp_memdup(data, len);
		pieces[0].len = len;
		return 0;
	}
}
