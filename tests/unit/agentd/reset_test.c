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

/* A reset rule: for tcp/80 of this host, or of 32.1.13.0/24 with `address`. */
struct shield {
	struct vp_port_range ports, ssh;
	struct vp_port_ranges management;
	struct vp_address_range address;
	struct vp_session session;
	struct vp_session_list sessions;
	struct vp_rule rule;
	struct vp_placement placement;
	struct vp_claim claim;
};

static void make_shield(struct shield *shield, bool address)
{
	*shield = (struct shield){
		.ports = { .protocol = 6, .first = 80, .last = 80 },
		.ssh = { .protocol = 6, .first = 22, .last = 22 },
		.session = { .peer_port = 50000, .local_port = 80 },
		.rule = { .action = { .verdict = VP_VERDICT_RESET } },
		.placement = { .mode = VP_MODE_ENFORCE,
			       .point = VP_POINT_NETFILTER,
			       .local = !address },
	};
	assert_int_equal(vp_address_range_parse("32.1.13.0/24", &shield->address), 0);
	assert_int_equal(vp_address_parse("32.1.13.184", &shield->session.peer), 0);
	assert_int_equal(vp_address_parse("32.1.13.185", &shield->session.local), 0);
	shield->management = (struct vp_port_ranges){ &shield->ssh, 1, 1 };
	shield->sessions = (struct vp_session_list){ &shield->session, 1, 1 };
	shield->placement.rule = &shield->rule;
	shield->placement.ports = (struct vp_port_ranges){ &shield->ports, 1, 1 };
	if (address) {
		shield->placement.addresses.data = &shield->address;
		shield->placement.addresses.len = 1;
	}
	shield->claim = (struct vp_claim){ .placement = &shield->placement,
					   .management = &shield->management,
					   .sessions = &shield->sessions,
					   .point = VP_POINT_NETFILTER,
					   .verdict = VP_VERDICT_RESET };
}

static void allowed(void **state)
{
	struct vp_report report = segment(4);
	struct shield shield;

	(void)state;
	make_shield(&shield, true);
	assert_int_equal(vp_claim_check(&shield.claim, &report, NULL), 0);
	shield.rule.direction = VP_TO_CLIENT;
	report.source_port = 80;
	report.destination_port = 40000;
	assert_int_equal(vp_claim_check(&shield.claim, &report, NULL), 0);
	make_shield(&shield, false);
	report = segment(6);
	assert_int_equal(vp_claim_check(&shield.claim, &report, NULL), 0);
	assert_true(vp_claim_has_end(&shield.claim, &report));
	report.destination_port = 81; /* may have been published: the kernel knows */
	assert_int_equal(vp_claim_check(&shield.claim, &report, NULL), 0);
	assert_false(vp_claim_has_end(&shield.claim, &report));
}

#define ANSWERED(code, change)                                                                \
	do {                                                                                  \
		struct vp_report report = segment(4);                                         \
		struct shield shield;                                                         \
		make_shield(&shield, true);                                                   \
		change;                                                                       \
		assert_int_equal(vp_claim_check(&shield.claim, &report, NULL), code);         \
	} while (0)

static void useless(void **state)
{
	(void)state;
	ANSWERED(-ENOTCONN, report.flags = VP_REPORT_PORTS);
	ANSWERED(-ENOTCONN, report.tcp_flags = 0x14);
	ANSWERED(-ENOTCONN, report.tcp_flags = 0x02);
	ANSWERED(-ENOTCONN, report.destination[0] = 224);
	ANSWERED(-ENOTCONN, report.source[0] = 255);
	ANSWERED(-ENOTCONN, report.source[0] = 0);
	ANSWERED(-ENOTCONN, report.source_port = 0);
}

static void refused(void **state)
{
	(void)state;
	ANSWERED(-EPERM, report.kind = VP_REPORT_DROP);
	ANSWERED(-EPERM, shield.placement.mode = VP_MODE_MONITOR);
	ANSWERED(-EPERM, shield.rule.action.verdict = VP_VERDICT_DROP);
	ANSWERED(-EPERM, report.hook = 0);
	ANSWERED(-EPERM, report.destination_port = 81);
	ANSWERED(-EPERM, report.destination[2] = 14);
	ANSWERED(-EPERM, shield.ports.protocol = 17);
	ANSWERED(-EPERM, shield.rule.direction = VP_TO_CLIENT);
	ANSWERED(-EPERM, shield.ports.first = report.destination_port = 22);
	ANSWERED(-EPERM, report.source_port = 22);
	ANSWERED(-EPERM, report.source_port = 50000);
	ANSWERED(-EPERM, shield.placement.point = VP_POINT_INSPECTION);
	ANSWERED(-EPERM, shield.claim.point = VP_POINT_INSPECTION);
	ANSWERED(-EPERM, shield.claim.verdict = VP_VERDICT_REJECT);
	ANSWERED(-EPERM, shield.claim.failure = true);
}

static void inspect(struct shield *shield, struct vp_report *report, enum vp_verdict verdict)
{
	shield->placement.point = shield->claim.point = VP_POINT_INSPECTION;
	shield->rule.action.verdict = shield->claim.verdict = verdict;
	report->kind = verdict == VP_VERDICT_RESET ? VP_REPORT_RESET : VP_REPORT_DROP;
}

/* What a worker may ask for. */
static void of_inspection(void **state)
{
	(void)state;
	ANSWERED(0, inspect(&shield, &report, VP_VERDICT_RESET));
	ANSWERED(0, inspect(&shield, &report, VP_VERDICT_REJECT));
	ANSWERED(0, inspect(&shield, &report, VP_VERDICT_BAN));
	ANSWERED(0, inspect(&shield, &report, VP_VERDICT_RESET); shield.claim.failure = true;
		 shield.rule.action.verdict = VP_VERDICT_DROP);
	ANSWERED(-EPERM, inspect(&shield, &report, VP_VERDICT_BAN);
		 shield.claim.failure = true);
	ANSWERED(-EPERM, inspect(&shield, &report, VP_VERDICT_BAN);
		 shield.rule.action.verdict = VP_VERDICT_DROP);
	ANSWERED(-EPERM, inspect(&shield, &report, VP_VERDICT_REJECT);
		 report.source_port = 22);
	ANSWERED(-EPERM, inspect(&shield, &report, VP_VERDICT_REJECT);
		 report.source_port = 50000);
	ANSWERED(-EPERM, inspect(&shield, &report, VP_VERDICT_REJECT);
		 shield.placement.mode = VP_MODE_MONITOR);
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
		cmocka_unit_test(useless),
		cmocka_unit_test(refused),
		cmocka_unit_test(of_inspection),
		cmocka_unit_test(packet4),
		cmocka_unit_test(packet6),
	};

	return cmocka_run_group_tests_name("reset", tests, NULL, NULL);
}
