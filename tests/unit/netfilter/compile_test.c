/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the compiler promises about its output, whatever the policy; exact text is in the
 * golden files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "modules/netfilter/compile.h"
#include "modules/netfilter/match.h"
#include "modules/netfilter/text.h"

/* Every field that the table gives to netfilter has a row that says where it is, and no other
 * has. */
static void test_fields_covered(void **state)
{
	(void)state;
	for (int id = 0; id < VP_FIELD_COUNT; id++) {
		bool promised = vp_fields[id].points & VP_POINT_BIT(VP_POINT_NETFILTER);

		if (promised != vp_match_knows((enum vp_field_id)id))
			fail_msg("%s: table and match.c differ", vp_fields[id].name);
		assert_int_equal(promised, vp_fields[id].netfilter_operators != 0);
	}
}

struct fixture {
	struct vp_sources sources;
	struct vp_findings findings;
	struct vp_policy policy;
	struct vp_host host;
	struct vp_plan plan;
	struct vp_ruleset *ruleset;
};

static void add(struct fixture *f, const char *text)
{
	vp_array_push(&f->sources.definitions,
		      ((struct vp_text){ vp_format("%zu.vpatch", f->sources.definitions.len),
					 vp_strdup(text), strlen(text) }));
}

static void compile(struct fixture *f)
{
	struct vp_strbuf text = { 0 };
	struct vp_error err = { 0 };

	vp_policy_build(&f->policy, &f->sources, 0, &f->findings);
	vp_plan_build(&f->plan, &f->policy, &f->host,
		      VP_POINT_BIT(VP_POINT_NETFILTER) | VP_POINT_BIT(VP_POINT_INSPECTION) |
			      VP_POINT_BIT(VP_POINT_SECCOMP),
		      &f->findings);
	vp_findings_print(&f->findings, &text);
	if (f->findings.errors)
		fail_msg("%s", vp_strbuf_text(&text));
	vp_strbuf_free(&text);
	assert_int_equal(vp_ruleset_compile(&f->plan, &f->host, 1, &f->ruleset, &err), 0);
}

static void release(struct fixture *f)
{
	vp_ruleset_free(f->ruleset);
	vp_plan_free(&f->plan);
	vp_host_free(&f->host);
	vp_policy_free(&f->policy);
	vp_findings_free(&f->findings);
	vp_sources_free(&f->sources);
	*f = (struct fixture){ 0 };
}

static void add_simple(struct fixture *f, unsigned int number, const char *more)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "[patch]\nid = P%05u\ntitle = t\nseverity = low\n"
		 "[service s]\nports = udp/%u\n"
		 "[rule r]\nservice = s\nwhen = datagram[0:4] equals 0x%x\n%saction = drop\n"
		 "[sample a]\nrule = r\nexpect = blocked\nsend = \"x\"\n"
		 "[sample b]\nservice = s\nexpect = passed\nsend = \"y\"\n",
		 number, 1000 + number, number, more);
	add(f, text);
}

static size_t rules_of_base_chains(const struct vp_ruleset *ruleset)
{
	size_t rules = 0;

	vp_array_each (chain, &ruleset->chains)
		if (chain->kept_name)
			rules += chain->rules.len;
	return rules;
}

static size_t shape_maps(const struct vp_ruleset *ruleset, size_t *elements)
{
	size_t maps = 0;

	*elements = 0;
	vp_array_each (set, &ruleset->sets) {
		if (strncmp(set->name, "shape-", 6) != 0)
			continue;
		maps++;
		*elements += set->elements.len;
		assert_true(set->size >= 2 * set->elements.len);
	}
	return maps;
}

/* Eight rules of one shape make a map, seven do not; nobody gets a chain or a counter object
 * then. */
static void test_shape_threshold(void **state)
{
	struct fixture f = { 0 };
	size_t elements;

	(void)state;
	for (unsigned int i = 0; i < 7; i++)
		add_simple(&f, i, "");
	compile(&f);
	assert_int_equal(shape_maps(f.ruleset, &elements), 0);
	assert_int_equal(f.ruleset->objects.len, 7);
	release(&f);

	for (unsigned int i = 0; i < 8; i++)
		add_simple(&f, i, "");
	compile(&f);
	assert_int_equal(shape_maps(f.ruleset, &elements), 1);
	assert_int_equal(elements, 8);
	assert_int_equal(f.ruleset->objects.len, 0);
	assert_int_equal(f.ruleset->tags.len, 8);
	release(&f);
}

/* The rules that every packet meets are as many with 10 patches as with 1,000. */
static void test_structure_is_constant(void **state)
{
	static const char *const kinds[] = { "", "when = datagram.len at-least 9\n" };
	struct fixture f = { 0 };

	(void)state;
	for (size_t kind = 0; kind < VP_COUNT(kinds); kind++) {
		size_t rules[2], n = 0;

		for (unsigned int count = 10; count <= 1000; count += 990) {
			for (unsigned int i = 0; i < count; i++)
				add_simple(&f, i, kinds[kind]);
			compile(&f);
			rules[n++] = rules_of_base_chains(f.ruleset);
			release(&f);
		}
		assert_int_equal(rules[0], rules[1]);
	}
}

/* Adding a patch keeps the names of everything that it does not touch. */
static void test_names_are_stable(void **state)
{
	struct fixture a = { 0 }, b = { 0 };
	size_t missing = 0;

	(void)state;
	for (unsigned int i = 0; i < 100; i++) {
		add_simple(&a, i, "when = datagram.len at-least 9\n");
		add_simple(&b, i, "when = datagram.len at-least 9\n");
	}
	add_simple(&b, 100, "when = datagram.len at-least 9\n");
	compile(&a);
	compile(&b);
	vp_array_each (chain, &a.ruleset->chains) {
		bool found = false;

		vp_array_each (other, &b.ruleset->chains)
			found |= !strcmp(chain->name, other->name) &&
				 vp_nft_chain_digest(chain) == vp_nft_chain_digest(other);
		missing += !found;
	}
	assert_int_equal(missing, 0);
	assert_int_equal(b.ruleset->chains.len, a.ruleset->chains.len + 1);
	assert_true(vp_ruleset_digest(a.ruleset) != vp_ruleset_digest(b.ruleset));
	release(&a);
	release(&b);
}

/* Jump targets come first, and every name that a statement or element uses is there. */
static bool has_chain(const struct vp_ruleset *ruleset, size_t before, const char *name)
{
	for (size_t i = 0; i < before; i++)
		if (!strcmp(ruleset->chains.data[i].name, name))
			return true;
	return false;
}

static bool has_set(const struct vp_ruleset *ruleset, const char *name)
{
	vp_array_each (set, &ruleset->sets)
		if (!strcmp(set->name, name))
			return true;
	return false;
}

static void check_statement(const struct vp_ruleset *ruleset, size_t chain,
			    const struct vp_statement *statement)
{
	bool set =
		statement->kind == VP_ST_VMAP || statement->kind == VP_ST_MARK_MAP ||
		statement->kind == VP_ST_LIMIT_EACH || statement->kind == VP_ST_ADD ||
		statement->kind == VP_ST_REFRESH || statement->kind == VP_ST_REMOVE ||
		statement->kind == VP_ST_ALLOW ||
		(statement->kind == VP_ST_MATCH && (statement->compare == VP_CMP_IN_SET ||
						    statement->compare == VP_CMP_NOT_IN_SET));

	if (statement->kind == VP_ST_VERDICT && statement->name)
		assert_true(has_chain(ruleset, chain, statement->name));
	if (set)
		assert_true(has_set(ruleset, statement->name));
	for (size_t i = 0; i < statement->selector_count; i++)
		assert_true(statement->selectors[i].size <= 16);
}

static void test_references(void **state)
{
	struct fixture f = { 0 };
	char path[1024];
	const char *source = getenv("srcdir"), *paths[] = { path };

	(void)state;
	snprintf(path, sizeof(path), "%s/policy/patches", source ? source : ".");
	f.host.examples_allowed = true;
	vp_sources_read(&f.sources, paths, 1, NULL, 0, 0, &f.findings);
	compile(&f);
	assert_true(f.plan.placements.len > 25);
	for (size_t i = 0; i < f.ruleset->chains.len; i++)
		vp_array_each (rule, &f.ruleset->chains.data[i].rules)
			vp_array_each (statement, &rule->statements)
				check_statement(f.ruleset, i, statement);
	vp_array_each (set, &f.ruleset->sets)
		vp_array_each (element, &set->elements)
			if (element->chain)
				assert_true(has_chain(f.ruleset, f.ruleset->chains.len,
						      element->chain));
	vp_array_each (placement, &f.plan.placements)
		assert_non_null(vp_ruleset_tag(f.ruleset, placement->tag));
	release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields_covered),
		cmocka_unit_test(test_shape_threshold),
		cmocka_unit_test(test_structure_is_constant),
		cmocka_unit_test(test_names_are_stable),
		cmocka_unit_test(test_references),
	};

	return cmocka_run_group_tests_name("compile", tests, NULL, NULL);
}
