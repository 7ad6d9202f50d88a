/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Streams, datagrams and framed messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/memory.h"
#include "lib/strbuf.h"
#include "modules/inspection/frame.h"
#include "policy/value.h"
#include "tests/unit/inspection/parsers_tests.h"

static void expect_frames(const char *frame, const void *data, size_t len, const char *text)
{
	const struct vp_run_input input = { VP_TO_SERVER, data, len };
	struct vp_run run = {
		.protocol = stream_of(NULL), .frame = frame, .inputs = &input, .count = 1
	};

	expect_run(&run, text);
}

#define expect_framed(frame, bytes, text) expect_frames(frame, bytes, sizeof(bytes) - 1, text)

static void a_stream_is_one_value(void **state)
{
	static const struct vp_run_input inputs[] = { SENT("hello "), SENT("world\r\n") };
	struct vp_run run = { .protocol = stream_of(NULL), .inputs = inputs, .count = 2 };

	(void)state;
	expect_run(&run, "unit\nopen\nstream: hello world\\x0d\\x0a\nstate inside\n");
	run.finish = true;
	expect_run(&run, "unit\nstream: hello world\\x0d\\x0a\nend\nstate done\n");
	run.count = 0;
	run.finish = false;
	expect_run(&run, "state boundary\n");
}

static void a_stream_has_one_direction(void **state)
{
	static const struct vp_run_input inputs[] = { ANSWERED("220\r\n"), SENT("x") };
	struct vp_run run = { .protocol = stream_of(NULL), .inputs = inputs, .count = 1 };

	(void)state;
	expect_run(&run, "unit\nopen\nstream: 220\\x0d\\x0a\nstate inside\n");
	run.count = 2;
	expect_run(&run, "unit\nopen\nstream: 220\\x0d\\x0a\nstate broken direction\n");
}

static void run_datagrams(const char *frame, const struct vp_run_input *inputs, size_t count,
			  const char *text)
{
	struct vp_run run = { .protocol = datagrams_of(NULL),
			      .frame = frame,
			      .inputs = inputs,
			      .count = count };
	_cleanup_free_ char *found = vp_run(&run);

	assert_string_equal(found, text);
}

static void a_datagram_is_a_unit(void **state)
{
	static const struct vp_run_input inputs[] = { SENT("one"), SENT(""),
						      ANSWERED("\x17\x00") };

	(void)state;
	assert_ptr_equal(vp_protocol_for("", VP_TRAFFIC_ICMPV6), &vp_protocol_datagram);
	run_datagrams(NULL, inputs, 3,
		      "unit\ndatagram: one\ndatagram.len: 3\nend\n"
		      "unit\ndatagram: \ndatagram.len: 0\nend\n"
		      "unit\ndatagram: \\x17\\x00\ndatagram.len: 2\nend\n"
		      "state boundary\n");
}

static void messages_end_with_their_datagram(void **state)
{
	static const struct vp_run_input inputs[] = { SENT("ab;c"), SENT("d;") };

	(void)state;
	run_datagrams("delimiter \";\"", inputs, 2,
		      "unit\nmessage: ab\nend\nunit\nmessage: c\nend\nunit\nmessage: d\nend\n"
		      "state boundary\n");
}

static void fixed_frames(void **state)
{
	(void)state;
	expect_framed("fixed 3", "abcdef",
		      "unit\nmessage: abc\nend\nunit\nmessage: def\nend\nstate boundary\n");
	expect_framed("fixed 4", "abcdef",
		      "unit\nmessage: abcd\nend\nunit\nopen\nmessage: ef\nstate inside\n");
}

static void delimited_frames(void **state)
{
	(void)state;
	expect_framed("delimiter \"\\r\\n\"", "a\r\n\r\nb\rc\r\r\n\n",
		      "unit\nmessage: a\nend\nunit\nmessage: \nend\n"
		      "unit\nmessage: b\\x0dc\\x0d\nend\nunit\nopen\nmessage: \\x0a\n"
		      "state inside\n");
	/* what looked like the beginning of a delimiter contains one */
	expect_framed("delimiter \"aab\"", "aaabxaabaa",
		      "unit\nmessage: a\nend\nunit\nmessage: x\nend\nstate inside\n");
	expect_framed("delimiter \"abab\\0\"", "ababab\0ababx",
		      "unit\nmessage: ab\nend\nunit\nopen\nmessage: ababx\nstate inside\n");
}

static void frames_with_a_length(void **state)
{
	(void)state;
	/* Modbus: a big-endian length at 4 of what follows it */
	expect_framed("length(at 4, bytes 2, big-endian, plus 6)",
		      "\0\1\0\0\0\2AB\0\2\0\0\0\1C\0",
		      "unit\nmessage: \\x00\\x01\\x00\\x00\\x00\\x02AB\nend\n"
		      "unit\nmessage: \\x00\\x02\\x00\\x00\\x00\\x01C\nend\n"
		      "unit\nopen\nmessage: \\x00\nstate inside\n");
	expect_framed("length(at 0, bytes 4, little-endian)", "\5\0\0\0a\6\0\0\0bc",
		      "unit\nmessage: \\x05\\x00\\x00\\x00a\nend\n"
		      "unit\nmessage: \\x06\\x00\\x00\\x00bc\nend\nstate boundary\n");
	expect_framed("length(at 1, bytes 1, big-endian, minus 2)", "x\6abyy",
		      "unit\nmessage: x\\x06ab\nend\nunit\nopen\nmessage: yy\nstate inside\n");
	/* the whole message is its head */
	expect_framed("length(at 0, bytes 1, big-endian, plus 1)", "\0\1a",
		      "unit\nmessage: \\x00\nend\nunit\nmessage: \\x01a\nend\n"
		      "state boundary\n");
	/* larger than any stream */
	expect_framed("length(at 0, bytes 8, big-endian, plus 8)",
		      "\xff\xff\xff\xff\xff\xff\xff\xff"
		      "a",
		      "unit\nopen\nmessage: \\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xffa\n"
		      "state inside\n");
}

static void a_length_without_room_is_broken(void **state)
{
	(void)state;
	expect_framed("length(at 0, bytes 2, big-endian)", "\0\3a\0\1rest",
		      "unit\nmessage: \\x00\\x03a\nend\nunit\nmessage: \\x00\\x01\nend\n"
		      "state broken frame-length\n");
	expect_framed("length(at 0, bytes 1, big-endian, minus 9)", "\3",
		      "unit\nmessage: \\x03\nend\nstate broken frame-length\n");
}

static void an_end_closes_the_message(void **state)
{
	static const struct vp_run_input inputs[] = { SENT("a\r\nb\r") };
	struct vp_run run = { .protocol = stream_of(NULL),
			      .frame = "delimiter \"\\r\\n\"",
			      .inputs = inputs,
			      .count = 1,
			      .finish = true };

	(void)state;
	expect_run(&run,
		   "unit\nmessage: a\nend\nunit\nmessage: b\\x0d\nend\nstate done\n");
}

/* Far behind the first one, and held memory does not grow with the stream. */
static void the_thousandth_message(void **state)
{
	uint8_t bytes[1000 * 12];
	const struct vp_run_input input = { VP_TO_SERVER, bytes, sizeof(bytes) };
	struct vp_run run = { .protocol = stream_of(NULL),
			      .frame = "fixed 12",
			      .inputs = &input,
			      .count = 1,
			      .cut = 5 };
	_cleanup_free_ char *found = NULL;

	(void)state;
	memset(bytes, '.', sizeof(bytes));
	memcpy(bytes + 999 * 12, "the attack!!", 12);
	found = vp_run(&run);
	assert_non_null(strstr(found, "unit\nmessage: the attack!!\nend\nstate boundary\n"));
	assert_int_equal(run.memory, 0);
}

static void only_canonical_texts_are_frames(void **state)
{
	static const char *const wrong[] = {
		"",
		"fixed",
		"fixed 0",
		"fixed 3 ",
		"fixed x",
		"delimiter",
		"delimiter \"\"",
		"delimiter \"a",
		"delimiter \"\\q\"",
		"delimiter \"\\x4\"",
		"delimiter \"a\"b",
		"length",
		"length(at 0, bytes 9, big-endian)",
		"length(at 0, bytes 0, big-endian)",
		"length(at 65536, bytes 1, big-endian)",
		"length(at 0, bytes 1)",
		"length(at 0, bytes 1, big-endian",
		"length(at 0, bytes 1, big-endian, plus)",
		"length(at 99999999999999999999, bytes 1, big-endian)",
	};
	struct vp_frame frame;

	(void)state;
	for (size_t i = 0; i < VP_COUNT(wrong); i++)
		assert_false(vp_frame_parse(&frame, wrong[i]));
	assert_null(vp_protocol_stream.open(&vp_parser_limits_default, "fixed 0", NULL));
	assert_true(vp_frame_parse(&frame, "delimiter \"\\x0d\\xfF\\\"\\\\\\0\\t\""));
	assert_int_equal(frame.delimiter_len, 6);
	assert_memory_equal(frame.delimiter, "\x0d\xff\"\\\0\t", 6);
	vp_frame_free(&frame);
}

/* As validation prints it, for every byte there is. */
static void any_delimiter_is_read_as_printed(void **state)
{
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };
	struct vp_frame frame;
	uint8_t bytes[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	vp_strbuf_adds(&text, "delimiter ");
	vp_bytes_print(bytes, sizeof(bytes), &text);
	assert_true(vp_frame_parse(&frame, vp_strbuf_text(&text)));
	assert_int_equal(frame.delimiter_len, sizeof(bytes));
	assert_memory_equal(frame.delimiter, bytes, sizeof(bytes));
	vp_frame_free(&frame);
}

int run_raw_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_is_one_value),
		cmocka_unit_test(a_stream_has_one_direction),
		cmocka_unit_test(a_datagram_is_a_unit),
		cmocka_unit_test(messages_end_with_their_datagram),
		cmocka_unit_test(fixed_frames),
		cmocka_unit_test(delimited_frames),
		cmocka_unit_test(frames_with_a_length),
		cmocka_unit_test(a_length_without_room_is_broken),
		cmocka_unit_test(an_end_closes_the_message),
		cmocka_unit_test(the_thousandth_message),
		cmocka_unit_test(only_canonical_texts_are_frames),
		cmocka_unit_test(any_delimiter_is_read_as_printed),
	};

	return cmocka_run_group_tests_name("raw", tests, NULL, NULL);
}
