/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plan to ruleset: the frame of the compiler. What rules become is in
 * compile_rule.c, compile_end.c and (inspection) compile_queue.c, how packets find them
 * in compile_dispatch.c.
 */
#include "modules/netfilter/compile.h"

#include <errno.h>

#include "modules/netfilter/compiler.h"

static int tag_compare(const void *a, const void *b)
{
	const struct vp_nft_tag *x = a, *y = b;

	return x->tag < y->tag ? -1 : x->tag > y->tag;
}

static int name_rules(struct vp_compiler *c, struct vp_error *err)
{
	struct vp_ruleset *ruleset = c->ruleset;
	int code;

	for (size_t i = 0; i < c->plan->placements.len; i++) {
		const struct vp_placement *placement = &c->plan->placements.data[i];
		struct vp_nft_tag *tag;

		if (placement->point == VP_POINT_INSPECTION) {
			code = vp_compile_queues_check(c, placement, err);
			if (code < 0)
				return code;
		} else if (placement->point != VP_POINT_NETFILTER) {
			continue;
		}
		tag = vp_array_add(&ruleset->tags);
		tag->tag = placement->tag;
		tag->enforce = placement->mode == VP_MODE_ENFORCE;
		tag->name = vp_format("%s/%s", placement->patch->id, placement->rule->name);
		c->rules[i].name = tag->name;
	}
	if (!ruleset->tags.len)
		return 0;
	qsort(ruleset->tags.data, ruleset->tags.len, sizeof(*ruleset->tags.data), tag_compare);
	for (size_t i = 1; i < ruleset->tags.len; i++)
		if (ruleset->tags.data[i].tag == ruleset->tags.data[i - 1].tag)
			return vp_fail(
				err, -EINVAL, "rules %s and %s have the same tag; rename one",
				ruleset->tags.data[i - 1].name, ruleset->tags.data[i].name);
	return 0;
}

static void compiler_free(struct vp_compiler *c)
{
	for (size_t i = 0; i < c->plan->placements.len; i++) {
		vp_array_each (rule, &c->rules[i].rules) {
			vp_statements_free(&rule->statements);
			free(rule->comment);
		}
		vp_array_free(&c->rules[i].rules);
	}
	free(c->rules);
	vp_array_free(&c->chains);
	vp_lists_free(&c->lists);
	vp_store_free(&c->store);
}

int vp_ruleset_compile(const struct vp_plan *plan, const struct vp_host *host,
		       uint64_t generation, struct vp_ruleset **ruleset, struct vp_error *err)
{
	struct vp_compiler c = { .plan = plan, .host = host };
	int result;

	c.ruleset = vp_new(struct vp_ruleset);
	c.ruleset->generation = generation;
	c.ruleset->owner_persist = host->table_ownership && host->kernel.owner_persist;
	c.store.ruleset = c.ruleset;
	c.rules = vp_alloc(plan->placements.len, sizeof(*c.rules));
	result = name_rules(&c, err);
	if (!result)
		vp_compile_dispatch(&c);
	compiler_free(&c);
	if (result)
		vp_ruleset_free(c.ruleset);
	else
		*ruleset = c.ruleset;
	return result;
}
