/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets taken apart, the ones that must be refused, and those put together again. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/cleanup.h"
#include "lib/memory.h"
#include "modules/inspection/checksum.h"
#include "modules/inspection/packet.h"

#define ROOM 66000

/* A packet under construction; lengths and checksums are filled in by finish(). */
struct maker {
	uint8_t bytes[ROOM];
	size_t len, transport;
	uint8_t protocol;
};

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put(struct maker *m, const void *bytes, size_t len)
{
	assert_true(m->len + len <= ROOM);
	if (len)
		memcpy(m->bytes + m->len, bytes, len);
	m->len += len;
}

static void put_ipv4(struct maker *m, uint8_t protocol, const char *options,
		     size_t options_len)
{
	uint8_t header[20] = { [0] = (uint8_t)(0x45 + options_len / 4),
			       [8] = 64,
			       [9] = protocol,
			       [12] = 192,
			       0,
			       2,
			       1, /* source */
			       [16] = 198,
			       51,
			       100,
			       7 };

	m->len = 0;
	m->protocol = protocol;
	put(m, header, sizeof(header));
	put(m, options, options_len);
	m->transport = m->len;
}

/* `extensions`: everything between the header and the transport; `next`: what they begin with.
 */
static void put_ipv6(struct maker *m, uint8_t protocol, uint8_t next, const void *extensions,
		     size_t extensions_len)
{
	uint8_t header[40] = { [0] = 0x60, [6] = next, [7] = 64, [8] = 0x20,  1,
			       0xd,	   0xb8,       [23] = 1, [24] = 0x20, 1,
			       0xd,	   0xb8,       [39] = 7 };

	m->len = 0;
	m->protocol = protocol;
	put(m, header, sizeof(header));
	put(m, extensions, extensions_len);
	m->transport = m->len;
}

static void put_tcp(struct maker *m, uint8_t flags, const char *options, size_t options_len,
		    const void *payload, size_t payload_len)
{
	uint8_t header[20] = { 0x12, 0x34, 0, 80, 1, 2, 3, 4, 5, 6, 7, 8 };

	header[12] = (uint8_t)((20 + options_len) / 4 << 4);
	header[13] = flags;
	put16(header + 14, 1000);
	put16(header + 18, flags & VP_TCP_URG ? 3 : 0);
	put(m, header, sizeof(header));
	put(m, options, options_len);
	put(m, payload, payload_len);
}

static void put_udp(struct maker *m, size_t length, const void *payload, size_t payload_len)
{
	uint8_t header[8] = { 0x12, 0x34, 0, 53 };

	put16(header + 4, length);
	put(m, header, sizeof(header));
	put(m, payload, payload_len);
}

static size_t sum_at(const struct maker *m)
{
	return m->transport + (m->protocol == IPPROTO_TCP   ? 16
			       : m->protocol == IPPROTO_UDP ? 6
							    : 2);
}

/* The checksum the long way: word by word over a written pseudo-header (RFC 1071, 8200, 8.1).
 */
static uint16_t slow_sum(const struct maker *m, size_t len)
{
	_cleanup_free_ uint8_t *whole = vp_alloc(1, 40 + len + 1);
	size_t head = 0;
	uint32_t sum = 0;

	if (m->bytes[0] >> 4 == 4 && m->protocol != IPPROTO_ICMP) {
		memcpy(whole, m->bytes + 12, 8);
		whole[9] = m->protocol;
		put16(whole + 10, len);
		head = 12;
	} else if (m->bytes[0] >> 4 == 6) {
		memcpy(whole, m->bytes + 8, 32);
		put16(whole + 34, len);
		whole[39] = m->protocol;
		head = 40;
	}
	memcpy(whole + head, m->bytes + m->transport, len);
	for (size_t i = 0; i < head + len; i += 2) {
		sum += (uint32_t)(whole[i] << 8 | whole[i + 1]);
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)~sum;
}

/* Fill in the IP length and all checksums. */
static struct vp_slice finish(struct maker *m)
{
	size_t len = m->len - m->transport;

	if (m->bytes[0] >> 4 == 4) {
		put16(m->bytes + 2, m->len);
		put16(m->bytes + 10, 0);
		put16(m->bytes + 10, vp_checksum((struct vp_slice){ m->bytes, m->transport }));
	} else {
		put16(m->bytes + 4, m->len - 40);
	}
	put16(m->bytes + sum_at(m), 0);
	if (m->protocol == IPPROTO_UDP && m->bytes[m->transport + 5] >= 8)
		len = m->bytes[m->transport + 5];
	put16(m->bytes + sum_at(m), slow_sum(m, len));
	return (struct vp_slice){ m->bytes, m->len };
}

static void expect(struct vp_slice bytes, enum vp_packet_fault fault, const char *payload)
{
	struct vp_packet packet;

	assert_int_equal(vp_packet_parse(bytes, true, &packet), fault);
	if (!payload)
		return;
	assert_int_equal(packet.payload.len, strlen(payload));
	assert_memory_equal(packet.payload.data, payload, strlen(payload));
}

static void test_checksum_known(void **state)
{
	/* the example of RFC 1071, 3 */
	static const uint8_t words[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };

	(void)state;
	assert_int_equal(vp_checksum((struct vp_slice){ words, 8 }), (uint16_t)~0xddf2);
	assert_int_equal(vp_checksum((struct vp_slice){ words, 7 }), (uint16_t)~0xdcfb);
	assert_int_equal(vp_checksum((struct vp_slice){ words + 1, 6 }), (uint16_t)~0xfbdc);
	assert_int_equal(vp_checksum((struct vp_slice){ words, 0 }), 0xffff);
}

static void test_tcp(void **state)
{
	static struct maker m;
	struct vp_packet packet;
	struct vp_slice bytes;

	(void)state;
	put_ipv4(&m, IPPROTO_TCP, "\x94\x04\0\0", 4);
	put_tcp(&m, VP_TCP_ACK | VP_TCP_URG, "\1\1\1\0", 4, "hello", 5);
	bytes = finish(&m);
	assert_int_equal(vp_packet_parse(bytes, true, &packet), VP_PACKET_FINE);
	assert_int_equal(packet.version, 4);
	assert_int_equal(packet.protocol, IPPROTO_TCP);
	assert_int_equal(packet.source.family, 4);
	assert_memory_equal(packet.source.bytes, "\300\0\2\1\0\0\0\0", 8);
	assert_memory_equal(packet.destination.bytes, "\306\63\144\7\0\0\0\0", 8);
	assert_int_equal(packet.source_port, 0x1234);
	assert_int_equal(packet.destination_port, 80);
	assert_int_equal(packet.sequence, 0x01020304);
	assert_int_equal(packet.acknowledgement, 0x05060708);
	assert_int_equal(packet.flags, VP_TCP_ACK | VP_TCP_URG);
	assert_int_equal(packet.urgent, 3);
	assert_int_equal(packet.transport, 24);
	assert_int_equal(packet.payload.len, 5);
	assert_memory_equal(packet.payload.data, "hello", 5);
	for (size_t i = 0; i < bytes.len; i++) { /* a wrong bit anywhere is seen */
		m.bytes[i] ^= 0x04;
		assert_int_not_equal(vp_packet_parse(bytes, true, &packet), VP_PACKET_FINE);
		m.bytes[i] ^= 0x04;
	}
	m.bytes[bytes.len - 1] ^= 1;
	expect(bytes, VP_PACKET_CHECKSUM, NULL);
	assert_int_equal(vp_packet_parse(bytes, false, &packet), VP_PACKET_FINE);
}

static void test_lengths_ipv4(void **state)
{
	static struct maker m;
	struct vp_slice bytes;

	(void)state;
	put_ipv4(&m, IPPROTO_TCP, NULL, 0);
	put_tcp(&m, VP_TCP_ACK, NULL, 0, "hello", 5);
	bytes = finish(&m);
	for (size_t len = 0; len < bytes.len; len++)
		expect((struct vp_slice){ bytes.data, len }, VP_PACKET_SHORT, NULL);
	put(&m, "padding", 7); /* of a short Ethernet frame */
	expect((struct vp_slice){ bytes.data, m.len }, VP_PACKET_FINE, "hello");
	m.bytes[32] = 0x40; /* data offset below the header */
	expect(bytes, VP_PACKET_SHORT, NULL);
	m.bytes[32] = 0xf0; /* and behind the packet */
	expect(bytes, VP_PACKET_SHORT, NULL);
	m.bytes[0] = 0x44;
	expect(bytes, VP_PACKET_SHORT, NULL);
	m.bytes[0] = 0x55;
	expect(bytes, VP_PACKET_FOREIGN, NULL);
	m.bytes[0] = 0x45;
	put16(m.bytes + 2, 0); /* as of a packet of more than 64 KiB */
	expect(bytes, VP_PACKET_SHORT, NULL);
}

static void test_fragments(void **state)
{
	static struct maker m;
	static const uint8_t first[] = { IPPROTO_TCP, 0, 0, 1, 1, 2, 3, 4 };
	static const uint8_t second[] = { IPPROTO_TCP, 0, 0, 8, 1, 2, 3, 4 };
	static const uint8_t atomic[] = { IPPROTO_TCP, 0, 0, 6, 1, 2, 3, 4 };

	(void)state;
	put_ipv4(&m, IPPROTO_TCP, NULL, 0);
	put_tcp(&m, VP_TCP_ACK, NULL, 0, "hello", 5);
	m.bytes[6] = 0x20;
	expect(finish(&m), VP_PACKET_FRAGMENT, NULL);
	m.bytes[6] = 0;
	m.bytes[7] = 1;
	expect(finish(&m), VP_PACKET_FRAGMENT, NULL);
	m.bytes[6] = 0x40; /* do not fragment */
	m.bytes[7] = 0;
	expect(finish(&m), VP_PACKET_FINE, "hello");
	put_ipv6(&m, IPPROTO_TCP, IPPROTO_FRAGMENT, first, 8);
	put_tcp(&m, VP_TCP_ACK, NULL, 0, "hello", 5);
	expect(finish(&m), VP_PACKET_FRAGMENT, NULL);
	put_ipv6(&m, IPPROTO_TCP, IPPROTO_FRAGMENT, second, 8);
	put_tcp(&m, VP_TCP_ACK, NULL, 0, "hello", 5);
	expect(finish(&m), VP_PACKET_FRAGMENT, NULL);
	put_ipv6(&m, IPPROTO_TCP, IPPROTO_FRAGMENT, atomic, 8);
	put_tcp(&m, VP_TCP_ACK, NULL, 0, "hello", 5);
	expect(finish(&m), VP_PACKET_FINE, "hello");
}

static void test_extensions(void **state)
{
	static struct maker m;
	/* hop-by-hop, destination, routing (done), authentication, destination of 16 bytes */
	static const uint8_t chain[] = {
		IPPROTO_DSTOPTS,
		0,
		1,
		4,
		0,
		0,
		0,
		0,
		IPPROTO_ROUTING,
		0,
		1,
		4,
		0,
		0,
		0,
		0,
		IPPROTO_AH,
		0,
		4,
		0,
		0,
		0,
		0,
		0,
		IPPROTO_DSTOPTS,
		1,
		0,
		0,
		1,
		2,
		3,
		4,
		5,
		6,
		7,
		8,
		IPPROTO_TCP,
		1,
		1,
		12,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
	};
	static const uint8_t routed[] = { IPPROTO_TCP, 0, 4, 1, 0, 0, 0, 0 };
	static const uint8_t late[] = { IPPROTO_HOPOPTS, 0, 1, 4, 0, 0, 0, 0,
					IPPROTO_TCP,	 0, 1, 4, 0, 0, 0, 0 };
	struct vp_slice bytes;

	(void)state;
	assert_int_equal(sizeof(chain), 52);
	put_ipv6(&m, IPPROTO_TCP, IPPROTO_HOPOPTS, chain, sizeof(chain));
	put_tcp(&m, VP_TCP_ACK, NULL, 0, "hello", 5);
	bytes = finish(&m);
	expect(bytes, VP_PACKET_FINE, "hello");
	expect((struct vp_slice){ bytes.data, bytes.len + 9 }, VP_PACKET_FINE, "hello");
	for (size_t len = 0; len < bytes.len; len++)
		expect((struct vp_slice){ bytes.data, len }, VP_PACKET_SHORT, NULL);
	for (size_t len = 0; len < bytes.len - 45; len++) { /* the length field, too */
		put16(m.bytes + 4, len);
		expect((struct vp_slice){ bytes.data, bytes.len }, VP_PACKET_SHORT, NULL);
	}
	put_ipv6(&m, IPPROTO_TCP, IPPROTO_ROUTING, routed, sizeof(routed));
	put_tcp(&m, VP_TCP_ACK, NULL, 0, "hello", 5);
	expect(finish(&m), VP_PACKET_FOREIGN, NULL);
	put_ipv6(&m, IPPROTO_TCP, IPPROTO_DSTOPTS, late, sizeof(late));
	put_tcp(&m, VP_TCP_ACK, NULL, 0, "hello", 5);
	expect(finish(&m), VP_PACKET_FOREIGN, NULL);
	put_ipv6(&m, IPPROTO_TCP, IPPROTO_HOPOPTS, late, sizeof(late));
	put_tcp(&m, VP_TCP_ACK, NULL, 0, "hello", 5);
	expect(finish(&m), VP_PACKET_FOREIGN, NULL);
	put_ipv6(&m, IPPROTO_TCP, IPPROTO_NONE, NULL, 0);
	put_tcp(&m, VP_TCP_ACK, NULL, 0, "hello", 5);
	expect(finish(&m), VP_PACKET_FOREIGN, NULL);
}

/* A jumbogram: payload length 0, and the length in a hop-by-hop option (RFC 2675). */
static void test_jumbo(void **state)
{
	static struct maker m;
	static const uint8_t jumbo[] = { IPPROTO_TCP, 0, 0xc2, 4, 0, 1, 0, 0 };
	static const uint8_t payload[65500];

	(void)state;
	put_ipv6(&m, IPPROTO_TCP, IPPROTO_HOPOPTS, jumbo, sizeof(jumbo));
	put_tcp(&m, VP_TCP_ACK, NULL, 0, payload, sizeof(payload));
	finish(&m);
	put16(m.bytes + 4, 0);
	expect((struct vp_slice){ m.bytes, m.len }, VP_PACKET_SHORT, NULL);
}

static void test_udp(void **state)
{
	static struct maker m;
	struct vp_slice bytes;

	(void)state;
	put_ipv4(&m, IPPROTO_UDP, NULL, 0);
	put_udp(&m, 13, "query", 5);
	bytes = finish(&m);
	expect(bytes, VP_PACKET_FINE, "query");
	m.bytes[30] ^= 1;
	expect(bytes, VP_PACKET_CHECKSUM, NULL);
	put16(m.bytes + 26, 0); /* none, which IPv4 allows */
	expect(bytes, VP_PACKET_FINE, NULL);
	put16(m.bytes + 24, 0);
	expect(bytes, VP_PACKET_SHORT, NULL);
	put16(m.bytes + 24, 7);
	expect(bytes, VP_PACKET_SHORT, NULL);
	put16(m.bytes + 24, 14);
	expect(bytes, VP_PACKET_SHORT, NULL);
	put_ipv4(&m, IPPROTO_UDP, NULL, 0);
	put_udp(&m, 11, "query", 5); /* what lies behind is not delivered */
	expect(finish(&m), VP_PACKET_FINE, "que");
	put_ipv6(&m, IPPROTO_UDP, IPPROTO_UDP, NULL, 0);
	put_udp(&m, 0, "query", 5);
	bytes = finish(&m);
	expect(bytes, VP_PACKET_FINE, "query");
	put16(m.bytes + 46, 0); /* IPv6 does not */
	expect(bytes, VP_PACKET_CHECKSUM, NULL);
	put_ipv6(&m, IPPROTO_UDP, IPPROTO_UDP, NULL, 0);
	put(&m, "1234567", 7);
	put16(m.bytes + 4, 7);
	expect((struct vp_slice){ m.bytes, m.len }, VP_PACKET_SHORT, NULL);
}

static void test_icmp(void **state)
{
	static struct maker m;
	struct vp_packet packet;
	struct vp_slice bytes;

	(void)state;
	put_ipv4(&m, IPPROTO_ICMP, NULL, 0);
	put(&m, "\10\0\0\0\1\2\0\1ping", 12);
	bytes = finish(&m);
	expect(bytes, VP_PACKET_FINE, "ping");
	assert_int_equal(vp_packet_parse(bytes, true, &packet), VP_PACKET_FINE);
	assert_int_equal(packet.source_port | packet.destination_port, 0);
	m.bytes[9] = IPPROTO_ICMPV6;
	put16(m.bytes + 10, 0);
	put16(m.bytes + 10, vp_checksum((struct vp_slice){ m.bytes, 20 }));
	expect(bytes, VP_PACKET_FOREIGN, NULL);
	put_ipv6(&m, IPPROTO_ICMPV6, IPPROTO_ICMPV6, NULL, 0);
	put(&m, "\200\0\0\0\1\2\0\1ping", 12);
	bytes = finish(&m);
	expect(bytes, VP_PACKET_FINE, "ping");
	m.bytes[50] ^= 1;
	expect(bytes, VP_PACKET_CHECKSUM, NULL);
	put_ipv6(&m, IPPROTO_ICMPV6, IPPROTO_ICMPV6, NULL, 0);
	put(&m, "\200\0\0\0", 4);
	put16(m.bytes + 4, 4);
	expect((struct vp_slice){ m.bytes, m.len }, VP_PACKET_SHORT, NULL);
	put_ipv4(&m, IPPROTO_SCTP, NULL, 0);
	put(&m, "\200\0\0\0", 4);
	expect(finish(&m), VP_PACKET_FOREIGN, NULL);
}

/* The changed packet is whole: it parses with checksums, and only what must differs. */
static void check_changed(struct maker *m)
{
	static uint8_t out[ROOM];
	struct vp_slice bytes = finish(m);
	struct vp_packet before, after;
	size_t len;

	put16(m->bytes + sum_at(m), 0x1234); /* as if hardware were to fill it in */
	assert_int_equal(vp_packet_parse(bytes, false, &before), VP_PACKET_FINE);
	memset(out, 0xaa, sizeof(out));
	len = vp_packet_without_payload(bytes, &before, out);
	assert_int_equal(out[len], 0xaa);
	assert_int_equal(vp_packet_parse((struct vp_slice){ out, len }, true, &after),
			 VP_PACKET_FINE);
	assert_int_equal(after.payload.len, 0);
	assert_int_equal(after.sequence, before.sequence);
	assert_int_equal(after.destination_port, before.destination_port);
	assert_int_equal(after.urgent, 0);
	assert_int_equal(after.flags, before.flags & ~(VP_TCP_FIN | VP_TCP_PSH | VP_TCP_URG));
	len = vp_packet_without_urgent(bytes, &before, out);
	assert_int_equal(out[len], 0xaa);
	assert_int_equal(vp_packet_parse((struct vp_slice){ out, len }, true, &after),
			 VP_PACKET_FINE);
	assert_int_equal(after.payload.len, before.payload.len);
	assert_memory_equal(after.payload.data, before.payload.data, before.payload.len);
	assert_int_equal(after.urgent, 0);
	assert_int_equal(after.flags, before.flags & ~VP_TCP_URG);
	assert_int_equal(after.sequence, before.sequence);
}

static void test_changed(void **state)
{
	static const size_t sizes[] = { 0, 1, 2, 1447, 1448, 30001, 65400 };
	static const uint8_t options[8] = { IPPROTO_TCP, 0, 1, 4 };
	static struct maker m;
	static uint8_t payload[ROOM];
	uint8_t flags = VP_TCP_ACK | VP_TCP_URG | VP_TCP_PSH | VP_TCP_FIN;

	(void)state;
	for (size_t i = 0; i < ROOM; i++)
		payload[i] = (uint8_t)(i * i >> 3);
	for (size_t i = 0; i < VP_COUNT(sizes); i++) {
		put_ipv4(&m, IPPROTO_TCP, "\x94\x04\0\0", 4);
		put_tcp(&m, flags, "\1\1\1\0", 4, payload, sizes[i]);
		check_changed(&m);
		put_ipv6(&m, IPPROTO_TCP, IPPROTO_DSTOPTS, options, sizeof(options));
		put_tcp(&m, flags, NULL, 0, payload, sizes[i]);
		check_changed(&m);
	}
	put_ipv6(&m, IPPROTO_UDP, IPPROTO_UDP, NULL, 0);
	put_udp(&m, 13, "query", 5);
	check_changed(&m);
	put_ipv4(&m, IPPROTO_UDP, NULL, 0);
	put_udp(&m, 13, "query", 5);
	check_changed(&m);
	put_ipv4(&m, IPPROTO_ICMP, NULL, 0);
	put(&m, "\10\0\0\0\1\2\0\1ping", 12);
	check_changed(&m);
	put_ipv6(&m, IPPROTO_ICMPV6, IPPROTO_ICMPV6, NULL, 0);
	put(&m, "\200\0\0\0\1\2\0\1ping", 12);
	check_changed(&m);
}

/* A datagram without a checksum goes on without one; one whose sum is 0 has 0xffff. */
static void test_udp_checksum_kept(void **state)
{
	static struct maker m;
	uint8_t out[64], word[2];
	struct vp_packet packet;
	struct vp_slice bytes;

	(void)state;
	put_ipv4(&m, IPPROTO_UDP, NULL, 0);
	put_udp(&m, 10, "\0\0", 2);
	bytes = finish(&m);
	memcpy(word, m.bytes + 26, 2); /* as payload, it makes the sum 0 */
	memcpy(m.bytes + 28, word, 2);
	assert_int_equal(vp_packet_parse(bytes, false, &packet), VP_PACKET_FINE);
	assert_int_equal(vp_packet_without_urgent(bytes, &packet, out), bytes.len);
	assert_memory_equal(out + 26, "\xff\xff", 2);
	put16(m.bytes + 26, 0);
	assert_int_equal(vp_packet_parse(bytes, true, &packet), VP_PACKET_FINE);
	assert_int_equal(vp_packet_without_payload(bytes, &packet, out), 28);
	assert_memory_equal(out + 24, "\0\10\0\0", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checksum_known),
		cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_lengths_ipv4),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_jumbo),
		cmocka_unit_test(test_udp),
		cmocka_unit_test(test_icmp),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_udp_checksum_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
