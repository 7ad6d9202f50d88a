/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SMB 1, 2 and 3 requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/memory.h"
#include "lib/strbuf.h"
#include "tests/unit/inspection/parsers_tests.h"

static void add_number(struct vp_strbuf *out, size_t value, unsigned int width)
{
	for (unsigned int i = 0; i < width; i++)
		vp_strbuf_addc(out, (char)(value >> 8 * i));
}

static void add_zeros(struct vp_strbuf *out, size_t count)
{
	while (count--)
		vp_strbuf_addc(out, 0);
}

static void add_session(struct vp_strbuf *out, const struct vp_strbuf *message)
{
	vp_strbuf_addc(out, 0);
	for (int shift = 16; shift >= 0; shift -= 8)
		vp_strbuf_addc(out, (char)(message->len >> shift));
	vp_strbuf_add(out, message->data, message->len);
}

static void add_smb1(struct vp_strbuf *out, uint8_t command, uint16_t flags2)
{
	vp_strbuf_adds(out, "\xffSMB");
	vp_strbuf_addc(out, (char)command);
	add_zeros(out, 5);
	add_number(out, flags2, 2);
	add_zeros(out, 20);
}

static void add_smb2(struct vp_strbuf *out, uint16_t command, size_t next)
{
	vp_strbuf_adds(out, "\xfeSMB");
	add_zeros(out, 8);
	add_number(out, command, 2);
	add_zeros(out, 6);
	add_number(out, next, 4);
	add_zeros(out, 40);
}

static void expect_smb(const struct vp_strbuf *bytes, const char *text)
{
	expect_bytes(stream_of("smb"), bytes->data, bytes->len, text);
}

static void negotiation(void **state)
{
	_cleanup_strbuf_ struct vp_strbuf message = { 0 };
	_cleanup_strbuf_ struct vp_strbuf bytes = { 0 };

	(void)state;
	add_smb1(&message, 0x72, 0);
	vp_strbuf_add(&message, "\0\x18\0\2NT LM 0.12\0\2SMB 2.002\0", 27);
	add_session(&bytes, &message);
	message.len = 0;
	add_smb2(&message, 0, 0);
	vp_strbuf_add(&message, "\x24\0\2\0", 4);
	add_zeros(&message, 32);
	vp_strbuf_add(&message, "\2\2\x11\3", 4);
	add_session(&bytes, &message);
	expect_smb(&bytes, "unit\nsmb.version: 1\nsmb.cmd: 114\nsmb.dialect: NT LM 0.12\n"
			   "smb.dialect: SMB 2.002\nend\n"
			   "unit\nsmb.version: 2\nsmb2.cmd: 0\nsmb2.dialect: 514\n"
			   "smb2.dialect: 785\nend\nstate boundary\n");
}

/* The kinds of messages that MS17-010 is about. */
static void transactions(void **state)
{
	_cleanup_strbuf_ struct vp_strbuf message = { 0 };
	_cleanup_strbuf_ struct vp_strbuf bytes = { 0 };

	(void)state;
	add_smb1(&message, 0xa0, 0);
	vp_strbuf_add(&message, "\x14\1\0\0\x1e\0\0\0\xd0\3\1\0", 12);
	add_zeros(&message, 25);
	vp_strbuf_add(&message, "\5\0\0\0", 4);
	add_session(&bytes, &message);
	message.len = 0;
	add_smb1(&message, 0x32, 0);
	vp_strbuf_add(&message, "\x0f\x0c\0\0\x10", 5);
	add_zeros(&message, 24);
	vp_strbuf_add(&message, "\x0e\0\0\0", 4);
	add_session(&bytes, &message);
	message.len = 0;
	add_smb1(&message, 0x33, 0);
	vp_strbuf_add(&message, "\x09\0\0\0\x10\0\0", 7);
	add_session(&bytes, &message);
	expect_smb(&bytes, "unit\nsmb.version: 1\nsmb.cmd: 160\nsmb.nt.function: 5\n"
			   "smb.tdc: 66512\nend\n"
			   "unit\nsmb.version: 1\nsmb.cmd: 50\nsmb.trans2.cmd: 14\n"
			   "smb.tdc: 4096\nend\n"
			   "unit\nsmb.version: 1\nsmb.cmd: 51\nsmb.tdc: 4096\nend\n"
			   "state boundary\n");
}

static void names(void **state)
{
	_cleanup_strbuf_ struct vp_strbuf message = { 0 };
	_cleanup_strbuf_ struct vp_strbuf bytes = { 0 };

	(void)state;
	/* a pipe's name behind no words, in Unicode, aligned */
	add_smb1(&message, 0x25, 0x8000);
	vp_strbuf_add(&message, "\0\x0d\0\0\\\0P\0I\0\x3a\x26\0\0x\0", 15);
	add_session(&bytes, &message);
	message.len = 0;
	add_smb2(&message, 5, 0);
	add_zeros(&message, 44);
	add_number(&message, 120, 2);
	add_number(&message, 4, 2);
	add_zeros(&message, 8);
	vp_strbuf_add(&message, "/\0\xe9\0rest", 8);
	add_session(&bytes, &message);
	expect_smb(&bytes,
		   "unit\nsmb.version: 1\nsmb.cmd: 37\nsmb.file: \\x5cPI\\xe2\\x98\\xba\nend\n"
		   "unit\nsmb.version: 2\nsmb2.cmd: 5\nsmb2.filename: /\\xc3\\xa9\nend\n"
		   "state boundary\n");
}

/* Session setup, tree connect, and an open of SMB 1 in one message. */
static void chained_commands(void **state)
{
	_cleanup_strbuf_ struct vp_strbuf message = { 0 };
	_cleanup_strbuf_ struct vp_strbuf bytes = { 0 };

	(void)state;
	add_smb1(&message, 0x73, 0);
	vp_strbuf_add(&message, "\2\x75\0\xdc\x05\0\0", 7);
	add_zeros(&message, 1500 - message.len);
	vp_strbuf_add(&message, "\2\x2d\0\x70\x17\0\0", 7);
	add_zeros(&message, 6000 - message.len);
	vp_strbuf_add(&message, "\2\xff\0\0\0\5\0/etc", 11);
	add_zeros(&message, 1);
	add_session(&bytes, &message);
	expect_smb(&bytes, "unit\nsmb.version: 1\nsmb.cmd: 115\nsmb.cmd: 117\nsmb.cmd: 45\n"
			   "smb.file: /etc\nend\nstate boundary\n");
}

static void an_endless_chain_is_broken(void **state)
{
	_cleanup_strbuf_ struct vp_strbuf message = { 0 };
	_cleanup_strbuf_ struct vp_strbuf bytes = { 0 };
	const struct vp_run_input *input;
	struct vp_run run = { .protocol = stream_of("smb"), .count = 1 };
	_cleanup_free_ char *found = NULL;

	(void)state;
	add_smb1(&message, 0x73, 0);
	vp_strbuf_add(&message, "\2\x73\0\x20\0\0\0", 7);
	add_session(&bytes, &message);
	input = &(struct vp_run_input){ VP_TO_SERVER, bytes.data, bytes.len };
	run.inputs = input;
	found = vp_run_all_cuts(&run);
	assert_non_null(found);
	assert_non_null(strstr(found, "end\nstate broken chain\n"));
}

static void compounds(void **state)
{
	_cleanup_strbuf_ struct vp_strbuf message = { 0 };
	_cleanup_strbuf_ struct vp_strbuf bytes = { 0 };
	const struct vp_run_input *input;
	struct vp_run run = { .protocol = stream_of("smb"), .count = 1, .cut = 100 };
	_cleanup_free_ char *found = NULL;

	(void)state;
	add_smb2(&message, 9, 5000);
	add_zeros(&message, 5000 - 64);
	add_smb2(&message, 3, 64);
	add_smb2(&message, 4, 0);
	add_zeros(&message, 3000);
	add_session(&bytes, &message);
#define COMMAND(N) "unit\nsmb.version: 2\nsmb2.cmd: " #N "\nend\n"
	expect_smb(&bytes, COMMAND(9) COMMAND(3) COMMAND(4) "state boundary\n");
	input = &(struct vp_run_input){ VP_TO_SERVER, bytes.data, bytes.len };
	run.inputs = input;
	run.skip = true;
	found = vp_run(&run);
	assert_string_equal(found, COMMAND(9) COMMAND(3) COMMAND(4) "state boundary\n");
	assert_true(run.skipped > 7500);
	assert_true(run.memory < 1000);
}

static void compression_and_encryption(void **state)
{
	_cleanup_strbuf_ struct vp_strbuf message = { 0 };
	_cleanup_strbuf_ struct vp_strbuf bytes = { 0 };

	(void)state;
	vp_strbuf_add(&message, "\xfcSMB\xff\xff\xff\xff\1\0\0\0\x20\0\0\0compressed", 26);
	add_session(&bytes, &message);
	message.len = 0;
	vp_strbuf_adds(&message, "\xfdSMB encrypted");
	add_session(&bytes, &message);
	vp_strbuf_add(&bytes, "\x85\0\0\0", 4);
	expect_smb(&bytes, "unit\nsmb.version: 2\nsmb2.compression.size: 4294967295\n"
			   "smb2.compression.offset: 32\nend\nstate boundary\n");
}

static void what_is_not_smb(void **state)
{
	(void)state;
	expect_text("smb", "GET / HTTP/1.1", "state foreign not-smb\n");
	expect_text("smb", "\0\0\0\x09TLS hello", "state foreign not-smb\n");
	expect_text("smb", "\x81\0\0\2ab\0\0\0\5\xffSMBr", "state broken short\n");
	expect_text("smb", "\0\0\0\0\0\0\0\2ab", "state broken short\n");
	expect_text("smb", "", "state boundary\n");
}

int run_smb_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(negotiation),
		cmocka_unit_test(transactions),
		cmocka_unit_test(names),
		cmocka_unit_test(chained_commands),
		cmocka_unit_test(an_endless_chain_is_broken),
		cmocka_unit_test(compounds),
		cmocka_unit_test(compression_and_encryption),
		cmocka_unit_test(what_is_not_smb),
	};

	return cmocka_run_group_tests_name("smb", tests, NULL, NULL);
}
