/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The catalogue's own definitions of system calls: each becomes a filter of its own, with
 * all its sections on one target, and does what its samples say, in every way into the
 * kernel, for both machines. All of them together fit into one filter, which denies what
 * each of them denies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/policy.h"
#include "tests/unit/seccomp/seccomp_tests.h"
#include "tests/unit/seccomp/world.h"

#define LEAST 36 /* definitions with system calls that there must be */

static const enum vp_abi abis[] = { VP_ABI_X86_64, VP_ABI_AARCH64 };

static int read_catalogue(void **state)
{
	static const char *const folder[] = { VP_SOURCE_DIR "/policy/patches" };
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };
	struct vp_policy *policy = vp_new(struct vp_policy);
	struct vp_findings findings = { 0 };
	struct vp_sources sources = { 0 };

	vp_sources_read(&sources, folder, 1, NULL, 0, 0, &findings);
	vp_policy_build(policy, &sources, 0, &findings);
	vp_sources_free(&sources);
	if (findings.errors)
		vp_findings_print(&findings, &text);
	vp_findings_free(&findings);
	*state = policy;
	if (!text.len)
		return 0;
	print_error("%s", vp_strbuf_text(&text));
	return -1;
}

static int free_catalogue(void **state)
{
	vp_policy_free(*state);
	free(*state);
	return 0;
}

/* Do they hold for 32-bit code too? */
static bool add_rules(struct world *w, const struct vp_patch *patch)
{
	bool cover = false;

	vp_array_each (syscalls, &patch->syscalls) {
		cover |= syscalls->foreign == VP_FOREIGN_COVER;
		vp_array_each (rule, &syscalls->rules)
			vp_array_push(&w->rules, ((struct vp_filter_rule){ 1, false, rule }));
	}
	return cover;
}

/* The calls of the samples, without those that are allowed when `denied_only`. */
static void expect_samples(const struct vp_filter *filter, const struct vp_patch *patch,
			   bool denied_only)
{
	struct vp_bpf program = vp_filter_program(filter);
	_cleanup_strbuf_ struct vp_strbuf out = { 0 };

	vp_array_each (sample, &patch->call_samples)
		vp_array_each (call, &sample->calls) {
			struct vp_vector vector = { call, 1, sample->denied };

			if ((sample->denied || !denied_only) &&
			    vp_vectors_run(filter, &program, &vector, 1, &out))
				fail_msg("%s, sample %s: %s", patch->id, sample->name,
					 vp_strbuf_text(&out));
		}
}

static void each_does_what_its_samples_say(void **state)
{
	const struct vp_policy *policy = *state;
	size_t count = 0;

	vp_array_each (patch, &policy->patches) {
		count += (*patch)->syscalls.len != 0;
		for (size_t i = 0; (*patch)->syscalls.len && i < VP_COUNT(abis); i++) {
			_cleanup_filter_ struct vp_filter *filter = NULL;
			_cleanup_world_ struct world w = { 0 };
			bool cover = add_rules(&w, *patch);

			filter = world_compile(&w, abis[i], cover);
			expect_samples(filter, *patch, false);
		}
	}
	print_message("%zu definitions with system calls\n", count);
	assert_true(count >= LEAST);
}

static void all_fit_into_one_filter(void **state)
{
	const struct vp_policy *policy = *state;

	for (size_t i = 0; i < VP_COUNT(abis); i++) {
		_cleanup_filter_ struct vp_filter *filter = NULL;
		_cleanup_world_ struct world w = { 0 };
		bool cover = false;

		vp_array_each (patch, &policy->patches)
			cover |= add_rules(&w, *patch);
		filter = world_compile(&w, abis[i], cover);
		print_message("%zu rules: %zu instructions\n", w.rules.len,
			      vp_filter_program(filter).len);
		vp_array_each (patch, &policy->patches)
			expect_samples(filter, *patch, true);
	}
}

int definitions_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_does_what_its_samples_say),
		cmocka_unit_test(all_fit_into_one_filter),
	};

	return cmocka_run_group_tests_name("definitions", tests, read_catalogue,
					   free_catalogue);
}
