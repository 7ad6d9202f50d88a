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

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, fresh, gone)
	const struct CMUnitTest tests[] = {
		TEST(limits_are_forgotten),
	};

	vp_enter_namespace();
	loopback_up();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
