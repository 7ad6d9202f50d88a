/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ruleset's memory and its digests. It knows neither patches nor the kernel. */
#include "modules/netfilter/ruleset.h"

#include "lib/digest.h"

void vp_statement_free(struct vp_statement *statement)
{
	free(statement->selectors);
	free(statement->name);
}

void vp_statements_free(struct vp_statements *statements)
{
	vp_array_each (statement, statements)
		vp_statement_free(statement);
	vp_array_free(statements);
}

void vp_nft_chain_free(struct vp_nft_chain *chain)
{
	vp_array_each (rule, &chain->rules) {
		vp_statements_free(&rule->statements);
		free(rule->comment);
	}
	vp_array_free(&chain->rules);
	free(chain->name);
	free(chain->comment);
}

void vp_nft_set_free(struct vp_nft_set *set)
{
	vp_array_free(&set->parts);
	vp_array_free(&set->keys);
	vp_array_free(&set->elements);
	free(set->name);
	free(set->comment);
}

void vp_ruleset_free(struct vp_ruleset *ruleset)
{
	if (!ruleset)
		return;
	vp_array_each (chain, &ruleset->chains)
		vp_nft_chain_free(chain);
	vp_array_each (set, &ruleset->sets)
		vp_nft_set_free(set);
	vp_array_each (object, &ruleset->objects)
		free(object->name);
	vp_array_each (tag, &ruleset->tags)
		free(tag->name);
	vp_array_free(&ruleset->chains);
	vp_array_free(&ruleset->sets);
	vp_array_free(&ruleset->objects);
	vp_array_free(&ruleset->tags);
	free(ruleset);
}

const struct vp_nft_tag *vp_ruleset_tag(const struct vp_ruleset *ruleset, uint32_t tag)
{
	size_t low = vp_array_lower(&ruleset->tags, tag, tag);

	if (low < ruleset->tags.len && ruleset->tags.data[low].tag == tag)
		return &ruleset->tags.data[low];
	return NULL;
}

static uint64_t add_number(uint64_t seed, uint64_t number)
{
	return vp_digest(seed, &number, sizeof(number));
}

static uint64_t add_text(uint64_t seed, const char *text)
{
	return vp_digest_text(add_number(seed, text != NULL), text ? text : "");
}

static uint64_t add_selector(uint64_t seed, const struct vp_selector *selector)
{
	uint8_t head[6] = {
		(uint8_t)selector->kind,   selector->type, (uint8_t)(selector->offset >> 8),
		(uint8_t)selector->offset, selector->size, selector->masked
	};

	seed = vp_digest(seed, head, sizeof(head));
	return selector->masked ? vp_digest(seed, selector->mask, sizeof(selector->mask))
				: seed;
}

static uint64_t add_statement(uint64_t seed, const struct vp_statement *statement)
{
	uint8_t head[5] = { (uint8_t)statement->kind, statement->selector_count,
			    (uint8_t)statement->compare, statement->over,
			    (uint8_t)statement->verdict };

	seed = vp_digest(seed, head, sizeof(head));
	for (size_t i = 0; i < statement->selector_count; i++)
		seed = add_selector(seed, &statement->selectors[i]);
	seed = vp_digest(seed, statement->data, sizeof(statement->data));
	seed = vp_digest(seed, statement->data2, sizeof(statement->data2));
	seed = add_text(seed, statement->name);
	seed = add_number(seed, statement->number);
	seed = add_number(seed, statement->milliseconds);
	seed = add_number(seed, statement->rate.count);
	seed = add_number(seed, statement->rate.seconds);
	if (statement->kind == VP_ST_QUEUE)
		seed = add_number(add_number(seed, statement->queues), statement->compat);
	if (statement->kind == VP_ST_ALLOW)
		seed = add_number(seed, statement->bytes);
	return add_number(seed, statement->burst);
}

uint64_t vp_nft_rule_digest(uint64_t seed, const struct vp_nft_rule *rule)
{
	seed = add_number(seed, rule->statements.len);
	vp_array_each (statement, &rule->statements)
		seed = add_statement(seed, statement);
	return add_text(seed, rule->comment);
}

uint64_t vp_nft_chain_digest(const struct vp_nft_chain *chain)
{
	uint64_t seed = add_number(VP_DIGEST_SEED, chain->base);

	seed = add_number(seed, chain->hook);
	seed = add_number(seed, (uint32_t)chain->priority);
	vp_array_each (rule, &chain->rules)
		seed = vp_nft_rule_digest(seed, rule);
	return add_text(seed, chain->comment);
}

static uint64_t add_element(uint64_t seed, const struct vp_nft_set *set,
			    const struct vp_nft_element *element)
{
	seed = vp_digest(seed, vp_element_key(set, element), set->key_size);
	seed = vp_digest(seed, vp_element_key_end(set, element), set->key_size);
	seed = add_number(seed, element->mark);
	if (set->data == VP_DATA_VERDICT) {
		seed = add_number(seed, element->verdict);
		seed = add_text(seed, element->chain);
	}
	return element->comment ? add_text(seed, element->comment) : seed;
}

uint64_t vp_nft_set_digest(const struct vp_nft_set *set)
{
	uint8_t head[7] = { (uint8_t)set->parts.len,
			    (uint8_t)set->data,
			    set->interval,
			    set->dynamic,
			    set->timeout,
			    set->kept,
			    set->immutable };
	uint64_t seed = vp_digest(VP_DIGEST_SEED, head, sizeof(head));

	for (size_t i = 0; i < set->parts.len; i++) {
		seed = add_number(seed, set->parts.data[i].size);
		seed = add_text(seed, set->parts.data[i].type);
		seed = add_selector(seed, &set->selectors[i]);
	}
	seed = add_number(seed, set->size);
	seed = add_number(seed, set->milliseconds);
	vp_array_each (element, &set->elements)
		seed = add_element(seed, set, element);
	return add_text(seed, set->comment);
}

uint64_t vp_ruleset_digest(const struct vp_ruleset *ruleset)
{
	uint64_t seed = add_number(VP_DIGEST_SEED, ruleset->owner_persist);

	vp_array_each (set, &ruleset->sets) {
		seed = add_number(add_text(seed, set->name), vp_nft_set_digest(set));
		seed = add_number(seed, set->tag);
	}
	vp_array_each (object, &ruleset->objects) {
		seed = add_number(add_text(seed, object->name), object->kind);
		seed = add_number(seed, object->tag);
		seed = add_number(seed, object->rate.count);
		seed = add_number(seed, object->rate.seconds);
		seed = add_number(seed, object->burst);
	}
	vp_array_each (chain, &ruleset->chains)
		seed = add_number(add_text(seed, chain->name), vp_nft_chain_digest(chain));
	return seed;
}
