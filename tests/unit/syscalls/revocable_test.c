/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filters with a listener: lost with who has it, standing in for others, beside static ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/syscalls/coverage_world.h"

#define REVOCABLE "process = " SERVICE "\nrevocable = yes"

/* What a vpatchd-answer had is lost with it, and tried anew. */
static void listeners_are_lost_with_who_has_them(void **state)
{
	struct world w = { .now = 10000 };

	(void)state;
	definition(&w, "A", REVOCABLE, "ptrace");
	want(&w, 1);
	assert_true(w.coverage.filters.data[0].key != 0);
	assert_int_equal(w.coverage.filters.data[0].injection & VP_INJECT_LOG, 0);
	add(&w, 10, 1, 1000);
	look(&w);
	/* who takes it is waited for */
	assert_int_equal(answer(&w, VP_INJECT_REFUSED, VP_REASON_ANSWER), 1);
	assert_true(vp_coverage_again(&w.coverage) > w.now);
	vp_coverage_heard(&w.coverage, 77, w.now);
	assert_int_equal(answer(&w, VP_INJECT_COVERED, 0), 1);
	vp_coverage_heard(&w.coverage, 77, w.now);
	sums_are(&w, 1, 0, 0, 0);
	vp_coverage_heard(&w.coverage, 78, w.now);
	assert_int_equal(vp_coverage_sum(&w.coverage, 0).partial, 1);
	assert_int_equal(answer(&w, VP_INJECT_COVERED, 0), 1);
	sums_are(&w, 1, 0, 0, 0);
	want(&w, 2);
	assert_int_equal(vp_coverage_sum(&w.coverage, 0).withdrawn, 1);
	sums_are(&w, 0, 0, 0, 0);
	/* withdrawn and lost, it is not let through any more: that stays */
	vp_coverage_heard(&w.coverage, 79, w.now);
	assert_int_equal(vp_coverage_sum(&w.coverage, 0).withdrawn, 0);
	sums_are(&w, 0, 0, 0, 1);
	assert_int_equal(answer(&w, VP_INJECT_COVERED, 0), 0);
	definition(&w, "A", REVOCABLE, "ptrace");
	want(&w, 3);
	assert_int_equal(answer(&w, VP_INJECT_COVERED, 0), 1);
	world_end(&w);
}

/* Its calls are handed over already: of fewer rules, not of others. */
static void a_listener_stands_in_for_fewer_rules(void **state)
{
	struct world w = { .now = 10000 };

	(void)state;
	definition(&w, "A", REVOCABLE, "ptrace");
	definition(&w, "B", REVOCABLE, "bpf");
	want(&w, 1);
	assert_int_equal(w.coverage.filters.len, 1);
	add(&w, 10, 1, 1000);
	look(&w);
	assert_int_equal(answer(&w, VP_INJECT_COVERED, 0), 1);
	definition(&w, "B", REVOCABLE, "bpf");
	want(&w, 2);
	look(&w);
	assert_int_equal(answer(&w, VP_INJECT_COVERED, 0), 0);
	sums_are(&w, 1, 0, 0, 0);
	definition(&w, "B", REVOCABLE, "bpf");
	definition(&w, "C", REVOCABLE, "keyctl");
	want(&w, 3);
	look(&w);
	assert_int_equal(answer(&w, VP_INJECT_REFUSED, VP_REASON_LISTENER), 1);
	sums_are(&w, 0, 1, 0, 0);
	assert_int_equal(vp_coverage_again(&w.coverage), 0);
	world_end(&w);
}

static void revocable_and_static_rules_are_two_filters(void **state)
{
	struct world w = { .now = 10000 };

	(void)state;
	definition(&w, "A", REVOCABLE, "ptrace");
	definition(&w, "B", "process = " SERVICE, "bpf");
	want(&w, 1);
	assert_int_equal(w.coverage.filters.len, 2);
	add(&w, 10, 1, 1000);
	look(&w);
	assert_int_equal(answer(&w, VP_INJECT_COVERED, 0), 2);
	want(&w, 2);
	sums_are(&w, 0, 0, 0, 1);
	assert_int_equal(vp_coverage_sum(&w.coverage, 0).withdrawn, 1);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listeners_are_lost_with_who_has_them),
		cmocka_unit_test(a_listener_stands_in_for_fewer_rules),
		cmocka_unit_test(revocable_and_static_rules_are_two_filters),
	};

	return cmocka_run_group_tests_name("revocable", tests, NULL, NULL);
}
