/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NFLOG messages as the kernel builds them, and everything that can be wrong with them. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>

#include <cmocka.h>
#include <libmnl/libmnl.h>

#include "agentd/nflog.h"
#include "lib/memory.h"
#include "tests/unit/agentd/events_tests.h"

static const uint8_t udp4[] = {
	0x45, 0, 0,    36,   0, 1,   0, 0,  64, 17, 0,	  0, 192, 0,  2, 1, 198, 51,
	100,  9, 0x9c, 0x40, 0, 123, 0, 16, 0,	0,  0x17, 0, 3,	  42, 0, 0, 0,	 0,
};

static const uint8_t tcp4[] = {
	0x46, 0,    0,	  54,	0,    1,    0x40, 0,	64,   6,    0,	  0,	192, 0,
	2,    1,    198,  51,	100,  9,    1,	  1,	1,    1,    0x9c, 0x40, 0,   80,
	0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x50, 24,   1,	  0,	0,   0,
	0,    0,    'G',  'E',	'T',  ' ',  '/',  '\r', '\n', '\r', '\n', 0,
};

/* IPv6, hop-by-hop (8), routing (8), fragment at offset 0 (8), destination options (16), UDP.
 */
static const uint8_t udp6[] = {
	0x60, 0, 0,  0, 0,  48, 0,    64, 0x20, 1,    0xd, 0xb8, 0,  0,	 0, 0, 0, 0,
	0,    0, 0,  0, 0,  1,	0x20, 1,  0xd,	0xb8, 0,   0,	 0,  0,	 0, 0, 0, 0,
	0,    0, 0,  2, 43, 0,	1,    4,  0,	0,    0,   0,	 44, 0,	 4, 0, 0, 0,
	0,    0, 60, 0, 0,  1,	0,    0,  0,	7,    17,  1,	 1,  12, 0, 0, 0, 0,
	0,    0, 0,  0, 0,  0,	0,    0,  0x9c, 0x40, 0,   53,	 0,  8,	 0, 0,
};

/* One message as nfnetlink_log writes it; returns its length. */
static size_t build(char *buffer, const char *prefix, uint32_t mark, const uint8_t *packet,
		    size_t len)
{
	const struct nfulnl_msg_packet_hdr header = { .hw_protocol = htons(0x0800),
						      .hook = 1 };
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *nfg;

	message->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET;
	nfg = mnl_nlmsg_put_extra_header(message, sizeof(*nfg));
	nfg->nfgen_family = AF_INET;
	nfg->res_id = htons(5);
	mnl_attr_put(message, NFULA_PACKET_HDR, sizeof(header), &header);
	mnl_attr_put_strz(message, NFULA_PREFIX, prefix);
	mnl_attr_put_u32(message, NFULA_IFINDEX_INDEV, htonl(3));
	if (mark)
		mnl_attr_put_u32(message, NFULA_MARK, htonl(mark));
	mnl_attr_put_u32(message, NFULA_SEQ, htonl(77));
	mnl_attr_put(message, NFULA_PAYLOAD, len, packet);
	return message->nlmsg_len;
}

static enum vp_nflog_result parse(const void *data, size_t len, struct vp_nflog *out)
{
	/* A copy of exact size, so that a sanitizer sees any read past its end. */
	uint8_t *copy = vp_memdup(data, len);
	struct vp_bytes bytes = vp_bytes_of(copy, len);
	enum vp_nflog_result result = vp_nflog_next(&bytes, out);

	free(copy);
	return result;
}

static struct vp_report parse_good(const char *prefix, uint32_t mark, const uint8_t *packet,
				   size_t len)
{
	char buffer[1024];
	struct vp_nflog out;

	assert_int_equal(parse(buffer, build(buffer, prefix, mark, packet, len), &out),
			 VP_NFLOG_PACKET);
	assert_true(out.has_sequence);
	assert_int_equal(out.sequence, 77);
	return out.report;
}

static void ipv4_udp(void **state)
{
	struct vp_report report = parse_good("vpatch:drop", 0xabcd1234, udp4, sizeof(udp4));

	(void)state;
	assert_int_equal(report.kind, VP_REPORT_DROP);
	assert_int_equal(report.tag, 0xabcd1234);
	assert_int_equal(report.hook, 1);
	assert_int_equal(report.in_interface, 3);
	assert_int_equal(report.family, 4);
	assert_int_equal(report.protocol, 17);
	assert_int_equal(report.flags, VP_REPORT_PORTS);
	assert_memory_equal(report.source, "\xc0\x00\x02\x01\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_int_equal(report.source_port, 40000);
	assert_int_equal(report.destination_port, 123);
}

static void ipv4_tcp_with_options(void **state)
{
	struct vp_report report = parse_good("vpatch:reset", 1, tcp4, sizeof(tcp4));

	(void)state;
	assert_int_equal(report.kind, VP_REPORT_RESET);
	assert_int_equal(report.flags, VP_REPORT_PORTS | VP_REPORT_TCP);
	assert_int_equal(report.destination_port, 80);
	assert_int_equal(report.sequence, 0x11223344);
	assert_int_equal(report.acknowledgement, 0x55667788);
	assert_int_equal(report.payload, 10);
	assert_int_equal(report.tcp_flags, 24);
}

static void ipv6_extension_headers(void **state)
{
	struct vp_report report = parse_good("vpatch:limit", 9, udp6, sizeof(udp6));
	uint8_t later[sizeof(udp6)];

	(void)state;
	assert_int_equal(report.kind, VP_REPORT_LIMIT);
	assert_int_equal(report.family, 6);
	assert_int_equal(report.protocol, 17);
	assert_int_equal(report.flags, VP_REPORT_PORTS);
	assert_int_equal(report.destination_port, 53);
	assert_int_equal(report.destination[15], 2);
	memcpy(later, udp6, sizeof(later));
	later[40 + 16 + 3] = 9; /* fragment offset 1: what follows is no header */
	report = parse_good("vpatch:limit", 9, later, sizeof(later));
	assert_int_equal(report.flags, VP_REPORT_FRAGMENT);
	assert_int_equal(report.protocol, 60);
	assert_int_equal(report.destination_port, 0);
}

/* However the packet is cut, the report is well-formed and says what it does not know. */
static void cut_packets(void **state)
{
	static const struct {
		const uint8_t *data;
		size_t len;
	} packets[] = { { udp4, sizeof(udp4) },
			{ tcp4, sizeof(tcp4) },
			{ udp6, sizeof(udp6) } };

	(void)state;
	for (size_t i = 0; i < VP_COUNT(packets); i++)
		for (size_t len = 0; len < packets[i].len; len++) {
			struct vp_report report =
				parse_good("vpatch:drop", 5, packets[i].data, len);

			report.magic = VP_REPORT_MAGIC;
			report.confinement = 63;
			assert_int_equal(vp_report_check(&report, sizeof(report), NULL), 0);
			assert_true(report.flags);
		}
}

static void truncated_messages(void **state)
{
	char buffer[1024];
	size_t len = build(buffer, "vpatch:drop", 5, tcp4, sizeof(tcp4));
	struct vp_nflog out;

	(void)state;
	assert_int_equal(parse(buffer, 0, &out), VP_NFLOG_END);
	for (size_t cut = 1; cut < len; cut++)
		assert_int_equal(parse(buffer, cut, &out), VP_NFLOG_BROKEN);
	/* The netlink length lies instead: attributes end early or are cut in the middle. */
	for (uint32_t cut = 0; cut < len; cut++) {
		struct nlmsghdr header;

		memcpy(&header, buffer, sizeof(header));
		header.nlmsg_len = cut;
		memcpy(buffer, &header, sizeof(header));
		assert_int_not_equal(parse(buffer, len, &out), VP_NFLOG_END);
	}
}

static void broken_attributes(void **state)
{
	char buffer[1024];
	size_t len = build(buffer, "vpatch:drop", 5, udp4, sizeof(udp4));
	struct vp_nflog out;

	(void)state;
	for (size_t at = NLMSG_HDRLEN + sizeof(struct nfgenmsg); at < len; at++)
		for (int value = 0; value < 256; value += 15) {
			char copy[1024];

			memcpy(copy, buffer, len);
			copy[at] = (char)value;
			(void)parse(copy, len, &out); /* must not crash, hang or read past */
		}
	buffer[NLMSG_HDRLEN + sizeof(struct nfgenmsg)] = 3; /* shorter than its own header */
	assert_int_equal(parse(buffer, len, &out), VP_NFLOG_BROKEN);
}

static void prefixes(void **state)
{
	static const struct {
		const char *prefix;
		int kind; /* 0: not ours */
		uint32_t tag;
	} rows[] = {
		{ "vpatch:drop", VP_REPORT_DROP, 5 },
		{ "vpatch:reject", VP_REPORT_REJECT, 5 },
		{ "vpatch:reset", VP_REPORT_RESET, 5 },
		{ "vpatch:limit", VP_REPORT_LIMIT, 5 },
		{ "vpatch:ban", VP_REPORT_BAN, 5 },
		{ "vpatch:unread", VP_REPORT_UNREAD, 5 },
		{ "vpatch:invalid", VP_REPORT_INVALID, 5 },
		{ "vpatch:monitor:0badc0de", VP_REPORT_MONITOR, 0x0badc0de },
		{ "vpatch:monitor:0badc0d", 0, 0 },
		{ "vpatch:monitor:0badc0de0", 0, 0 },
		{ "vpatch:monitor:0badc0dg", 0, 0 },
		{ "vpatch:monitor:00000000", 0, 0 },
		{ "vpatch:monitor:", 0, 0 },
		{ "vpatch:", 0, 0 },
		{ "vpatch:dro", 0, 0 },
		{ "vpatch:dropx", 0, 0 },
		{ "vpatch", 0, 0 },
		{ "IN drop", 0, 0 },
		{ "", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < VP_COUNT(rows); i++) {
		char buffer[1024];
		struct vp_nflog out;
		size_t len = build(buffer, rows[i].prefix, 5, udp4, sizeof(udp4));
		enum vp_nflog_result result = parse(buffer, len, &out);

		assert_int_equal(result, rows[i].kind ? VP_NFLOG_PACKET : VP_NFLOG_FOREIGN);
		if (rows[i].kind) {
			assert_int_equal(out.report.kind, rows[i].kind);
			assert_int_equal(out.report.tag, rows[i].tag);
		}
	}
}

static void without_mark(void **state)
{
	char buffer[1024];
	struct vp_nflog out;

	(void)state;
	assert_int_equal(
		parse(buffer, build(buffer, "vpatch:drop", 0, udp4, sizeof(udp4)), &out),
		VP_NFLOG_FOREIGN);
}

/* The kernel batches messages and ends a batch with NLMSG_DONE. */
static void batches(void **state)
{
	char buffer[2048];
	size_t len = build(buffer, "vpatch:drop", 5, udp4, sizeof(udp4));
	struct vp_bytes bytes;
	struct vp_nflog out;
	struct nlmsghdr *done;

	(void)state;
	len = NLMSG_ALIGN(len);
	len += NLMSG_ALIGN(build(buffer + len, "other", 5, udp4, sizeof(udp4)));
	len += NLMSG_ALIGN(
		build(buffer + len, "vpatch:monitor:00000007", 0, udp6, sizeof(udp6)));
	done = mnl_nlmsg_put_header(buffer + len);
	done->nlmsg_type = NLMSG_DONE;
	len += done->nlmsg_len;
	bytes = vp_bytes_of(buffer, len);
	assert_int_equal(vp_nflog_next(&bytes, &out), VP_NFLOG_PACKET);
	assert_int_equal(vp_nflog_next(&bytes, &out), VP_NFLOG_FOREIGN);
	assert_int_equal(vp_nflog_next(&bytes, &out), VP_NFLOG_PACKET);
	assert_int_equal(out.report.tag, 7);
	assert_int_equal(vp_nflog_next(&bytes, &out), VP_NFLOG_END);
}

int run_nflog_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipv4_udp),
		cmocka_unit_test(ipv4_tcp_with_options),
		cmocka_unit_test(ipv6_extension_headers),
		cmocka_unit_test(cut_packets),
		cmocka_unit_test(truncated_messages),
		cmocka_unit_test(broken_attributes),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(without_mark),
		cmocka_unit_test(batches),
	};

	return cmocka_run_group_tests_name("nflog", tests, NULL, NULL);
}
