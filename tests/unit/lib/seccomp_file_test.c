/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of filters: what is written is read, what is changed in it is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/memory.h"
#include "lib/seccomp_file.h"

static struct vp_seccomp_file file_of(const char *unit, size_t count)
{
	struct vp_seccomp_file file = {
		.architecture = 0xc000003e,
		.flags = VP_SECCOMP_FILE_SPEC_ALLOW | VP_SECCOMP_FILE_LOG,
		.program = vp_alloc(count, sizeof(struct sock_filter)),
		.count = count,
	};

	memcpy(file.unit, unit, strlen(unit));
	for (size_t i = 0; i < count; i++)
		file.program[i] =
			(struct sock_filter){ (uint16_t)(i * 7), (uint8_t)i, (uint8_t)(i + 1),
					      (uint32_t)i * 0x01020304u };
	return file;
}

static void written_and_read(void **state)
{
	static const size_t counts[] = { 1, 2, 300, VP_SECCOMP_FILE_MOST };

	(void)state;
	for (size_t i = 0; i < VP_COUNT(counts); i++) {
		struct vp_seccomp_file file = file_of("a-b@c\\x2d.service", counts[i]), read;
		_cleanup_strbuf_ struct vp_strbuf bytes = { 0 };

		vp_seccomp_file_print(&file, &bytes);
		assert_int_equal(bytes.len, VP_SECCOMP_FILE_HEAD + 8 * counts[i]);
		assert_true(bytes.len <= VP_SECCOMP_FILE_LIMIT);
		assert_int_equal(vp_seccomp_file_parse(bytes.data, bytes.len, &read, NULL), 0);
		assert_string_equal(read.unit, file.unit);
		assert_int_equal(read.architecture, file.architecture);
		assert_int_equal(read.flags, file.flags);
		assert_int_equal(read.count, file.count);
		assert_memory_equal(read.program, file.program,
				    file.count * sizeof(*file.program));
		vp_seccomp_file_free(&read);
		vp_seccomp_file_free(&file);
	}
}

/* The numbers stand where the header says, in little-endian. */
static void bytes_are_as_promised(void **state)
{
	static const uint8_t head[] = { 'V', 'P', 'S', 'C',  'F', 'L', 'T', 'R', 1, 0, 0, 0,
					62,  0,	  0,   0xc0, 3,	  0,   0,   0,	 1, 0, 0, 0 };
	struct vp_seccomp_file file = file_of("x", 1);
	_cleanup_strbuf_ struct vp_strbuf bytes = { 0 };

	(void)state;
	file.program[0] = (struct sock_filter){ 0x15, 1, 2, 0xc000003e };
	vp_seccomp_file_print(&file, &bytes);
	assert_memory_equal(bytes.data, head, sizeof(head));
	assert_memory_equal(bytes.data + 32, "x\0", 2);
	assert_memory_equal(bytes.data + 288, "\x15\0\1\2\x3e\0\0\xc0", 8);
	vp_seccomp_file_free(&file);
}

/* Any bit, any length, and nothing is left behind by what fails. */
static void damage_is_found(void **state)
{
	struct vp_seccomp_file file = file_of("nginx.service", 3), read = { .count = 99 };
	_cleanup_strbuf_ struct vp_strbuf bytes = { 0 };

	(void)state;
	vp_seccomp_file_print(&file, &bytes);
	for (size_t bit = 0; bit < bytes.len * 8; bit++) {
		bytes.data[bit / 8] = (char)(bytes.data[bit / 8] ^ 1 << bit % 8);
		assert_int_equal(vp_seccomp_file_parse(bytes.data, bytes.len, &read, NULL),
				 -EINVAL);
		bytes.data[bit / 8] = (char)(bytes.data[bit / 8] ^ 1 << bit % 8);
	}
	for (size_t len = 0; len < bytes.len; len++)
		assert_int_equal(vp_seccomp_file_parse(bytes.data, len, &read, NULL), -EINVAL);
	vp_strbuf_adds(&bytes, "12345678");
	assert_int_equal(vp_seccomp_file_parse(bytes.data, bytes.len, &read, NULL), -EINVAL);
	assert_int_equal(read.count, 99);
	vp_seccomp_file_free(&file);
}

/* With the right digest, and yet not as it must be. */
static const char *refusal(void (*change)(struct vp_seccomp_file *file))
{
	static struct vp_error err;
	struct vp_seccomp_file file = file_of("nginx.service", 2), read;
	_cleanup_strbuf_ struct vp_strbuf bytes = { 0 };

	change(&file);
	vp_seccomp_file_print(&file, &bytes);
	assert_int_equal(vp_seccomp_file_parse(bytes.data, bytes.len, &read, &err), -EINVAL);
	vp_seccomp_file_free(&file);
	return err.text;
}

static void set_flags(struct vp_seccomp_file *file)
{
	file->flags |= 8;
}

static void set_slash(struct vp_seccomp_file *file)
{
	file->unit[3] = '/';
}

static void set_behind(struct vp_seccomp_file *file)
{
	file->unit[VP_SECCOMP_FILE_UNIT - 1] = 'x';
}

static void set_endless(struct vp_seccomp_file *file)
{
	memset(file->unit, 'x', sizeof(file->unit));
}

static void set_nameless(struct vp_seccomp_file *file)
{
	memset(file->unit, 0, sizeof(file->unit));
}

static void contents_are_checked(void **state)
{
	(void)state;
	assert_non_null(strstr(refusal(set_flags), "flags"));
	assert_non_null(strstr(refusal(set_slash), "no unit can be named"));
	assert_non_null(strstr(refusal(set_behind), "behind the name"));
	assert_non_null(strstr(refusal(set_endless), "names no unit"));
	assert_non_null(strstr(refusal(set_nameless), "no unit can be named"));
}

static void names_of_units(void **state)
{
	static const char *const bad[] = { "",	  ".",	     "..",   "../x",	 "a/b",
					   "a b", ".hidden", "a\nb", "\xc3\xa9", "a*" };
	static const char *const good[] = { "a", "nginx.service", "getty@tty1.service",
					    "a\\x2db.slice", "x:y_z-1" };
	char longest[VP_SECCOMP_FILE_UNIT] = { 0 };

	(void)state;
	for (size_t i = 0; i < VP_COUNT(bad); i++)
		assert_false(vp_seccomp_file_names_unit(bad[i]));
	for (size_t i = 0; i < VP_COUNT(good); i++)
		assert_true(vp_seccomp_file_names_unit(good[i]));
	memset(longest, 'x', 248);
	assert_true(vp_seccomp_file_names_unit(longest));
	longest[248] = 'x';
	assert_false(vp_seccomp_file_names_unit(longest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_and_read), cmocka_unit_test(bytes_are_as_promised),
		cmocka_unit_test(damage_is_found),  cmocka_unit_test(contents_are_checked),
		cmocka_unit_test(names_of_units),
	};

	return cmocka_run_group_tests_name("filter files", tests, NULL, NULL);
}
