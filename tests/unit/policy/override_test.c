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

static const char calls[] =
	"[patch]\nid = T-1\ntitle = T\nseverity = high\n"
	"[syscalls a]\nunit = a.service\ndeny = execve\naction = errno EPERM\n"
	"[syscalls b]\ndeny = bpf\naction = errno EPERM\n"
	"[sample a]\nsyscalls = a\nexpect = denied\ncall = execve\n"
	"[sample b]\nsyscalls = a\nexpect = allowed\ncall = fork\n"
	"[sample c]\nsyscalls = b\nexpect = denied\ncall = bpf\n"
	"[sample d]\nsyscalls = b\nexpect = allowed\ncall = fork\n";

static void assert_targets(const struct vp_patch *patch, const char *unit, const char *process)
{
	vp_array_each (syscalls, &patch->syscalls) {
		const struct vp_call_target *targets = syscalls->targets.data;

		assert_int_equal(syscalls->targets.len, process ? 2 : 1);
		assert_int_equal(targets[0].kind, VP_CALL_TARGET_UNIT);
		assert_string_equal(targets[0].name, unit);
		if (!process)
			continue;
		assert_int_equal(targets[1].kind, VP_CALL_TARGET_PROCESS);
		assert_string_equal(targets[1].name, process);
	}
}

/* The strongest that names any decides, for all sections and both kinds. */
static void units_and_processes_are_replaced(void **state)
{
	static const char *const overrides[] = {
		"[override T-1]\nunit = x.service\nprocess = /usr/bin/x\n",
		"[override T-1]\nunit = y@1.service\nmode = monitor\n",
	};
	struct built plain, built;

	(void)state;
	build(&plain, calls, NULL, 0, NULL);
	build(&built, calls, overrides, 1, NULL);
	assert_targets(only_patch(&built), "x.service", "/usr/bin/x");
	assert_string_equal(only_patch(&built)->overridden, "units, processes (0.conf:1)");
	assert_true(only_patch(&plain)->digest != only_patch(&built)->digest);
	built_free(&built);
	build(&built, calls, overrides, 2, NULL);
	assert_targets(only_patch(&built), "y@1.service", NULL);
	assert_string_equal(only_patch(&built)->overridden,
			    "units, processes (0.conf:1); mode monitor, units (1.conf:1)");
	built_free(&built);
	built_free(&plain);
}

/* One that names none leaves them as they are; one that ended does too. */
static bool all_allow(const struct vp_patch *patch)
{
	bool all = true;

	vp_array_each (syscalls, &patch->syscalls)
		all = all && syscalls->no_new_privs;
	return all;
}

/* Of all sections, and either way: the strongest that says it decides. */
static void no_new_privs_is_the_sites_to_say(void **state)
{
	static const char *const overrides[] = {
		"[override T-1]\nno-new-privileges = allow\n",
		"[override T-1]\nmode = monitor\n",
		"[override T-1]\nno-new-privileges = refuse\n",
	};
	struct built plain, built;

	(void)state;
	build(&plain, calls, NULL, 0, NULL);
	assert_false(all_allow(only_patch(&plain)));
	build(&built, calls, overrides, 2, NULL);
	assert_true(all_allow(only_patch(&built)));
	assert_string_equal(only_patch(&built)->overridden,
			    "no-new-privileges allow (0.conf:1); mode monitor (1.conf:1)");
	assert_true(only_patch(&plain)->digest != only_patch(&built)->digest);
	built_free(&built);
	build(&built, calls, overrides, 3, NULL);
	vp_array_each (syscalls, &only_patch(&built)->syscalls)
		assert_false(syscalls->no_new_privs);
	built_free(&built);
	built_free(&plain);
}

static void other_overrides_leave_units_alone(void **state)
{
	static const char *const overrides[] = {
		"[override T-1]\nunit = x.service\n",
		"[override T-1]\nmode = monitor\n",
		"[override T-1]\nunit = z.service\nuntil = 2026-01-01T00:00:00Z\n",
	};
	struct built built;

	(void)state;
	build(&built, calls, overrides, 3, NULL);
	assert_targets(only_patch(&built), "x.service", NULL);
	built_free(&built);
	build(&built, calls, overrides + 1, 1, NULL);
	assert_string_equal(only_patch(&built)->syscalls.data[0].targets.data[0].name,
			    "a.service");
	assert_int_equal(only_patch(&built)->syscalls.data[1].targets.len, 0);
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
		cmocka_unit_test(units_and_processes_are_replaced),
		cmocka_unit_test(no_new_privs_is_the_sites_to_say),
		cmocka_unit_test(other_overrides_leave_units_alone),
		cmocka_unit_test(useless_overrides_are_warned_of),
	};

	return cmocka_run_group_tests_name("override", tests, NULL, NULL);
}
