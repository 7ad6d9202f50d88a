/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The base library: addresses, bytes, builder, whole files, arrays, errors. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/address.h"
#include "lib/bytes.h"
#include "lib/error.h"
#include "lib/file.h"
#include "lib/memory.h"
#include "lib/process.h"
#include "lib/strbuf.h"
#include "lib/unit.h"

static void range_parse_and_print(void **state)
{
	static const char *const same[] = {
		"192.0.2.1",	"10.0.0.0/8",	 "0.0.0.0/0", "192.0.2.1-192.0.2.9",
		"2001:db8::1",	"2001:db8::/32", "::/0",      "2001:db8::1-2001:db8::5",
		"192.0.2.0/31",
	};
	char text[VP_ADDRESS_TEXT];
	struct vp_address_range range;

	(void)state;
	for (size_t i = 0; i < VP_COUNT(same); i++) {
		assert_int_equal(vp_address_range_parse(same[i], &range), 0);
		assert_string_equal(vp_address_range_print(&range, text), same[i]);
	}
	assert_int_equal(vp_address_range_parse("192.0.2.0-192.0.2.255", &range), 0);
	assert_string_equal(vp_address_range_print(&range, text), "192.0.2.0/24");
}

static void range_parse_refuses(void **state)
{
	static const struct {
		const char *text;
		int code;
	} wrong[] = {
		{ "192.0.2.1/24", -ERANGE },
		{ "192.0.2.9-192.0.2.1", -ERANGE },
		{ "192.0.2.0/33", -EINVAL },
		{ "192.0.2.0/", -EINVAL },
		{ "192.0.2.0/-1", -EINVAL },
		{ "192.0.2", -EINVAL },
		{ "", -EINVAL },
		{ "192.0.2.1-2001:db8::1", -EINVAL },
		{ "2001:db8::1%lo", -EINVAL },
		{ "192.0.2.0/24x", -EINVAL },
	};
	struct vp_address_range range = { .first.family = 9 };

	(void)state;
	for (size_t i = 0; i < VP_COUNT(wrong); i++)
		assert_int_equal(vp_address_range_parse(wrong[i].text, &range), wrong[i].code);
	assert_int_equal(range.first.family, 9); /* untouched */
}

static void address_steps(void **state)
{
	struct vp_address address;
	char text[VP_ADDRESS_TEXT];

	(void)state;
	assert_int_equal(vp_address_parse("10.0.255.255", &address), 0);
	assert_true(vp_address_step(&address, 1));
	assert_string_equal(vp_address_print(&address, text), "10.1.0.0");
	assert_true(vp_address_step(&address, -1));
	assert_string_equal(vp_address_print(&address, text), "10.0.255.255");
	assert_int_equal(vp_address_parse("255.255.255.255", &address), 0);
	assert_false(vp_address_step(&address, 1));
	assert_int_equal(vp_address_parse("::", &address), 0);
	assert_false(vp_address_step(&address, -1));
}

static void bytes_in_little_endian(void **state)
{
	const uint8_t data[] = { 1, 2, 0xfc, 4, 5, 0x86, 7 };
	struct vp_bytes b = vp_bytes_of(data, sizeof(data));

	(void)state;
	assert_int_equal(vp_bytes_le16(&b), 0x0201);
	assert_int_equal(vp_bytes_le32(&b), 0x860504fc);
	assert_int_equal(vp_bytes_le16(&b), 0);
	assert_true(b.failed);
}

static void bytes_stop_at_the_end(void **state)
{
	static const uint8_t data[] = { 1, 2, 3, 4, 5, 6, 7 };
	struct vp_bytes b = vp_bytes_of(data, sizeof(data));

	(void)state;
	assert_int_equal(vp_bytes_be16(&b), 0x0102);
	assert_int_equal(vp_bytes_be32(&b), 0x03040506);
	assert_int_equal(vp_bytes_left(&b), 1);
	assert_int_equal(vp_bytes_be16(&b), 0);
	assert_true(b.failed);
	assert_int_equal(vp_bytes_u8(&b),
			 0); /* one byte is left, but a failed reader stays failed */
	assert_int_equal(vp_bytes_left(&b), 0);
}

static void strbuf_grows(void **state)
{
	_cleanup_strbuf_ struct vp_strbuf buf = { 0 };

	(void)state;
	assert_string_equal(vp_strbuf_text(&buf), "");
	for (int i = 0; i < 1000; i++)
		vp_strbuf_addf(&buf, "%03d,", i);
	assert_int_equal(buf.len, 4000);
	assert_memory_equal(buf.data + 3996, "999,", 5);
}

static void error_context_comes_first(void **state)
{
	struct vp_error err = { 0 };

	(void)state;
	assert_int_equal(vp_fail(&err, -EBUSY, "group %d is taken", 86), -EBUSY);
	assert_int_equal(vp_fail_context(&err, "nflog"), -EBUSY);
	assert_string_equal(err.text, "nflog: group 86 is taken");
}

static void file_write_replaces_whole(void **state)
{
	char folder[] = "/tmp/vpatch-lib-XXXXXX";
	_cleanup_free_ char *path = NULL, *data = NULL;
	struct vp_error err;
	size_t len;

	(void)state;
	assert_non_null(mkdtemp(folder));
	path = vp_format("%s/file", folder);
	assert_int_equal(vp_file_write(path, "one", 3, 0600, &err), 0);
	assert_int_equal(vp_file_write(path, "two\0x", 5, 0640, &err), 0);
	assert_int_equal(vp_file_read(path, 5, &data, &len, &err), 0);
	assert_int_equal(len, 5);
	assert_memory_equal(data, "two\0x", 6);
	assert_int_equal(vp_file_read(path, 4, &data, &len, &err), -EFBIG);
	assert_int_equal(vp_file_read(folder, 4, &data, &len, &err), -EISDIR);
	unlink(path);
	assert_int_equal(rmdir(folder), 0); /* no temporary file was left */
}

static void file_write_failure_keeps_the_old(void **state)
{
	struct vp_error err = { 0 };

	(void)state;
	assert_int_equal(vp_file_write("/proc/vpatch-no-such", "x", 1, 0600, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/proc/vpatch-no-such"));
}

static void unit_is(const char *cgroup, const char *expected)
{
	char *unit = vp_process_parse_unit(cgroup);

	if (expected)
		assert_string_equal(unit, expected);
	else
		assert_null(unit);
	free(unit);
}

static void process_unit_is_the_last_part_that_is_one(void **state)
{
	(void)state;
	unit_is("0::/system.slice/nginx.service\n", "nginx.service");
	unit_is("0::/system.slice/nginx.service", "nginx.service");
	unit_is("0::/system.slice/a.service/payload/workers\n", "a.service");
	unit_is("0::/user.slice/user@1.service/app.slice/b@x.service\n", "b@x.service");
	unit_is("0::/system.slice/c.socket\n", "c.socket");
	unit_is("8:pids:/\n1:name=systemd:/system.slice/d.service\n0::/\n", "d.service");
	unit_is("1:name=systemd:/e.slice\n0::/system.slice/f.service\n", "f.service");
	unit_is("0::/init.scope\n", NULL);
	unit_is("0::/x.service.d\n0::/y.servic\n0::/z.servicee\n", NULL);
	unit_is("0::/.service\n", NULL);
	unit_is("x.service\n", NULL); /* no path */
	unit_is("\n\n", NULL);
	unit_is("", NULL);
}

static void template_is(const char *unit, const char *expected)
{
	char *template = vp_unit_template(unit);

	if (expected) {
		assert_string_equal(template, expected);
		assert_int_equal(vp_unit_match(unit, template), VP_UNIT_TEMPLATE);
	} else {
		assert_null(template);
	}
	free(template);
}

static void a_template_is_all_its_instances(void **state)
{
	(void)state;
	assert_int_equal(vp_unit_match("a.service", "a.service"), VP_UNIT_SAME);
	assert_int_equal(vp_unit_match("a@1.service", "a@1.service"), VP_UNIT_SAME);
	assert_int_equal(vp_unit_match("a@.service", "a@.service"), VP_UNIT_SAME);
	assert_int_equal(vp_unit_match("a@1.service", "a@.service"), VP_UNIT_TEMPLATE);
	assert_int_equal(vp_unit_match("a@1.service", "a@2.service"), VP_UNIT_OTHER);
	assert_int_equal(vp_unit_match("a@1.service", "a@1"), VP_UNIT_OTHER);
	assert_int_equal(vp_unit_match("a@1.socket", "a@.service"), VP_UNIT_OTHER);
	assert_int_equal(vp_unit_match("ba@1.service", "a@.service"), VP_UNIT_OTHER);
	assert_int_equal(vp_unit_match("a.service", "a@.service"), VP_UNIT_OTHER);
	assert_int_equal(vp_unit_match("a@.service", "a@1.service"), VP_UNIT_OTHER);
	assert_int_equal(vp_unit_match("", "a@.service"), VP_UNIT_OTHER);
	template_is("a@1.service", "a@.service");
	template_is("a@b@c.d.service", "a@.service");
	template_is("a@.service", NULL);
	template_is("a.service", NULL);
	template_is("a.b@c", NULL);
	template_is("", NULL);
}

static void process_executable_is_our_own(void **state)
{
	char *path = vp_process_executable(getpid()), expected[4096] = { 0 };

	(void)state;
	assert_true(readlink("/proc/self/exe", expected, sizeof(expected) - 1) > 0);
	assert_string_equal(path, expected);
	free(path);
	assert_null(vp_process_executable(INT_MAX));
	assert_null(vp_process_unit(INT_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(range_parse_and_print),
		cmocka_unit_test(range_parse_refuses),
		cmocka_unit_test(address_steps),
		cmocka_unit_test(bytes_in_little_endian),
		cmocka_unit_test(bytes_stop_at_the_end),
		cmocka_unit_test(strbuf_grows),
		cmocka_unit_test(error_context_comes_first),
		cmocka_unit_test(process_unit_is_the_last_part_that_is_one),
		cmocka_unit_test(a_template_is_all_its_instances),
		cmocka_unit_test(process_executable_is_our_own),
		cmocka_unit_test(file_write_replaces_whole),
		cmocka_unit_test(file_write_failure_keeps_the_old),
	};

	return cmocka_run_group_tests_name("lib", tests, NULL, NULL);
}
