/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counting equal denials: nothing lost, nothing twice, and no more records than promised. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/denial_sums.h"
#include "agentd/sandbox.h"
#include "lib/memory.h"
#include "tests/unit/agentd/denials_tests.h"

static struct vp_denial_sums sums;

struct taken {
	uint64_t denials;
	size_t records, refuse_after;
	VP_ARRAY(struct vp_denial) list;
};

static bool take(void *data, struct vp_denial *denial)
{
	struct taken *taken = data;

	denial->magic = VP_DENIAL_MAGIC;
	denial->confinement = VP_CONFINED_ALWAYS;
	assert_int_equal(vp_denial_check(denial, sizeof(*denial), NULL), 0);
	if (taken->refuse_after && taken->records == taken->refuse_after)
		return false;
	taken->denials += denial->count;
	taken->records++;
	vp_array_push(&taken->list, *denial);
	return true;
}

static struct vp_audit_record record_of(uint32_t pid, const char *exe)
{
	struct vp_audit_record record = {
		.time = 1000,
		.pid = pid,
		.uid = 33,
		.architecture = 0xc000003e,
		.action = 0x50000,
		.call = 425,
		.comm = "worker",
	};

	snprintf(record.exe, sizeof(record.exe), "%s", exe);
	return record;
}

static int reset(void **state)
{
	(void)state;
	memset(&sums, 0, sizeof(sums));
	return 0;
}

static void repeats_become_one(void **state)
{
	struct taken taken = { 0 };
	const struct vp_denial_receiver receiver = { take, &taken };
	struct vp_audit_record record = record_of(7, "/x");

	(void)state;
	assert_false(vp_denial_sums_pending(&sums));
	for (int i = 0; i < 10000; i++) {
		snprintf(record.comm, sizeof(record.comm), "name-%d",
			 i); /* counts for nothing */
		record.time = 1000 + (uint64_t)i;
		assert_true(vp_denial_sums_add(&sums, &record, &receiver));
	}
	assert_int_equal(taken.records, 1); /* the first at once */
	assert_int_equal(taken.list.data[0].count, 1);
	assert_string_equal(taken.list.data[0].comm, "name-0");
	assert_true(vp_denial_sums_flush(&sums, &receiver));
	assert_int_equal(taken.records, 2);
	assert_int_equal(taken.list.data[1].count, 9999);
	assert_int_equal(taken.list.data[1].first, 1001);
	assert_int_equal(taken.list.data[1].last, 10999);
	assert_int_equal(taken.list.data[1].pid, 7);

	/* it goes on: no first one again; an interval of silence, and there is */
	vp_denial_sums_add(&sums, &record, &receiver);
	assert_int_equal(taken.records, 2);
	vp_denial_sums_flush(&sums, &receiver);
	assert_int_equal(taken.records, 3);
	vp_denial_sums_flush(&sums, &receiver);
	assert_int_equal(taken.records, 3);
	assert_false(vp_denial_sums_pending(&sums));
	vp_denial_sums_add(&sums, &record, &receiver);
	assert_int_equal(taken.records, 4);
	vp_array_free(&taken.list);
}

static void what_makes_a_difference(void **state)
{
	struct taken taken = { 0 };
	const struct vp_denial_receiver receiver = { take, &taken };
	struct vp_audit_record records[8];

	(void)state;
	for (size_t i = 0; i < 8; i++)
		records[i] = record_of(7, "/x");
	records[1].pid = 8;
	records[2].uid = 34;
	records[3].architecture++;
	records[4].call++;
	records[5].action = 0;
	records[6].compat = true;
	for (size_t i = 0; i < 7; i++)
		vp_denial_sums_add(&sums, &records[i], &receiver);
	assert_int_equal(taken.records, 7);
	strcpy(records[7].exe, "/y"); /* the same process, after an execve */
	records[7].ip = 1;
	records[7].serial = 1;
	vp_denial_sums_add(&sums, &records[7], &receiver);
	assert_int_equal(taken.records, 7);
	vp_array_free(&taken.list);
}

/* A fork bomb of many programs: bounded, and exact. */
static void floods_are_bounded(void **state)
{
	struct taken taken = { 0 };
	const struct vp_denial_receiver receiver = { take, &taken };
	uint32_t pid = 1;

	(void)state;
	for (int interval = 1; interval <= 5; interval++) {
		size_t before = taken.records;

		for (int i = 0; i < 20000; i++) {
			char exe[32];
			struct vp_audit_record record;

			snprintf(exe, sizeof(exe), "/x%d", i % 100);
			record = record_of(pid + (uint32_t)i % 5000, exe);
			assert_true(vp_denial_sums_add(&sums, &record, &receiver));
		}
		pid += 5000;
		assert_true(vp_denial_sums_flush(&sums, &receiver));
		assert_int_equal(taken.denials, interval * 20000);
		assert_true(taken.records - before <= VP_DENIAL_MOST);
	}
	vp_array_free(&taken.list);
}

static void beyond_processes_by_program(void **state)
{
	struct taken taken = { 0 };
	const struct vp_denial_receiver receiver = { take, &taken };
	const struct vp_denial *last;

	(void)state;
	for (uint32_t pid = 1; pid <= VP_DENIAL_KEYS + 50; pid++) {
		struct vp_audit_record record = record_of(pid, "/x");

		vp_denial_sums_add(&sums, &record, &receiver);
	}
	assert_int_equal(taken.records, VP_DENIAL_KEYS);
	vp_denial_sums_flush(&sums, &receiver);
	assert_int_equal(taken.records, VP_DENIAL_KEYS + 1);
	last = &taken.list.data[VP_DENIAL_KEYS];
	assert_int_equal(last->count, 50);
	assert_int_equal(last->flags, VP_DENIAL_PROCESSES);
	assert_int_equal(last->pid, 0);
	assert_int_equal(last->call, 425);
	assert_string_equal(last->exe, "/x");
	vp_array_free(&taken.list);
}

static void beyond_programs_as_a_number(void **state)
{
	struct taken taken = { 0 };
	const struct vp_denial_receiver receiver = { take, &taken };
	const struct vp_denial *last;

	(void)state;
	for (uint32_t pid = 1; pid <= VP_DENIAL_KEYS + VP_DENIAL_PROGRAMS + 9; pid++) {
		struct vp_audit_record record;
		char exe[32];

		snprintf(exe, sizeof(exe), "/x%u", pid);
		record = record_of(pid, exe);
		vp_denial_sums_add(&sums, &record, &receiver);
	}
	vp_denial_sums_flush(&sums, &receiver);
	last = &taken.list.data[taken.list.len - 1];
	assert_int_equal(last->count, 9);
	assert_int_equal(last->flags, VP_DENIAL_PROCESSES | VP_DENIAL_MIXED);
	assert_int_equal(taken.denials, VP_DENIAL_KEYS + VP_DENIAL_PROGRAMS + 9);
	vp_array_free(&taken.list);
}

static void a_receiver_that_is_gone_ends_it(void **state)
{
	struct taken taken = { .refuse_after = 1 };
	const struct vp_denial_receiver receiver = { take, &taken };
	struct vp_audit_record one = record_of(1, "/x"), two = record_of(2, "/x");

	(void)state;
	assert_true(vp_denial_sums_add(&sums, &one, &receiver));
	assert_false(vp_denial_sums_add(&sums, &two, &receiver));
	vp_denial_sums_add(&sums, &one, &receiver);
	assert_false(vp_denial_sums_flush(&sums, &receiver));
	vp_array_free(&taken.list);
}

int run_denial_sums_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(repeats_become_one, reset),
		cmocka_unit_test_setup(what_makes_a_difference, reset),
		cmocka_unit_test_setup(floods_are_bounded, reset),
		cmocka_unit_test_setup(beyond_processes_by_program, reset),
		cmocka_unit_test_setup(beyond_programs_as_a_number, reset),
		cmocka_unit_test_setup(a_receiver_that_is_gone_ends_it, reset),
	};

	return cmocka_run_group_tests_name("denial sums", tests, NULL, NULL);
}
