// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Images of our table: storage, look-up by name or key, and equality. Pure; how an
 * image comes about is in lower.c and observe.c.
 */
#include "modules/netfilter/image.h"

#include "lib/digest.h"

#define ARENA_BLOCK (64u << 10)

struct vp_arena_block {
	struct vp_arena_block *next;
	size_t used, size;
	uint64_t data[];
};

void *vp_arena_take(struct vp_arena *arena, size_t size)
{
	struct vp_arena_block *block = arena->blocks;
	size_t need = (size + 7) & ~(size_t)7;
	void *data;

	if (!block || block->size - block->used < need) {
		size_t room = need > ARENA_BLOCK ? need : ARENA_BLOCK;

		block = vp_alloc(1, sizeof(*block) + room);
		block->size = room;
		block->next = arena->blocks;
		arena->blocks = block;
	}
	data = (uint8_t *)block->data + block->used;
	block->used += need;
	return data;
}

void *vp_arena_copy(struct vp_arena *arena, const void *data, size_t size)
{
	return size ? memcpy(vp_arena_take(arena, size), data, size) : NULL;
}

const char *vp_arena_text(struct vp_arena *arena, const char *text)
{
	return text ? vp_arena_copy(arena, text, strlen(text) + 1) : NULL;
}

void vp_arena_free(struct vp_arena *arena)
{
	while (arena->blocks) {
		struct vp_arena_block *next = arena->blocks->next;

		free(arena->blocks);
		arena->blocks = next;
	}
}

void vp_arena_reset(struct vp_arena *arena)
{
	struct vp_arena_block *block = arena->blocks;

	if (block && block->next) {
		vp_arena_free(arena);
		return;
	}
	if (block) {
		memset(block->data, 0, block->used);
		block->used = 0;
	}
}

struct vp_index_slot {
	uint64_t hash;
	uint32_t position; /* plus one; 0: free */
};

static void index_put(struct vp_index *index, uint64_t hash, uint32_t position)
{
	size_t at = hash & (index->size - 1);

	while (index->slots[at].position)
		at = (at + 1) & (index->size - 1);
	index->slots[at] = (struct vp_index_slot){ hash, position + 1 };
	index->used++;
}

void vp_index_add(struct vp_index *index, uint64_t hash, uint32_t position)
{
	if (index->used * 2 >= index->size) {
		struct vp_index old = *index;

		index->size = old.size ? old.size * 2 : 64;
		index->used = 0;
		index->slots = vp_alloc(index->size, sizeof(*index->slots));
		for (size_t i = 0; i < old.size; i++)
			if (old.slots[i].position)
				index_put(index, old.slots[i].hash, old.slots[i].position - 1);
		free(old.slots);
	}
	index_put(index, hash, position);
}

uint32_t vp_index_next(const struct vp_index *index, uint64_t hash, size_t *state)
{
	/* *state counts the slots already visited; a free slot ends every chain */
	while (*state < index->size) {
		size_t at = (hash + (*state)++) & (index->size - 1);

		if (!index->slots[at].position)
			break;
		if (index->slots[at].hash == hash)
			return index->slots[at].position - 1;
	}
	return VP_NOWHERE;
}

void vp_index_free(struct vp_index *index)
{
	free(index->slots);
	*index = (struct vp_index){ 0 };
}

struct vp_image *vp_image_new(void)
{
	return vp_new(struct vp_image);
}

struct vp_shared {
	size_t users;
	uint64_t data[]; /* the rules, then what they point to */
};

static void release_rules(struct vp_image_chain *chain)
{
	if (!chain->shared)
		vp_array_free(&chain->rules);
	else if (--chain->shared->users == 0)
		free(chain->shared);
}

static size_t text_size(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static const void *take_copy(uint8_t **at, const void *data, size_t size)
{
	void *copy = *at;

	if (!data)
		return NULL;
	*at += size;
	return memcpy(copy, data, size);
}

void vp_image_seal(struct vp_image_chain *chain)
{
	size_t head = chain->rules.len * sizeof(*chain->rules.data), size = head;
	struct vp_image_rule *rules;
	struct vp_shared *shared;
	uint8_t *at;

	vp_array_each (rule, &chain->rules)
		size += rule->length + text_size(rule->comment);
	shared = vp_alloc(1, sizeof(*shared) + size + text_size(chain->comment));
	shared->users = 1;
	rules = (void *)shared->data;
	at = (uint8_t *)shared->data + head;
	for (size_t i = 0; i < chain->rules.len; i++) {
		const struct vp_image_rule *rule = &chain->rules.data[i];

		rules[i].length = rule->length;
		rules[i].expressions = take_copy(&at, rule->expressions, rule->length);
		rules[i].comment = take_copy(&at, rule->comment, text_size(rule->comment));
	}
	chain->comment = take_copy(&at, chain->comment, text_size(chain->comment));
	free(chain->rules.data);
	chain->rules.data = rules;
	chain->rules.cap = chain->rules.len;
	chain->shared = shared;
}

void vp_image_share(struct vp_image_chain *chain, const struct vp_image_chain *like)
{
	chain->comment = like->comment;
	chain->rules.data = like->rules.data;
	chain->rules.len = chain->rules.cap = like->rules.len;
	chain->shared = like->shared;
	chain->shared->users++;
}

void vp_image_free(struct vp_image *image)
{
	if (!image)
		return;
	vp_array_each (chain, &image->chains)
		release_rules(chain);
	vp_array_each (set, &image->sets)
		vp_array_free(&set->elements);
	vp_array_free(&image->chains);
	vp_array_free(&image->sets);
	vp_array_free(&image->objects);
	vp_index_free(&image->chain_names);
	vp_index_free(&image->set_names);
	vp_index_free(&image->object_names);
	vp_arena_free(&image->arena);
	free(image);
}

static uint64_t hash_name(const char *name)
{
	return vp_digest_text(VP_DIGEST_SEED, name);
}

struct vp_image_object *vp_image_add_object(struct vp_image *image, const char *name)
{
	struct vp_image_object *object = vp_array_add(&image->objects);

	object->name = vp_arena_text(&image->arena, name);
	vp_index_add(&image->object_names, hash_name(name), (uint32_t)image->objects.len - 1);
	return object;
}

struct vp_image_set *vp_image_add_set(struct vp_image *image, const char *name)
{
	struct vp_image_set *set = vp_array_add(&image->sets);

	set->name = vp_arena_text(&image->arena, name);
	vp_index_add(&image->set_names, hash_name(name), (uint32_t)image->sets.len - 1);
	return set;
}

struct vp_image_chain *vp_image_add_chain(struct vp_image *image, const char *name)
{
	struct vp_image_chain *chain = vp_array_add(&image->chains);

	chain->name = vp_arena_text(&image->arena, name);
	vp_index_add(&image->chain_names, hash_name(name), (uint32_t)image->chains.len - 1);
	return chain;
}

struct vp_image_object *vp_image_object(const struct vp_image *image, const char *name,
					enum vp_nft_object_kind kind)
{
	uint64_t hash = hash_name(name);
	size_t state = 0;
	uint32_t at;

	while ((at = vp_index_next(&image->object_names, hash, &state)) != VP_NOWHERE)
		if (image->objects.data[at].kind == kind &&
		    !strcmp(image->objects.data[at].name, name))
			return &image->objects.data[at];
	return NULL;
}

struct vp_image_set *vp_image_set(const struct vp_image *image, const char *name)
{
	uint64_t hash = hash_name(name);
	size_t state = 0;
	uint32_t at;

	while ((at = vp_index_next(&image->set_names, hash, &state)) != VP_NOWHERE)
		if (!strcmp(image->sets.data[at].name, name))
			return &image->sets.data[at];
	return NULL;
}

struct vp_image_chain *vp_image_chain(const struct vp_image *image, const char *name)
{
	uint64_t hash = hash_name(name);
	size_t state = 0;
	uint32_t at;

	while ((at = vp_index_next(&image->chain_names, hash, &state)) != VP_NOWHERE)
		if (!strcmp(image->chains.data[at].name, name))
			return &image->chains.data[at];
	return NULL;
}

struct vp_image_object *vp_image_next_object(const struct vp_image *image, const char *name,
					     enum vp_nft_object_kind kind, size_t *next)
{
	struct vp_image_object *found =
		*next < image->objects.len ? &image->objects.data[*next] : NULL;

	if (!found || found->kind != kind || strcmp(found->name, name) != 0)
		found = vp_image_object(image, name, kind);
	if (found)
		*next = (size_t)(found - image->objects.data) + 1;
	return found;
}

struct vp_image_chain *vp_image_next_chain(const struct vp_image *image, const char *name,
					   size_t *next)
{
	struct vp_image_chain *found =
		*next < image->chains.len ? &image->chains.data[*next] : NULL;

	if (!found || strcmp(found->name, name) != 0)
		found = vp_image_chain(image, name);
	if (found)
		*next = (size_t)(found - image->chains.data) + 1;
	return found;
}

static uint64_t hash_key(const struct vp_image_set *set,
			 const struct vp_image_element *element)
{
	return vp_digest(VP_DIGEST_SEED, element->key, vp_image_key_size(set, element));
}

void vp_image_index_elements(const struct vp_image_set *set, struct vp_index *index)
{
	for (size_t i = 0; i < set->elements.len; i++)
		vp_index_add(index, hash_key(set, &set->elements.data[i]), (uint32_t)i);
}

const struct vp_image_element *vp_image_element(const struct vp_image_set *set,
						const struct vp_index *index,
						const struct vp_image_element *like)
{
	uint64_t hash = hash_key(set, like);
	size_t state = 0;
	uint32_t at;

	while ((at = vp_index_next(index, hash, &state)) != VP_NOWHERE) {
		const struct vp_image_element *element = &set->elements.data[at];

		if (element->ranged == like->ranged &&
		    !memcmp(element->key, like->key, vp_image_key_size(set, like)))
			return element;
	}
	return NULL;
}

void vp_image_keep(struct vp_image *image, const struct vp_image *base)
{
	size_t next = 0;

	vp_array_each (object, &base->objects) {
		struct vp_image_object *copy;
		const char *name;

		copy = vp_image_next_object(image, object->name, object->kind, &next);
		if (copy)
			continue;
		copy = vp_image_add_object(image, object->name);
		name = copy->name;
		*copy = *object;
		copy->name = name;
		copy->leftover = true;
	}
	vp_array_each (set, &base->sets) {
		struct vp_image_set *copy;
		const char *name;

		if (!set->kept || vp_image_set(image, set->name))
			continue;
		copy = vp_image_add_set(image, set->name);
		name = copy->name;
		*copy = *set;
		copy->name = name;
		copy->userdata =
			vp_arena_copy(&image->arena, set->userdata, set->userdata_length);
		copy->leftover = true;
		memset(&copy->elements, 0, sizeof(copy->elements));
	}
}

void vp_image_release_kept(struct vp_image *image)
{
	vp_array_each (set, &image->sets)
		if (set->kept)
			vp_array_free(&set->elements);
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

bool vp_image_object_same(const struct vp_image_object *a, const struct vp_image_object *b)
{
	return a->kind == b->kind && a->rate == b->rate && a->seconds == b->seconds &&
	       a->burst == b->burst;
}

bool vp_image_set_same(const struct vp_image_set *a, const struct vp_image_set *b)
{
	return a->flags == b->flags && a->key_type == b->key_type &&
	       a->key_length == b->key_length && a->data_type == b->data_type &&
	       a->data_length == b->data_length && a->size == b->size &&
	       a->milliseconds == b->milliseconds && a->part_count == b->part_count &&
	       !memcmp(a->parts, b->parts, a->part_count) &&
	       a->userdata_length == b->userdata_length &&
	       (!a->userdata_length || !memcmp(a->userdata, b->userdata, a->userdata_length));
}

bool vp_image_chain_same(const struct vp_image_chain *a, const struct vp_image_chain *b)
{
	return a->base == b->base && a->hook == b->hook && a->priority == b->priority &&
	       same_text(a->comment, b->comment);
}

bool vp_image_rule_same(const struct vp_image_rule *a, const struct vp_image_rule *b)
{
	return a->length == b->length &&
	       (!a->length || !memcmp(a->expressions, b->expressions, a->length)) &&
	       same_text(a->comment, b->comment);
}

bool vp_image_rules_same(const struct vp_image_chain *a, const struct vp_image_chain *b)
{
	if (a->shared && a->shared == b->shared)
		return true;
	if (a->rules.len != b->rules.len)
		return false;
	for (size_t i = 0; i < a->rules.len; i++)
		if (!vp_image_rule_same(&a->rules.data[i], &b->rules.data[i]))
			return false;
	return true;
}

bool vp_image_element_same(const struct vp_image_element *a, const struct vp_image_element *b)
{
	return a->verdict == b->verdict && a->mark == b->mark &&
	       same_text(a->chain, b->chain) && same_text(a->comment, b->comment);
}
