// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ruleset to image: sets, elements, objects and chains in the form the kernel
 * keeps them in. Pure. How readers shall print them is in userdata.c.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <libnftnl/udata.h>

#include "modules/netfilter/lower.h"
#include "modules/netfilter/userdata.h"

/* As long as nft(8) reads them. */
static const char *comment(struct vp_arena *arena, const char *text)
{
	size_t length = text ? strnlen(text, NFTNL_UDATA_COMMENT_MAXLEN) : 0;
	char *copy;

	if (!length)
		return NULL;
	copy = vp_arena_take(arena, length + 1); /* zeroed */
	return memcpy(copy, text, length);
}

static void set_userdata(struct vp_image *image, const struct vp_nft_set *from,
			 struct vp_image_set *set)
{
	struct vp_userdata userdata = { .length = 0 };
	char owner[24];

	snprintf(owner, sizeof(owner), VP_TAG_COMMENT, from->tag);
	vp_userdata_set(&userdata, from,
			from->tag ? owner : comment(&image->arena, from->comment),
			&set->key_type);
	set->userdata = vp_arena_copy(&image->arena, userdata.data, userdata.length);
	set->userdata_length = userdata.length;
	set->tag = from->tag;
}

static uint32_t set_flags(const struct vp_nft_set *from)
{
	uint32_t flags = 0;

	if (from->interval)
		flags |= NFT_SET_INTERVAL;
	if (from->interval && from->parts.len > 1)
		flags |= NFT_SET_CONCAT;
	if (from->data != VP_DATA_NONE)
		flags |= NFT_SET_MAP;
	if (from->dynamic)
		flags |= NFT_SET_EVAL;
	if (from->timeout)
		flags |= NFT_SET_TIMEOUT;
	return flags;
}

/* Both ends in one piece. */
static const uint8_t *range_key(struct vp_image *image, const struct vp_nft_set *from,
				const struct vp_image_set *set,
				const struct vp_nft_element *element)
{
	uint8_t *key = vp_arena_take(&image->arena, 2 * (size_t)set->key_length);

	memcpy(key, vp_element_key(from, element), set->key_length);
	memcpy(key + set->key_length, vp_element_key_end(from, element), set->key_length);
	return key;
}

/* `keys`: a copy of all keys of the set. */
static int lower_element(struct vp_image *image, const struct vp_nft_set *from,
			 struct vp_image_set *set, const uint8_t *keys,
			 const struct vp_nft_element *element, struct vp_error *err)
{
	struct vp_image_element *out = vp_array_add(&set->elements);

	out->ranged = from->interval;
	out->key = out->ranged ? range_key(image, from, set, element) : keys + element->key;
	out->comment = comment(&image->arena, element->comment);
	if (from->data == VP_DATA_MARK)
		out->mark = element->mark;
	if (from->data != VP_DATA_VERDICT)
		return 0;
	if (!vp_lower_verdict(element->verdict, &out->verdict))
		return vp_fail(err, -EINVAL, "set %s: an element cannot reject", from->name);
	if (out->verdict == NFT_GOTO || out->verdict == NFT_JUMP) {
		if (!element->chain)
			return vp_fail(err, -EINVAL, "set %s: a jump without a chain",
				       from->name);
		out->chain = vp_arena_text(&image->arena, element->chain);
	}
	return 0;
}

static int lower_set(struct vp_image *image, const struct vp_nft_set *from,
		     struct vp_error *err)
{
	struct vp_image_set *set;
	const uint8_t *keys;
	bool concatenation = from->parts.len > 1;

	if (from->parts.len == 0 || from->parts.len > VP_SELECTORS_MAX)
		return vp_fail(err, -EINVAL, "set %s: %zu parts in its key", from->name,
			       from->parts.len);
	set = vp_image_add_set(image, from->name);
	set->flags = set_flags(from);
	vp_array_each (part, &from->parts) {
		set->key_length += concatenation ? (part->size + 3u) & ~3u : part->size;
		if (set->flags & NFT_SET_CONCAT)
			set->parts[set->part_count++] = part->size;
	}
	if (from->data == VP_DATA_VERDICT) {
		set->data_type = NFT_DATA_VERDICT;
		set->data_length = 16; /* what the kernel reports for verdicts */
	} else if (from->data == VP_DATA_MARK) {
		set->data_type = VP_NFT_TYPE_MARK;
		set->data_length = 4;
	}
	/* a tree of intervals counts their ends too, and gains nothing from a size */
	set->size = from->interval && !concatenation ? 0 : from->size;
	set->milliseconds = from->timeout ? vp_lower_timeout(from->milliseconds) : 0;
	set->kept = from->kept;
	set->recalled = from->recalled;
	set_userdata(image, from, set);
	keys = vp_arena_copy(&image->arena, from->keys.data,
			     from->interval ? 0 : from->keys.len);
	vp_array_each (element, &from->elements) {
		int code = lower_element(image, from, set, keys, element, err);

		if (code < 0)
			return code;
	}
	return 0;
}

static void lower_object(struct vp_image *image, const struct vp_nft_object *from)
{
	struct vp_image_object *object = vp_image_add_object(image, from->name);

	object->kind = from->kind;
	object->tag = from->tag;
	if (from->kind == VP_OBJECT_LIMIT) {
		object->rate = from->rate.count;
		object->seconds = from->rate.seconds;
		object->burst = from->burst;
	}
}

static int lower_rule(struct vp_expressions *expressions, struct vp_image_chain *chain,
		      const struct vp_nft_rule *from, struct vp_error *err)
{
	struct vp_image_rule *rule = vp_array_add(&chain->rules);
	int code;

	vp_expressions_reset(expressions);
	vp_array_each (statement, &from->statements) {
		code = vp_lower_statement(expressions, statement, err);
		if (code < 0)
			return vp_fail_context(err, "chain %s, rule \"%s\"", chain->name,
					       from->comment ? from->comment : "");
	}
	vp_expressions_store(expressions, rule);
	rule->comment = comment(expressions->arena, from->comment);
	return 0;
}

static int lower_rules(struct vp_expressions *expressions, const struct vp_nft_chain *from,
		       struct vp_image_chain *chain, struct vp_error *err)
{
	chain->comment = comment(expressions->arena, from->comment);
	vp_array_each (rule, &from->rules) {
		int code = lower_rule(expressions, chain, rule, err);

		if (code < 0)
			return code;
	}
	return 0;
}

/* A chain named by its content: written once, then shared. */
static int lower_immutable(struct vp_expressions *expressions, const struct vp_nft_chain *from,
			   const struct vp_image_chain *there, struct vp_image_chain *chain,
			   struct vp_error *err)
{
	int code;

	if (there && there->shared) {
		vp_image_share(chain, there);
		return 0;
	}
	vp_arena_reset(&expressions->scratch);
	expressions->arena = &expressions->scratch;
	code = lower_rules(expressions, from, chain, err);
	expressions->arena = &expressions->image->arena;
	if (code == 0)
		vp_image_seal(chain);
	return code;
}

static int lower_chain(struct vp_expressions *expressions, const struct vp_nft_chain *from,
		       const struct vp_image_chain *there, struct vp_error *err)
{
	struct vp_image_chain *chain = vp_image_add_chain(expressions->image, from->name);

	chain->base = from->base;
	if (!from->base && !from->kept_name)
		return lower_immutable(expressions, from, there, chain, err);
	if (from->base) {
		chain->hook = from->hook;
		chain->priority = from->priority;
	}
	return lower_rules(expressions, from, chain, err);
}

/* The number of the generation, where a reader of the kernel finds it: see image.h. */
static int lower_generation(struct vp_expressions *expressions, uint64_t generation,
			    struct vp_error *err)
{
	struct vp_statement leave = { .kind = VP_ST_VERDICT, .verdict = VP_NFT_RETURN };
	struct vp_image_chain *chain =
		vp_image_add_chain(expressions->image, VP_GENERATION_CHAIN);
	struct vp_image_rule *rule = vp_array_add(&chain->rules);
	char text[32];
	int code;

	vp_expressions_reset(expressions);
	code = vp_lower_statement(expressions, &leave, err);
	vp_expressions_store(expressions, rule);
	snprintf(text, sizeof(text), "generation %llu", (unsigned long long)generation);
	rule->comment = vp_arena_text(&expressions->image->arena, text);
	return code;
}

static int lower_all(const struct vp_ruleset *ruleset, const struct vp_image *like,
		     struct vp_image *image, struct vp_error *err)
{
	struct vp_expressions expressions;
	size_t next = 0;
	int code = 0;

	vp_array_each (object, &ruleset->objects)
		lower_object(image, object);
	vp_array_each (set, &ruleset->sets) {
		code = lower_set(image, set, err);
		if (code < 0)
			return code;
	}
	vp_expressions_init(&expressions, image);
	vp_array_each (chain, &ruleset->chains) {
		const struct vp_image_chain *there =
			like ? vp_image_next_chain(like, chain->name, &next) : NULL;

		code = lower_chain(&expressions, chain, there, err);
		if (code < 0)
			break;
	}
	if (code == 0)
		code = lower_generation(&expressions, ruleset->generation, err);
	vp_expressions_free(&expressions);
	return code;
}

int vp_lower(const struct vp_ruleset *ruleset, const struct vp_image *like,
	     struct vp_image **image, struct vp_error *err)
{
	_cleanup_image_ struct vp_image *made = vp_image_new();
	int code = lower_all(ruleset, like, made, err);

	if (code < 0)
		return code;
	made->exists = true;
	made->flags = ruleset->owner_persist ? VP_TABLE_OWNER | VP_TABLE_PERSIST : 0;
	made->generation = ruleset->generation;
	*image = TAKE_PTR(made);
	return 0;
}
