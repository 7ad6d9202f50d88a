/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who belongs to a target while processes fork, start programs, end, and numbers come again.
 */
#include <string.h>

#include "agentd/ctl/observe/find.h"
#include "agentd/ctl/observe/lineage.h"
#include "tests/unit/observe/observe_tests.h"

static void fork_of(struct vp_lineage *lineage, pid_t parent, pid_t child)
{
	const struct vp_trace record = {
		.kind = VP_TRACE_FORK, .process = child, .thread = child, .parent = parent
	};

	vp_lineage_take(lineage, &record, 0);
}

static void name_is(struct vp_lineage *lineage, pid_t process, pid_t thread, const char *name,
		    bool executed)
{
	struct vp_trace record = { .kind = VP_TRACE_NAME_IS,
				   .process = process,
				   .thread = thread,
				   .executed = executed };

	memcpy(record.name, name, strlen(name));
	vp_lineage_take(lineage, &record, 0);
}

static void maps(struct vp_lineage *lineage, pid_t process, uint64_t program)
{
	const struct vp_trace record = { .kind = VP_TRACE_MAPPING, .process = process };

	vp_lineage_take(lineage, &record, program);
}

static void ends(struct vp_lineage *lineage, pid_t process, pid_t thread)
{
	const struct vp_trace record = { .kind = VP_TRACE_EXIT,
					 .process = process,
					 .thread = thread };

	vp_lineage_take(lineage, &record, 0);
}

static uint64_t targets(const struct vp_lineage *lineage, pid_t process)
{
	const struct vp_kin *kin = vp_lineage_find(lineage, process);

	return kin ? kin->targets : 0;
}

static void children_are_what_their_parents_are(void **state)
{
	struct vp_lineage lineage = { 0 };

	(void)state;
	assert_null(vp_lineage_find(&lineage, 10));
	vp_lineage_add(&lineage, 10, 1, "nginx");
	vp_lineage_add(&lineage, 20, 2, "app");
	vp_lineage_add(&lineage, 30, 0, "other");
	fork_of(&lineage, 10, 11);
	fork_of(&lineage, 11, 12);
	fork_of(&lineage, 30, 31);
	assert_int_equal(targets(&lineage, 12), 1);
	assert_string_equal(vp_lineage_find(&lineage, 12)->name, "nginx");
	assert_int_equal(targets(&lineage, 31), 0);
	/* another program, and it stays what it was */
	name_is(&lineage, 12, 12, "sh", true);
	maps(&lineage, 12, 0);
	assert_int_equal(targets(&lineage, 12), 1);
	assert_string_equal(vp_lineage_find(&lineage, 12)->name, "sh");
	/* a thread's name is not the process's */
	name_is(&lineage, 12, 99, "worker", false);
	assert_string_equal(vp_lineage_find(&lineage, 12)->name, "sh");
	assert_int_equal(lineage.met[0], 3);
	assert_int_equal(lineage.met[1], 1);
	vp_lineage_free(&lineage);
}

static void who_starts_the_program_belongs(void **state)
{
	struct vp_lineage lineage = { 0 };

	(void)state;
	vp_lineage_add(&lineage, 1, 4, "first");
	fork_of(&lineage, 500, 50);
	maps(&lineage, 50, 1); /* a library of that name: nothing was started */
	assert_int_equal(targets(&lineage, 50), 0);
	name_is(&lineage, 50, 50, "nginx", true);
	assert_int_equal(targets(&lineage, 50), 0);
	maps(&lineage, 50, 1);
	maps(&lineage, 50, 2); /* its loader, and what it loads */
	assert_int_equal(targets(&lineage, 50), 1);
	assert_string_equal(vp_lineage_find(&lineage, 50)->name, "nginx");
	name_is(&lineage, 60, 60, "other", true);
	maps(&lineage, 60, 0);
	assert_int_equal(targets(&lineage, 60), 0);
	vp_lineage_free(&lineage);
}

static bool none_lives(pid_t process)
{
	(void)process;
	return false;
}

static bool all_live(pid_t process)
{
	(void)process;
	return true;
}

static void numbers_come_again(void **state)
{
	struct vp_lineage lineage = { 0 };

	(void)state;
	vp_lineage_add(&lineage, 10, 1, "nginx");
	ends(&lineage, 10, 10);
	assert_int_equal(targets(&lineage, 10), 1); /* of its other threads */
	fork_of(&lineage, 7, 10);
	assert_int_equal(targets(&lineage, 10), 0);
	vp_lineage_add(&lineage, 20, 1, "nginx");
	vp_lineage_add(&lineage, 21, 1, "nginx");
	ends(&lineage, 20, 20);
	ends(&lineage, 21, 1000); /* one of its threads */
	vp_lineage_sweep(&lineage, all_live);
	assert_int_equal(targets(&lineage, 20), 1);
	vp_lineage_sweep(&lineage, none_lives);
	assert_int_equal(targets(&lineage, 20), 0);
	assert_int_equal(targets(&lineage, 21), 1);
	vp_lineage_free(&lineage);
}

/* A hundred thousand programs of others, and ten thousand of ours that end, in little room. */
static void the_table_does_not_grow_with_others(void **state)
{
	struct vp_lineage lineage = { 0 };

	(void)state;
	vp_lineage_add(&lineage, 1, 1, "nginx");
	for (pid_t i = 1000; i < 101000; i++) {
		fork_of(&lineage, 999, i);
		name_is(&lineage, i, i, "true", true);
		maps(&lineage, i, 0);
	}
	assert_true(lineage.slots <= 256);
	for (pid_t i = 200000; i < 210000; i++) {
		fork_of(&lineage, 1, i);
		assert_int_equal(targets(&lineage, i), 1);
		ends(&lineage, i, i);
		if (i % 1000 == 0)
			vp_lineage_sweep(&lineage, none_lives);
	}
	assert_int_equal(lineage.met[0], 10001);
	assert_true(lineage.slots <= 8192);
	assert_int_equal(targets(&lineage, 1), 1);
	vp_lineage_free(&lineage);
}

static void a_template_is_those_that_are_not_named(void **state)
{
	static const struct vp_call_target named[] = {
		{ VP_CALL_TARGET_UNIT, (char *)"w@.service" },
		{ VP_CALL_TARGET_PROCESS, (char *)"w@1.service" }, /* no unit */
		{ VP_CALL_TARGET_UNIT, (char *)"w@1.service" },
	};
	struct vp_soughts soughts = { 0 };

	(void)state;
	for (size_t i = 0; i < VP_COUNT(named); i++)
		vp_sought_add(&soughts, &named[i]);
	assert_int_equal(vp_sought_units("w@1.service", &soughts), 1 << 2);
	assert_int_equal(vp_sought_units("w@2.service", &soughts), 1 << 0);
	assert_int_equal(vp_sought_units("w@.service", &soughts), 1 << 0);
	assert_int_equal(vp_sought_units("w.service", &soughts), 0);
	vp_soughts_free(&soughts);
}

int lineage_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(children_are_what_their_parents_are),
		cmocka_unit_test(who_starts_the_program_belongs),
		cmocka_unit_test(numbers_come_again),
		cmocka_unit_test(the_table_does_not_grow_with_others),
		cmocka_unit_test(a_template_is_those_that_are_not_named),
	};

	return cmocka_run_group_tests_name("lineage", tests, NULL, NULL);
}
