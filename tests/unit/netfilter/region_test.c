/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Regions against brute force: each number must have exactly the rules that cover it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "modules/netfilter/region.h"

#define DOMAIN 300u /* numbers */
#define RULES  12u

static unsigned int below(unsigned int n)
{
	return (unsigned int)rand() % n;
}

static void random_spans(struct vp_spans *spans)
{
	unsigned int count = below(30);

	for (unsigned int i = 0; i < count; i++) {
		uint32_t first = below(DOMAIN),
			 width = below(4) ? below(4) : below(DOMAIN - first);

		if (first + width >= DOMAIN)
			width = 0;
		vp_array_push(spans, ((struct vp_span){ first, first + width, below(RULES) }));
	}
}

/* Which rules cover `number`, as bits. */
static unsigned int covering(const struct vp_spans *spans, uint32_t number)
{
	unsigned int rules = 0;

	vp_array_each (span, spans)
		if (span->first <= number && number <= span->last)
			rules |= 1u << span->rule;
	return rules;
}

static unsigned int listed(const struct vp_lists *lists, const struct vp_regions *regions,
			   uint32_t number)
{
	unsigned int rules = 0, found = 0;

	vp_array_each (region, regions) {
		if (number < region->first || region->last < number)
			continue;
		found++;
		for (size_t i = 0; i < vp_list_count(lists, region->list); i++)
			rules |= 1u << vp_list_rules(lists, region->list)[i];
	}
	assert_true(found <= 1);
	assert_int_equal(found, rules != 0);
	return rules;
}

static void check_form(const struct vp_lists *lists, const struct vp_regions *regions)
{
	for (size_t i = 0; i < regions->len; i++) {
		const struct vp_region *region = &regions->data[i];
		const uint32_t *rules = vp_list_rules(lists, region->list);

		assert_true(region->first <= region->last);
		assert_true(i == 0 || region[-1].last < region->first);
		for (size_t k = 1; k < vp_list_count(lists, region->list); k++)
			assert_true(rules[k - 1] < rules[k]);
	}
}

static void test_split(void **state)
{
	unsigned int seed = (unsigned int)time(NULL);

	(void)state;
	print_message("seed %u\n", seed);
	srand(seed);
	for (int round = 0; round < 400; round++) {
		struct vp_spans spans = { 0 };
		struct vp_lists lists = { 0 };
		struct vp_regions regions = { 0 };

		random_spans(&spans);
		vp_spans_split(&spans, &lists, &regions);
		check_form(&lists, &regions);
		for (size_t i = 1; i < regions.len; i++) /* no needless cuts */
			assert_false(regions.data[i - 1].list == regions.data[i].list &&
				     regions.data[i - 1].last + 1 == regions.data[i].first);
		for (uint32_t n = 0; n < DOMAIN; n++)
			assert_int_equal(listed(&lists, &regions, n), covering(&spans, n));
		vp_array_free(&spans);
		vp_array_free(&regions);
		vp_lists_free(&lists);
	}
}

static void test_overlay(void **state)
{
	unsigned int seed = (unsigned int)time(NULL) ^ 0x5555;

	(void)state;
	print_message("seed %u\n", seed);
	srand(seed);
	for (int round = 0; round < 400; round++) {
		struct vp_spans over = { 0 }, base = { 0 };
		struct vp_lists lists = { 0 };
		struct vp_regions upper = { 0 }, lower = { 0 }, both = { 0 };

		random_spans(&over);
		random_spans(&base);
		vp_spans_split(&over, &lists, &upper);
		vp_spans_split(&base, &lists, &lower);
		vp_regions_overlay(upper.data, upper.len, lower.data, lower.len, &lists,
				   &both);
		check_form(&lists, &both);
		for (uint32_t n = 0; n < DOMAIN; n++) {
			unsigned int wanted = covering(&over, n);

			if (wanted)
				wanted |= covering(&base, n);
			assert_int_equal(listed(&lists, &both, n), wanted);
		}
		vp_array_free(&over);
		vp_array_free(&base);
		vp_array_free(&upper);
		vp_array_free(&lower);
		vp_array_free(&both);
		vp_lists_free(&lists);
	}
}

static void test_lists_are_shared(void **state)
{
	struct vp_lists lists = { 0 };
	uint32_t rules[1000], first[500];

	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		rules[i] = i;
	for (uint32_t i = 0; i < 500; i++)
		first[i] = vp_lists_add(&lists, rules + i, 1 + i % 7);
	for (uint32_t i = 0; i < 500; i++)
		assert_int_equal(vp_lists_add(&lists, rules + i, 1 + i % 7), first[i]);
	assert_int_equal(lists.list.len, 500);
	vp_lists_free(&lists);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_overlay),
		cmocka_unit_test(test_lists_are_shared),
	};

	return cmocka_run_group_tests_name("region", tests, NULL, NULL);
}
