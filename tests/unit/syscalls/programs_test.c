/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What services begin with: read when that is due, learned of what runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "agentd/syscalls/programs.h"
#include "lib/cleanup.h"
#include "lib/file.h"

#define WEB  1 /* digests of filters, of units of these names */
#define MAIL 2
#define TOOL 3 /* of a program */

struct world {
	char folder[32]; /* of units */
	struct vp_coverage coverage;
	struct vp_programs programs;
};

static void add_filter(struct world *w, uint64_t digest, enum vp_call_target_kind kind,
		       const char *name)
{
	vp_array_push(&w->coverage.filters,
		      ((struct vp_cover_filter){ .digest = digest,
						 .target = { kind, vp_strdup(name) } }));
}

static int make_world(void **state)
{
	struct world *w = vp_new(struct world);

	strcpy(w->folder, "/tmp/vpatch-units-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	add_filter(w, WEB, VP_CALL_TARGET_UNIT, "web.service");
	add_filter(w, MAIL, VP_CALL_TARGET_UNIT, "mail.service");
	add_filter(w, TOOL, VP_CALL_TARGET_PROCESS, "/opt/tool");
	*state = w;
	return 0;
}

static int end_world(void **state)
{
	static const char *const units[] = { "web.service", "mail.service" };
	struct world *w = *state;

	for (size_t i = 0; i < VP_COUNT(units); i++) {
		_cleanup_free_ char *path = vp_format("%s/%s", w->folder, units[i]);

		(void)unlink(path);
	}
	assert_int_equal(rmdir(w->folder), 0);
	vp_programs_free(&w->programs);
	vp_coverage_free(&w->coverage);
	free(w);
	return 0;
}

static void want(struct world *w, uint64_t digest, bool wanted)
{
	vp_array_each (filter, &w->coverage.filters)
		if (filter->digest == digest)
			filter->wanted = wanted;
}

static void write_unit(const struct world *w, const char *name, const char *text)
{
	_cleanup_free_ char *path = vp_format("%s/%s", w->folder, name);
	struct vp_error err;

	assert_int_equal(vp_file_write(path, text, strlen(text), 0644, &err), 0);
}

static void run(struct world *w, pid_t id, pid_t parent, uint64_t digest, const char *unit,
		const char *executable)
{
	struct vp_covered_process *process = vp_array_add(&w->coverage.processes);

	process->id = id;
	process->parent = parent;
	process->unit = vp_strdup(unit);
	process->executable = vp_strdup(executable);
	vp_array_push(&process->covers, ((struct vp_cover){ .digest = digest }));
}

static bool update(struct world *w, uint64_t now)
{
	return vp_programs_update(&w->programs, &w->coverage,
				  (const char *const[]){ w->folder, NULL }, now);
}

static void are(const struct world *w, uint64_t digest, const char *const *expected)
{
	struct vp_paths paths = { 0 };
	size_t count = 0;

	vp_programs_of(&w->programs, digest, &paths);
	for (; expected[count]; count++) {
		assert_true(count < paths.len);
		assert_string_equal(paths.data[count], expected[count]);
	}
	assert_int_equal(paths.len, count);
	vp_paths_free(&paths);
}

#define ARE(world, digest, ...) are(world, digest, (const char *const[]){ __VA_ARGS__, NULL })
#define NONE                                                                                  \
	(const char *const[])                                                                 \
	{                                                                                     \
		NULL                                                                          \
	}

static void files_are_read_when_that_is_due(void **state)
{
	struct world *w = *state;

	write_unit(w, "web.service", "ExecStart=/dev/null\n");
	want(w, WEB, true);
	assert_true(update(w, 1000));
	ARE(w, WEB, "/dev/null");
	are(w, MAIL, NONE);
	write_unit(w, "web.service", "ExecStart=/dev/zero\n");
	assert_false(update(w, 1000 + VP_PROGRAMS_PERIOD - 1));
	ARE(w, WEB, "/dev/null");
	assert_true(update(w, 1000 + VP_PROGRAMS_PERIOD));
	ARE(w, WEB, "/dev/zero");
	assert_false(update(w, 1000 + VP_PROGRAMS_PERIOD * 2)); /* read, and the same */
}

static void files_are_read_when_filters_change(void **state)
{
	struct world *w = *state;

	want(w, WEB, true);
	assert_true(update(w, 1000));
	are(w, WEB, NONE);
	write_unit(w, "web.service", "ExecStart=/dev/null\n");
	assert_false(update(w, 1001));
	want(w, TOOL, true);
	assert_true(update(w, 1002));
	ARE(w, WEB, "/dev/null");
	ARE(w, TOOL, "/opt/tool");
	want(w, WEB, false);
	assert_true(update(w, 1003));
	are(w, WEB, NONE);
	ARE(w, TOOL, "/opt/tool");
	want(w, TOOL, false);
	assert_true(update(w, 1004));
	assert_false(update(w, 1005));
	are(w, TOOL, NONE);
}

/* The hook is told how to inject, too. */
static void other_flags_are_a_change(void **state)
{
	struct world *w = *state;

	want(w, TOOL, true);
	assert_true(update(w, 1000));
	assert_false(update(w, 1001));
	w->coverage.filters.data[TOOL - 1].injection = VP_INJECT_NO_NEW_PRIVS;
	assert_true(update(w, 1002));
	assert_false(update(w, 1003));
	ARE(w, TOOL, "/opt/tool");
}

static void what_began_a_unit_is_learned(void **state)
{
	struct world *w = *state;

	write_unit(w, "web.service", "ExecStart=/dev/null\n");
	want(w, WEB, true);
	want(w, TOOL, true);
	assert_true(update(w, 1000));
	run(w, 10, 1, WEB, "web.service", "/opt/web");
	run(w, 11, 10, WEB, "web.service", "/opt/child");
	run(w, 12, 1, MAIL, "mail.service", "/opt/mail");
	run(w, 13, 1, TOOL, "web.service", "/opt/tool");
	run(w, 14, 1, WEB, NULL, "/opt/unit-less");
	run(w, 15, 1, WEB, "web.service", NULL);
	assert_true(update(w, 1001));
	assert_false(update(w, 1002));
	ARE(w, WEB, "/dev/null", "/opt/web");
	ARE(w, TOOL, "/opt/tool");
	w->programs.due = 1003; /* learned once, it stays, whatever the file says */
	write_unit(w, "web.service", "ExecStart=/dev/zero\n");
	assert_true(update(w, 1003));
	ARE(w, WEB, "/dev/zero", "/opt/web");
	want(w, MAIL, true); /* and whatever else is wanted */
	assert_true(update(w, 1004));
	ARE(w, WEB, "/dev/zero", "/opt/web");
	ARE(w, MAIL, "/opt/mail");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, make_world, end_world)
		TEST(files_are_read_when_that_is_due),
		TEST(files_are_read_when_filters_change),
		TEST(other_flags_are_a_change),
		TEST(what_began_a_unit_is_learned),
	};

	return cmocka_run_group_tests_name("programs", tests, NULL, NULL);
}
