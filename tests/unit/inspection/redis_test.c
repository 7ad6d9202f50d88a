/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Redis requests in both forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/inspection/parsers_tests.h"

static void arrays(void **state)
{
	(void)state;
	expect_text("redis",
		    "*3\r\n$6\r\nCONFIG\r\n$3\r\nSET\r\n$0\r\n\r\n*1\r\n$4\r\nping\r\n",
		    "unit\nredis.command: config\nredis.argument: SET\nredis.argument: \nend\n"
		    "unit\nredis.command: ping\nend\nstate boundary\n");
	expect_text("redis", "*0\r\n*-1\r\n*2\r\n$3\r\nGET\r\n$5\r\nab",
		    "unit\nopen\nredis.command: get\nredis.argument: ab\nstate inside\n");
}

/* The two bytes behind a number or a string are not looked at by the server. */
static void lenient_ends(void **state)
{
	(void)state;
	expect_text("redis", "*2\rX$4\rYEVALab$1\r\nxcd\r\n",
		    "unit\nredis.command: eval\nredis.argument: x\nend\nstate boundary\n");
}

static void words(void **state)
{
	(void)state;
	expect_text("redis", "\r\n  CONFIG  set dir /var/www \r\nSLAVEOF\tno one\n",
		    "unit\nredis.command: config\nredis.argument: set\nredis.argument: dir\n"
		    "redis.argument: /var/www\nend\n"
		    "unit\nredis.command: slaveof\nredis.argument: no\nredis.argument: one\n"
		    "end\nstate boundary\n");
}

static void quotes(void **state)
{
	(void)state;
	expect_text(
		"redis",
		"\"EV\\x41L\" \"a b\\n\\\"\\q\" 'it\\'s\\n' x\"y z\" \"\" \"\\xzz\\x4\"\r\n",
		"unit\nredis.command: eval\nredis.argument: a b\\x0a\"q\n"
		"redis.argument: it's\\x5cn\nredis.argument: xy z\nredis.argument: \n"
		"redis.argument: xzzx4\nend\nstate boundary\n");
	expect_text("redis", "SET \"a\"b\r\n",
		    "unit\nopen\nredis.command: set\nredis.argument: a\n"
		    "state broken quotes\n");
	expect_text("redis", "SET 'a\r\nFLUSHALL\r\n",
		    "unit\nredis.command: set\nredis.argument: a\\x0d\nend\n"
		    "state broken quotes\n");
}

static void what_the_server_refuses_is_broken(void **state)
{
	static const struct {
		const char *bytes, *text;
	} cases[] = {
		{ "*x\r\n", "state broken number\n" },
		{ "*01\r\n", "state broken number\n" },
		{ "*\r\n", "state broken number\n" },
		{ "*2147483648\r\n", "state broken number\n" },
		{ "*99999999999999999999999", "state broken number\n" },
		{ "*1\r\n+x", "state broken bulk\n" },
		{ "*1\r\n$-1\r\n", "state broken number\n" },
		{ "*1\r\n$9223372036854775807\r\n", "state broken number\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_bytes(stream_of("redis"), cases[i].bytes, strlen(cases[i].bytes),
			     cases[i].text);
}

static void long_names(void **state)
{
	static const char name[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
				   "BBBBBBBBBBBBBBBBBBBBBBBB x\n";

	(void)state;
	expect_text(
		"redis", name,
		"unit\nredis.command: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"bbbbbbbbbbbbbbbbbbbbbbbb\nredis.argument: x\nend\nstate boundary\n");
}

static void tls(void **state)
{
	static const struct vp_run_input inputs[] = { SENT("\x16\x03\x01 x\n"),
						      ANSWERED("\x16\x03\x01") };
	struct vp_run run = { .protocol = stream_of("redis"), .inputs = inputs, .count = 1 };

	(void)state;
	expect_run(&run, "unit\nredis.command: \\x16\\x03\\x01\nredis.argument: x\nend\n"
			 "state inside tls\n");
	run.count = 2;
	expect_run(&run, "unit\nredis.command: \\x16\\x03\\x01\nredis.argument: x\nend\n"
			 "state foreign tls\n");
}

int run_redis_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arrays),
		cmocka_unit_test(lenient_ends),
		cmocka_unit_test(words),
		cmocka_unit_test(quotes),
		cmocka_unit_test(what_the_server_refuses_is_broken),
		cmocka_unit_test(long_names),
		cmocka_unit_test(tls),
	};

	return cmocka_run_group_tests_name("redis", tests, NULL, NULL);
}
