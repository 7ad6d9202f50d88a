/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SMTP, FTP, POP3 and IMAP lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/memory.h"
#include "tests/unit/inspection/parsers_tests.h"

static void expect_inputs(const char *application, const struct vp_run_input *inputs,
			  size_t count, const char *text)
{
	struct vp_run run = { .protocol = stream_of(application),
			      .inputs = inputs,
			      .count = count };

	expect_run(&run, text);
}

static void a_unit_per_line(void **state)
{
	(void)state;
	expect_text("smtp", "helo a\r\n\r\n  mail\tFROM:<b> \nquit\r\n",
		    "unit\nsmtp.line: helo a\nsmtp.command: HELO\nsmtp.command_data: a\nend\n"
		    "unit\nsmtp.line:   mail\\x09FROM:<b> \nsmtp.command: MAIL\n"
		    "smtp.command_data: FROM:<b> \nend\n"
		    "unit\nsmtp.line: quit\nsmtp.command: QUIT\nend\nstate boundary\n");
	expect_text(
		"pop3", "USER bob\r\nPASS  s3\r x\r\r\nTOP 1 ",
		"unit\npop3.line: USER bob\npop3.command: USER\npop3.command_data: bob\nend\n"
		"unit\npop3.line: PASS  s3\\x0d x\\x0d\npop3.command: PASS\n"
		"pop3.command_data: s3\\x0d x\\x0d\nend\n"
		"unit\nopen\npop3.line: TOP 1 \npop3.command: TOP\npop3.command_data: 1 \n"
		"state inside\n");
}

static void the_last_line_may_lack_its_end(void **state)
{
	static const struct vp_run_input inputs[] = { SENT("NOOP\r\nSITE EXEC x\r") };
	struct vp_run run = {
		.protocol = stream_of("ftp"), .inputs = inputs, .count = 1, .finish = true
	};

	(void)state;
	expect_run(&run, "unit\nftp.line: NOOP\nftp.command: NOOP\nend\n"
			 "unit\nftp.line: SITE EXEC x\\x0d\nftp.command: SITE\n"
			 "ftp.command_data: EXEC x\\x0d\nend\nstate done\n");
}

/* Nothing is held of a line, and its values are there before it ends. */
static void a_line_of_any_length(void **state)
{
	static char line[200000];
	const struct vp_run_input inputs[] = { { VP_TO_SERVER, line, sizeof(line) } };
	struct vp_run run = {
		.protocol = stream_of("ftp"), .inputs = inputs, .count = 1, .cut = 1000
	};
	_cleanup_free_ char *found = NULL;

	(void)state;
	memset(line, 'A', sizeof(line));
	memcpy(line, "USER ", 5);
	found = vp_run(&run);
	assert_int_equal(run.memory, 0);
	assert_true(strlen(found) > 2 * sizeof(line) - 10);
	memset(line, 'B', sizeof(line)); /* a command that long */
	free(TAKE_PTR(found));
	found = vp_run(&run);
	assert_non_null(strstr(found, "ftp.command: BBBB"));
	assert_true(strlen(found) > 2 * sizeof(line) - 10);
}

static void telnet_codes_hide_nothing_in_ftp(void **state)
{
	(void)state;
	expect_text("ftp",
		    "\xff\xf4\xff\xf2SI\xff\xfb\1TE EX\xff\xf1"
		    "EC\xff\xff\r\n",
		    "unit\nftp.line: \\xff\\xf4\\xff\\xf2SI\\xff\\xfb\\x01TE EX\\xff\\xf1"
		    "EC\\xff\\xff\nftp.command: SITE\nftp.command_data: EXEC\\xff\nend\n"
		    "state boundary\n");
}

static void mail_is_read_as_lines(void **state)
{
	static const struct vp_run_input seen[] = {
		SENT("DATA\r\n"), ANSWERED("250 x\r\n354 go\r\n"),
		SENT("VRFY a\r\n..\r\nb\r\n.\r\nNOOP\r\n")
	};

	static const struct vp_run_input refused[] = { SENT("DATA\r\n"),
						       ANSWERED("250 x\r\n503 354\r\n"),
						       SENT("VRFY a\r\n") };

	(void)state;
	expect_inputs(
		"smtp", refused, 3,
		"unit\nsmtp.line: DATA\nsmtp.command: DATA\nend\n"
		"unit\nsmtp.line: VRFY a\nsmtp.command: VRFY\nsmtp.command_data: a\nend\n"
		"state inside\n");
	/* the server's answer is not seen: what could be a command may be one */
	expect_text("smtp", "DATA\r\nVRFY root\r\nthe mail\r\n.\r\nNOOP\r\n",
		    "unit\nsmtp.line: DATA\nsmtp.command: DATA\nend\n"
		    "unit\nsmtp.line: VRFY root\nsmtp.command: VRFY\nsmtp.command_data: root\n"
		    "end\nunit\nsmtp.line: the mail\nend\nunit\nsmtp.line: .\nend\n"
		    "unit\nsmtp.line: NOOP\nsmtp.command: NOOP\nend\nstate boundary\n");
	expect_inputs("smtp", seen, 3,
		      "unit\nsmtp.line: DATA\nsmtp.command: DATA\nend\n"
		      "unit\nsmtp.line: VRFY a\nend\nunit\nsmtp.line: ..\nend\n"
		      "unit\nsmtp.line: b\nend\nunit\nsmtp.line: .\nend\n"
		      "unit\nsmtp.line: NOOP\nsmtp.command: NOOP\nend\nstate boundary\n");
	expect_text("smtp", "DATA\r\nx",
		    "unit\nsmtp.line: DATA\nsmtp.command: DATA\nend\n"
		    "state inside\n");
}

static void chunks_are_read_as_lines(void **state)
{
	(void)state;
	expect_text(
		"smtp", "BDAT 9 LAST\r\na b\nEXPN cVRFY d\r\nBDAT 0\r\n",
		"unit\nsmtp.line: BDAT 9 LAST\nsmtp.command: BDAT\n"
		"smtp.command_data: 9 LAST\nend\nunit\nsmtp.line: a b\nend\n"
		"unit\nsmtp.line: EXPN \nsmtp.command: EXPN\nend\n"
		"unit\nsmtp.line: cVRFY d\nsmtp.command: CVRFY\nsmtp.command_data: d\nend\n"
		"unit\nsmtp.line: BDAT 0\nsmtp.command: BDAT\nsmtp.command_data: 0\nend\n"
		"state boundary\n");
}

static void mail_that_no_rule_reads_is_not_given(void **state)
{
	static bool unwanted[VP_FIELD_COUNT];
	static const struct vp_run_input inputs[] = { SENT("DATA\r\nhi\r\nEXPN x\r\n.\r\n") };
	struct vp_run run = { .protocol = stream_of("smtp"),
			      .inputs = inputs,
			      .count = 1,
			      .unwanted = unwanted };
	_cleanup_free_ char *found = NULL;

	(void)state;
	unwanted[VP_FIELD_SMTP_LINE] = true;
	found = vp_run_all_cuts(&run);
	assert_non_null(found);
	assert_null(strstr(found, "hi"));
	assert_non_null(strstr(found, "smtp.command: EXPN\n"));
	assert_non_null(strstr(found, "state boundary\n"));
}

#define HELLO "\x16\x03\x01\x00\x05hello\nother stuff\n"

static void tls_is_believed_when_the_server_speaks_it(void **state)
{
	static const struct vp_run_input started[] = { SENT("STARTTLS\r\n"),
						       ANSWERED("220 go\r\n"), SENT(HELLO),
						       ANSWERED("\x16\x03\x03"),
						       SENT("EXPN no\r\n") };
	static const struct vp_run_input refused[] = { SENT("AUTH TLS\r\n"),
						       ANSWERED("500 no\r\n"), SENT(HELLO),
						       SENT("SITE x\r\nodd x\r\n") };
	static const struct vp_run_input at_once[] = { SENT(HELLO), ANSWERED("\x16\x03\x03") };

	(void)state;
	expect_inputs("smtp", started, 5,
		      "unit\nsmtp.line: STARTTLS\nsmtp.command: STARTTLS\nend\n"
		      "state done starttls\n");
	expect_inputs("smtp", started, 3,
		      "unit\nsmtp.line: STARTTLS\nsmtp.command: STARTTLS\nend\n"
		      "state inside starttls\n");
	expect_inputs(
		"ftp", refused, 4,
		"unit\nftp.line: AUTH TLS\nftp.command: AUTH\nftp.command_data: TLS\nend\n"
		"unit\nftp.line: SITE x\nftp.command: SITE\nftp.command_data: x\nend\n"
		"unit\nftp.line: odd x\nftp.command: ODD\nftp.command_data: x\nend\n"
		"state boundary\n");
	expect_inputs("pop3", at_once, 1, "state inside tls\n");
	expect_inputs("pop3", at_once, 2, "state foreign tls\n");
}

static void imap_commands(void **state)
{
	(void)state;
	expect_text(
		"imap", "a1 login bob \"x y\"\r\n2 NOOP\r\nDONE\r\n",
		"unit\nimap.tag: a1\nimap.command: LOGIN\nimap.arguments: bob \"x y\"\nend\n"
		"unit\nimap.tag: 2\nimap.command: NOOP\nend\n"
		"unit\nimap.tag: DONE\nend\nstate boundary\n");
}

static void imap_literals(void **state)
{
	(void)state;
	expect_text("imap", "a LOGIN {3}\r\nb\nb {2+}\r\nxy\r\nb NOOP\n",
		    "unit\nimap.tag: a\nimap.command: LOGIN\n"
		    "imap.arguments: {3}\\x0d\\x0ab\\x0ab {2+}\\x0d\\x0axy\nend\n"
		    "unit\nimap.tag: b\nimap.command: NOOP\nend\nstate boundary\n");
	/* refused literals: the server may read what they seem to hold as commands */
	expect_text(
		"imap", "a APPEND x {99}\r\nb select evil\r\nc hello\r\n",
		"unit\nopen\nimap.tag: a\nimap.command: APPEND\nimap.command: SELECT\n"
		"imap.arguments: x {99}\\x0d\\x0ab select evil\\x0d\\x0ac hello\\x0d\\x0a\n"
		"state inside\n");
	expect_text("imap", "a FOO {99}\r\nb SELECT evil\r\n",
		    "unit\nimap.tag: a\nimap.command: FOO\nimap.arguments: {99}\nend\n"
		    "unit\nimap.tag: b\nimap.command: SELECT\nimap.arguments: evil\nend\n"
		    "state boundary\n");
	expect_text("imap", "a LOGIN {x}\r\nb LOGIN {}\r\nc LOGIN {1}}\r\n",
		    "unit\nimap.tag: a\nimap.command: LOGIN\nimap.arguments: {x}\nend\n"
		    "unit\nimap.tag: b\nimap.command: LOGIN\nimap.arguments: {}\nend\n"
		    "unit\nimap.tag: c\nimap.command: LOGIN\nimap.arguments: {1}}\nend\n"
		    "state boundary\n");
}

int run_command_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_unit_per_line),
		cmocka_unit_test(the_last_line_may_lack_its_end),
		cmocka_unit_test(a_line_of_any_length),
		cmocka_unit_test(telnet_codes_hide_nothing_in_ftp),
		cmocka_unit_test(mail_is_read_as_lines),
		cmocka_unit_test(chunks_are_read_as_lines),
		cmocka_unit_test(mail_that_no_rule_reads_is_not_given),
		cmocka_unit_test(tls_is_believed_when_the_server_speaks_it),
		cmocka_unit_test(imap_commands),
		cmocka_unit_test(imap_literals),
	};

	return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
