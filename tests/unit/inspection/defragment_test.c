/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fragments: which are put together, which are refused, and what is left over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/memory.h"
#include "modules/inspection/checksum.h"
#include "modules/inspection/defragment.h"
#include "modules/inspection/packet.h"

#define PAYLOAD 200u

struct world {
	struct vp_defragment *defragment;
	uint8_t payload[PAYLOAD]; /* UDP header and data */
	uint64_t now;
	struct vp_slice whole;
};

static struct world world;

static int set_up(void **state)
{
	(void)state;
	world = (struct world){ .defragment = vp_defragment_new(VP_DEFRAGMENT_MEMORY) };
	for (size_t i = 0; i < PAYLOAD; i++)
		world.payload[i] = (uint8_t)(i + 1);
	world.payload[4] = 0;
	world.payload[5] = PAYLOAD;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	vp_defragment_free(world.defragment);
	return 0;
}

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* How a fragment is made. */
struct making {
	uint8_t version;
	size_t first, end; /* of the payload */
	bool more;
	uint16_t id;
	uint8_t mark;	/* ECN */
	uint8_t change; /* is added to each byte */
	bool options;	/* IPv4 options, IPv6 hop-by-hop and destination options */
	bool wrong;	/* header checksum */
};

static size_t head_ipv4(const struct making *making, uint8_t *out)
{
	size_t length = making->options ? 24 : 20;

	out[0] = (uint8_t)(0x40 + length / 4);
	out[1] = making->mark;
	put16(out + 2, length + making->end - making->first);
	put16(out + 4, making->id);
	put16(out + 6, (making->more ? 0x2000u : 0) | making->first / 8);
	out[8] = 64;
	out[9] = 17;
	memcpy(out + 12, "\xc0\x00\x02\x07\xc6\x33\x64\x04", 8);
	if (making->options)
		memcpy(out + 20, "\x01\x01\x01\x01", 4);
	put16(out + 10, vp_checksum((struct vp_slice){ out, length }) + making->wrong);
	return length;
}

static size_t head_ipv6(const struct making *making, uint8_t *out)
{
	size_t length = making->options ? 56 : 40;
	uint8_t *fragment = out + length;

	out[0] = 0x60;
	out[1] = (uint8_t)(making->mark << 4);
	put16(out + 4, length - 40 + 8 + making->end - making->first);
	out[6] = making->options ? 0 : 44;
	memset(out + 8, 0x20, 16);
	memset(out + 24, 0x21, 16);
	if (making->options) {
		memcpy(out + 40, "\x3c\x00\x01\x04\x00\x00\x00\x00", 8);
		memcpy(out + 48, "\x2c\x00\x01\x04\x00\x00\x00\x00", 8);
	}
	fragment[0] = 17;
	put16(fragment + 2, making->first | making->more);
	put16(fragment + 6, making->id);
	return length + 8;
}

static enum vp_fragment give_made(struct making making)
{
	uint8_t out[512] = { 0 };
	size_t length =
		making.version == 4 ? head_ipv4(&making, out) : head_ipv6(&making, out);

	for (size_t i = making.first; i < making.end; i++)
		out[length++] = (uint8_t)(world.payload[i % PAYLOAD] + making.change);
	return vp_defragment_packet(world.defragment, (struct vp_slice){ out, length }, true,
				    world.now, &world.whole);
}

static enum vp_fragment give(uint8_t version, size_t first, size_t end)
{
	return give_made((struct making){
		.version = version, .first = first, .end = end, .more = end < PAYLOAD });
}

static void check_whole(uint8_t version)
{
	struct vp_packet packet;

	assert_int_equal(vp_packet_parse(world.whole, false, &packet), VP_PACKET_FINE);
	assert_int_equal(packet.version, version);
	assert_int_equal(packet.protocol, 17);
	assert_int_equal(packet.payload.len, PAYLOAD - 8);
	assert_memory_equal(packet.payload.data - 8, world.payload, PAYLOAD);
	if (version == 4)
		assert_int_equal(
			vp_checksum((struct vp_slice){ world.whole.data, packet.transport }),
			0);
	assert_int_equal(vp_defragment_counts(world.defragment).now, 0);
	assert_int_equal(vp_defragment_counts(world.defragment).memory_now, 0);
}

static void each_order_makes_it_whole(void **state)
{
	static const uint8_t orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
					     { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

	(void)state;
	for (uint8_t version = 4; version <= 6; version += 2) {
		for (size_t i = 0; i < VP_COUNT(orders); i++) {
			for (int n = 0; n < 3; n++) {
				size_t first = orders[i][n] * 72u, end = first + 72;

				assert_int_equal(
					give(version, first, end < PAYLOAD ? end : PAYLOAD),
					n == 2 ? VP_FRAGMENT_WHOLE : VP_FRAGMENT_KEPT);
			}
			check_whole(version);
		}
	}
	assert_int_equal(vp_defragment_counts(world.defragment).whole, 12);
	assert_int_equal(vp_defragment_counts(world.defragment).fragments, 36);
}

static void headers_are_the_first_ones(void **state)
{
	(void)state;
	for (uint8_t version = 4; version <= 6; version += 2) {
		struct making last = { .version = version, .first = 96, .end = PAYLOAD };
		struct making first = {
			.version = version, .end = 96, .more = true, .options = true
		};

		assert_int_equal(give_made(last), VP_FRAGMENT_KEPT);
		assert_int_equal(give_made(first), VP_FRAGMENT_WHOLE);
		check_whole(version);
		assert_int_equal(world.whole.len, PAYLOAD + (version == 4 ? 24 : 56));
	}
}

static void whole_packets_are_left_alone(void **state)
{
	uint8_t udp[48] = { 0x45, 0, 0, 28, 0, 0, 0x40 /* do not fragment */, 0, 64, 17 };
	uint8_t garbage[64];

	(void)state;
	assert_int_equal(vp_defragment_packet(world.defragment, (struct vp_slice){ udp, 28 },
					      true, 0, &world.whole),
			 VP_FRAGMENT_NONE);
	/* atomic */
	assert_int_equal(give_made((struct making){ .version = 6, .end = PAYLOAD }),
			 VP_FRAGMENT_NONE);
	for (int byte = 0; byte < 256; byte++) {
		memset(garbage, byte, sizeof(garbage));
		for (size_t len = 0; len < 40; len++)
			assert_int_equal(
				vp_defragment_packet(world.defragment,
						     (struct vp_slice){ garbage, len }, true,
						     0, &world.whole),
				VP_FRAGMENT_NONE);
	}
	assert_int_equal(vp_defragment_counts(world.defragment).fragments, 0);
}

static void datagrams_are_told_apart(void **state)
{
	(void)state;
	for (uint16_t id = 0; id < 3; id++)
		assert_int_equal(give_made((struct making){
					 .version = 4, .end = 96, .more = true, .id = id }),
				 VP_FRAGMENT_KEPT);
	assert_int_equal(give_made((struct making){ .version = 6, .end = 96, .more = true }),
			 VP_FRAGMENT_KEPT);
	assert_int_equal(vp_defragment_counts(world.defragment).now, 4);
	assert_int_equal(give_made((struct making){
				 .version = 4, .first = 96, .end = PAYLOAD, .id = 1 }),
			 VP_FRAGMENT_WHOLE);
	assert_int_equal(vp_defragment_counts(world.defragment).now, 3);
}

static void what_is_there_twice_is_ignored(void **state)
{
	(void)state;
	for (uint8_t version = 4; version <= 6; version += 2) {
		assert_int_equal(give(version, 0, 64), VP_FRAGMENT_KEPT);
		assert_int_equal(give(version, 64, 96), VP_FRAGMENT_KEPT);
		assert_int_equal(give(version, 0, 64), VP_FRAGMENT_REFUSED);
		/* within one run, with other bytes: the first ones stay */
		assert_int_equal(give_made((struct making){ .version = version,
							    .first = 32,
							    .end = 96,
							    .more = true,
							    .change = 1 }),
				 VP_FRAGMENT_REFUSED);
		assert_int_equal(give(version, 96, PAYLOAD), VP_FRAGMENT_WHOLE);
		check_whole(version);
	}
}

/* Whatever overlaps takes its datagram with it. */
static void overlaps_refuse_the_datagram(void **state)
{
	static const struct {
		size_t first, end;
	} overlaps[] = { { 56, 104 }, { 24, 72 }, { 32, 136 }, { 88, 128 }, { 0, 128 } };

	(void)state;
	for (uint8_t version = 4; version <= 6; version += 2) {
		for (size_t i = 0; i < VP_COUNT(overlaps); i++) {
			assert_int_equal(give(version, 32, 64), VP_FRAGMENT_KEPT);
			assert_int_equal(give(version, 96, 120), VP_FRAGMENT_KEPT);
			assert_int_equal(give(version, overlaps[i].first, overlaps[i].end),
					 VP_FRAGMENT_REFUSED);
			assert_int_equal(vp_defragment_counts(world.defragment).now, 0);
		}
	}
	assert_int_equal(vp_defragment_counts(world.defragment).memory_now, 0);
}

static void lengths_must_agree(void **state)
{
	(void)state;
	/* behind the end; IPv4 gives the datagram up, IPv6 the piece */
	assert_int_equal(give(4, 96, PAYLOAD), VP_FRAGMENT_KEPT);
	assert_int_equal(give_made((struct making){
				 .version = 4, .first = 192, .end = 256, .more = true }),
			 VP_FRAGMENT_REFUSED);
	assert_int_equal(vp_defragment_counts(world.defragment).now, 0);
	assert_int_equal(give(6, 96, PAYLOAD), VP_FRAGMENT_KEPT);
	assert_int_equal(give_made((struct making){
				 .version = 6, .first = 200, .end = 256, .more = true }),
			 VP_FRAGMENT_REFUSED);
	assert_int_equal(give_made((struct making){ .version = 6, .first = 96, .end = 128 }),
			 VP_FRAGMENT_REFUSED);
	assert_int_equal(give(6, 0, 96), VP_FRAGMENT_WHOLE);
	check_whole(6);
	/* a piece that is no multiple of 8 is cut in IPv4, and refuses all in IPv6 */
	assert_int_equal(give_made((struct making){ .version = 4, .end = 97, .more = true }),
			 VP_FRAGMENT_KEPT);
	assert_int_equal(give(4, 96, PAYLOAD), VP_FRAGMENT_WHOLE);
	check_whole(4);
	assert_int_equal(give(6, 96, PAYLOAD), VP_FRAGMENT_KEPT);
	assert_int_equal(give_made((struct making){ .version = 6, .end = 97, .more = true }),
			 VP_FRAGMENT_REFUSED);
	assert_int_equal(vp_defragment_counts(world.defragment).now, 0);
	/* empty ones */
	assert_int_equal(give_made((struct making){ .version = 4, .more = true }),
			 VP_FRAGMENT_REFUSED);
	/* longer than any datagram */
	assert_int_equal(
		give_made((struct making){
			.version = 6, .first = 65528, .end = 65544, .more = true, .id = 9 }),
		VP_FRAGMENT_REFUSED);
}

static void headers_must_be_right(void **state)
{
	(void)state;
	assert_int_equal(give_made((struct making){
				 .version = 4, .end = 96, .more = true, .wrong = true }),
			 VP_FRAGMENT_REFUSED);
	assert_int_equal(vp_defragment_counts(world.defragment).now, 0);
	/* one piece knows congestion, another does not */
	for (uint8_t version = 4; version <= 6; version += 2) {
		assert_int_equal(
			give_made((struct making){
				.version = version, .end = 96, .more = true, .mark = 3 }),
			VP_FRAGMENT_KEPT);
		assert_int_equal(give(version, 96, PAYLOAD), VP_FRAGMENT_REFUSED);
		assert_int_equal(
			give_made((struct making){
				.version = version, .end = 96, .more = true, .mark = 3 }),
			VP_FRAGMENT_KEPT);
		assert_int_equal(
			give_made((struct making){
				.version = version, .first = 96, .end = PAYLOAD, .mark = 2 }),
			VP_FRAGMENT_WHOLE);
	}
}

static void time_is_limited(void **state)
{
	(void)state;
	for (uint8_t version = 4; version <= 6; version += 2) {
		uint64_t limit = version == 4 ? 30000 : 60000;

		give(version, 0, 96);
		world.now += limit - 1;
		assert_int_equal(give(version, 96, PAYLOAD), VP_FRAGMENT_WHOLE);
		give(version, 0, 96);
		world.now += limit;
		assert_int_equal(give(version, 96, PAYLOAD), VP_FRAGMENT_KEPT);
		assert_int_equal(give(version, 0, 96), VP_FRAGMENT_WHOLE);
	}
	assert_int_equal(vp_defragment_counts(world.defragment).incomplete, 2);
}

static void memory_is_bounded(void **state)
{
	size_t refused = 0;

	(void)state;
	vp_defragment_free(world.defragment);
	world.defragment = vp_defragment_new(100000);
	for (uint16_t id = 0; id < 1000; id++)
		refused += give_made((struct making){
				   .version = 4, .end = 96, .more = true, .id = id }) ==
			   VP_FRAGMENT_REFUSED;
	assert_in_range(refused, 500, 950);
	assert_in_range(vp_defragment_counts(world.defragment).memory_now, 100000, 101000);
	/* those that wait can still become whole */
	assert_int_equal(give(4, 96, PAYLOAD), VP_FRAGMENT_WHOLE);
	world.now += 30000;
	assert_int_equal(
		give_made((struct making){ .version = 4, .end = 96, .more = true, .id = 999 }),
		VP_FRAGMENT_KEPT);
	assert_int_equal(vp_defragment_counts(world.defragment).now, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(each_order_makes_it_whole),
		TEST(headers_are_the_first_ones),
		TEST(whole_packets_are_left_alone),
		TEST(datagrams_are_told_apart),
		TEST(what_is_there_twice_is_ignored),
		TEST(overlaps_refuse_the_datagram),
		TEST(lengths_must_agree),
		TEST(headers_must_be_right),
		TEST(time_is_limited),
		TEST(memory_is_bounded),
	};

	return cmocka_run_group_tests_name("defragment", tests, NULL, NULL);
}
