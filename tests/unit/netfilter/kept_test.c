// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What outlives generations, and what somebody else can do to it, against the
 * kernel: limits, bans, their end, a table that is gone, floods of foreign events.
 */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/cleanup.h"
#include "modules/netfilter/observe.h"
#include "modules/netfilter/statement.h"
#include "tests/unit/netfilter/kernel_drive.h"

#define LIMIT_TAG 0x9000u

/* The set of a limit per source, as the compiler makes it. */
static void add_limit_set(struct vp_artefact *artefact, const char *name, uint32_t tag)
{
	struct vp_nft_set *set = vp_build_set(artefact->ruleset, name, VP_DATA_NONE);
	struct vp_selector source = vp_sel_source(4, false);

	vp_set_part(set, &source, "ipv4_addr");
	set->dynamic = set->timeout = set->kept = true;
	set->size = 65535;
	set->milliseconds = 60000;
	set->tag = tag;
}

static bool has_set(struct vp_instance *instance, const char *name)
{
	_cleanup_image_ struct vp_image *image = vp_image_new();
	struct vp_error err = { 0 };

	good(vp_observe_sets(&instance->nl, image, &err), &err);
	return vp_image_set(image, name);
}

static void limits_are_forgotten(void **state)
{
	struct shape shape = { .generation = 1, .regions = 1 };
	struct vp_artefact *artefact = vp_artefact_build(&shape);
	uint32_t both[] = { REGION_TAG, LIMIT_TAG };
	struct vp_error err = { 0 };

	add_limit_set(artefact, "P-8/rule/1-per-60s-burst-1/ipv4", LIMIT_TAG);
	add_limit_set(artefact, "P-9/rule/1-per-60s-burst-1/ipv4", LIMIT_TAG + 1);
	apply(*state, artefact);
	assert_int_equal(verify(*state, artefact, NULL), 0);
	vp_artefact_drop(artefact);
	shape.generation = 2;
	apply_shape(*state, shape);
	assert_true(has_set(*state, "P-8/rule/1-per-60s-burst-1/ipv4")); /* to come back to */
	assert_int_equal(vp_netfilter_forget(*state, both, 2, &err), 1);
	assert_true(has_set(*state, "P-8/rule/1-per-60s-burst-1/ipv4"));
	assert_false(has_set(*state, "P-9/rule/1-per-60s-burst-1/ipv4"));
	assert_true(has_set(*state, "log-limit")); /* everybody's */
	assert_int_equal(vp_netfilter_forget(*state, both, 1, &err), 1);
	assert_false(has_set(*state, "P-8/rule/1-per-60s-burst-1/ipv4"));
	shape.generation = 3;
	apply_shape(*state, shape);
}

/* Not "they change too fast": that would be tried again and again. */
static void missing_table_is_told(void **state)
{
	_cleanup_image_ struct vp_image *image = vp_image_new();
	struct vp_instance *instance = *state;
	struct vp_counts counts = { 0 };
	struct vp_error err = { 0 };

	assert_int_equal(vp_observe_sets(&instance->nl, image, &err), -ENOENT);
	assert_non_null(strstr(err.text, "there is no table inet vpatch"));
	assert_int_equal(vp_observe_objects(&instance->nl, image, &err), 0);
	assert_int_equal(image->objects.len, 0);
	good(vp_netfilter_counts(instance, &counts, &err), &err);
	assert_int_equal(counts.len, 0);
	assert_int_equal(vp_netfilter_forget(instance, NULL, 0, &err), 0);
}

static bool banned(const char *element)
{
	_cleanup_free_ char *line =
		vp_format("nft list map inet vpatch ban4 | grep -q \"%s\"", element);

	return system(line) == 0;
}

/*
 * 203.0.113.9 for half an hour, 203.0.113.8 for a moment. Read before the next tick of the
 * clock a time has not begun to run: 29m30s has its 29 minutes then too.
 */
static void ban_two(void)
{
	nft("add element inet vpatch ban4 { 203.0.113.9 timeout 1h expires 29m30s : 0x7002, "
	    "203.0.113.8 timeout 1h expires 3s : 0x7002 }");
}

static void bans_survive_a_flush(void **state)
{
	struct shape shape = { .generation = 1, .regions = 1, .zoo = true };
	struct vp_artefact *artefact = vp_artefact_build(&shape);
	struct vp_instance *other;
	struct vp_error err = { 0 };

	apply(*state, artefact);
	ban_two();
	packets_of(*state, REGION_TAG); /* bans are read with the counts */
	assert_true(banned("203.0.113.9 .*29m.*: 0x00007002"));
	assert_true(banned("203.0.113.8"));
	nft("flush ruleset");
	sleep(4);
	good(vp_netfilter_repair(*state, NULL, &err), &err);
	assert_int_equal(verify(*state, artefact, NULL), 0);
	assert_true(banned("203.0.113.9 .*29m.*: 0x00007002"));
	assert_false(banned("203.0.113.8"));
	nft("delete table inet vpatch; add table inet vpatch");
	packets_of(*state, REGION_TAG); /* nothing to read there */
	good(vp_netfilter_repair(*state, NULL, &err), &err);
	assert_true(banned("203.0.113.9 .*29m.*: 0x00007002"));
	other = open_instance(); /* adopts, and has committed nothing yet */
	packets_of(other, REGION_TAG);
	nft("flush ruleset");
	apply(other, artefact);
	assert_int_equal(verify(other, artefact, NULL), 0);
	assert_true(banned("203.0.113.9 .*29m.*: 0x00007002"));
	good(vp_instance_remove(other, &err), &err);
	apply(other, artefact);
	assert_false(banned("203.0.113.9")); /* panic means all of it */
	vp_instance_close(other);
	vp_artefact_drop(artefact);
}

/* A flood of events about other tables is read in parts: the event loop has more to do. */
static void floods_are_read_in_parts(void **state)
{
	struct vp_watch *watch = NULL;
	struct vp_error err = { 0 };
	enum vp_watch_event event;
	int calls = 0;

	apply_shape(*state, (struct shape){ .generation = 1, .regions = 1 });
	good(vp_watch_open(&watch, *state, &err), &err);
	foreign_chains(6000);
	nft("delete table inet vpatch");
	event = wait_event(watch, 1000);
	/* without root the socket holds less than one part */
	assert_int_equal(event, geteuid() ? VP_WATCH_UNSURE : VP_WATCH_NOTHING);
	while (event == VP_WATCH_NOTHING && wait_event(watch, 0) != VP_WATCH_VANISHED)
		if (++calls > 100)
			fail_msg("the removal behind the flood is not seen");
	assert_int_equal(wait_event(watch, 0), VP_WATCH_NOTHING);
	vp_watch_close(watch);
	nft("delete table inet other");
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, fresh, gone)
	const struct CMUnitTest tests[] = {
		TEST(limits_are_forgotten),
		TEST(missing_table_is_told),
		TEST(bans_survive_a_flush),
		TEST(floods_are_read_in_parts),
	};

	vp_enter_namespace();
	loopback_up();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
