/* SPDX-License-Identifier: GPL-2.0-or-later */
/* agentd/totals.c: totals stay exact over restarts, reboots and new counters. */
#include <errno.h>
#include <string.h>

#include "agentd/totals.h"
#include "lib/cleanup.h"
#include "lib/memory.h"
#include "tests/unit/agentd/daemon_tests.h"

static void count_by(struct vp_totals *totals, enum vp_holder holder, uint32_t tag,
		     uint64_t packets)
{
	struct vp_counts counts = { 0 };

	vp_array_push(
		&counts,
		((struct vp_count){ .tag = tag, .packets = packets, .bytes = packets * 100 }));
	vp_totals_update(totals, holder, &counts);
	vp_array_free(&counts);
}

static void count(struct vp_totals *totals, uint32_t tag, uint64_t packets)
{
	count_by(totals, VP_HOLDER_KERNEL, tag, packets);
}

static void life_of_a_counter(void **state)
{
	char *folder = vp_test_folder_make();
	_cleanup_free_ char *path = vp_format("%s/totals.json", folder);
	struct vp_totals totals = { 0 }, next = { 0 };

	(void)state;
	count(&totals, 9, 1);
	count(&totals, 5, 10);
	count(&totals, 5, 15);
	assert_int_equal(vp_total_count(vp_totals_find(&totals, 5)).packets, 15);
	assert_int_equal(vp_totals_save(&totals, path, NULL), 0);
	assert_false(totals.changed);
	/* a new daemon; the kernel went on counting */
	assert_int_equal(vp_totals_load(&next, path, NULL), 0);
	count(&next, 5, 20);
	assert_int_equal(vp_total_count(vp_totals_find(&next, 5)).packets, 20);
	/* a reboot: everything in the kernel is gone, and more than before is counted at once
	 */
	vp_totals_detach(&next);
	count(&next, 5, 30);
	assert_int_equal(vp_total_count(vp_totals_find(&next, 5)).packets, 50);
	assert_int_equal(vp_total_count(vp_totals_find(&next, 5)).bytes, 5000);
	/* a counter that was made anew unseen */
	count(&next, 5, 1);
	assert_int_equal(vp_total_count(vp_totals_find(&next, 5)).packets, 51);
	assert_int_equal(vp_total_count(vp_totals_find(&next, 9)).packets, 1);
	assert_null(vp_totals_find(&next, 7));
	vp_totals_free(&totals);
	vp_totals_free(&next);
	vp_test_folder_remove(folder);
}

static void forgotten_and_back(void **state)
{
	struct vp_totals totals = { 0 };
	struct vp_counts none = { 0 };

	(void)state;
	count(&totals, 5, 10);
	vp_totals_update(&totals, VP_HOLDER_KERNEL,
			 &none); /* the table is gone; repair restores its counts */
	count(&totals, 5, 12);
	assert_int_equal(vp_total_count(vp_totals_find(&totals, 5)).packets, 12);
	count(&totals, 9, 1); /* 5 is forgotten */
	assert_int_equal(vp_total_count(vp_totals_find(&totals, 5)).packets, 12);
	count(&totals, 5, 20); /* and back, beyond where it was */
	assert_int_equal(vp_total_count(vp_totals_find(&totals, 5)).packets, 32);
	vp_totals_free(&totals);
}

/* Events told of more than was saved: the rest was counted by who is gone. */
static void raised_to_what_was_told(void **state)
{
	struct vp_totals totals = { 0 };
	struct vp_counts reported = { 0 };

	(void)state;
	count(&totals, 5, 10);
	vp_array_push(&reported, ((struct vp_count){ .tag = 5, .packets = 12, .banned = 3 }));
	vp_array_push(&reported, ((struct vp_count){ .tag = 6, .packets = 2 }));
	totals.changed = false;
	vp_totals_raise(&totals, &reported);
	assert_true(totals.changed);
	assert_int_equal(vp_total_count(vp_totals_find(&totals, 5)).packets, 12);
	assert_int_equal(vp_total_count(vp_totals_find(&totals, 5)).banned, 3);
	assert_int_equal(vp_total_count(vp_totals_find(&totals, 6)).packets, 2);
	count(&totals, 5, 15); /* the kernel's own goes on */
	assert_int_equal(vp_total_count(vp_totals_find(&totals, 5)).packets, 17);
	totals.changed = false;
	vp_totals_raise(&totals, &reported);
	assert_false(totals.changed);
	vp_array_free(&reported);
	vp_totals_free(&totals);
}

/* A flush or a reboot ends the kernel's counts; those of processes are in files of their own.
 */
static void processes_go_on(void **state)
{
	char *folder = vp_test_folder_make();
	_cleanup_free_ char *path = vp_format("%s/totals.json", folder);
	struct vp_totals totals = { 0 }, next = { 0 };
	struct vp_counts none = { 0 };

	(void)state;
	count(&totals, 5,
	      10); /* a rule that both have counted: it moved from one to the other */
	count_by(&totals, VP_HOLDER_PROCESSES, 5, 100);
	assert_int_equal(vp_total_count(vp_totals_find(&totals, 5)).packets, 110);
	vp_totals_detach(&totals);
	assert_int_equal(vp_total_count(vp_totals_find(&totals, 5)).packets, 110);
	count(&totals, 5, 1);
	count_by(&totals, VP_HOLDER_PROCESSES, 5, 103);
	assert_int_equal(vp_total_count(vp_totals_find(&totals, 5)).packets, 114);
	count(&totals, 5, 0); /* the kernel's began anew by itself: the others' do not join */
	count_by(&totals, VP_HOLDER_PROCESSES, 5, 104);
	assert_int_equal(vp_total_count(vp_totals_find(&totals, 5)).packets, 115);
	/* a new daemon, whose processes go on in the same files */
	assert_int_equal(vp_totals_save(&totals, path, NULL), 0);
	assert_int_equal(vp_totals_load(&next, path, NULL), 0);
	assert_int_equal(vp_total_count(vp_totals_find(&next, 5)).packets, 115);
	count_by(&next, VP_HOLDER_PROCESSES, 5, 120);
	assert_int_equal(vp_total_count(vp_totals_find(&next, 5)).packets, 131);
	/* the files are gone: nobody brings these back */
	vp_totals_update(&next, VP_HOLDER_PROCESSES, &none);
	count_by(&next, VP_HOLDER_PROCESSES, 5, 200);
	assert_int_equal(vp_total_count(vp_totals_find(&next, 5)).packets, 331);
	vp_totals_free(&totals);
	vp_totals_free(&next);
	vp_test_folder_remove(folder);
}

static void damaged_file(void **state)
{
	char *folder = vp_test_folder_make();
	_cleanup_free_ char *path = vp_format("%s/totals.json", folder);
	struct vp_totals totals = { 0 };
	struct vp_error err = { 0 };

	(void)state;
	assert_int_equal(vp_totals_load(&totals, path, &err), 0); /* missing: fine */
	vp_test_file(folder, "totals.json", "[1, 2");
	assert_int_equal(vp_totals_load(&totals, path, &err), -EINVAL);
	assert_non_null(strstr(err.text, "totals.json"));
	assert_int_equal(totals.list.len, 0);
	vp_totals_free(&totals);
	vp_test_folder_remove(folder);
}

static void one_rule_at_two_points(void **state)
{
	const struct vp_count counted[] = {
		{ .tag = 7, .banned = 12 },
		{ .tag = 5, .packets = 1, .bytes = 60 },
		{ .tag = 7, .packets = 3, .bytes = 180 },
	};
	struct vp_totals totals = { 0 };

	(void)state;
	for (int poll = 0; poll < 3; poll++) { /* counted once, however often they are read */
		struct vp_counts counts = { 0 };

		for (size_t i = 0; i < VP_COUNT(counted); i++)
			vp_array_push(&counts, counted[i]);
		vp_counts_join(&counts);
		assert_int_equal(counts.len, 2);
		vp_totals_update(&totals, VP_HOLDER_KERNEL, &counts);
		vp_array_free(&counts);
	}
	assert_int_equal(vp_total_count(vp_totals_find(&totals, 5)).packets, 1);
	assert_int_equal(vp_total_count(vp_totals_find(&totals, 7)).packets, 3);
	assert_int_equal(vp_total_count(vp_totals_find(&totals, 7)).bytes, 180);
	assert_int_equal(vp_total_count(vp_totals_find(&totals, 7)).banned, 12);
	vp_totals_free(&totals);
}

int vp_test_totals(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(life_of_a_counter),
		cmocka_unit_test(forgotten_and_back),
		cmocka_unit_test(raised_to_what_was_told),
		cmocka_unit_test(one_rule_at_two_points),
		cmocka_unit_test(processes_go_on),
		cmocka_unit_test(damaged_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
