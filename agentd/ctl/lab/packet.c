/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IP packets as bytes. Pure: no sockets, no clock. It knows headers only as far
 * as a sample needs them sent; it is no validator of what is inside.
 */
#include "agentd/ctl/lab/packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/memory.h"

#define IPV4_HEADER	20
#define IPV6_HEADER	40
#define FRAGMENT_HEADER 8

static uint16_t load16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t load32(const uint8_t *p)
{
	return (uint32_t)load16(p) << 16 | load16(p + 2);
}

static void store16(uint8_t *p, size_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static void store32(uint8_t *p, uint32_t value)
{
	store16(p, value >> 16);
	store16(p + 2, value & 0xffff);
}

static bool all_zero(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i])
			return false;
	return true;
}

uint32_t vp_checksum_add(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (; len > 1; len -= 2, p += 2) {
		sum += load16(p);
		sum = (sum & 0xffff) + (sum >> 16);
	}
	if (len)
		sum += (uint32_t)*p << 8;
	return (sum & 0xffff) + (sum >> 16);
}

uint16_t vp_checksum_finish(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

uint16_t vp_lab_checksum_transport(const struct vp_address *source,
				   const struct vp_address *destination, uint8_t protocol,
				   const void *data, size_t covered, size_t len)
{
	size_t size = vp_address_size(source->family);
	uint8_t pseudo[8] = { 0 };
	uint32_t sum;

	sum = vp_checksum_add(0, source->bytes, size);
	sum = vp_checksum_add(sum, destination->bytes, size);
	store32(pseudo, (uint32_t)len);
	pseudo[7] = protocol;
	sum = vp_checksum_add(sum, pseudo, sizeof(pseudo));
	return vp_checksum_finish(vp_checksum_add(sum, data, covered));
}

uint32_t vp_crc32c(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < len; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

static int parse_ipv4(const uint8_t *data, size_t len, struct vp_lab_packet *packet,
		      struct vp_error *err)
{
	size_t header = len ? (size_t)(data[0] & 15) * 4 : 0;
	uint16_t offset;

	if (header < IPV4_HEADER || len < header)
		return vp_fail(
			err, -EINVAL,
			"expected an IPv4 header of %zu bytes, found a packet of %zu bytes",
			header < IPV4_HEADER ? (size_t)IPV4_HEADER : header, len);
	offset = load16(data + 6);
	*packet = (struct vp_lab_packet){
		.family = 4,
		.protocol = data[9],
		.payload = header,
		.fragmentable = header,
		.next_header = 9,
		.more = offset & 0x2000,
		.fragment_at = (size_t)(offset & 0x1fff) * 8,
		.fragment_id = load16(data + 4),
	};
	packet->fragment = packet->more || packet->fragment_at;
	return 0;
}

/*
 * Size of the extension header at `at`, 0 when `type` is not one. Headers that
 * need a protocol handler to see past them (AH, mobility) are payload.
 */
static size_t extension_size(uint8_t type, const uint8_t *at, size_t left)
{
	if (left < 8)
		return 0;
	switch (type) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
		return ((size_t)at[1] + 1) * 8;
	case IPPROTO_FRAGMENT:
		return FRAGMENT_HEADER;
	default:
		return 0;
	}
}

static int parse_ipv6(const uint8_t *data, size_t len, struct vp_lab_packet *packet,
		      struct vp_error *err)
{
	size_t at = IPV6_HEADER, size;
	size_t named_at = 6; /* the byte that says what is at `at` */

	if (len < IPV6_HEADER)
		return vp_fail(
			err, -EINVAL,
			"expected an IPv6 header of 40 bytes, found a packet of %zu bytes",
			len);
	*packet = (struct vp_lab_packet){ .family = 6,
					  .fragmentable = at,
					  .next_header = named_at };
	while (!packet->fragment &&
	       (size = extension_size(data[named_at], data + at, len - at)) != 0) {
		uint8_t type = data[named_at];

		if (size > len - at)
			return vp_fail(
				err, -EINVAL,
				"the IPv6 extension header at byte %zu says %zu bytes, but "
				"%zu are left",
				at, size, len - at);
		if (type == IPPROTO_FRAGMENT) {
			packet->fragment_at = load16(data + at + 2) & 0xfff8;
			packet->more = data[at + 3] & 1;
			packet->fragment = packet->more || packet->fragment_at;
			packet->fragment_id = load32(data + at + 4);
		}
		named_at = at;
		at += size;
		if (type == IPPROTO_HOPOPTS || type == IPPROTO_ROUTING) {
			packet->fragmentable = at;
			packet->next_header = named_at;
		}
	}
	packet->protocol = data[named_at];
	packet->payload = at;
	return 0;
}

int vp_lab_packet_parse(const uint8_t *data, size_t len, struct vp_lab_packet *packet,
			struct vp_error *err)
{
	if (len > VP_PACKET_MAX)
		return vp_fail(err, -EINVAL, "expected an IP packet, found %zu bytes", len);
	switch (len ? data[0] >> 4 : 0) {
	case 4:
		return parse_ipv4(data, len, packet, err);
	case 6:
		return parse_ipv6(data, len, packet, err);
	default:
		return vp_fail(err, -EINVAL,
			       "expected an IP packet (first byte 4... or 6...), found 0x%02x",
			       len ? data[0] : 0);
	}
}

static void fill_address(uint8_t *field, const struct vp_address *address)
{
	size_t size = vp_address_size(address->family);

	if (all_zero(field, size))
		memcpy(field, address->bytes, size);
}

static struct vp_address address_at(const uint8_t *data, uint8_t family, bool destination)
{
	struct vp_address address = { .family = family };
	size_t size = vp_address_size(family);

	memcpy(address.bytes, data + (family == 4 ? 12 : 8) + (destination ? size : 0), size);
	return address;
}

/* How a protocol's checksum is computed, and where it lies. */
struct checksum_rule {
	uint8_t protocol, family; /* family 0: both */
	uint8_t at;
	bool pseudo;
	bool never_zero; /* zero would mean "none": sent as 0xffff */
};

static const struct checksum_rule checksum_rules[] = {
	{ IPPROTO_TCP, 0, 16, true, false },   { IPPROTO_UDP, 0, 6, true, true },
	{ IPPROTO_UDPLITE, 0, 6, true, true }, { IPPROTO_ICMP, 4, 2, false, false },
	{ IPPROTO_ICMPV6, 6, 2, true, false }, { IPPROTO_IGMP, 4, 2, false, false },
};

static const struct checksum_rule *checksum_rule(uint8_t protocol, uint8_t family)
{
	for (size_t i = 0; i < VP_COUNT(checksum_rules); i++) {
		const struct checksum_rule *rule = &checksum_rules[i];

		if (rule->protocol == protocol && (!rule->family || rule->family == family))
			return rule;
	}
	return NULL;
}

/* `data` is the transport header with everything behind it. */
static void fill_transport(uint8_t *data, size_t len, uint8_t protocol,
			   const struct vp_address *source,
			   const struct vp_address *destination)
{
	const struct checksum_rule *rule = checksum_rule(protocol, source->family);
	size_t covered = len;
	uint16_t sum;

	if (protocol == IPPROTO_SCTP && len >= 12 && all_zero(data + 8, 4)) {
		uint32_t crc = vp_crc32c(data, len);

		for (int i = 0; i < 4; i++) /* little-endian on the wire */
			data[8 + i] = (uint8_t)(crc >> 8 * i);
	}
	if (protocol == IPPROTO_UDP && len >= 8 && all_zero(data + 4, 2))
		store16(data + 4, len);
	if (!rule || len < (size_t)rule->at + 2 || !all_zero(data + rule->at, 2))
		return;
	if (protocol == IPPROTO_UDPLITE && load16(data + 4) >= 8 && load16(data + 4) < len)
		covered = load16(data + 4);
	sum = rule->pseudo ? vp_lab_checksum_transport(source, destination, protocol, data,
						       covered, len)
			   : vp_checksum_finish(vp_checksum_add(0, data, len));
	if (!sum && rule->never_zero)
		sum = 0xffff;
	memcpy(data + rule->at, &sum, sizeof(sum));
}

int vp_packet_fill(uint8_t *data, size_t len, const struct vp_address *source,
		   const struct vp_address *destination, struct vp_error *err)
{
	struct vp_address from, to;
	struct vp_lab_packet packet;
	int r = vp_lab_packet_parse(data, len, &packet, err);

	if (r < 0)
		return r;
	if (source->family != packet.family || destination->family != packet.family)
		return vp_fail(err, -EINVAL, "expected IPv%u addresses for an IPv%u packet",
			       packet.family, packet.family);
	fill_address(data + (packet.family == 4 ? 12 : 8), source);
	fill_address(data + (packet.family == 4 ? 16 : 24), destination);
	if (packet.family == 4 && all_zero(data + 2, 2))
		store16(data + 2, len);
	if (packet.family == 6 && all_zero(data + 4, 2))
		store16(data + 4, len - IPV6_HEADER);
	if (packet.family == 4 && all_zero(data + 10, 2)) {
		uint16_t sum = vp_checksum_finish(
			vp_checksum_add(0, data, (size_t)(data[0] & 15) * 4));

		memcpy(data + 10, &sum, sizeof(sum));
	}
	from = address_at(data, packet.family, false);
	to = address_at(data, packet.family, true);
	if (!packet.fragment)
		fill_transport(data + packet.payload, len - packet.payload, packet.protocol,
			       &from, &to);
	return 0;
}

/* The end of the whole payload, from the fragment that says it is the last; 0: none does. */
static size_t joined_size(const struct vp_packet_bytes *fragments, size_t count)
{
	struct vp_lab_packet packet;
	size_t end = 0;

	for (size_t i = 0; i < count; i++)
		if (!vp_lab_packet_parse(fragments[i].data, fragments[i].len, &packet, NULL) &&
		    !packet.more)
			end = packet.fragment_at + fragments[i].len - packet.payload;
	return end;
}

int vp_packet_join(const struct vp_packet_bytes *fragments, size_t count, uint8_t **whole,
		   size_t *whole_len, struct vp_error *err)
{
	size_t size = joined_size(fragments, count), have = 0;
	_cleanup_free_ uint8_t *data = vp_alloc(size + 1, 1);
	_cleanup_free_ uint8_t *seen = vp_alloc(size + 1, 1);

	for (size_t i = 0; i < count; i++) {
		struct vp_lab_packet packet;
		size_t len;
		int r = vp_lab_packet_parse(fragments[i].data, fragments[i].len, &packet, err);

		if (r < 0)
			return r;
		len = fragments[i].len - packet.payload;
		if (packet.fragment_at + len > size ||
		    !all_zero(seen + packet.fragment_at, len))
			return vp_fail(err, -EINVAL, "fragment %zu overlaps or lies outside",
				       i + 1);
		memcpy(data + packet.fragment_at, fragments[i].data + packet.payload, len);
		memset(seen + packet.fragment_at, 1, len);
		have += len;
	}
	if (!size || have != size)
		return vp_fail(err, -EINVAL, "the fragments do not make a whole packet");
	*whole = TAKE_PTR(data);
	*whole_len = size;
	return 0;
}

size_t vp_packet_skip(const uint8_t *data, size_t len, uint8_t *protocol)
{
	size_t at = 0, size;

	while ((size = extension_size(*protocol, data + at, len - at)) != 0 &&
	       size <= len - at) {
		*protocol = data[at];
		at += size;
	}
	return at;
}

void vp_packet_fill_fragments(const struct vp_packet_bytes *fragments, size_t count)
{
	_cleanup_free_ uint8_t *whole = NULL;
	struct vp_lab_packet packet;
	size_t len;

	if (vp_packet_join(fragments, count, &whole, &len, NULL))
		return;
	for (size_t i = 0; i < count; i++) {
		const struct vp_packet_bytes *at = &fragments[i];
		struct vp_address from, to;
		size_t skip = 0;

		if (vp_lab_packet_parse(at->data, at->len, &packet, NULL) ||
		    packet.fragment_at)
			continue;
		from = address_at(at->data, packet.family, false);
		to = address_at(at->data, packet.family, true);
		if (packet.family == 6)
			skip = vp_packet_skip(whole, len, &packet.protocol);
		fill_transport(whole + skip, len - skip, packet.protocol, &from, &to);
		memcpy(at->data + packet.payload, whole, at->len - packet.payload);
	}
}

void vp_packet_build(const struct vp_address *source, const struct vp_address *destination,
		     uint8_t protocol, const void *payload, size_t payload_len, uint8_t **data,
		     size_t *len)
{
	size_t header = source->family == 4 ? IPV4_HEADER : IPV6_HEADER;
	uint8_t *p = vp_alloc(header + payload_len, 1);

	if (source->family == 4) {
		p[0] = 0x45;
		p[8] = 64;
		p[9] = protocol;
	} else {
		p[0] = 0x60;
		p[6] = protocol;
		p[7] = 64;
	}
	if (payload_len)
		memcpy(p + header, payload, payload_len);
	*data = p;
	*len = header + payload_len;
	vp_packet_fill(p, *len, source, destination, NULL);
}

/* One fragment: the header, for IPv6 a fragment header, and a piece of the fragmentable part.
 */
static struct vp_packet_bytes cut_piece(const uint8_t *data,
					const struct vp_lab_packet *packet, size_t at,
					size_t piece, bool more, uint32_t id)
{
	size_t extra = packet->family == 6 ? FRAGMENT_HEADER : 0;
	size_t header = packet->fragmentable + extra;
	struct vp_packet_bytes out = { vp_alloc(header + piece, 1), header + piece };

	memcpy(out.data, data, packet->fragmentable);
	memcpy(out.data + header, data + packet->fragmentable + at, piece);
	if (packet->family == 4) {
		uint16_t sum;

		store16(out.data + 2, out.len);
		store16(out.data + 4, id & 0xffff);
		store16(out.data + 6, at / 8 | (more ? 0x2000 : 0));
		store16(out.data + 10, 0);
		sum = vp_checksum_finish(vp_checksum_add(0, out.data, packet->fragmentable));
		memcpy(out.data + 10, &sum, sizeof(sum));
	} else {
		uint8_t *fragment = out.data + packet->fragmentable;

		store16(out.data + 4, out.len - IPV6_HEADER);
		fragment[0] = out.data[packet->next_header];
		out.data[packet->next_header] = IPPROTO_FRAGMENT;
		store16(fragment + 2, at | (more ? 1 : 0));
		store32(fragment + 4, id);
	}
	return out;
}

int vp_packet_cut(const uint8_t *data, size_t len, size_t piece, uint32_t id,
		  struct vp_packet_bytes *fragments, size_t room, size_t *count,
		  struct vp_error *err)
{
	struct vp_lab_packet packet;
	size_t left, made = 0;
	int r = vp_lab_packet_parse(data, len, &packet, err);

	if (r < 0)
		return r;
	left = len - packet.fragmentable;
	if (packet.fragment || !piece || piece % 8)
		return vp_fail(err, -EINVAL, "expected a whole packet and pieces of 8 bytes");
	if ((left + piece - 1) / piece > room)
		return vp_fail(err, -ENOSPC, "more than %zu fragments", room);
	for (size_t at = 0; at < left; at += piece) {
		size_t size = left - at < piece ? left - at : piece;

		fragments[made++] = cut_piece(data, &packet, at, size, at + size < left, id);
	}
	*count = made;
	return 0;
}
