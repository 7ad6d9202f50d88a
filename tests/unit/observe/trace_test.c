/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records as the kernel writes them, whole, cut short and lying about their lengths. */
#include <errno.h>
#include <string.h>

#include <linux/perf_event.h>

#include "agentd/ctl/observe/trace.h"
#include "tests/unit/observe/observe_tests.h"

static const struct vp_trace_form form = { .number = 8, .arguments = 16, .registers = 3 };

/* Bytes of a record, one value after the other. */
struct bytes {
	uint8_t data[512];
	size_t len;
};

static void put(struct bytes *bytes, const void *data, size_t len)
{
	memcpy(bytes->data + bytes->len, data, len);
	bytes->len += len;
}

static void put32(struct bytes *bytes, uint32_t value)
{
	put(bytes, &value, sizeof(value));
}

static void put64(struct bytes *bytes, uint64_t value)
{
	put(bytes, &value, sizeof(value));
}

static void begin(struct bytes *bytes, uint32_t type, uint16_t misc)
{
	const struct perf_event_header header = { .type = type, .misc = misc };

	bytes->len = 0;
	put(bytes, &header, sizeof(header));
}

/* With the trailer of sample_id_all. */
static void end(struct bytes *bytes, bool trailer)
{
	struct perf_event_header header;

	if (trailer) {
		put32(bytes, 7);
		put32(bytes, 8);
		put64(bytes, 12345);
	}
	memcpy(&header, bytes->data, sizeof(header));
	header.size = (uint16_t)bytes->len;
	memcpy(bytes->data, &header, sizeof(header));
}

static void put_call(struct bytes *bytes, uint32_t raw, uint64_t width)
{
	begin(bytes, PERF_RECORD_SAMPLE, 0);
	put32(bytes, 100);
	put32(bytes, 101);
	put64(bytes, 777);
	put32(bytes, raw);
	put64(bytes, 0);  /* common fields */
	put64(bytes, 41); /* id */
	for (uint64_t i = 1; i <= 6; i++)
		put64(bytes, i << 32 | i);
	put32(bytes, 0); /* up to 8 bytes */
	put64(bytes, width);
	if (width)
		for (uint64_t i = 0; i < 3; i++)
			put64(bytes, 500 + i);
	end(bytes, false);
}

static void calls_have_all_their_parts(void **state)
{
	struct vp_trace record;
	struct bytes bytes;

	(void)state;
	put_call(&bytes, 68, PERF_SAMPLE_REGS_ABI_64);
	assert_int_equal(vp_trace_parse(&form, bytes.data, bytes.len, &record), 0);
	assert_int_equal(record.kind, VP_TRACE_CALL);
	assert_int_equal(record.process, 100);
	assert_int_equal(record.thread, 101);
	assert_int_equal(record.time, 777);
	assert_int_equal(record.number, 41);
	for (uint64_t i = 0; i < 6; i++)
		assert_true(record.arguments[i] == ((i + 1) << 32 | (i + 1)));
	assert_int_equal(record.width, PERF_SAMPLE_REGS_ABI_64);
	assert_int_equal(record.registers[0], 500);
	assert_int_equal(record.registers[2], 502);
	put_call(&bytes, 68, PERF_SAMPLE_REGS_ABI_NONE);
	assert_int_equal(vp_trace_parse(&form, bytes.data, bytes.len, &record), 0);
	assert_int_equal(record.width, 0);
	assert_int_equal(record.registers[0], 0);
}

/* Every shorter one is refused, and so are lengths that point elsewhere. */
static void short_calls_are_refused(void **state)
{
	static const uint32_t wrong[] = { 0, 7, 63, 200, UINT32_MAX };
	struct perf_event_header header;
	struct vp_trace record;
	struct bytes bytes;

	(void)state;
	put_call(&bytes, 68, PERF_SAMPLE_REGS_ABI_64);
	for (size_t len = 0; len < bytes.len; len++) {
		struct bytes cut = bytes;

		memcpy(&header, cut.data, sizeof(header));
		header.size = (uint16_t)len;
		memcpy(cut.data, &header, sizeof(header));
		assert_int_equal(vp_trace_parse(&form, cut.data, len, &record), -EINVAL);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		put_call(&bytes, wrong[i], PERF_SAMPLE_REGS_ABI_64);
		assert_int_equal(vp_trace_parse(&form, bytes.data, bytes.len, &record),
				 -EINVAL);
	}
	put_call(&bytes, 68, PERF_SAMPLE_REGS_ABI_64);
	assert_int_equal(vp_trace_parse(&form, bytes.data, bytes.len - 1, &record), -EINVAL);
}

static void processes_come_and_go(void **state)
{
	struct vp_trace record;
	struct bytes bytes;

	(void)state;
	begin(&bytes, PERF_RECORD_FORK, 0);
	put32(&bytes, 20);
	put32(&bytes, 10);
	put32(&bytes, 21);
	put32(&bytes, 11);
	put64(&bytes, 1);
	end(&bytes, true);
	assert_int_equal(vp_trace_parse(&form, bytes.data, bytes.len, &record), 0);
	assert_int_equal(record.kind, VP_TRACE_FORK);
	assert_int_equal(record.process, 20);
	assert_int_equal(record.parent, 10);
	assert_int_equal(record.thread, 21);
	assert_int_equal(record.time, 12345);
	begin(&bytes, PERF_RECORD_EXIT, 0);
	put32(&bytes, UINT32_MAX); /* of another PID namespace */
	put32(&bytes, 10);
	put32(&bytes, 20);
	put32(&bytes, 11);
	put64(&bytes, 1);
	end(&bytes, true);
	assert_int_equal(vp_trace_parse(&form, bytes.data, bytes.len, &record), 0);
	assert_int_equal(record.kind, VP_TRACE_EXIT);
	assert_int_equal(record.process, 0);
}

static void names_and_programs_are_texts_that_end(void **state)
{
	struct perf_event_header header;
	struct vp_trace record;
	struct bytes bytes;

	(void)state;
	begin(&bytes, PERF_RECORD_COMM, PERF_RECORD_MISC_COMM_EXEC);
	put32(&bytes, 20);
	put32(&bytes, 20);
	put(&bytes, "a-long-name-of-a-program", 24);
	put64(&bytes, 0);
	end(&bytes, true);
	assert_int_equal(vp_trace_parse(&form, bytes.data, bytes.len, &record), 0);
	assert_int_equal(record.kind, VP_TRACE_NAME_IS);
	assert_true(record.executed);
	assert_string_equal(record.name, "a-long-name-of-");
	begin(&bytes, PERF_RECORD_MMAP2, 0);
	put32(&bytes, 20);
	put32(&bytes, 20);
	for (int i = 0; i < 7; i++)
		put64(&bytes, 1);
	put(&bytes, "/usr/sbin/x\0\0\0\0", 16);
	end(&bytes, true);
	assert_int_equal(vp_trace_parse(&form, bytes.data, bytes.len, &record), 0);
	assert_int_equal(record.kind, VP_TRACE_MAPPING);
	assert_string_equal(record.path, "/usr/sbin/x");
	/* a text without an end */
	memset(bytes.data + 8 + 8 + 56, 'x', bytes.len - (8 + 8 + 56));
	assert_int_equal(vp_trace_parse(&form, bytes.data, bytes.len, &record), -EINVAL);
	memcpy(&header, bytes.data, sizeof(header));
	header.size = 8 + 8 + 56;
	memcpy(bytes.data, &header, sizeof(header));
	assert_int_equal(vp_trace_parse(&form, bytes.data, header.size, &record), -EINVAL);
}

static void losses_are_counted(void **state)
{
	struct vp_trace record;
	struct bytes bytes;

	(void)state;
	begin(&bytes, PERF_RECORD_LOST, 0);
	put64(&bytes, 99);
	put64(&bytes, 17);
	end(&bytes, true);
	assert_int_equal(vp_trace_parse(&form, bytes.data, bytes.len, &record), 0);
	assert_int_equal(record.kind, VP_TRACE_LOST);
	assert_int_equal(record.lost, 17);
	begin(&bytes, PERF_RECORD_LOST_SAMPLES, 0);
	put64(&bytes, 0);
	end(&bytes, true);
	assert_int_equal(vp_trace_parse(&form, bytes.data, bytes.len, &record), 0);
	assert_int_equal(record.lost, 1);
	begin(&bytes, PERF_RECORD_THROTTLE, 0);
	end(&bytes, true);
	assert_int_equal(vp_trace_parse(&form, bytes.data, bytes.len, &record), 0);
	assert_int_equal(record.kind, VP_TRACE_LOST);
	begin(&bytes, PERF_RECORD_MAX, 0);
	end(&bytes, false);
	assert_int_equal(vp_trace_parse(&form, bytes.data, bytes.len, &record), 0);
	assert_int_equal(record.kind, VP_TRACE_OTHER);
}

static void forms_are_read_as_tracefs_has_them(void **state)
{
	static const char text[] =
		"name: sys_enter\nID: 443\nformat:\n"
		"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
		"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
		"\tfield:long id;\toffset:8;\tsize:8;\tsigned:1;\n"
		"\tfield:unsigned long args[6];\toffset:16;\tsize:48;\tsigned:0;\n\n"
		"print fmt: \"NR %ld\", REC->id\n";
	struct vp_trace_form found = { .registers = 5 };

	(void)state;
	assert_int_equal(vp_trace_form_parse(text, &found), 0);
	assert_int_equal(found.number, 8);
	assert_int_equal(found.arguments, 16);
	assert_int_equal(found.registers, 5);
	assert_int_equal(vp_trace_form_parse("", &found), -EINVAL);
	assert_int_equal(vp_trace_form_parse("field:long id;\toffset:8;\tsize:4;", &found),
			 -EINVAL);
	assert_int_equal(vp_trace_form_parse("field:long id;\toffset:8;\tsize:8;", &found),
			 -EINVAL);
}

int trace_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_have_all_their_parts),
		cmocka_unit_test(short_calls_are_refused),
		cmocka_unit_test(processes_come_and_go),
		cmocka_unit_test(names_and_programs_are_texts_that_end),
		cmocka_unit_test(losses_are_counted),
		cmocka_unit_test(forms_are_read_as_tracefs_has_them),
	};

	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
