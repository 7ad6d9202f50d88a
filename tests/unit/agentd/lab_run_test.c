/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lab on small definitions, real kernel and all: good ones pass, and each
 * wrong one fails for the reason it is wrong. Without namespaces (not even
 * unprivileged ones) the tests are skipped, and say so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "agentd/ctl/lab/crew.h"
#include "agentd/ctl/lab/report.h"
#include "agentd/document.h"
#include "lab_tests.h"
#include "policy/policy.h"

static void no_progress(void *context, size_t done, size_t total)
{
	(void)context;
	(void)done;
	(void)total;
}

/* Prove tests/system/lab/NAME; the document is the caller's. */
static json_t *prove(const char *name, const struct vp_proof_order *order)
{
	char *path = vp_format(VP_TEST_SOURCES "/tests/system/lab/%s", name);
	const char *paths[1] = { path };
	struct vp_sources sources = { 0 };
	struct vp_findings findings = { 0 };
	struct vp_policy policy = { 0 };
	struct vp_patch_list patches = { 0 };
	json_t *document = json_object();

	vp_sources_read(&sources, paths, 1, NULL, 0, 0, &findings);
	vp_policy_build(&policy, &sources, time(NULL), &findings);
	assert_int_equal(findings.errors, 0);
	assert_int_equal(policy.patches.len, 1);
	vp_array_push(&patches, policy.patches.data[0]);
	json_object_set_new(document, "patches",
			    vp_crew_prove(&patches, order, no_progress, NULL));
	vp_array_free(&patches);
	vp_policy_free(&policy);
	vp_findings_free(&findings);
	vp_sources_free(&sources);
	free(path);
	if (vp_report_summarise(document) == VP_EXIT_UNREACHABLE) {
		json_decref(document);
		print_message("no namespaces here: the lab was NOT tested\n");
		skip();
	}
	return document;
}

static const json_t *patch_of(const json_t *document)
{
	return json_array_get(json_object_get(document, "patches"), 0);
}

static uint64_t summary(const json_t *document, const char *key)
{
	return vp_json_get_number(json_object_get(document, "summary"), key);
}

static void assert_proven(const char *name, bool mutations, bool evasions)
{
	const struct vp_proof_order order = { .mutations = mutations, .evasions = evasions };
	json_t *document = prove(name, &order);
	char *text = json_dumps(document, JSON_INDENT(1));

	if (summary(document, "patches_passed") != 1)
		fail_msg("%s: %s", name, text);
	assert_true(summary(document, "samples") > 0);
	assert_int_equal(summary(document, "samples_failed"), 0);
	if (mutations)
		assert_true(summary(document, "mutants") >= 6);
	free(text);
	json_decref(document);
}

static void good_on_host(void **state)
{
	(void)state;
	assert_proven("good-host.vpatch", true, false);
}

static void good_on_host_in_odd_shapes(void **state)
{
	(void)state;
	assert_proven("good-host.vpatch", false, true);
}

static void good_at_endpoint(void **state)
{
	(void)state;
	assert_proven("good-endpoint.vpatch", true, false);
}

static void good_limit(void **state)
{
	(void)state;
	assert_proven("good-limit.vpatch", true, false);
	assert_proven("good-shared-limit.vpatch", true, false);
}

/* Traffic and calls in one definition, and mutants of both. */
static void good_of_both(void **state)
{
	(void)state;
	assert_proven("good-both.vpatch", true, true);
}

static void good_in_other_ways(void **state)
{
	(void)state;
	assert_proven("good-ways.vpatch", true, true);
}

static void streams(void **state)
{
	(void)state;
	assert_proven("streams-raw.vpatch", false, false);
	assert_proven("streams-http.vpatch", false, false);
	assert_proven("streams-answer.vpatch", false, true);
}

/* A rule that can be evaded fails in the ways that evade it, and in no other. */
static void evaded(void **state)
{
	const struct vp_proof_order order = { .evasions = true };
	json_t *document = prove("streams-evaded.vpatch", &order);
	const json_t *sample, *failure;
	bool seen = false;
	size_t i, k;

	(void)state;
	assert_string_equal(vp_json_get_text(patch_of(document), "result"), "failed");
	assert_int_equal(summary(document, "samples_failed"), 0);
	assert_true(summary(document, "evasions_counted") > 500);
	json_array_foreach (json_object_get(patch_of(document), "evasions"), i, sample)
		json_array_foreach (json_object_get(sample, "failures"), k, failure) {
			assert_string_equal(vp_json_get_text(failure, "way"), "coding");
			seen |= !strcmp(vp_json_get_text(failure, "what"),
					"path percent-encoded");
		}
	assert_true(seen);
	json_decref(document);
}

/* The named sample fails, with these words, and no other does. */
static void assert_fails(const char *name, const char *sample_name, const char *words)
{
	const struct vp_proof_order order = { 0 };
	json_t *document = prove(name, &order);
	const json_t *sample;
	bool seen = false;
	size_t i;

	assert_string_equal(vp_json_get_text(patch_of(document), "result"), "failed");
	json_array_foreach (json_object_get(patch_of(document), "samples"), i, sample) {
		const char *reason = vp_json_get_text(sample, "reason");

		if (strcmp(vp_json_get_text(sample, "name"), sample_name)) {
			assert_string_equal(vp_json_get_text(sample, "result"), "passed");
			continue;
		}
		seen = true;
		assert_string_equal(vp_json_get_text(sample, "result"), "failed");
		if (!strstr(reason, words))
			fail_msg("expected \"%s\" in \"%s\"", words, reason);
	}
	assert_true(seen);
	json_decref(document);
}

static void inconclusive(void **state)
{
	(void)state;
	assert_fails("bad-inconclusive.vpatch", "broken", "even without the shield");
}

static void benign_blocked(void **state)
{
	(void)state;
	assert_fails("bad-benign.vpatch", "client", "blocked by rule everything");
}

static void attack_delivered(void **state)
{
	(void)state;
	assert_fails("bad-delivered.vpatch", "monlist", "attack delivered");
}

static void another_rule_counted(void **state)
{
	(void)state;
	assert_fails("bad-other-rule.vpatch", "monlist", "blocked by rule first instead");
}

static void boundary_not_proven(void **state)
{
	const struct vp_proof_order order = { .mutations = true };
	json_t *document = prove("bad-boundary.vpatch", &order);
	const json_t *survivor, *mutations = json_object_get(patch_of(document), "mutations");
	bool seen = false;
	size_t i;

	(void)state;
	assert_string_equal(vp_json_get_text(patch_of(document), "result"), "failed");
	assert_int_equal(summary(document, "samples_failed"), 0);
	json_array_foreach (json_object_get(mutations, "survivors"), i, survivor) {
		seen |= strstr(vp_json_get_text(survivor, "what"), "8 became 9") != NULL;
		assert_int_equal(vp_json_get_number(survivor, "line"), 13);
	}
	assert_true(seen);
	assert_int_equal(json_array_size(json_object_get(mutations, "survivors")), 2);
	json_decref(document);
}

int lab_run_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_on_host),
		cmocka_unit_test(good_on_host_in_odd_shapes),
		cmocka_unit_test(good_at_endpoint),
		cmocka_unit_test(good_limit),
		cmocka_unit_test(good_of_both),
		cmocka_unit_test(good_in_other_ways),
		cmocka_unit_test(streams),
		cmocka_unit_test(evaded),
		cmocka_unit_test(inconclusive),
		cmocka_unit_test(benign_blocked),
		cmocka_unit_test(attack_delivered),
		cmocka_unit_test(another_rule_counted),
		cmocka_unit_test(boundary_not_proven),
	};

	return cmocka_run_group_tests_name("lab", tests, NULL, NULL);
}
