/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counts of several processes together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "agentd/inspect/sums.h"

static void add_up_in_any_order(void **state)
{
	static const uint32_t order[] = { 7, 3, 9, 3, 0, 7, 7 };
	struct vp_sums sums = { 0 }, twice = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		vp_sums_add(&sums, VP_TALLY_HITS, order[i], order[i] + 1);
	vp_sums_add(&sums, VP_TALLY_PACKETS, 3, 100);
	assert_int_equal(vp_sums_get(&sums, VP_TALLY_HITS, 7), 24);
	assert_int_equal(vp_sums_get(&sums, VP_TALLY_HITS, 3), 8);
	assert_int_equal(vp_sums_get(&sums, VP_TALLY_HITS, 0), 1);
	assert_int_equal(vp_sums_get(&sums, VP_TALLY_HITS, 1), 0);
	assert_int_equal(vp_sums_get(&sums, VP_TALLY_PACKETS, 3), 100);
	assert_int_equal(vp_sums_total(&sums, VP_TALLY_HITS), 43);
	assert_int_equal(vp_sums_total(&sums, VP_TALLY_REASONS), 0);
	for (size_t i = 1; i < sums.len; i++)
		assert_true(sums.data[i - 1].kind < sums.data[i].kind ||
			    (sums.data[i - 1].kind == sums.data[i].kind &&
			     sums.data[i - 1].of < sums.data[i].of));
	vp_sums_add_sums(&twice, &sums);
	vp_sums_add_sums(&twice, &sums);
	assert_int_equal(vp_sums_total(&twice, VP_TALLY_HITS), 86);
	vp_array_free(&sums);
	vp_array_free(&twice);
}

/* What a process counted, read from the memory that it left behind. */
static void take_tallies_in(void **state)
{
	struct vp_sums sums = { 0 };
	struct vp_error err;
	struct vp_tally *tally;
	int fd;

	(void)state;
	assert_int_equal(vp_tally_create(64, &fd, &err), 0);
	tally = vp_tally_map(fd, true, &err);
	close(fd);
	assert_non_null(tally);
	vp_tally_add(tally, VP_TALLY_HITS, 5, 2);
	vp_tally_add(tally, VP_TALLY_BEATS, 0, 9);
	vp_sums_add_tally(&sums, tally);
	vp_sums_add_tally(&sums, tally);
	assert_int_equal(vp_sums_get(&sums, VP_TALLY_HITS, 5), 4);
	assert_int_equal(vp_sums_get(&sums, VP_TALLY_BEATS, 0), 18);
	vp_tally_unmap(tally);
	vp_array_free(&sums);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(add_up_in_any_order),
		cmocka_unit_test(take_tallies_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
