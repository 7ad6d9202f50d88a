/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One rule of the plan as nftables rules. Conditions that are one row of
 * statements stand in the rule itself; those with alternatives, and exceptions,
 * become a cascade: a chain for each, which goes on to the next one or returns.
 * An alternative always fits one rule: it reads at most VP_DATAGRAM_REACH bytes,
 * 16 in each statement.
 */
#include "modules/netfilter/compiler.h"

#define INLINE_MAX 24u /* statements of conditions in one rule */

/* A test that needs a chain of its own: go on to the next stage where it is `wanted`. */
struct stage {
	struct vp_test test;
	bool wanted;
};

VP_ARRAY_TYPE(stages, struct stage);
VP_ARRAY_TYPE(nft_rules, struct vp_nft_rule);

void vp_compile_scope(const struct vp_placement *placement, struct vp_scope *scope)
{
	*scope = (struct vp_scope){ 0 };
	vp_array_each (range, &placement->ports) {
		if (range->protocol < 256)
			scope->protocols[range->protocol] = true;
		else
			memset(scope->protocols, true, sizeof(scope->protocols));
	}
}

static void move_statements(struct vp_statements *to, struct vp_statements *from, size_t first,
			    size_t count)
{
	for (size_t i = first; i < first + count; i++) {
		vp_array_push(to, from->data[i]);
		from->data[i] = (struct vp_statement){ 0 };
	}
}

/* The rules, given last one first, as a stored chain; NULL when there are none. */
static const char *seal(struct vp_compiler *c, struct nft_rules *reversed, const char *name)
{
	struct vp_nft_chain chain = { .comment = vp_strdup(name) };

	if (!reversed->len) {
		free(chain.comment);
		return NULL;
	}
	for (size_t i = reversed->len; i-- > 0;)
		vp_array_push(&chain.rules, reversed->data[i]);
	vp_array_free(reversed);
	return vp_store_chain(&c->store, "stage", &chain);
}

/* Append the verdict of a branch: go on to `next`, or give up. */
static void decide(struct vp_statements *statements, bool go, const char *next)
{
	vp_st_verdict(statements, go ? VP_NFT_GOTO : VP_NFT_RETURN, go ? next : NULL);
}

static const char *stage_chain(struct vp_compiler *c, struct stage *stage, const char *next,
			       const char *name)
{
	struct nft_rules reversed = { 0 };

	if (stage->test.otherwise == stage->wanted)
		vp_st_verdict(&vp_array_add(&reversed)->statements, VP_NFT_GOTO, next);
	for (size_t i = stage->test.branches.len; i-- > 0;) {
		struct vp_branch *branch = &stage->test.branches.data[i];
		bool go = branch->holds == stage->wanted;
		struct vp_nft_rule *rule = vp_array_add(&reversed);

		move_statements(&rule->statements, &branch->statements, 0,
				branch->statements.len);
		decide(&rule->statements, go, next);
	}
	return seal(c, &reversed, name);
}

/* False: the rule cannot match in this family. */
static bool add_condition(struct vp_compiler *c, const struct vp_condition *condition,
			  const struct vp_scope *scope, bool wanted,
			  struct vp_statements *plain, struct stages *stages)
{
	struct vp_test test = { 0 };
	bool possible = true, move;

	vp_test_compile(condition, scope, &c->store, &test);
	if (vp_test_constant(&test)) {
		possible = test.otherwise == wanted;
		vp_test_free(&test);
		return possible;
	}
	move = wanted ? vp_test_plain(&test) : vp_test_invert(&test);
	if (move && plain->len + test.branches.data[0].statements.len <= INLINE_MAX) {
		struct vp_statements *from = &test.branches.data[0].statements;

		move_statements(plain, from, 0, from->len);
		vp_test_free(&test);
		return true;
	}
	if (move && !wanted)
		wanted = true; /* it was inverted */
	vp_array_push(stages, ((struct stage){ test, wanted }));
	return true;
}

static bool add_conditions(struct vp_compiler *c, const struct vp_rule *rule,
			   const struct vp_scope *scope, struct vp_statements *plain,
			   struct stages *stages)
{
	vp_array_each (condition, &rule->when)
		if (!add_condition(c, condition, scope, true, plain, stages))
			return false;
	vp_array_each (condition, &rule->except)
		if (!add_condition(c, condition, scope, false, plain, stages))
			return false;
	return true;
}

/* The rule for one family, or for both (family 0), when it can match there. */
static void compile_variant(struct vp_compiler *c, const struct vp_placement *placement,
			    struct vp_compiled *compiled, uint8_t family)
{
	struct vp_scope scope;
	struct stages stages = { 0 };
	struct vp_nft_rule rule = { 0 };
	const char *next = NULL;

	vp_compile_scope(placement, &scope);
	scope.family = family;
	if (family)
		vp_st_family(&rule.statements, family);
	if (!add_conditions(c, placement->rule, &scope, &rule.statements, &stages)) {
		vp_statements_free(&rule.statements);
	} else if (!stages.len) {
		vp_compile_tail(c, placement, compiled->name, family, &rule.statements);
	} else {
		struct nft_rules last = { 0 };

		vp_compile_tail(c, placement, compiled->name, family,
				&vp_array_add(&last)->statements);
		next = seal(c, &last, compiled->name);
		for (size_t i = stages.len; i-- > 0;)
			next = stage_chain(c, &stages.data[i], next, compiled->name);
		vp_st_verdict(&rule.statements, VP_NFT_JUMP, next);
	}
	vp_array_each (stage, &stages)
		vp_test_free(&stage->test);
	vp_array_free(&stages);
	if (!rule.statements.len)
		return;
	rule.comment = vp_strdup(compiled->name);
	vp_array_push(&compiled->rules, rule);
}

static bool has_family(const struct vp_placement *placement, uint8_t family)
{
	if (placement->local)
		return true;
	vp_array_each (range, &placement->addresses)
		if (range->first.family == family)
			return true;
	return false;
}

static bool of_family(const struct vp_placement *placement)
{
	vp_array_each (condition, &placement->rule->when)
		if (vp_condition_of_family(condition))
			return true;
	vp_array_each (condition, &placement->rule->except)
		if (vp_condition_of_family(condition))
			return true;
	return vp_compile_tail_of_family(placement);
}

static struct vp_compiled *compiled_rule(struct vp_compiler *c, uint32_t number)
{
	const struct vp_placement *placement = &c->plan->placements.data[number];
	struct vp_compiled *compiled = &c->rules[number];

	if (compiled->done)
		return compiled;
	compiled->done = true;
	if (!of_family(placement)) {
		compile_variant(c, placement, compiled, 0);
		return compiled;
	}
	for (uint8_t family = 4; family <= 6; family += 2)
		if (has_family(placement, family))
			compile_variant(c, placement, compiled, family);
	return compiled;
}

static void chain_take(struct vp_nft_chain *chain, const struct vp_compiled *compiled)
{
	vp_array_each (rule, &compiled->rules)
		vp_statements_copy(&vp_chain_rule(chain, rule->comment)->statements,
				   &rule->statements);
}

const char *vp_compile_list(struct vp_compiler *c, uint32_t list)
{
	struct vp_nft_chain chain = { 0 };

	while (c->chains.len <= list)
		vp_array_add(&c->chains);
	if (c->chains.data[list])
		return c->chains.data[list];
	if (c->plan->placements.data[*vp_list_rules(&c->lists, list)].point ==
	    VP_POINT_INSPECTION) {
		const char *name = vp_compile_queue(c, list);

		return c->chains.data[list] = name;
	}
	for (size_t i = 0; i < vp_list_count(&c->lists, list); i++)
		chain_take(&chain, compiled_rule(c, vp_list_rules(&c->lists, list)[i]));
	c->chains.data[list] = vp_store_chain(&c->store, "region", &chain);
	return c->chains.data[list];
}
