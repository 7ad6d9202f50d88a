/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets: checksums against published values, fill-in, fragments, shapes. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/ctl/lab/packet.h"
#include "lab_tests.h"
#include "lib/memory.h"

static struct vp_address address(const char *text)
{
	struct vp_address out;

	assert_int_equal(vp_address_parse(text, &out), 0);
	return out;
}

/* The numerical example of RFC 1071, section 3. */
static void checksum_of_rfc1071(void **state)
{
	const uint8_t data[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };
	uint32_t sum = vp_checksum_add(0, data, sizeof(data));

	(void)state;
	assert_int_equal(ntohs(vp_checksum_finish(sum)), 0x220d);
	/* in two parts it is the same, and an odd end counts as if padded */
	sum = vp_checksum_add(vp_checksum_add(0, data, 4), data + 4, 4);
	assert_int_equal(ntohs(vp_checksum_finish(sum)), 0x220d);
	assert_int_equal(ntohs(vp_checksum_finish(vp_checksum_add(0, "\x12", 1))), 0xedff);
}

/* The check value of CRC-32C for "123456789". */
static void crc32c(void **state)
{
	(void)state;
	assert_int_equal(vp_crc32c("123456789", 9), 0xe3069283);
}

static void fills_ipv4(void **state)
{
	struct vp_address from = address("192.168.0.1"), to = address("192.168.0.199");
	/* a header whose checksum is known to be 0xb861, around UDP */
	uint8_t data[115] = { 0x45, 0, 0, 0, 0, 0, 0x40, 0, 0x40, 0x11 };

	(void)state;
	data[21] = 53;
	data[23] = 53;
	assert_int_equal(vp_packet_fill(data, sizeof(data), &from, &to, NULL), 0);
	assert_memory_equal(data + 2, "\x00\x73", 2);
	assert_memory_equal(data + 10, "\xb8\x61", 2);
	assert_memory_equal(data + 12, "\xc0\xa8\x00\x01\xc0\xa8\x00\xc7", 8);
	assert_memory_equal(data + 24, "\x00\x5f", 2);
	/* a datagram with a right checksum sums up to zero with its pseudo header */
	assert_int_equal(vp_lab_checksum_transport(&from, &to, IPPROTO_UDP, data + 20, 95, 95),
			 0);
}

static void keeps_what_is_given(void **state)
{
	struct vp_address from = address("192.0.2.1"), to = address("192.0.2.2");
	uint8_t data[28] = { 0x45, 0,	 0,  99, 0, 0,	 0,    0,   64, IPPROTO_UDP,
			     0x12, 0x34, 10, 0,	 0, 1,	 0,    0,   0,	0,
			     0,	   7,	 0,  7,	 0, 100, 0xab, 0xcd };

	(void)state;
	assert_int_equal(vp_packet_fill(data, sizeof(data), &from, &to, NULL), 0);
	assert_memory_equal(data + 2, "\x00\x63", 2);
	assert_memory_equal(data + 10, "\x12\x34", 2);
	assert_memory_equal(data + 12, "\x0a\x00\x00\x01", 4);
	assert_memory_equal(data + 16, "\xc0\x00\x02\x02", 4);
	assert_memory_equal(data + 24, "\x00\x64\xab\xcd", 4);
}

static void fills_every_protocol(void **state)
{
	static const struct {
		uint8_t protocol, family;
		bool pseudo;
	} cases[] = {
		{ IPPROTO_TCP, 4, true },    { IPPROTO_TCP, 6, true },
		{ IPPROTO_UDP, 6, true },    { IPPROTO_UDPLITE, 4, true },
		{ IPPROTO_ICMP, 4, false },  { IPPROTO_IGMP, 4, false },
		{ IPPROTO_ICMPV6, 6, true },
	};

	(void)state;
	for (size_t i = 0; i < VP_COUNT(cases); i++) {
		bool four = cases[i].family == 4;
		struct vp_address from = address(four ? "192.0.2.1" : "2001:db8::1");
		struct vp_address to = address(four ? "192.0.2.2" : "2001:db8::2");
		uint8_t payload[33] = { 0 }, *data, header = four ? 20 : 40;
		size_t len;

		payload[32] = 0x5a; /* an odd length */
		vp_packet_build(&from, &to, cases[i].protocol, payload, sizeof(payload), &data,
				&len);
		assert_int_equal(len, header + sizeof(payload));
		if (cases[i].pseudo)
			assert_int_equal(vp_lab_checksum_transport(
						 &from, &to, cases[i].protocol, data + header,
						 sizeof(payload), sizeof(payload)),
					 0);
		else
			assert_int_equal(vp_checksum_finish(vp_checksum_add(0, data + header,
									    sizeof(payload))),
					 0);
		free(data);
	}
}

/* UDP says "none" with zero, so a sum of zero is sent as its other form. */
static void udp_checksum_is_never_zero(void **state)
{
	struct vp_address from = address("192.0.2.1"), to = address("192.0.2.2");
	uint8_t payload[10] = { 0 }, *data;
	uint16_t sum;
	size_t len;

	(void)state;
	payload[5] = 10; /* its length; then two bytes that make the sum 0xffff */
	sum = vp_lab_checksum_transport(&from, &to, IPPROTO_UDP, payload, 10, 10);
	memcpy(payload + 8, &sum, 2);
	vp_packet_build(&from, &to, IPPROTO_UDP, payload, sizeof(payload), &data, &len);
	assert_memory_equal(data + 26, "\xff\xff", 2);
	free(data);
}

static void parses_extension_headers(void **state)
{
	struct vp_lab_packet packet;
	uint8_t data[40 + 8 + 8 + 8] = { 0x60 };
	struct vp_error err = { 0 };

	(void)state;
	data[6] = IPPROTO_HOPOPTS;
	data[40] = IPPROTO_DSTOPTS;
	data[48] = IPPROTO_UDP;
	assert_int_equal(vp_lab_packet_parse(data, sizeof(data), &packet, NULL), 0);
	assert_int_equal(packet.protocol, IPPROTO_UDP);
	assert_int_equal(packet.payload, 56);
	assert_int_equal(packet.fragmentable, 48); /* destination options may be fragmented */
	assert_int_equal(packet.next_header, 40);
	data[49] = 1; /* says 16 bytes: up to the end */
	assert_int_equal(vp_lab_packet_parse(data, sizeof(data), &packet, NULL), 0);
	assert_int_equal(packet.payload, 64);
	data[49] = 2;
	assert_int_equal(vp_lab_packet_parse(data, sizeof(data), &packet, &err), -EINVAL);
	assert_non_null(strstr(err.text, "24 bytes"));
}

static void refuses_what_is_no_packet(void **state)
{
	struct vp_lab_packet packet;

	(void)state;
	assert_int_equal(vp_lab_packet_parse((const uint8_t *)"", 0, &packet, NULL), -EINVAL);
	assert_int_equal(vp_lab_packet_parse((const uint8_t *)"\x45", 1, &packet, NULL),
			 -EINVAL);
	assert_int_equal(vp_lab_packet_parse((const uint8_t *)"\x60", 1, &packet, NULL),
			 -EINVAL);
	assert_int_equal(vp_lab_packet_parse((const uint8_t *)"GET /", 5, &packet, NULL),
			 -EINVAL);
}

static void free_pieces(struct vp_packet_bytes *pieces, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(pieces[i].data);
}

/* Cut and joined is the same again; the checksum of a sample's fragments comes from the whole.
 */
static void fragments_join(void **state)
{
	static const char *const addresses[2][2] = { { "192.0.2.1", "192.0.2.2" },
						     { "2001:db8::1", "2001:db8::2" } };

	(void)state;
	for (size_t family = 0; family < 2; family++) {
		struct vp_address from = address(addresses[family][0]);
		struct vp_address to = address(addresses[family][1]);
		size_t header = family ? 40 : 20, len, count, whole_len;
		struct vp_packet_bytes pieces[8];
		uint8_t payload[29] = { 0, 7, 0, 7 }, *data, *whole;

		payload[28] = 0x17;
		vp_packet_build(&from, &to, IPPROTO_UDP, payload, sizeof(payload), &data,
				&len);
		assert_int_equal(vp_packet_cut(data, len, 8, 77, pieces, 8, &count, NULL), 0);
		assert_int_equal(count, 4);
		memset(pieces[0].data + pieces[0].len - 2, 0, 2); /* forget the checksum */
		vp_packet_fill_fragments(pieces, count);
		assert_int_equal(vp_packet_join(pieces, count, &whole, &whole_len, NULL), 0);
		assert_int_equal(whole_len, sizeof(payload));
		assert_memory_equal(whole, data + header, whole_len);
		free(whole);
		assert_int_equal(vp_packet_join(pieces, 3, &whole, &whole_len, NULL), -EINVAL);
		assert_int_equal(vp_packet_join(pieces + 1, 3, &whole, &whole_len, NULL),
				 -EINVAL);
		free_pieces(pieces, count);
		assert_int_equal(vp_packet_cut(data, len, 8, 77, pieces, 3, &count, NULL),
				 -ENOSPC);
		free(data);
	}
}

/* Whatever the shape, what arrives behind reassembly is the same payload of the same protocol.
 */
static void shapes_keep_the_payload(void **state)
{
	struct vp_address from = address("2001:db8::1"), to = address("2001:db8::2");
	uint8_t payload[41] = { 0, 7, 0, 7 }, *data;
	size_t len;

	(void)state;
	vp_packet_build(&from, &to, IPPROTO_UDP, payload, sizeof(payload), &data, &len);
	for (enum vp_shape shape = VP_SHAPE_PLAIN; shape < VP_SHAPE_COUNT; shape++) {
		struct vp_packet_bytes pieces[16];
		struct vp_lab_packet packet;
		uint8_t *whole, protocol;
		size_t count, whole_len, skip;

		assert_int_equal(
			vp_packet_shape(data, len, shape, 5, pieces, 16, &count, NULL), 0);
		assert_int_equal(
			vp_lab_packet_parse(pieces[0].data, pieces[0].len, &packet, NULL), 0);
		if (packet.fragment) {
			assert_true(count > 1);
			assert_int_equal(
				vp_packet_join(pieces, count, &whole, &whole_len, NULL), 0);
			protocol = packet.protocol;
			skip = vp_packet_skip(whole, whole_len, &protocol);
		} else {
			whole_len = pieces[0].len - packet.payload;
			whole = vp_memdup(pieces[0].data + packet.payload, whole_len);
			protocol = packet.protocol;
			skip = 0;
		}
		assert_int_equal(protocol, IPPROTO_UDP);
		assert_int_equal(whole_len - skip, sizeof(payload));
		assert_memory_equal(whole + skip, data + 40, sizeof(payload));
		free(whole);
		free_pieces(pieces, count);
	}
	free(data);
}

int lab_packet_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksum_of_rfc1071),
		cmocka_unit_test(crc32c),
		cmocka_unit_test(fills_ipv4),
		cmocka_unit_test(keeps_what_is_given),
		cmocka_unit_test(fills_every_protocol),
		cmocka_unit_test(udp_checksum_is_never_zero),
		cmocka_unit_test(parses_extension_headers),
		cmocka_unit_test(refuses_what_is_no_packet),
		cmocka_unit_test(fragments_join),
		cmocka_unit_test(shapes_keep_the_payload),
	};

	return cmocka_run_group_tests_name("lab packets", tests, NULL, NULL);
}
