/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which filters are on which processes: wanted, inherited, tried again, left, kept in a file.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include <linux/seccomp.h>

#include <cmocka.h>

#include "agentd/document.h"
#include "agentd/syscalls/coverage.h"
#include "modules/seccomp/interpreter.h"
#include "policy/policy.h"
#include "tests/unit/syscalls/coverage_world.h"

static void is_inherited(const struct world *w, pid_t id, bool expected)
{
	const struct vp_covered_process *process = vp_coverage_process(&w->coverage, id);

	assert_non_null(process);
	assert_int_equal(process->covers.len, 1);
	assert_int_equal(process->covers.data[0].inherited, expected);
	assert_int_equal(process->covers.data[0].flags, expected ? VP_INJECTED_PRCTL : 0);
}

/* One filter is wanted, and nobody has it yet. */
static void begin(struct world *w)
{
	*w = (struct world){ .now = 10000 };
	definition(w, "A", "process = " SERVICE, "ptrace");
	want(w, 1);
}

static void children_have_what_their_parent_had(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	add(&w, 10, 1, 1000);
	add(&w, 11, 10, 2000); /* before it had the filter */
	look(&w);
	sums_are(&w, 0, 0, 2, 0);
	assert_int_equal(answer(&w, VP_INJECT_COVERED, 0), 2);
	add(&w, 12, 10, 12000);
	add(&w, 13, 12, 13000); /* a child of that, seen in the same look */
	add(&w, 14, 1, 13000);	/* of somebody else */
	w.now = 14000;
	look(&w);
	is_inherited(&w, 12, true);
	is_inherited(&w, 13, true);
	is_inherited(&w, 14, false);
	assert_int_equal(answer(&w, VP_INJECT_COVERED, 0), 1);
	sums_are(&w, 5, 0, 0, 0);
	world_end(&w);
}

/* Within the same tick of the clock nobody knows what was first. */
static void what_is_not_certain_is_not_inherited(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	add(&w, 10, 1, 1000);
	look(&w);
	answer(&w, VP_INJECT_COVERED, 0);
	add(&w, 11, 10, 10010);
	w.now = 11000;
	look(&w);
	is_inherited(&w, 11, false);
	/* a sibling without the filter may have made the next one for its parent */
	answer(&w, VP_INJECT_REFUSED, VP_REASON_DENIED);
	add(&w, 12, 10, 11500);
	w.now = 12000;
	look(&w);
	is_inherited(&w, 12, false);
	world_end(&w);
}

/* Who made it had ended, and need not have had the filter. */
static void who_was_adopted_inherits_nothing(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	add(&w, 10, 1, 1000);
	look(&w);
	assert_int_equal(answer(&w, VP_INJECT_COVERED, 0), 1);
	add(&w, 11, 10, 12000);
	add(&w, 12, 10, 12000);
	add(&w, 13, 10, 11500);		 /* the others are no siblings of its birth */
	w.processes.data[1].filters = 1; /* the unit's own, not ours */
	w.processes.data[2].filters = 0; /* nobody knows */
	w.processes.data[2].parent_filters = 0;
	w.processes.data[3].filters = 3; /* it has put on one itself */
	w.now = 13000;
	look(&w);
	is_inherited(&w, 11, false);
	is_inherited(&w, 12, false);
	is_inherited(&w, 13, true);
	sums_are(&w, 2, 0, 2, 0);
	world_end(&w);
}

static void a_number_used_again_is_another_process(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	add(&w, 10, 1, 1000);
	look(&w);
	answer(&w, VP_INJECT_COVERED, 0);
	gone(&w, 10);
	add(&w, 10, 1, 12000);
	w.now = 13000;
	look(&w);
	sums_are(&w, 0, 0, 1, 0);
	world_end(&w);
}

static void what_may_go_better_is_tried_again(void **state)
{
	struct world w;
	uint64_t waited = 0;

	(void)state;
	begin(&w);
	add(&w, 10, 1, 1000);
	look(&w);
	for (int i = 0; i < 10; i++) {
		uint64_t again;

		assert_int_equal(answer(&w, VP_INJECT_REFUSED, VP_REASON_TRACED), 1);
		assert_int_equal(answer(&w, VP_INJECT_REFUSED, VP_REASON_TRACED), 0);
		again = vp_coverage_again(&w.coverage);
		assert_true(again - w.now >= waited && again - w.now <= 400000);
		waited = again - w.now;
		w.now = again;
	}
	sums_are(&w, 0, 1, 0, 0);
	/* what only a new start can change is not */
	answer(&w, VP_INJECT_REFUSED, VP_REASON_DENIED);
	assert_int_equal(vp_coverage_again(&w.coverage), 0);
	world_end(&w);
}

/* Whoever has the filter keeps it: it is the same one. */
static void leave_for_no_new_privs_comes_and_goes(void **state)
{
	static const char allowed[] = "process = " SERVICE "\nno-new-privileges = allow";
	struct world w;

	(void)state;
	begin(&w);
	add(&w, 10, 1, 1000);
	look(&w);
	answer(&w, VP_INJECT_COVERED, 0);
	add(&w, 11, 1, 12000);
	w.now = 13000;
	look(&w);
	assert_int_equal(answer(&w, VP_INJECT_REFUSED, VP_REASON_PRIVILEGE), 1);
	assert_int_equal(vp_coverage_again(&w.coverage), 0);
	definition(&w, "A", allowed, "ptrace");
	want(&w, 2);
	look(&w);
	sums_are(&w, 1, 1, 0, 0);
	/* the answer to who was asked before it came: asked for again */
	assert_int_equal(answer(&w, VP_INJECT_REFUSED, VP_REASON_PRIVILEGE), 1);
	assert_true(vp_coverage_again(&w.coverage) > w.now);
	w.now = vp_coverage_again(&w.coverage);
	assert_int_equal(answer(&w, VP_INJECT_COVERED, 0), 1);
	sums_are(&w, 2, 0, 0, 0);
	definition(&w, "A", "process = " SERVICE, "ptrace");
	want(&w, 3);
	look(&w);
	assert_int_equal(answer(&w, VP_INJECT_COVERED, 0), 0);
	sums_are(&w, 2, 0, 0, 0);
	world_end(&w);
}

/* One more process that is found without the filter, and gone when it is asked for; was the
 * target chased with it? */
static bool one_more(struct world *w, pid_t id, unsigned int flags)
{
	struct vp_request *request = vp_new(struct vp_request);
	const struct vp_cover_filter *filter;
	bool chased;

	w->now += 1000;
	add(w, id, 1, w->now);
	look(w);
	filter = vp_coverage_next(&w->coverage, w->now, request);
	assert_non_null(filter);
	chased = request->chase != VP_CHASE_NONE;
	assert_true(!chased || request->chase == VP_CHASE_EXECUTABLE);
	assert_string_equal(request->name, chased ? SERVICE : "");
	vp_coverage_answered(&w->coverage, filter->digest, true, chased ? flags : 0);
	gone(w, id);
	free(request);
	return chased;
}

static bool is_unsure(const struct world *w)
{
	return w->coverage.filters.data[0].unsure;
}

static void those_that_live_short_are_looked_for(void **state)
{
	const unsigned int unsure = VP_INJECTED_CHASED | VP_INJECTED_UNSURE;
	struct world w;
	pid_t id = 100;

	(void)state;
	begin(&w);
	for (int i = 0; i < 3; i++)
		assert_false(one_more(&w, id++, 0));
	assert_true(one_more(&w, id++, VP_INJECTED_CHASED));
	assert_false(is_unsure(&w));
	for (int i = 0; i < 3; i++)
		assert_false(one_more(&w, id++, 0));
	assert_true(one_more(&w, id++, unsure));
	assert_true(is_unsure(&w));
	/* what did not help is not done as often */
	for (int i = 0; i < 6; i++)
		assert_false(one_more(&w, id++, 0));
	assert_true(one_more(&w, id++, unsure));
	assert_true(is_unsure(&w));
	for (int i = 0; i < 3; i++) { /* a look or two without one says nothing */
		assert_true(is_unsure(&w));
		look(&w);
	}
	assert_false(is_unsure(&w));
	world_end(&w);
}

static void a_filter_stays_until_its_process_ends(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	add(&w, 10, 1, 1000);
	look(&w);
	answer(&w, VP_INJECT_COVERED, 0);
	definition(&w, "A", "process = " SERVICE, "ptrace");
	definition(&w, "B", "process = " SERVICE, "bpf");
	want(&w, 2);
	look(&w);
	sums_are(&w, 0, 0, 1, 1);
	answer(&w, VP_INJECT_COVERED, 0);
	sums_are(&w, 1, 0, 0, 1);
	want(&w, 3); /* nothing */
	look(&w);
	sums_are(&w, 0, 0, 0, 2);
	/* the first again: it is still there */
	definition(&w, "A", "process = " SERVICE, "ptrace");
	want(&w, 4);
	look(&w);
	assert_int_equal(answer(&w, VP_INJECT_COVERED, 0), 0);
	sums_are(&w, 1, 0, 0, 1);
	gone(&w, 10);
	look(&w);
	sums_are(&w, 0, 0, 0, 0);
	assert_int_equal(w.coverage.filters.len, 1);
	world_end(&w);
}

static void what_never_came_about_is_forgotten(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	add(&w, 10, 1, 1000);
	look(&w);
	answer(&w, VP_INJECT_REFUSED, VP_REASON_DENIED);
	want(&w, 2);
	look(&w);
	sums_are(&w, 0, 0, 0, 0);
	assert_int_equal(w.coverage.filters.len, 0);
	world_end(&w);
}

static void nobody_answered(void **state)
{
	struct vp_request *request = vp_new(struct vp_request);
	struct world w;
	const struct vp_cover_filter *filter;

	(void)state;
	begin(&w);
	add(&w, 10, 1, 1000);
	add(&w, 11, 1, 1000);
	look(&w);
	filter = vp_coverage_next(&w.coverage, w.now, request);
	assert_non_null(filter);
	assert_int_equal(request->count, 2);
	vp_coverage_miss(&w.coverage, filter->digest, &request->processes[0], true, w.now);
	vp_coverage_miss(&w.coverage, filter->digest, &request->processes[1], false, w.now);
	/* who may be to blame waits longer, so that the others get their turn */
	w.now = vp_coverage_again(&w.coverage);
	assert_non_null(vp_coverage_next(&w.coverage, w.now, request));
	assert_int_equal(request->count, 1);
	assert_int_equal(request->processes[0].id, 11);
	sums_are(&w, 0, 0, 2, 0);
	free(request);
	world_end(&w);
}

static void the_next_daemon_reads_it(void **state)
{
	_cleanup_json_ json_t *document = NULL, *again = NULL;
	struct world w;
	struct vp_coverage read = { 0 };

	(void)state;
	begin(&w);
	add(&w, 10, 1, 1000);
	add(&w, 11, 1, 2000);
	look(&w);
	answer(&w, VP_INJECT_COVERED, 0);
	document = vp_coverage_document(&w.coverage);
	assert_int_equal(vp_coverage_read(&read, document), 0);
	again = vp_coverage_document(&read);
	assert_true(json_equal(document, again));
	vp_coverage_free(&w.coverage);
	w.coverage = read;
	definition(&w, "A", "process = " SERVICE, "ptrace");
	want(&w, 1);
	look(&w);
	assert_int_equal(answer(&w, VP_INJECT_COVERED, 0), 0);
	sums_are(&w, 2, 0, 0, 0);
	world_end(&w);
}

static uint64_t bare(const struct world *w, pid_t id, unsigned int flags)
{
	const struct vp_covered_process *process = vp_coverage_process(&w->coverage, id);
	const struct vp_record record = {
		.id = id, .start = process->start, .outcome = VP_INJECT_COVERED, .flags = flags
	};

	return vp_coverage_bare(&w->coverage, process->covers.data[0].digest, &record, w->now);
}

/* A start without the filter, not one before it was wanted, nor what another forked. */
static void how_long_a_start_was_uncovered_is_known(void **state)
{
	_cleanup_json_ json_t *document = NULL;
	struct world w;

	(void)state;
	begin(&w);
	definition(&w, "A", "process = " SERVICE, "ptrace");
	w.now = 11000;
	want(&w, 2); /* since 10000 all the same */
	add(&w, 10, 1, 9000);
	add(&w, 11, 1, 10500);
	add(&w, 12, 11, 10800);
	w.now = 12000;
	look(&w);
	assert_int_equal(bare(&w, 10, 0), 0);
	assert_int_equal(bare(&w, 11, 0), 1500);
	assert_int_equal(bare(&w, 11, VP_INJECTED_PRESENT), 0);
	assert_int_equal(bare(&w, 12, 0), 0);
	/* the next daemon knows too, whatever it looks at before it is told what is wanted */
	document = vp_coverage_document(&w.coverage);
	vp_coverage_free(&w.coverage);
	w.coverage = (struct vp_coverage){ 0 };
	assert_int_equal(vp_coverage_read(&w.coverage, document), 0);
	gone(&w, 11);
	gone(&w, 12);
	look(&w);
	definition(&w, "A", "process = " SERVICE, "ptrace");
	w.now = 20000;
	want(&w, 2);
	add(&w, 13, 1, 15000);
	look(&w);
	assert_int_equal(bare(&w, 13, 0), 5000);
	/* wanted anew */
	want(&w, 3);
	w.now = 30000;
	definition(&w, "A", "process = " SERVICE, "ptrace");
	want(&w, 4);
	look(&w);
	assert_int_equal(bare(&w, 13, 0), 0);
	world_end(&w);
}

/* Whoever hears of a start later knows what it has, and what it forked since. */
static void what_another_has_put_on_is_known(void **state)
{
	const struct vp_record record = { .id = 10,
					  .start = 1100,
					  .outcome = VP_INJECT_COVERED };
	struct world w;

	(void)state;
	begin(&w);
	w.coverage.begun = false; /* as another daemon finds it */
	w.coverage.filters.data[0].wanted = false;
	add(&w, 10, 1, 11000);
	add(&w, 11, 10, 12000);
	add(&w, 12, 1, 12000);
	w.now = 20000;
	assert_false(vp_coverage_add(&w.coverage, 7, &record, 11020));
	assert_true(vp_coverage_add(&w.coverage, w.coverage.filters.data[0].digest, &record,
				    11020));
	look(&w);
	is_inherited(&w, 10, false);
	assert_non_null(vp_coverage_process(&w.coverage, 11));
	assert_true(vp_coverage_process(&w.coverage, 11)->covers.data[0].inherited);
	assert_null(vp_coverage_process(&w.coverage, 12));
	want(&w, 2);
	sums_are(&w, 0, 0, 0, 2);
	world_end(&w);
}

/* The one filter that the process is to have: whose it is. */
static const struct vp_cover_filter *filter_on(const struct world *w, pid_t id)
{
	const struct vp_covered_process *process = vp_coverage_process(&w->coverage, id);

	assert_non_null(process);
	assert_int_equal(process->covers.len, 1);
	return vp_coverage_filter(&w->coverage, process->covers.data[0].digest);
}

static void filter_is(const struct vp_cover_filter *filter, const char *unit,
		      const char *patches)
{
	assert_string_equal(filter->target.name, unit);
	assert_string_equal(filter->patches, patches);
}

static void denies(const struct vp_cover_filter *filter, int call, int error)
{
	const struct vp_bpf program = vp_filter_program(filter->filter);
	const struct seccomp_data data = { .nr = call, .arch = vp_abi_audit(vp_abi_native()) };

	assert_int_equal(vp_bpf_run(&program, &data),
			 error ? SECCOMP_RET_ERRNO | (unsigned int)error : SECCOMP_RET_ALLOW);
}

/* One that is named has what its template has, and its own errno where both deny a call. */
static void an_instance_has_one_filter_with_its_templates_rules(void **state)
{
	struct world w = { .now = 10000 };

	(void)state;
	definition(&w, "A", "unit = w@.service", "ptrace");
	definition_of(&w, "B", "unit = w@1.service, v.service", "ptrace", "ENOSYS");
	definition(&w, "C", "unit = w@.service", "bpf");
	definition_of(&w, "D", "unit = w@1.service", "keyctl", "ENOSYS");
	want(&w, 1);
	add_in(&w, 10, "w@1.service");
	add_in(&w, 11, "w@2.service");
	add_in(&w, 12, "v.service");
	add_in(&w, 13, "v@1.service");
	look(&w);
	sums_are(&w, 0, 0, 3, 0);
	filter_is(filter_on(&w, 10), "w@1.service", "B, D, A, C");
	denies(filter_on(&w, 10), SYS_ptrace, ENOSYS);
	denies(filter_on(&w, 10), SYS_keyctl, ENOSYS);
	denies(filter_on(&w, 10), SYS_bpf, EPERM);
	filter_is(filter_on(&w, 11), "w@.service", "A, C");
	denies(filter_on(&w, 11), SYS_ptrace, EPERM);
	denies(filter_on(&w, 11), SYS_keyctl, 0);
	filter_is(filter_on(&w, 12), "v.service", "B");
	denies(filter_on(&w, 12), SYS_bpf, 0);
	assert_null(vp_coverage_process(&w.coverage, 13));
	world_end(&w);
}

/* Its template's was not on yet: only the closer one is tried from now on. */
static void an_instance_that_is_named_later_changes_its_filter(void **state)
{
	struct world w = { .now = 10000 };

	(void)state;
	definition(&w, "A", "unit = w@.service", "ptrace");
	want(&w, 1);
	add_in(&w, 10, "w@1.service");
	look(&w);
	filter_is(filter_on(&w, 10), "w@.service", "A");
	definition(&w, "A", "unit = w@.service", "ptrace");
	definition(&w, "B", "unit = w@1.service", "bpf");
	want(&w, 2);
	look(&w);
	filter_is(filter_on(&w, 10), "w@1.service", "B, A");
	assert_int_equal(answer(&w, VP_INJECT_COVERED, 0), 1);
	definition(&w, "A", "unit = w@.service", "ptrace");
	want(&w, 3);
	look(&w);
	sums_are(&w, 0, 0, 1, 1);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(children_have_what_their_parent_had),
		cmocka_unit_test(what_is_not_certain_is_not_inherited),
		cmocka_unit_test(who_was_adopted_inherits_nothing),
		cmocka_unit_test(a_number_used_again_is_another_process),
		cmocka_unit_test(what_may_go_better_is_tried_again),
		cmocka_unit_test(leave_for_no_new_privs_comes_and_goes),
		cmocka_unit_test(those_that_live_short_are_looked_for),
		cmocka_unit_test(a_filter_stays_until_its_process_ends),
		cmocka_unit_test(what_never_came_about_is_forgotten),
		cmocka_unit_test(nobody_answered),
		cmocka_unit_test(the_next_daemon_reads_it),
		cmocka_unit_test(what_another_has_put_on_is_known),
		cmocka_unit_test(how_long_a_start_was_uncovered_is_known),
		cmocka_unit_test(an_instance_has_one_filter_with_its_templates_rules),
		cmocka_unit_test(an_instance_that_is_named_later_changes_its_filter),
	};

	return cmocka_run_group_tests_name("coverage", tests, NULL, NULL);
}
