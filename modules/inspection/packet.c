/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An IP packet's headers: see packet.h. What is longer than a length field can
 * say (jumbograms, RFC 2675) is refused as VP_PACKET_SHORT.
 */
#include "modules/inspection/packet.h"

#include <netinet/in.h>
#include <string.h>

#include "lib/bytes.h"
#include "modules/inspection/checksum.h"

#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define TCP_HEADER  20
#define UDP_HEADER  8
#define ICMP_HEADER 8

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static struct vp_address address_at(uint8_t family, const uint8_t *at)
{
	struct vp_address address = { .family = family };

	memcpy(address.bytes, at, vp_address_size(family));
	return address;
}

/* The IPv4 header; `bytes` is cut to the packet's length. */
static enum vp_packet_fault parse_ipv4(struct vp_slice *bytes, bool verify,
				       struct vp_packet *packet)
{
	const uint8_t *header = bytes->data;
	size_t length, total;

	if (bytes->len < IPV4_HEADER)
		return VP_PACKET_SHORT;
	length = header[0] % 16 * 4;
	total = get16(header + 2);
	if (length < IPV4_HEADER || total < length || total > bytes->len)
		return VP_PACKET_SHORT;
	bytes->len = total;
	packet->protocol = header[9];
	packet->source = address_at(4, header + 12);
	packet->destination = address_at(4, header + 16);
	packet->transport = length;
	if (verify && vp_checksum((struct vp_slice){ header, length }))
		return VP_PACKET_CHECKSUM;
	return get16(header + 6) & 0x3fff ? VP_PACKET_FRAGMENT : VP_PACKET_FINE;
}

/* Step over one extension header (RFC 8200, 4; RFC 4302). */
static enum vp_packet_fault step_extension(struct vp_bytes *rest, struct vp_packet *packet)
{
	uint8_t kind = packet->protocol, next = vp_bytes_u8(rest), length = vp_bytes_u8(rest);
	uint16_t word = vp_bytes_be16(rest);

	packet->protocol = next;
	if (kind == IPPROTO_FRAGMENT)
		vp_bytes_take(rest, 4);
	else if (kind == IPPROTO_AH)
		vp_bytes_take(rest, 4u * length + 4);
	else
		vp_bytes_take(rest, 8u * length + 4);
	if (rest->failed)
		return VP_PACKET_SHORT;
	if (kind == IPPROTO_FRAGMENT && word & 0xfff9) /* an atomic one (RFC 6946) is whole */
		return VP_PACKET_FRAGMENT;
	if (kind == IPPROTO_ROUTING && word & 0xff) /* segments left: for somebody else yet */
		return VP_PACKET_FOREIGN;
	return VP_PACKET_FINE;
}

/* Those that Linux steps over; behind any other there is no transport for it either. */
static bool is_extension(uint8_t protocol)
{
	return protocol == IPPROTO_ROUTING || protocol == IPPROTO_DSTOPTS ||
	       protocol == IPPROTO_FRAGMENT || protocol == IPPROTO_AH;
}

/* The IPv6 header and its extensions. */
static enum vp_packet_fault parse_ipv6(struct vp_slice *bytes, struct vp_packet *packet)
{
	const uint8_t *header = bytes->data;
	enum vp_packet_fault fault = VP_PACKET_FINE;
	struct vp_bytes rest;

	if (bytes->len < IPV6_HEADER || get16(header + 4) > bytes->len - IPV6_HEADER)
		return VP_PACKET_SHORT;
	bytes->len = IPV6_HEADER + get16(header + 4);
	packet->protocol = header[6];
	packet->source = address_at(6, header + 8);
	packet->destination = address_at(6, header + 24);
	rest = vp_bytes_of(header, bytes->len);
	vp_bytes_take(&rest, IPV6_HEADER);
	if (packet->protocol == IPPROTO_HOPOPTS) /* nowhere else */
		fault = step_extension(&rest, packet);
	while (fault == VP_PACKET_FINE && is_extension(packet->protocol))
		fault = step_extension(&rest, packet);
	packet->transport = rest.pos;
	return fault;
}

static enum vp_packet_fault parse_tcp(struct vp_slice rest, struct vp_packet *packet)
{
	size_t length;

	if (rest.len < TCP_HEADER)
		return VP_PACKET_SHORT;
	length = rest.data[12] / 16 * 4;
	if (length < TCP_HEADER || length > rest.len)
		return VP_PACKET_SHORT;
	packet->source_port = get16(rest.data);
	packet->destination_port = get16(rest.data + 2);
	packet->sequence = get32(rest.data + 4);
	packet->acknowledgement = get32(rest.data + 8);
	packet->flags = rest.data[13];
	packet->urgent = get16(rest.data + 18);
	packet->payload = (struct vp_slice){ rest.data + length, rest.len - length };
	return VP_PACKET_FINE;
}

/* `rest` is cut to the datagram's length, which the IP length may exceed. */
static enum vp_packet_fault parse_udp(struct vp_slice *rest, struct vp_packet *packet)
{
	size_t length;

	if (rest->len < UDP_HEADER)
		return VP_PACKET_SHORT;
	length = get16(rest->data + 4);
	if (!length && packet->version == 6)
		length = rest->len;
	if (length < UDP_HEADER || length > rest->len)
		return VP_PACKET_SHORT;
	rest->len = length;
	packet->source_port = get16(rest->data);
	packet->destination_port = get16(rest->data + 2);
	packet->payload = (struct vp_slice){ rest->data + UDP_HEADER, length - UDP_HEADER };
	return VP_PACKET_FINE;
}

static enum vp_packet_fault parse_icmp(struct vp_slice rest, struct vp_packet *packet)
{
	if (packet->protocol != (packet->version == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		return VP_PACKET_FOREIGN;
	if (rest.len < ICMP_HEADER)
		return VP_PACKET_SHORT;
	packet->payload = (struct vp_slice){ rest.data + ICMP_HEADER, rest.len - ICMP_HEADER };
	return VP_PACKET_FINE;
}

/* The checksum field of the transport. */
static size_t checksum_offset(uint8_t protocol)
{
	return protocol == IPPROTO_TCP ? 16 : protocol == IPPROTO_UDP ? 6 : 2;
}

static uint16_t transport_checksum(const struct vp_packet *packet, struct vp_slice rest)
{
	if (packet->protocol == IPPROTO_ICMP)
		return vp_checksum(rest);
	return vp_checksum_transport(&packet->source, &packet->destination, packet->protocol,
				     rest);
}

/* Has the datagram none? Only IPv4 allows it (RFC 768; RFC 8200, 8.1). */
static bool without_checksum(const struct vp_packet *packet, struct vp_slice rest)
{
	return packet->protocol == IPPROTO_UDP &&
	       !get16(rest.data + checksum_offset(IPPROTO_UDP));
}

static bool transport_right(const struct vp_packet *packet, struct vp_slice rest)
{
	if (without_checksum(packet, rest))
		return packet->version == 4;
	return !transport_checksum(packet, rest);
}

static enum vp_packet_fault parse_transport(struct vp_slice rest, bool verify,
					    struct vp_packet *packet)
{
	enum vp_packet_fault fault = VP_PACKET_FOREIGN;

	if (packet->protocol == IPPROTO_TCP)
		fault = parse_tcp(rest, packet);
	else if (packet->protocol == IPPROTO_UDP)
		fault = parse_udp(&rest, packet);
	else if (packet->protocol == IPPROTO_ICMP || packet->protocol == IPPROTO_ICMPV6)
		fault = parse_icmp(rest, packet);
	if (fault != VP_PACKET_FINE)
		return fault;
	return verify && !transport_right(packet, rest) ? VP_PACKET_CHECKSUM : VP_PACKET_FINE;
}

enum vp_packet_fault vp_packet_parse(struct vp_slice bytes, bool verify,
				     struct vp_packet *packet)
{
	enum vp_packet_fault fault = VP_PACKET_FOREIGN;

	*packet = (struct vp_packet){ 0 };
	if (!bytes.len)
		return VP_PACKET_SHORT;
	packet->version = bytes.data[0] >> 4;
	if (packet->version == 4)
		fault = parse_ipv4(&bytes, verify, packet);
	else if (packet->version == 6)
		fault = parse_ipv6(&bytes, packet);
	if (fault != VP_PACKET_FINE)
		return fault;
	bytes.data += packet->transport;
	bytes.len -= packet->transport;
	return parse_transport(bytes, verify, packet);
}

/* Write lengths and checksums of a packet of `length` bytes in all. */
static void seal(const struct vp_packet *packet, uint8_t *out, size_t length)
{
	struct vp_slice rest = { out + packet->transport, length - packet->transport };
	uint8_t *sum = out + packet->transport + checksum_offset(packet->protocol);
	bool none = packet->version == 4 && without_checksum(packet, rest);
	uint16_t value;

	if (packet->protocol == IPPROTO_UDP)
		put16(out + packet->transport + 4, (uint16_t)rest.len);
	put16(sum, 0);
	value = none ? 0 : transport_checksum(packet, rest);
	if (!value && !none && packet->protocol == IPPROTO_UDP)
		value = 0xffff;
	put16(sum, value);
	if (packet->version == 6) {
		put16(out + 4, (uint16_t)(length - IPV6_HEADER));
		return;
	}
	put16(out + 2, (uint16_t)length);
	put16(out + 10, 0);
	put16(out + 10, vp_checksum((struct vp_slice){ out, out[0] % 16 * 4 }));
}

static void clear_flags(const struct vp_packet *packet, uint8_t *out, uint8_t flags)
{
	uint8_t *header = out + packet->transport;

	if (packet->protocol != IPPROTO_TCP)
		return;
	header[13] &= (uint8_t)~flags;
	put16(header + 18, 0);
}

size_t vp_packet_without_payload(struct vp_slice bytes, const struct vp_packet *packet,
				 uint8_t *out)
{
	size_t length = (size_t)(packet->payload.data - bytes.data);

	memcpy(out, bytes.data, length);
	clear_flags(packet, out, VP_TCP_FIN | VP_TCP_PSH | VP_TCP_URG);
	seal(packet, out, length);
	return length;
}

size_t vp_packet_without_urgent(struct vp_slice bytes, const struct vp_packet *packet,
				uint8_t *out)
{
	size_t length = (size_t)(packet->payload.data - bytes.data) + packet->payload.len;

	memcpy(out, bytes.data, length);
	clear_flags(packet, out, VP_TCP_URG);
	seal(packet, out, length);
	return length;
}
