/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text of audit records, the kernel's and what a hostile process may make of its part. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <linux/audit.h>
#include <linux/netlink.h>

#include <cmocka.h>

#include "agentd/audit_record.h"
#include "lib/cleanup.h"
#include "lib/memory.h"
#include "lib/strbuf.h"
#include "tests/unit/agentd/denials_tests.h"

#define STAMP "audit(1795318467.026:13):"
#define OWNER " auid=4294967295 uid=33 gid=33 ses=4294967295"
#define CALL  " sig=0 arch=c000003e syscall=425 compat=0 ip=0x7f12a4d10b1d code=0x50000"

static int parse(const char *text, struct vp_audit_record *record)
{
	/* of its own size, so that a sanitizer sees the first byte read behind it */
	_cleanup_free_ char *copy = vp_memdup(text, strlen(text));

	return vp_audit_record_parse(copy, strlen(text), record);
}

static void every_field(void **state)
{
	struct vp_audit_record record;

	(void)state;
	assert_int_equal(parse(STAMP OWNER
			       " pid=4711 comm=\"nginx\" exe=\"/usr/sbin/nginx\"" CALL,
			       &record),
			 0);
	assert_int_equal(record.time, 1795318467026000);
	assert_int_equal(record.serial, 13);
	assert_int_equal(record.uid, 33);
	assert_int_equal(record.pid, 4711);
	assert_string_equal(record.comm, "nginx");
	assert_string_equal(record.exe, "/usr/sbin/nginx");
	assert_int_equal(record.architecture, 0xc000003e);
	assert_int_equal(record.call, 425);
	assert_false(record.compat);
	assert_false(record.cut);
	assert_int_equal(record.ip, 0x7f12a4d10b1d);
	assert_int_equal(record.action, 0x50000);
}

static void hexadecimal_names(void **state)
{
	struct vp_audit_record record;

	(void)state;
	assert_int_equal(
		parse(STAMP OWNER " pid=1 comm=6120622263 exe=2F746D702F610AFF" CALL, &record),
		0);
	assert_string_equal(record.comm, "a b\"c");
	assert_string_equal(record.exe, "/tmp/a\n\xff");
	assert_int_equal(parse(STAMP OWNER " pid=1 comm=\"\" exe=(null)" CALL, &record), 0);
	assert_string_equal(record.comm, "");
	assert_string_equal(record.exe, "");
	assert_false(record.cut);
	assert_int_equal(
		parse(STAMP OWNER " pid=1 comm=\"a\" exe=\"<no_memory>\"" CALL, &record), 0);
	assert_string_equal(record.exe, "<no_memory>");
}

/* The label of a security module may have spaces in it, and be chosen. */
static void nothing_in_a_label_counts(void **state)
{
	struct vp_audit_record record;

	(void)state;
	assert_int_equal(parse(STAMP OWNER
			       " subj=docker-default (enforce) pid=1 comm=\"x\" exe=\"/x\" "
			       "sig=0 arch=40000003 syscall=1 compat=1 ip=0x1 code=0x0 "
			       "pid=9 comm=\"y\" exe=\"/y\"" CALL,
			       &record),
			 0);
	assert_int_equal(record.pid, 9);
	assert_string_equal(record.comm, "y");
	assert_int_equal(record.call, 425);
	assert_int_equal(
		parse(STAMP OWNER " subj=? pid=9 comm=\"y\" exe=\"/y\"" CALL, &record), 0);
}

static void numbers_at_their_ends(void **state)
{
	struct vp_audit_record record;

	(void)state;
	assert_int_equal(
		parse("audit(0.000:18446744073709551615): auid=0 uid=4294967295 gid=0 "
		      "ses=0 pid=2147483647 comm=\"y\" exe=\"/y\" sig=31 arch=0 "
		      "syscall=-1 compat=1 ip=0xffffffffffffffff code=0xffffffff",
		      &record),
		0);
	assert_int_equal(record.time, 0);
	assert_true(record.serial == UINT64_MAX && record.ip == UINT64_MAX);
	assert_int_equal(record.uid, UINT32_MAX);
	assert_int_equal(record.pid, INT32_MAX);
	assert_int_equal(record.call, -1);
	assert_int_equal(record.action, UINT32_MAX);
	assert_true(record.compat);
}

/* Names of just the room, and one byte more, written both ways. */
static void long_names_are_cut(void **state)
{
	static const size_t rooms[] = { VP_AUDIT_COMM, VP_AUDIT_EXE };
	struct vp_audit_record record;

	(void)state;
	for (int i = 0; i < 8; i++) {
		bool hex = i & 1, longer = i & 2, exe = i & 4;
		_cleanup_strbuf_ struct vp_strbuf name = { 0 };
		_cleanup_free_ char *text = NULL;
		size_t len = rooms[exe] - 1 + longer;

		for (size_t at = 0; at < len; at++)
			vp_strbuf_adds(&name, hex ? "41" : "A");
		text = vp_format("%s pid=1 comm=%s%s%s exe=%s%s%s%s", STAMP OWNER,
				 exe || hex ? "" : "\"", exe ? "42" : name.data,
				 exe || hex ? "" : "\"", !exe || hex ? "" : "\"",
				 exe ? name.data : "42", !exe || hex ? "" : "\"", CALL);
		assert_int_equal(parse(text, &record), 0);
		assert_int_equal(strlen(exe ? record.exe : record.comm), rooms[exe] - 1);
		assert_int_equal(record.cut, longer);
	}
}

static void other_texts_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		STAMP,
		STAMP OWNER CALL,
		OWNER " pid=1 comm=\"y\" exe=\"/y\"" CALL,
		STAMP " pid=1 comm=\"y\" exe=\"/y\"" CALL,
		STAMP OWNER " comm=\"y\" exe=\"/y\"" CALL,
		STAMP OWNER " pid=1 exe=\"/y\" comm=\"y\"" CALL,
		STAMP OWNER " pid=1 comm=\"y\" exe=\"/y\"" CALL " x=1",
		STAMP OWNER " pid=1 comm=\"y\" exe=\"/y\"" CALL "\n",
		STAMP OWNER " pid=-1 comm=\"y\" exe=\"/y\"" CALL,
		STAMP OWNER " pid=2147483648 comm=\"y\" exe=\"/y\"" CALL,
		STAMP OWNER " pid= comm=\"y\" exe=\"/y\"" CALL,
		STAMP OWNER " pid=1x comm=\"y\" exe=\"/y\"" CALL,
		STAMP OWNER " pid=1 comm=y exe=\"/y\"" CALL,
		STAMP OWNER " pid=1 comm= exe=\"/y\"" CALL,
		STAMP OWNER " pid=1 comm=\" exe=\"/y\"" CALL,
		STAMP OWNER " pid=1 comm=\"y exe=\"/y\"" CALL,
		STAMP OWNER " pid=1 comm=\"a\"b\" exe=\"/y\"" CALL,
		STAMP OWNER " pid=1 comm=\"a\x7f\" exe=\"/y\"" CALL,
		STAMP OWNER " pid=1 comm=414 exe=\"/y\"" CALL,
		STAMP OWNER " pid=1 comm=4100 exe=\"/y\"" CALL,
		STAMP OWNER " pid=1 comm=\"y\" exe=(null)x" CALL,
		STAMP " auid=0 uid=4294967296 gid=0 ses=0 pid=1 comm=\"y\" exe=\"/y\"" CALL,
		STAMP " auid=0 uid=0 gid=0 ses=0 more=1 pid=1 comm=\"y\" exe=\"/y\"" CALL,
		"audit(1.1000:1):" OWNER " pid=1 comm=\"y\" exe=\"/y\"" CALL,
		"audit(99999999999999999999.000:1):" OWNER " pid=1 comm=\"y\" exe=\"/y\"" CALL,
		STAMP OWNER " pid=1 comm=\"y\" exe=\"/y\" sig=0 arch=1 syscall=2147483648 "
			    "compat=0 ip=0x0 code=0x0",
		STAMP OWNER " pid=1 comm=\"y\" exe=\"/y\" sig=0 arch=1 syscall=1 compat=2 "
			    "ip=0x0 code=0x0",
		STAMP OWNER
		" pid=1 comm=\"y\" exe=\"/y\" sig=0 arch=1 syscall=1 compat=0 ip=0 "
		"code=0x0",
		STAMP OWNER " pid=1 comm=\"y\" exe=\"/y\" sig=0 arch=1 syscall=1 compat=0 "
			    "ip=0x10000000000000000 code=0x0",
		STAMP OWNER " pid=1 comm=\"y\" exe=\"/y\" sig=0 arch=1 syscall=1 compat=0 "
			    "ip=0x0 code=0x100000000",
	};
	struct vp_audit_record record = { .pid = 7 };

	(void)state;
	for (size_t i = 0; i < VP_COUNT(texts); i++)
		if (parse(texts[i], &record) != -EPROTO || record.pid != 7)
			fail_msg("taken: %s", texts[i]);
}

static void messages(void **state)
{
	const char *text = STAMP OWNER " pid=4711 comm=\"y\" exe=\"/y\"" CALL;
	struct nlmsghdr header = { .nlmsg_type = AUDIT_SECCOMP };
	struct vp_audit_record record;
	uint8_t message[512];
	size_t len = NLMSG_HDRLEN + strlen(text);

	(void)state;
	header.nlmsg_len = (uint32_t)len;
	memcpy(message, &header, sizeof(header));
	memcpy(message + NLMSG_HDRLEN, text, strlen(text));
	assert_int_equal(vp_audit_message(message, len, &record), VP_AUDIT_DENIAL);
	assert_int_equal(record.pid, 4711);
	for (size_t shorter = 0; shorter < len; shorter++)
		assert_int_equal(vp_audit_message(message, shorter, &record), VP_AUDIT_BROKEN);
	header.nlmsg_type = AUDIT_SYSCALL;
	memcpy(message, &header, sizeof(header));
	assert_int_equal(vp_audit_message(message, len, &record), VP_AUDIT_OTHER);
}

int run_audit_record_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field),
		cmocka_unit_test(hexadecimal_names),
		cmocka_unit_test(nothing_in_a_label_counts),
		cmocka_unit_test(numbers_at_their_ends),
		cmocka_unit_test(long_names_are_cut),
		cmocka_unit_test(other_texts_are_refused),
		cmocka_unit_test(messages),
	};

	return cmocka_run_group_tests_name("audit record", tests, NULL, NULL);
}
