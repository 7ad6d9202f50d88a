/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DNS messages over UDP and TCP. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/memory.h"
#include "lib/strbuf.h"
#include "tests/unit/inspection/parsers_tests.h"

#define expect_datagram(bytes, text) expect_datagram_of((struct vp_run_input)SENT(bytes), text)

/* Sent in a datagram, and over TCP, where it is cut in all ways. */
static void expect_datagram_of(struct vp_run_input input, const char *text)
{
	struct vp_run run = { .protocol = datagrams_of("dns"), .inputs = &input, .count = 1 };
	_cleanup_free_ char *found = vp_run(&run);
	_cleanup_strbuf_ struct vp_strbuf framed = { 0 };

	assert_string_equal(found, text);
	vp_strbuf_addc(&framed, (char)(input.len >> 8));
	vp_strbuf_addc(&framed, (char)input.len);
	vp_strbuf_add(&framed, input.data, input.len);
	expect_bytes(stream_of("dns"), framed.data, framed.len, text);
}

static void a_query(void **state)
{
	(void)state;
	expect_datagram("\x12\x34\1\0\0\1\0\0\0\0\0\0\3Www\7eXample\0\0\1\0\1",
			"unit\ndns.query: www.example\ndns.qry.type: 1\ndns.qry.class: 1\n"
			"dns.flags.response: 0\ndns.flags.opcode: 0\ndns.count.queries: 1\n"
			"end\nstate boundary\n");
	expect_datagram("\x12\x34\xa8\0\0\1\0\0\0\0\0\0\0\0\xff\0\3",
			"unit\ndns.query: .\ndns.qry.type: 255\ndns.qry.class: 3\n"
			"dns.flags.response: 1\ndns.flags.opcode: 5\ndns.count.queries: 1\n"
			"end\nstate boundary\n");
}

/* TKEY asked for, with a record of another type, and EDNS with NSID and a cookie. */
static void records_and_options(void **state)
{
	(void)state;
	expect_datagram(
		"\0\1\0\0\0\1\0\0\0\0\0\2\1a\0\0\xf9\0\xff"
		"\xc0\x0c\0\1\0\1\0\0\0\0\0\4abcd"
		"\0\0\x29\4\xd0\0\0\0\0\0\x0a\0\3\0\0\0\x0a\0\2xy",
		"unit\ndns.query: a\ndns.qry.type: 249\ndns.qry.class: 255\n"
		"dns.flags.response: 0\ndns.flags.opcode: 0\ndns.count.queries: 1\n"
		"dns.rr.type: 1\ndns.rr.type: 41\ndns.rr.length: 4\ndns.rr.length: 10\n"
		"dns.opt.code: 3\ndns.opt.code: 10\nend\nstate boundary\n");
}

static void pointers(void **state)
{
	(void)state;
	/* forwards to what lies behind, as some servers follow it */
	expect_datagram("\0\1\0\0\0\1\0\0\0\0\0\0\1x\xc0\x14\0\1\0\1\3end\0",
			"unit\ndns.query: x.end\ndns.qry.type: 1\ndns.qry.class: 1\n"
			"dns.flags.response: 0\ndns.flags.opcode: 0\ndns.count.queries: 1\n"
			"end\nstate boundary\n");
	expect_datagram("\0\1\0\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1",
			"unit\ndns.qry.type: 1\ndns.qry.class: 1\ndns.flags.response: 0\n"
			"dns.flags.opcode: 0\ndns.count.queries: 1\nend\n"
			"state broken message\n");
}

static void a_pointer_past_the_end(void **state)
{
	(void)state;
	expect_datagram("\0\1\0\0\0\1\0\0\0\0\0\0\1a\xff\xff\0\1\0\1",
			"unit\ndns.query: a\ndns.qry.type: 1\ndns.qry.class: 1\n"
			"dns.flags.response: 0\ndns.flags.opcode: 0\ndns.count.queries: 1\n"
			"end\nstate broken message\n");
}

static void malformed_messages_are_given_as_far_as_they_go(void **state)
{
	(void)state;
	expect_datagram("\0\1\0\0\0\1\0\0\0\0\0", "state broken short\n");
	expect_datagram("\0\1\0\0\0\2\0\0\0\0\0\0\1a\0\0\1\0\1",
			"unit\ndns.query: a\ndns.qry.type: 1\ndns.qry.class: 1\n"
			"dns.flags.response: 0\ndns.flags.opcode: 0\ndns.count.queries: 2\n"
			"end\nstate broken message\n");
	expect_datagram("\0\1\0\0\0\0\0\1\0\0\0\0\0\0\x18\0\1\0\0\0\0\xff\xff",
			"unit\ndns.flags.response: 0\ndns.flags.opcode: 0\n"
			"dns.count.queries: 0\ndns.rr.type: 24\ndns.rr.length: 65535\nend\n"
			"state broken message\n");
	expect_datagram("\0\1\0\0\0\1\0\0\0\0\0\0\x41"
			"a",
			"unit\ndns.flags.response: 0\ndns.flags.opcode: 0\n"
			"dns.count.queries: 1\nend\nstate broken message\n");
}

/* Longer than any name may be: it is given, up to a bound. */
static void a_name_that_is_too_long(void **state)
{
	_cleanup_strbuf_ struct vp_strbuf bytes = { 0 };
	_cleanup_free_ char *found = NULL;
	struct vp_run_input input;
	struct vp_run run = { .protocol = datagrams_of("dns"), .inputs = &input, .count = 1 };

	(void)state;
	vp_strbuf_add(&bytes, "\0\1\0\0\0\1\0\0\0\0\0\0", 12);
	for (int i = 0; i < 40; i++) {
		vp_strbuf_addc(&bytes, 63);
		for (int j = 0; j < 63; j++)
			vp_strbuf_addc(&bytes, 'A');
	}
	vp_strbuf_add(&bytes, "\0\0\1\0\1", 5);
	input = (struct vp_run_input){ VP_TO_SERVER, bytes.data, bytes.len };
	found = vp_run(&run);
	assert_non_null(strstr(found, "dns.query: aaaaa"));
	assert_non_null(strstr(found, "dns.qry.type: 1\n"));
	assert_non_null(strstr(found, "state broken message\n"));
	assert_true(strlen(found) > 1024 && strlen(found) < 1300);
}

static void messages_over_tcp(void **state)
{
	static const struct vp_run_input inputs[] = {
		SENT("\0\x11\0\1\0\0\0\1\0\0\0\0\0\0\0\0\2\0\1\0\x11\0\2"),
		ANSWERED("\0\x0c\0\1\x80\0\0\0\0\0\0\0\0\0\0"),
	};
	struct vp_run run = { .protocol = stream_of("dns"), .inputs = inputs, .count = 2 };

	(void)state;
	expect_run(&run, "unit\ndns.query: .\ndns.qry.type: 2\ndns.qry.class: 1\n"
			 "dns.flags.response: 0\ndns.flags.opcode: 0\ndns.count.queries: 1\n"
			 "end\nunit\ndns.flags.response: 1\ndns.flags.opcode: 0\n"
			 "dns.count.queries: 0\nend\nstate inside\n");
	assert_true(run.memory <= 64);
}

static void a_small_bound_is_kept(void **state)
{
	static const struct vp_run_input input = SENT("\xff\xff");
	static const struct vp_parser_limits limits = { .memory = 4096, .header = 4096 };
	struct vp_run run = {
		.protocol = stream_of("dns"), .limits = &limits, .inputs = &input, .count = 1
	};

	(void)state;
	expect_run(&run, "state bound message\n");
}

int run_dns_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_query),
		cmocka_unit_test(records_and_options),
		cmocka_unit_test(pointers),
		cmocka_unit_test(a_pointer_past_the_end),
		cmocka_unit_test(malformed_messages_are_given_as_far_as_they_go),
		cmocka_unit_test(a_name_that_is_too_long),
		cmocka_unit_test(messages_over_tcp),
		cmocka_unit_test(a_small_bound_is_kept),
	};

	return cmocka_run_group_tests_name("dns", tests, NULL, NULL);
}
