// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The text of a ruleset, loaded by nft(8), and the transaction that we send
 * ourselves leave the same in the kernel: both are listed by nft in JSON and
 * compared object by object, in network namespaces of the test's own.
 */
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "lib/cleanup.h"
#include "lib/file.h"
#include "modules/netfilter/compile.h"
#include "modules/netfilter/text.h"
#include "policy/plan.h"
#include "tests/unit/netfilter/kernel_build.h"

/* A listing without what must differ: handles, and the two things that text does not carry. */
static void normalise(json_t *listing)
{
	json_t *objects = json_object_get(listing, "nftables"), *entry, *object;
	size_t i = 0;

	while ((entry = json_array_get(objects, i))) {
		const char *kind = json_object_iter_key(json_object_iter(entry)), *name;

		object = json_object_get(entry, kind);
		name = json_string_value(json_object_get(object, "name"));
		if (!name)
			name = json_string_value(json_object_get(object, "chain"));
		json_object_del(object, "handle");
		if (!strcmp(kind, "counter") || !strcmp(kind, "limit"))
			json_object_del(object, "comment");
		if (!strcmp(kind, "metainfo") || (name && !strcmp(name, VP_GENERATION_CHAIN)))
			json_array_remove(objects, i);
		else
			i++;
	}
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Rules keep their order within a chain: it is the order of the listing, and goes into the
 * text. */
static char **texts_of(json_t *listing, size_t *count)
{
	json_t *objects = json_object_get(listing, "nftables"), *entry, *rule;
	char **texts = vp_alloc(json_array_size(objects) + 1, sizeof(*texts));
	char chain[256] = "";
	int position = 0;
	size_t i;

	json_array_foreach (objects, i, entry) {
		rule = json_object_get(entry, "rule");
		if (rule) {
			const char *name = json_string_value(json_object_get(rule, "chain"));

			position = strcmp(chain, name) ? 1 : position + 1;
			snprintf(chain, sizeof(chain), "%s", name);
			json_object_set_new(rule, "position", json_integer(position));
		}
		texts[i] = json_dumps(entry, JSON_SORT_KEYS | JSON_COMPACT);
	}
	*count = json_array_size(objects);
	qsort(texts, *count, sizeof(*texts), compare_texts);
	return texts;
}

static json_t *list(void)
{
	FILE *command = popen("nft -j list ruleset", "re");
	json_error_t error;
	json_t *listing = json_loadf(command, 0, &error);

	if (pclose(command) != 0 || !listing)
		fail_msg("nft -j list ruleset: %s", error.text);
	normalise(listing);
	return listing;
}

static void flush(void)
{
	if (system("nft flush ruleset") != 0)
		fail_msg("nft flush ruleset");
}

static json_t *load_text(const struct vp_ruleset *ruleset)
{
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };
	FILE *command = popen("nft -f -", "we");

	vp_ruleset_print(ruleset, &text);
	fputs(vp_strbuf_text(&text), command);
	if (pclose(command) != 0)
		fail_msg("nft refuses the text:\n%s", vp_strbuf_text(&text));
	return list();
}

static json_t *load_batch(const struct vp_ruleset *ruleset)
{
	struct vp_artefact artefact = { .ruleset = (struct vp_ruleset *)(uintptr_t)ruleset };
	struct vp_instance *instance = NULL;
	struct vp_error err = { 0 };
	json_t *listing;

	if (vp_instance_open(&instance, NULL, &err) < 0 ||
	    vp_netfilter_prepare(instance, &artefact, &err) < 0 ||
	    vp_netfilter_commit(instance, &err) < 0)
		fail_msg("%s", err.text);
	vp_netfilter_finish(instance);
	listing = list();
	vp_instance_close(instance);
	return listing;
}

/* Print what is only on one side; the number of those. */
static size_t compare(char **left, size_t left_count, char **right, size_t right_count)
{
	size_t l = 0, r = 0, different = 0;

	while (l < left_count || r < right_count) {
		int order = l == left_count    ? 1
			    : r == right_count ? -1
					       : strcmp(left[l], right[r]);

		if (order && different++ < 20)
			print_message("only %s: %s\n", order < 0 ? "text" : "batch",
				      order < 0 ? left[l] : right[r]);
		l += order <= 0;
		r += order >= 0;
	}
	return different;
}

static void free_texts(char **texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(texts[i]);
	free(texts);
}

static void same(const struct vp_ruleset *ruleset)
{
	size_t left_count, right_count, different;
	char **left, **right;
	json_t *by_text, *by_batch;

	flush();
	by_text = load_text(ruleset);
	flush();
	by_batch = load_batch(ruleset);
	left = texts_of(by_text, &left_count);
	right = texts_of(by_batch, &right_count);
	different = compare(left, left_count, right, right_count);
	assert_true(left_count > 3);
	free_texts(left, left_count);
	free_texts(right, right_count);
	json_decref(by_text);
	json_decref(by_batch);
	assert_int_equal(different, 0);
}

static void made_by_hand(void **state)
{
	struct shape shape = { .generation = 1, .regions = 3, .elements = 4, .zoo = true };
	struct vp_artefact *artefact = vp_artefact_build(&shape);

	(void)state;
	/* the compiler gives neither sets nor chains a comment, and the text has none */
	vp_array_each (set, &artefact->ruleset->sets)
		free(TAKE_PTR(set->comment));
	vp_array_each (chain, &artefact->ruleset->chains)
		free(TAKE_PTR(chain->comment));
	same(artefact->ruleset);
	vp_artefact_drop(artefact);
}

static bool native_queue;

#define CATALOGUE VP_SOURCE_DIR "/policy/patches"

static void add_host(struct vp_host *host)
{
	struct vp_session session = { .peer_port = 40000, .local_port = 22 };
	struct vp_port_range management = { .protocol = 6, .first = 22, .last = 22 };

	*host = (struct vp_host){ .log_group = 86, .now = 1 };
	vp_address_parse("192.0.2.1", &session.peer);
	vp_address_parse("192.0.2.2", &session.local);
	vp_array_push(&host->sessions, session);
	vp_array_push(&host->management, management);
}

/* Where the kernel has no queue expression, nft loads no text with one: another verdict in its
 * place. For the mark with a port it has no words at all. */
static void replace_statement(struct vp_statement *statement)
{
	if (statement->kind == VP_ST_MARK_PORT) {
		statement->kind = VP_ST_MARK;
	} else if (statement->kind == VP_ST_QUEUE && !native_queue) {
		statement->kind = VP_ST_VERDICT;
		statement->verdict = VP_NFT_DROP;
	}
}

static void replace_untold(struct vp_ruleset *ruleset)
{
	vp_array_each (chain, &ruleset->chains)
		vp_array_each (rule, &chain->rules)
			vp_array_each (statement, &rule->statements)
				replace_statement(statement);
}

/* The definitions at `path` on a host without anything, text against transaction. */
static void same_of(const char *path)
{
	struct vp_findings findings = { 0 };
	struct vp_sources sources = { 0 };
	struct vp_policy policy = { 0 };
	struct vp_plan plan = { 0 };
	struct vp_host host;
	struct vp_ruleset *ruleset = NULL;
	struct vp_error err = { 0 };

	add_host(&host);
	vp_sources_read(&sources, &path, 1, NULL, 0, 0, &findings);
	vp_policy_build(&policy, &sources, 1, &findings);
	vp_plan_build(&plan, &policy, &host,
		      VP_POINT_BIT(VP_POINT_NETFILTER) | VP_POINT_BIT(VP_POINT_INSPECTION),
		      &findings);
	/* a definition of system calls alone is no business of netfilter's */
	if (!plan.placements.len &&
	    !(policy.patches.len && !policy.patches.data[0]->rules.len))
		fail_msg("%s: nothing is placed", path);
	if (vp_ruleset_compile(&plan, &host, 3, &ruleset, &err) < 0)
		fail_msg("%s: %s", path, err.text);
	replace_untold(ruleset);
	same(ruleset);
	vp_ruleset_free(ruleset);
	vp_plan_free(&plan);
	vp_policy_free(&policy);
	vp_sources_free(&sources);
	vp_findings_free(&findings);
	vp_host_free(&host);
}

static void each_patch_of_the_catalogue(void **state)
{
	_cleanup_closedir_ DIR *folder = opendir(CATALOGUE);
	struct dirent *entry;
	int patches = 0;

	(void)state;
	assert_non_null(folder);
	while ((entry = readdir(folder))) {
		const char *end = strrchr(entry->d_name, '.');

		if (end && !strcmp(end, ".vpatch")) {
			_cleanup_free_ char *path = vp_format(CATALOGUE "/%s", entry->d_name);

			same_of(path);
			patches++;
		}
	}
	assert_true(patches >= 25);
}

/* What inspection needs of the rules. */
static void inspected_services(void **state)
{
	static const char *const cases[] = { "block", "forwarded", "local",
					     "mixed", "monitor",   "to-client" };

	(void)state;
	for (size_t i = 0; i < VP_COUNT(cases); i++) {
		_cleanup_free_ char *path =
			vp_format(VP_SOURCE_DIR "/tests/golden/netfilter/inspect-%s/"
						"policy.vpatch",
				  cases[i]);

		same_of(path);
	}
}

static void the_catalogue(void **state)
{
	/* nft itself cannot send that much without real root */
	if (*(bool *)*state)
		same_of(CATALOGUE);
	else
		print_message("the whole catalogue at once: for root only\n");
}

int main(void)
{
	static bool root;
	struct vp_host host = { .without_sockets = true };
	struct vp_error err = { 0 };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(made_by_hand),
		cmocka_unit_test(each_patch_of_the_catalogue),
		cmocka_unit_test(inspected_services),
		cmocka_unit_test_prestate(the_catalogue, &root),
	};

	root = geteuid() == 0;
	vp_enter_namespace();
	if (vp_netfilter_probe(&host, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	native_queue = host.kernel.native_queue;
	vp_host_free(&host);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
