/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which records may end a connection, and the RST that is built from them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/reset.h"
#include "lib/memory.h"
#include "tests/unit/agentd/events_tests.h"

static struct vp_report segment(uint8_t family)
{
	return (struct vp_report){
		.kind = VP_REPORT_RESET,
		.family = family,
		.protocol = 6,
		.hook = 2,
		.tag = 1,
		.flags = VP_REPORT_PORTS | VP_REPORT_TCP,
		.source = { 32, 1, 13, 184 },
		.destination = { 32, 1, 13, 185 },
		.source_port = 40000,
		.destination_port = 80,
		.sequence = 0x01020304,
		.acknowledgement = 0x05060708,
		.payload = 10,
		.tcp_flags = 0x18,
	};
}

static void allowed(void **state)
{
	struct vp_report report = segment(4);
	struct vp_port_range ssh = { .protocol = 6, .first = 22, .last = 22 };
	struct vp_port_ranges management = { .data = &ssh, .len = 1, .cap = 1 };

	(void)state;
	assert_int_equal(vp_reset_check(&report, &management, NULL), 0);
	report = segment(6);
	assert_int_equal(vp_reset_check(&report, NULL, NULL), 0);
}

#define REFUSED(change)                                                                       \
	do {                                                                                  \
		struct vp_report report = segment(4);                                         \
		report.change;                                                                \
		assert_int_equal(vp_reset_check(&report, &management, NULL), -EPERM);         \
	} while (0)

static void refused(void **state)
{
	struct vp_port_range ssh = { .protocol = 6, .first = 22, .last = 22 };
	struct vp_port_ranges management = { .data = &ssh, .len = 1, .cap = 1 };

	(void)state;
	REFUSED(kind = VP_REPORT_DROP);
	REFUSED(flags = VP_REPORT_PORTS);
	REFUSED(tcp_flags = 0x14);
	REFUSED(tcp_flags = 0x02);
	REFUSED(destination[0] = 224);
	REFUSED(source[0] = 255);
	REFUSED(source[0] = 0);
	REFUSED(destination_port = 22);
	REFUSED(source_port = 22);
	REFUSED(source_port = 0);
}

static uint16_t checksum(uint32_t total, const unsigned char *data, size_t len)
{
	for (size_t i = 0; i < len; i += 2)
		total += (uint32_t)(data[i] << 8 | data[i + 1]);
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return (uint16_t)total;
}

/* A sum over data with a right checksum is all ones. */
static void packet4(void **state)
{
	struct vp_report report = segment(4);
	unsigned char packet[60];

	(void)state;
	assert_int_equal(vp_reset_packet(&report, packet), 40);
	assert_int_equal(checksum(0, packet, 20), 0xffff);
	assert_int_equal(checksum(6 + 20 + checksum(0, packet + 12, 8), packet + 20, 20),
			 0xffff);
	assert_memory_equal(packet + 12, report.source, 4);
	assert_memory_equal(packet + 20,
			    "\x9c\x40\x00\x50\x01\x02\x03\x04\x05\x06\x07\x08\x50\x14", 14);
}

static void packet6(void **state)
{
	struct vp_report report = segment(6);
	unsigned char packet[60];

	(void)state;
	assert_int_equal(vp_reset_packet(&report, packet), 60);
	assert_int_equal(packet[0], 0x60);
	assert_int_equal(packet[5], 20);
	assert_memory_equal(packet + 8, report.source, 16);
	assert_memory_equal(packet + 24, report.destination, 16);
	assert_int_equal(checksum(6 + 20 + checksum(0, packet + 8, 32), packet + 40, 20),
			 0xffff);
}

int run_reset_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allowed),
		cmocka_unit_test(refused),
		cmocka_unit_test(packet4),
		cmocka_unit_test(packet6),
	};

	return cmocka_run_group_tests_name("reset", tests, NULL, NULL);
}
