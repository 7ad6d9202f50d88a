/* SPDX-License-Identifier: GPL-2.0-or-later */
/* agentd/local.c: local overrides keep their ends apart and survive their text. */
#include <string.h>

#include "agentd/local.h"
#include "lib/memory.h"
#include "tests/unit/agentd/daemon_tests.h"

static char id_a[] = "CVE-1", id_b[] = "B", who[] = "alice", why[] = "noisy ; really";

static void through_text(void **state)
{
	struct vp_local off = { VP_LOCAL_ENABLED, id_a, false, 0, 1790000000, who, why };
	struct vp_local mode = { VP_LOCAL_MODE, id_a, false, VP_MODE_MONITOR, 0, who, NULL };
	struct vp_locals locals = { 0 }, read = { 0 };
	struct vp_sources sources = { 0 };

	(void)state;
	vp_locals_set(&locals, &off);
	vp_locals_set(&locals, &mode);
	vp_locals_write(&locals, &sources);
	vp_locals_write(&locals, &sources); /* replaces */
	assert_int_equal(sources.overrides.len, 2);
	vp_locals_read(&read, &sources);
	assert_int_equal(read.len, 2);
	assert_string_equal(read.data[0].id, id_a);
	assert_false(read.data[0].enabled);
	assert_int_equal(read.data[0].until, 1790000000);
	assert_string_equal(read.data[0].by, "alice");
	assert_string_equal(read.data[0].reason, "noisy , really");
	assert_int_equal(read.data[1].kind, VP_LOCAL_MODE);
	assert_int_equal(read.data[1].mode, VP_MODE_MONITOR);
	assert_int_equal(read.data[1].until, 0);
	vp_locals_free(&locals);
	vp_locals_free(&read);
	vp_sources_free(&sources);
}

static void ends(void **state)
{
	struct vp_local first = { VP_LOCAL_ENABLED, id_a, false, 0, 100, NULL, NULL };
	struct vp_local second = {
		VP_LOCAL_MODE, id_b, false, VP_MODE_MONITOR, 200, NULL, NULL
	};
	struct vp_locals locals = { 0 };

	(void)state;
	vp_locals_set(&locals, &first);
	vp_locals_set(&locals, &second);
	assert_int_equal(vp_locals_next_end(&locals, 50), 100);
	assert_int_equal(vp_locals_next_end(&locals, 100), 200);
	assert_int_equal(vp_locals_next_end(&locals, 200), 0);
	vp_locals_expire(&locals, 99);
	assert_int_equal(locals.len, 2);
	vp_locals_expire(&locals, 100);
	assert_int_equal(locals.len, 1);
	assert_string_equal(locals.data[0].id, id_b);
	assert_false(vp_locals_remove(&locals, VP_LOCAL_ENABLED, id_b));
	assert_true(vp_locals_remove(&locals, VP_LOCAL_MODE, id_b));
	assert_int_equal(locals.len, 0);
	vp_locals_free(&locals);
}

int vp_test_local(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(through_text),
		cmocka_unit_test(ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
