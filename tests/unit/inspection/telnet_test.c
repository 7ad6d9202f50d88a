/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Telnet lines and negotiation. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/inspection/parsers_tests.h"

static void lines_without_codes(void **state)
{
	(void)state;
	expect_text("telnet", "ro\xff\xf1ot\r\0pa\xff\xffss\r\n\nx\ry\n",
		    "unit\ntelnet.line: root\nend\nunit\ntelnet.line: pa\\xffss\nend\n"
		    "unit\ntelnet.line: x\nend\nunit\ntelnet.line: y\nend\nstate boundary\n");
}

static void options_belong_to_the_next_line(void **state)
{
	(void)state;
	expect_text("telnet", "\xff\xfb\x1f\xff\xfd\x03guest\r\nls\r",
		    "unit\ntelnet.line: guest\ntelnet.option: 31\ntelnet.option: 3\nend\n"
		    "unit\ntelnet.line: ls\nend\nstate inside\n");
}

/* NEW-ENVIRON with USER, and a quoted FF; then a subnegotiation that another code ends. */
static void suboptions(void **state)
{
	(void)state;
	expect_text("telnet",
		    "\xff\xfa\x27\x00\x00USER\x01-f root\xff\xff\xff\xf0\r\n"
		    "\xff\xfa\x18\x00xterm\xff\xfb\x01q\r\n\xff\xfa\x26",
		    "unit\ntelnet.option: 39\n"
		    "telnet.suboption: '\\x00\\x00USER\\x01-f root\\xff\nend\n"
		    "unit\ntelnet.line: q\ntelnet.option: 24\ntelnet.option: 1\n"
		    "telnet.suboption: \\x18\\x00xterm\nend\n"
		    "unit\nopen\ntelnet.option: 38\ntelnet.suboption: &\nstate inside\n");
}

static void an_end_closes_everything(void **state)
{
	static const struct vp_run_input inputs[] = { SENT("abc\xff\xfa\x01xyz") };
	struct vp_run run = {
		.protocol = stream_of("telnet"), .inputs = inputs, .count = 1, .finish = true
	};

	(void)state;
	expect_run(&run, "unit\ntelnet.line: abc\ntelnet.option: 1\n"
			 "telnet.suboption: \\x01xyz\nend\nstate done\n");
}

static void tls_needs_the_servers_word(void **state)
{
	static const struct vp_run_input inputs[] = { SENT("\x16\x03\x01\n"),
						      ANSWERED("\x16\x03\x01") };
	struct vp_run run = { .protocol = stream_of("telnet"), .inputs = inputs, .count = 1 };

	(void)state;
	expect_run(&run, "unit\ntelnet.line: \\x16\\x03\\x01\nend\nstate inside tls\n");
	run.count = 2;
	expect_run(&run, "unit\ntelnet.line: \\x16\\x03\\x01\nend\nstate foreign tls\n");
}

int run_telnet_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_without_codes),
		cmocka_unit_test(options_belong_to_the_next_line),
		cmocka_unit_test(suboptions),
		cmocka_unit_test(an_end_closes_everything),
		cmocka_unit_test(tls_needs_the_servers_word),
	};

	return cmocka_run_group_tests_name("telnet", tests, NULL, NULL);
}
