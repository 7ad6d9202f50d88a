/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Overrides over definitions: precedence, ends, exceptions, sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/policy/policy_tests.h"

static const char definition[] =
	"[patch]\nid = T-1\ntitle = T\nseverity = high\n"
	"[set stations]\nvalues = 192.0.2.1\nsite = required\n"
	"[service dns]\nports = udp/53\n[service web]\nports = tcp/80\napplication = http\n"
	"[rule a]\nservice = dns\nwhen = not ip.src equals @stations\naction = drop\n"
	"[rule b]\nservice = web\nwhen = http.uri contains \"/x\"\naction = reset\n"
	"[sample a]\nrule = a\nexpect = blocked\nport = udp/53\nsend = \"x\"\n"
	"[sample b]\nrule = b\nexpect = blocked\nsend = \"x\"\n"
	"[sample c]\nservice = dns\nexpect = passed\nfrom = @stations\nsend = \"x\"\n"
	"[sample d]\nservice = web\nexpect = passed\nsend = \"x\"\n";

static void stronger_files_win(void **state)
{
	static const char *const overrides[] = {
		"[override T-1]\nmode = monitor\nenabled = no\nexpires = 2027-01-31\nby = "
		"alice\n",
		"[override T-1]\nenabled = yes\nreason = because ; comment\n",
	};
	struct built built;
	const struct vp_patch *patch;

	(void)state;
	build(&built, definition, overrides, VP_COUNT(overrides), NULL);
	patch = only_patch(&built);
	assert_int_equal(patch->mode, VP_MODE_MONITOR); /* only the weaker one says it */
	assert_false(patch->disabled);
	assert_int_equal(patch->expires, 1801440000);
	assert_string_equal(patch->overridden,
			    "disabled, mode monitor, expires (0.conf:1, by alice); "
			    "enabled (1.conf:1: because)");
	built_free(&built);
	build(&built, definition, (const char *const[]){ overrides[1], overrides[0] }, 2,
	      NULL);
	assert_true(only_patch(&built)->disabled);
	built_free(&built);
}

static void disabling_changes_the_digest(void **state)
{
	static const char *const overrides[] = { "[override T-1]\nenabled = no\n" };
	struct built plain, disabled;

	(void)state;
	build(&plain, definition, NULL, 0, NULL);
	build(&disabled, definition, overrides, 1, NULL);
	assert_int_not_equal(only_patch(&plain)->digest, only_patch(&disabled)->digest);
	built_free(&plain);
	built_free(&disabled);
}

static void ended_overrides_are_void(void **state)
{
	static const char *const past[] = {
		"[override T-1]\nenabled = no\nuntil = 2026-01-01T00:00:00Z\n"
	};
	static const char *const future[] = {
		"[override T-1]\nenabled = no\nuntil = 2026-01-01T00:00:01Z\n"
	};
	struct built built;

	(void)state;
	build(&built, definition, past, 1, NULL);
	assert_false(only_patch(&built)->disabled);
	assert_null(only_patch(&built)->overridden);
	assert_int_equal(built.policy.changes_at, 0);
	built_free(&built);
	build(&built, definition, future, 1, NULL);
	assert_true(only_patch(&built)->disabled);
	assert_int_equal(built.policy.changes_at, NOW + 1);
	built_free(&built);
}

/* An exception goes to every rule whose traffic has its field. */
static void exceptions_reach_the_rules_they_fit(void **state)
{
	static const char *const overrides[] = {
		"[override T-1]\nexcept = ip.src equals 10.0.0.0/8\n"
		"except = http.uri starts-with \"/health\"\n"
	};
	struct built built;
	const struct vp_patch *patch;

	(void)state;
	build(&built, definition, overrides, 1, NULL);
	patch = only_patch(&built);
	assert_int_equal(patch->rules.data[0].except.len, 1);
	assert_int_equal(patch->rules.data[1].except.len, 2);
	assert_string_equal(patch->rules.data[0].except.data[0].at.file, "0.conf");
	assert_string_equal(patch->overridden, "2 exceptions (0.conf:1)");
	built_free(&built);
}

static void site_sets_replace_values(void **state)
{
	static const char *const overrides[] = {
		"[set stations]\nvalues = 10.0.0.0/8\n",
		"[set stations]\nvalues = 2001:db8::/64, 10.1.0.0/16\n",
	};
	struct built built;
	const struct vp_patch *patch;

	(void)state;
	build(&built, definition, overrides, 1, NULL);
	patch = only_patch(&built);
	assert_int_equal(built.findings.list.len, 0);
	assert_true(patch->sets.data[0].site_required);
	assert_true(patch->sets.data[0].from_site);
	assert_int_equal(patch->sets.data[0].values.len, 1);
	assert_int_equal(patch->samples.data[2].families, VP_FAMILY_IPV4);
	built_free(&built);
	build(&built, definition, overrides, 2, NULL);
	patch = only_patch(&built);
	assert_int_equal(patch->sets.data[0].values.len, 2);
	assert_int_equal(patch->samples.data[2].families, VP_FAMILY_IPV6);
	assert_int_equal(built.findings.list.len, 1); /* the weaker one does nothing */
	built_free(&built);
}

static void ports_are_replaced(void **state)
{
	static const char *const overrides[] = {
		"[override T-1]\nports.dns = udp/5353, udp/53-54\nports.web = tcp/8080\n"
	};
	struct built built;
	const struct vp_patch *patch;

	(void)state;
	build(&built, definition, overrides, 1, NULL);
	patch = only_patch(&built);
	assert_int_equal(patch->services.data[0].ports.len, 2);
	assert_int_equal(patch->services.data[0].ports.data[0].first, 5353);
	assert_int_equal(patch->services.data[1].ports.data[0].first, 8080);
	assert_int_equal(patch->samples.data[0].port.first, 53); /* still one of its ports */
	built_free(&built);
}

/* A sample that names the old port goes to the first of the new ones. */
static void moved_services_take_their_samples_along(void **state)
{
	static const char *const overrides[] = { "[override T-1]\nports.dns = udp/5353\n" };
	struct built built;

	(void)state;
	build(&built, definition, overrides, 1, NULL);
	assert_int_equal(only_patch(&built)->samples.data[0].port.protocol, 0);
	built_free(&built);
}

static void useless_overrides_are_warned_of(void **state)
{
	static const char *const overrides[] = {
		"[override T-2]\nenabled = no\n[set other]\nvalues = 5\n"
	};
	struct built built;

	(void)state;
	build(&built, definition, overrides, 1, NULL);
	only_patch(&built);
	assert_int_equal(built.findings.list.len, 2);
	assert_int_equal(built.findings.list.data[0].level, VP_FINDING_WARNING);
	assert_int_equal(built.findings.list.data[1].level, VP_FINDING_WARNING);
	built_free(&built);
}

int run_override_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stronger_files_win),
		cmocka_unit_test(disabling_changes_the_digest),
		cmocka_unit_test(ended_overrides_are_void),
		cmocka_unit_test(exceptions_reach_the_rules_they_fit),
		cmocka_unit_test(site_sets_replace_values),
		cmocka_unit_test(ports_are_replaced),
		cmocka_unit_test(moved_services_take_their_samples_along),
		cmocka_unit_test(useless_overrides_are_warned_of),
	};

	return cmocka_run_group_tests_name("override", tests, NULL, NULL);
}
