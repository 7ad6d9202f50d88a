/* SPDX-License-Identifier: GPL-2.0-or-later */
/* agentd/message.c: what is written is read again, and nothing malformed is read. */
#include <errno.h>
#include <string.h>

#include "agentd/message.h"
#include "lib/memory.h"
#include "tests/unit/agentd/daemon_tests.h"

static struct vp_strbuf apply_frame(void)
{
	struct vp_message message = { .type = VP_REQUEST_APPLY };
	struct vp_strbuf out = { 0 };

	message.arguments[VP_ARG_REASON] = "change freeze \xc3\xa9";
	message.arguments[VP_ARG_CONFIRM] = "60";
	message.arguments[VP_ARG_FORCE] = "";
	vp_message_write(&message, &out);
	return out;
}

static int parse(const struct vp_strbuf *frame, struct vp_message *message,
		 struct vp_error *err)
{
	size_t need;

	return vp_message_parse((const uint8_t *)frame->data, frame->len, message, &need, err);
}

static void round_trip(void **state)
{
	struct vp_strbuf frame = apply_frame();
	struct vp_message message;

	(void)state;
	assert_int_equal(parse(&frame, &message, NULL), 0);
	assert_int_equal(message.type, VP_REQUEST_APPLY);
	assert_string_equal(message.arguments[VP_ARG_REASON], "change freeze \xc3\xa9");
	assert_string_equal(message.arguments[VP_ARG_CONFIRM], "60");
	assert_string_equal(message.arguments[VP_ARG_FORCE], "");
	assert_null(message.arguments[VP_ARG_TICKET]);
	vp_message_free(&message);
	vp_strbuf_free(&frame);
}

static void every_part_asks_for_more(void **state)
{
	struct vp_strbuf frame = apply_frame();

	(void)state;
	for (size_t len = 0; len < frame.len; len++) {
		/* a copy of exactly that size, so that reading past it is seen */
		uint8_t *part = vp_memdup(frame.data, len);
		struct vp_message message;
		size_t need = 0;

		assert_int_equal(vp_message_parse(part, len, &message, &need, NULL), -EAGAIN);
		assert_true(need > len);
		assert_int_equal(need,
				 len < VP_MESSAGE_HEADER ? VP_MESSAGE_HEADER : frame.len);
		free(part);
	}
	vp_strbuf_free(&frame);
}

/* The frame with one byte changed. */
static int parse_changed(size_t at, uint8_t value, struct vp_error *err)
{
	struct vp_strbuf frame = apply_frame();
	struct vp_message message = { 0 };
	int r;

	frame.data[at] = (char)value;
	r = parse(&frame, &message, err);
	if (!r)
		vp_message_free(&message);
	vp_strbuf_free(&frame);
	return r;
}

static void malformed(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
		const char *says;
	} rows[] = {
		{ 0, 'X', "control protocol" },	    /* magic */
		{ 5, 0, "unknown request type 0" }, /* type */
		{ 5, 200, "unknown request type" },
		{ 7, 1, "code 0" },
		{ 9, 2, "at most 65536 bytes" }, /* length */
		{ 13, 0, "unknown argument 0" }, /* first key */
		{ 13, 200, "unknown argument 200" },
		{ 13, VP_ARG_CONFIRM, "given twice" },
		{ 15, 1, "unknown argument" },	 /* reserved */
		{ 19, 255, "past the end" },	 /* its length */
		{ 20, 7, "control characters" }, /* its text */
		{ 20, 0, "control characters" },
		{ 20, 0xff, "UTF-8" },
		{ 20, 0xc0, "UTF-8" },
	};

	(void)state;
	for (size_t i = 0; i < VP_COUNT(rows); i++) {
		struct vp_error err = { 0 };

		assert_int_equal(parse_changed(rows[i].at, rows[i].value, &err), -EINVAL);
		if (!strstr(err.text, rows[i].says))
			fail_msg("row %zu: \"%s\" does not say \"%s\"", i, err.text,
				 rows[i].says);
	}
}

static void any_byte_changed_is_safe(void **state)
{
	struct vp_strbuf frame = apply_frame();
	size_t len = frame.len;

	(void)state;
	vp_strbuf_free(&frame);
	for (size_t at = 0; at < len; at++)
		for (unsigned int value = 0; value < 256; value++)
			parse_changed(at, (uint8_t)value, NULL);
}

static void overlong_utf8_is_refused(void **state)
{
	static const char *const bad[] = { "\xe0\x80\xaf", "\xf0\x80\x80\xaf",
					   "\xed\xa0\x80", "\xf4\x90\x80\x80",
					   "\xc2\x80",	   "\xe2\x82",
					   "\x7f" };
	static const char *const good[] = { "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x94\x92" };

	(void)state;
	for (size_t i = 0; i < VP_COUNT(bad) + VP_COUNT(good); i++) {
		struct vp_message out = { .type = VP_REQUEST_STATUS }, in;
		struct vp_strbuf frame = { 0 };
		bool is_bad = i < VP_COUNT(bad);

		out.arguments[VP_ARG_ID] = is_bad ? bad[i] : good[i - VP_COUNT(bad)];
		vp_message_write(&out, &frame);
		assert_int_equal(parse(&frame, &in, NULL), is_bad ? -EINVAL : 0);
		if (!is_bad)
			vp_message_free(&in);
		vp_strbuf_free(&frame);
	}
}

static void roles(void **state)
{
	(void)state;
	for (int type = 1; type < VP_REQUEST_COUNT; type++)
		assert_non_null(vp_request_name((enum vp_request)type));
	assert_null(vp_request_name(0));
	assert_null(vp_request_name(VP_REQUEST_COUNT));
	assert_false(vp_request_changes(VP_REQUEST_STATUS));
	assert_false(vp_request_changes(VP_REQUEST_EVENTS));
	assert_true(vp_request_changes(VP_REQUEST_APPLY));
	assert_true(vp_request_changes(VP_REQUEST_CONFIRM));
	assert_true(vp_request_changes(VP_REQUEST_DISABLE));
}

int vp_test_message(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(every_part_asks_for_more),
		cmocka_unit_test(malformed),
		cmocka_unit_test(any_byte_changed_is_safe),
		cmocka_unit_test(overlong_utf8_is_refused),
		cmocka_unit_test(roles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
