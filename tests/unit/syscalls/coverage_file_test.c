/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What another daemon has written of coverage, damaged in each of its parts: nothing of it is
 * taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/document.h"
#include "agentd/syscalls/coverage.h"

static void damaged(const char *from, const char *to)
{
	static const char good[] =
		"{\"schema\": \"vpatch.coverage/1\", \"filters\": [{\"digest\": \"0x7\","
		" \"process\": \"/a\"}], \"processes\": [{\"pid\": 5, \"start\": 9,"
		" \"filters\": [{\"filter\": \"0x7\", \"outcome\": 1}]}]}";
	_cleanup_free_ char *text = NULL;
	_cleanup_json_ json_t *document = NULL;
	struct vp_coverage coverage = { 0 };
	const char *at = strstr(good, from);

	assert_non_null(at);
	text = vp_format("%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
	document = json_loads(text, 0, NULL);
	assert_non_null(document);
	if (!strcmp(from, to)) {
		assert_int_equal(vp_coverage_read(&coverage, document), 0);
		assert_int_equal(coverage.processes.len, 1);
	} else {
		assert_true(vp_coverage_read(&coverage, document) < 0);
		assert_int_equal(coverage.processes.len + coverage.filters.len, 0);
	}
	vp_coverage_free(&coverage);
}

static void a_damaged_file_says_nothing(void **state)
{
	(void)state;
	damaged("\"pid\": 5", "\"pid\": 5");
	damaged("coverage/1", "coverage/2");
	damaged("\"pid\": 5", "\"pid\": 1");
	damaged("\"pid\": 5", "\"pid\": 4294967297");
	damaged("\"process\": \"/a\"", "\"other\": \"/a\"");
	damaged("\"filter\": \"0x7\"", "\"filter\": \"0x8\"");
	damaged("\"outcome\": 1", "\"outcome\": 3");
	damaged("\"outcome\": 1", "\"outcome\": 99");
	damaged("\"outcome\": 1", "\"outcome\": 1, \"reason\": 99");
	damaged("[{\"filter\": \"0x7\", \"outcome\": 1}]", "[]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_damaged_file_says_nothing),
	};

	return cmocka_run_group_tests_name("coverage file", tests, NULL, NULL);
}
