/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random IP packets: whole, with right checksums, of the protocols and addresses that rules
 * speak of. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "tests/harness/random.h"

static void put16(uint8_t *p, unsigned int n)
{
	p[0] = (uint8_t)(n >> 8);
	p[1] = (uint8_t)n;
}

static uint32_t sum(const uint8_t *data, size_t len, uint32_t start)
{
	for (size_t i = 0; i < len; i++)
		start += i % 2 ? data[i] : (uint32_t)data[i] << 8;
	return start;
}

static unsigned int fold(uint32_t n)
{
	while (n >> 16)
		n = (n & 0xffff) + (n >> 16);
	return ~n & 0xffff;
}

static size_t payload(struct rnd *r, uint8_t *out)
{
	size_t len = rnd_percent(r, 15) ? rnd(r, 300) : rnd(r, rnd_percent(r, 50) ? 8 : 24);

	for (size_t i = 0; i < len; i++)
		out[i] = "aaaaaab\0"[rnd(r, 8)];
	return len;
}

static unsigned int port(struct rnd *r)
{
	return rnd_percent(r, 90) ? rnd_ports[rnd(r, rnd_port_count)] : rnd(r, 65536);
}

/* Options behind a TCP header, padded with no-operations; the last byte is never a kind with a
 * length. */
static size_t tcp_options(struct rnd *r, uint8_t *out)
{
	size_t len = 0;

	if (rnd_percent(r, 60)) {
		out[len] = 2;
		out[len + 1] = 4;
		put16(out + len + 2, 400 + rnd(r, 200));
		len += 4;
	}
	if (rnd_percent(r, 40)) {
		out[len] = 3;
		out[len + 1] = 3;
		out[len + 2] = (uint8_t)rnd(r, 15);
		len += 3;
	}
	if (rnd_percent(r, 40)) {
		out[len] = 4;
		out[len + 1] = 2;
		len += 2;
	}
	if (rnd_percent(r, 20)) {
		out[len] = 29;
		out[len + 1] = 4;
		put16(out + len + 2, rnd(r, 65536));
		len += 4;
	}
	while (len % 4)
		out[len++] = 1;
	return len;
}

static size_t tcp(struct rnd *r, uint8_t *out)
{
	size_t options = rnd_percent(r, 60) ? tcp_options(r, out + 20) : 0;

	put16(out, port(r));
	put16(out + 2, port(r));
	out[7] = (uint8_t)rnd(r, 256);
	out[12] = (uint8_t)((20 + options) / 4 << 4);
	out[13] = (uint8_t)rnd(r, 64);
	put16(out + 14, rnd(r, 5));
	put16(out + 18, rnd(r, 5));
	return 20 + options + payload(r, out + 20 + options);
}

static size_t with_ports(struct rnd *r, uint8_t *out, unsigned int protocol)
{
	size_t header = protocol == 132 ? 12 : 8, len = header + payload(r, out + header);

	put16(out, port(r));
	put16(out + 2, port(r));
	if (protocol != 132)
		put16(out + 4, (unsigned int)len);
	return len;
}

static size_t icmp(struct rnd *r, uint8_t *out, unsigned int protocol)
{
	static const uint8_t types4[] = { 0, 8, 13, 17 }, types6[] = { 128, 129 };

	out[0] = protocol == 1 ? types4[rnd(r, sizeof(types4))]
			       : types6[rnd(r, sizeof(types6))];
	out[1] = rnd_percent(r, 70) ? 0 : (uint8_t)rnd(r, 5);
	put16(out + 4, rnd(r, 4));
	return 8 + payload(r, out + 8);
}

static size_t transport(struct rnd *r, uint8_t *out, unsigned int protocol)
{
	if (protocol == 6)
		return tcp(r, out);
	if (protocol == 17 || protocol == 136 || protocol == 132)
		return with_ports(r, out, protocol);
	if (protocol == 1 || protocol == 58)
		return icmp(r, out, protocol);
	return payload(r, out);
}

static void checksum(uint8_t *data, size_t len, unsigned int protocol, uint32_t pseudo)
{
	size_t at = protocol == 6 ? 16 : protocol == 1 || protocol == 58 ? 2 : 6;
	unsigned int value;

	if (protocol != 6 && protocol != 17 && protocol != 136 && protocol != 1 &&
	    protocol != 58)
		return;
	if (len < at + 2)
		return;
	value = fold(sum(data, len, protocol == 1 ? 0 : pseudo + protocol + (uint32_t)len));
	put16(data + at, value ? value : 0xffff);
}

static void address(struct rnd *r, int family, int where, uint8_t *out)
{
	static const char *const bases[2][3] = { { RND_LOCAL4, RND_DEVICE4, RND_PEER4 },
						 { RND_LOCAL6, RND_DEVICE6, RND_PEER6 } };
	char text[64];
	unsigned int host = 1 + rnd(r, 12);

	if (!where)
		snprintf(text, sizeof(text), "%s", bases[family == 6][0]);
	else
		snprintf(text, sizeof(text), family == 6 ? "%s%x" : "%s%u",
			 bases[family == 6][where], host);
	inet_pton(family == 6 ? AF_INET6 : AF_INET, text, out);
}

static size_t ipv4_options(struct rnd *r, uint8_t *out)
{
	size_t len = 0;

	if (rnd_percent(r, 60)) {
		memcpy(out, (uint8_t[]){ 148, 4, 0, 0 }, 4);
		len += 4;
	}
	if (rnd_percent(r, 50)) { /* record route, full: nobody writes into it */
		memcpy(out + len, (uint8_t[]){ 7, 7, 8, 1, 2, 3, 4, 0 }, 8);
		len += 8;
	}
	return len;
}

static size_t build_4(struct rnd *r, struct rnd_packet *packet, unsigned int protocol,
		      int from, int to)
{
	uint8_t *p = packet->data;
	bool options = packet->hook != IT_OUTPUT && rnd_percent(r, 15);
	size_t header = 20 + (options ? ipv4_options(r, p + 20) : 0);
	size_t len = transport(r, p + header, protocol);

	if (rnd_percent(r, 3) && len > 4 && packet->hook != IT_OUTPUT)
		len = rnd(r, 12); /* cut short */
	p[0] = (uint8_t)(0x40 | header / 4);
	put16(p + 2, (unsigned int)(header + len));
	put16(p + 4, 1 + rnd(r, 65535));
	p[8] = (uint8_t)(60 + rnd(r, 9));
	p[9] = (uint8_t)protocol;
	address(r, 4, from, p + 12);
	address(r, 4, to, p + 16);
	put16(p + 10, fold(sum(p, header, 0)));
	checksum(p + header, len, protocol, sum(p + 12, 8, 0));
	return header + len;
}

/* An extension header of 8 bytes: padding, or a routing header with no segments left. */
static size_t extension(struct rnd *r, uint8_t *at, uint8_t *next, unsigned int type)
{
	at[0] = *next;
	at[1] = 0;
	if (type == 43)
		memcpy(at + 2, (uint8_t[]){ (uint8_t)rnd(r, 5), 0, 0, 0, 0, 0 }, 6);
	else
		memcpy(at + 2, (uint8_t[]){ 1, 4, 0, 0, 0, 0 }, 6);
	*next = (uint8_t)type;
	return 8;
}

static size_t build_6(struct rnd *r, struct rnd_packet *packet, unsigned int protocol,
		      int from, int to)
{
	static const uint8_t order[] = { 60, 43, 60, 0 }; /* innermost first */
	uint8_t *p = packet->data, body[1000] = { 0 }, next = (uint8_t)protocol, headers[4][8];
	size_t len = transport(r, body, protocol), count = 0, at = 40;

	address(r, 6, from, p + 8);
	address(r, 6, to, p + 24);
	checksum(body, len, protocol, sum(p + 8, 32, 0));
	for (size_t i = 0; packet->hook != IT_OUTPUT && i < sizeof(order); i++)
		if (rnd_percent(r, 12))
			extension(r, headers[count++], &next, order[i]);
	while (count--) {
		memcpy(p + at, headers[count], 8);
		at += 8;
	}
	memcpy(p + at, body, len);
	p[0] = 0x60;
	put16(p + 4, (unsigned int)(at - 40 + len));
	p[6] = next;
	p[7] = (uint8_t)(60 + rnd(r, 9));
	return at + len;
}

void rnd_packet(struct rnd *r, struct rnd_packet *packet)
{
	static const uint8_t protocols[] = { 17, 17, 17, 17, 6, 6, 6, 1, 132, 136, 47, 99 };
	unsigned int protocol = protocols[rnd(r, sizeof(protocols))];
	int family = rnd_percent(r, 50) ? 4 : 6, from, to;

	memset(packet, 0, sizeof(*packet));
	packet->hook = (enum it_hook)rnd(r, 3);
	packet->from_device = rnd_percent(r, 40);
	if (protocol == 1 && family == 6)
		protocol = 58;
	from = packet->hook == IT_OUTPUT ? 0 : packet->from_device ? 1 : 2;
	to = packet->hook == IT_INPUT ? 0 : packet->from_device ? 2 : 1;
	packet->len = family == 4 ? build_4(r, packet, protocol, from, to)
				  : build_6(r, packet, protocol, from, to);
	snprintf(packet->text, sizeof(packet->text), "IPv%d protocol %u %s%s, %zu bytes",
		 family, protocol,
		 packet->hook == IT_INPUT     ? "input"
		 : packet->hook == IT_FORWARD ? "forward"
					      : "output",
		 packet->from_device ? " from device" : "", packet->len);
}
