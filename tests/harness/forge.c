/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One UDP datagram in the shapes that a filter may overlook, from a raw socket:
 *
 *   forge SOURCE DESTINATION PORT PAYLOAD SHAPE
 *
 * Shapes: whole, frag8 (8-byte fragments), frag8-reversed, overlap (the second
 * fragment overlaps the first), options (IPv4: no-operations; IPv6: hop-by-hop),
 * dstopts, options-frag8, dstopts-frag8, and for IPv6 atomic (a fragment header
 * on a whole packet), routing (an unknown type with no segments
 * left), zero-length (UDP length 0). `forge shapes 4|6` lists those of a family.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const shapes[] = {
	"whole",   "frag8",	    "frag8-reversed", "overlap",
	"options", "options-frag8", "dstopts",	      "dstopts-frag8",
	"atomic",  "routing",	    "zero-length",
};
#define FIRST_IPV6_SHAPE 6
#define SHAPES		 (sizeof(shapes) / sizeof(shapes[0]))

struct datagram {
	bool ipv6;
	uint8_t source[16], destination[16];
	uint8_t headers[64]; /* IPv4 options, or IPv6 extension headers before the fragment
				header */
	size_t headers_len;
	uint8_t first_header; /* next header value of the IPv6 header, when there are any */
	uint8_t body[2048];   /* what is fragmented: (destination options and) UDP */
	size_t body_len;
	uint8_t body_header;
	struct sockaddr_storage to;
	socklen_t to_len;
	int fd;
	uint32_t id;
};

static void put16(uint8_t *at, unsigned int value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint32_t sum(const uint8_t *data, size_t len, uint32_t total)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		total += (uint32_t)(data[i] << 8 | data[i + 1]);
	return len % 2 ? total + (uint32_t)(data[len - 1] << 8) : total;
}

static uint16_t folded(uint32_t total)
{
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return (uint16_t)~total;
}

static size_t address_size(const struct datagram *d)
{
	return d->ipv6 ? 16 : 4;
}

static void add_udp(struct datagram *d, unsigned int port, const char *payload,
		    bool zero_length)
{
	uint8_t *udp = d->body + d->body_len;
	size_t len = 8 + strlen(payload);
	uint32_t total = IPPROTO_UDP + (uint32_t)len;
	uint16_t checksum;

	put16(udp, 40000 + (unsigned int)getpid() % 20000);
	put16(udp + 2, port);
	put16(udp + 4, zero_length ? 0 : (unsigned int)len);
	put16(udp + 6, 0);
	memcpy(udp + 8, payload, len - 8);
	total = sum(d->source, address_size(d), total);
	total = sum(d->destination, address_size(d), total);
	checksum = folded(sum(udp, len, total));
	put16(udp + 6, checksum ? checksum : 0xffff);
	d->body_len += len;
}

/* A header of 8 bytes that only pads: hop-by-hop, destination options or routing. */
static void pad_header(uint8_t *at, uint8_t next, bool routing)
{
	static const uint8_t padding[] = { 0, 0, 1, 4, 0, 0, 0, 0 };

	memcpy(at, padding, sizeof(padding));
	at[0] = next;
	if (routing)
		put16(at + 2,
		      0x0300); /* an unassigned type with no segments left is skipped */
}

static void send_packet(const struct datagram *d, const uint8_t *packet, size_t len)
{
	/* EPERM: dropped on the way out, which is for the listener's side to tell */
	if (sendto(d->fd, packet, len, 0, (const struct sockaddr *)&d->to, d->to_len) < 0 &&
	    errno != EPERM) {
		perror("forge: sendto");
		exit(2);
	}
}

static void send_ipv4(const struct datagram *d, size_t offset, size_t len, bool more)
{
	uint8_t packet[4096] = { 0x45 };
	size_t header = 20 + d->headers_len;

	packet[0] = (uint8_t)(0x40 | header / 4);
	put16(packet + 2, (unsigned int)(header + len));
	put16(packet + 4, d->id & 0xffff);
	put16(packet + 6, (more ? 0x2000u : 0) | (unsigned int)offset / 8);
	packet[8] = 64;
	packet[9] = IPPROTO_UDP;
	memcpy(packet + 12, d->source, 4);
	memcpy(packet + 16, d->destination, 4);
	memcpy(packet + 20, d->headers, d->headers_len);
	put16(packet + 10, folded(sum(packet, header, 0)));
	memcpy(packet + header, d->body + offset, len);
	send_packet(d, packet, header + len);
}

static void send_ipv6(const struct datagram *d, size_t offset, size_t len, bool more,
		      bool fragment)
{
	uint8_t packet[4096] = { 0x60 };
	size_t header = 40 + d->headers_len;

	packet[6] = d->headers_len ? d->first_header
		    : fragment	   ? IPPROTO_FRAGMENT
				   : d->body_header;
	packet[7] = 64;
	memcpy(packet + 8, d->source, 16);
	memcpy(packet + 24, d->destination, 16);
	memcpy(packet + 40, d->headers, d->headers_len);
	if (d->headers_len)
		packet[header - d->headers_len] = fragment ? IPPROTO_FRAGMENT : d->body_header;
	if (fragment) {
		packet[header] = d->body_header;
		put16(packet + header + 2, (unsigned int)offset | (more ? 1 : 0));
		memcpy(packet + header + 4, &d->id, 4);
		header += 8;
	}
	memcpy(packet + header, d->body + offset, len);
	put16(packet + 4, (unsigned int)(header - 40 + len));
	send_packet(d, packet, header + len);
}

static void send_part(const struct datagram *d, size_t offset, size_t len, bool more,
		      bool fragment)
{
	if (d->ipv6)
		send_ipv6(d, offset, len, more, fragment);
	else
		send_ipv4(d, offset, len, more);
}

static void send_fragments(const struct datagram *d, bool reversed)
{
	size_t parts = (d->body_len + 7) / 8;

	for (size_t i = 0; i < parts; i++) {
		size_t part = reversed ? parts - 1 - i : i, offset = part * 8;
		bool more = part + 1 < parts;

		send_part(d, offset, more ? 8 : d->body_len - offset, more, true);
	}
}

static void send_overlapping(const struct datagram *d)
{
	size_t half = d->body_len / 16 * 8;

	send_part(d, 0, half + 8, true, true);
	send_part(d, half, d->body_len - half, false, true);
}

static void shape_headers(struct datagram *d, const char *shape)
{
	bool options = !strncmp(shape, "options", 7), routing = !strcmp(shape, "routing");

	d->body_header = IPPROTO_UDP;
	if (!d->ipv6) {
		d->headers_len = options ? 8 : 0;
		memset(d->headers, 1, d->headers_len); /* no operation, RFC 791 */
		return;
	}
	if (options || routing) {
		pad_header(d->headers, IPPROTO_UDP, routing);
		d->first_header = routing ? IPPROTO_ROUTING : IPPROTO_HOPOPTS;
		d->headers_len = 8;
	}
	if (!strncmp(shape, "dstopts", 7)) {
		pad_header(d->body, IPPROTO_UDP, false);
		d->body_len = 8;
		d->body_header = IPPROTO_DSTOPTS;
	}
}

static void send_shape(const struct datagram *d, const char *shape)
{
	if (strstr(shape, "frag8"))
		send_fragments(d, strstr(shape, "reversed"));
	else if (!strcmp(shape, "overlap"))
		send_overlapping(d);
	else
		send_part(d, 0, d->body_len, false, !strcmp(shape, "atomic"));
}

static void open_socket(struct datagram *d, char **argv)
{
	struct sockaddr_in6 *to6 = (struct sockaddr_in6 *)&d->to;
	struct sockaddr_in *to4 = (struct sockaddr_in *)&d->to;
	int family, on = 1;

	d->ipv6 = strchr(argv[2], ':');
	family = d->ipv6 ? AF_INET6 : AF_INET;
	if (inet_pton(family, argv[1], d->source) != 1 ||
	    inet_pton(family, argv[2], d->destination) != 1) {
		fprintf(stderr, "forge: expected two addresses of one family\n");
		exit(2);
	}
	d->to.ss_family = (sa_family_t)family;
	d->to_len = d->ipv6 ? sizeof(*to6) : sizeof(*to4);
	memcpy(d->ipv6 ? (void *)&to6->sin6_addr : (void *)&to4->sin_addr, d->destination,
	       address_size(d));
	d->fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (d->fd < 0 || setsockopt(d->fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on))) {
		perror("forge: raw socket");
		exit(2);
	}
	/* never 0, for which the kernel chooses an identification for each fragment: raw(7) */
	d->id = 1 + (uint32_t)getpid() % 65535;
}

static int list_shapes(bool ipv6)
{
	for (size_t i = 0; i < (ipv6 ? SHAPES : FIRST_IPV6_SHAPE); i++)
		puts(shapes[i]);
	return 0;
}

int main(int argc, char **argv)
{
	struct datagram d = { 0 };

	if (argc == 3 && !strcmp(argv[1], "shapes"))
		return list_shapes(argv[2][0] == '6');
	if (argc != 6 || strlen(argv[4]) > 1024) {
		fprintf(stderr, "usage: forge SOURCE DESTINATION PORT PAYLOAD SHAPE\n");
		return 2;
	}
	open_socket(&d, argv);
	shape_headers(&d, argv[5]);
	add_udp(&d, (unsigned int)atoi(argv[3]), argv[4], !strcmp(argv[5], "zero-length"));
	send_shape(&d, argv[5]);
	return 0;
}
