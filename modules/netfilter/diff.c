// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The difference of two images. Pure. Kept objects and the contents of kept sets
 * are nobody's to change: they are made when missing and otherwise left alone.
 */
#include "modules/netfilter/diff.h"

static void conflict(struct vp_diff *diff, const char *name)
{
	diff->rebuild = true;
	diff->conflict = name;
}

static void compare_tables(struct vp_diff *diff, const struct vp_image *base,
			   const struct vp_image *wanted)
{
	if (!base->exists) {
		diff->make_table = true;
		return;
	}
	if (base->flags == wanted->flags)
		return;
	/* a persistent table without a living owner is an ordinary one, or waits to be taken
	 * over */
	if (base->flags != VP_TABLE_PERSIST)
		conflict(diff, VP_TABLE_NAME);
	else if (wanted->flags & VP_TABLE_OWNER)
		diff->make_table = true;
}

static void compare_objects(struct vp_diff *diff, const struct vp_image *base,
			    const struct vp_image *wanted)
{
	size_t next = 0;

	vp_array_each (object, &wanted->objects) {
		const struct vp_image_object *there =
			vp_image_next_object(base, object->name, object->kind, &next);

		if (there && vp_image_object_same(there, object))
			continue;
		if (there && !there->leftover) {
			conflict(diff, object->name);
			continue;
		}
		if (there)
			vp_array_push(&diff->stale_objects, there);
		vp_array_push(&diff->new_objects, object);
	}
}

static void compare_unsorted(struct vp_diff_set *set)
{
	struct vp_index old = { 0 }, new = { 0 };

	vp_image_index_elements(set->base, &old);
	vp_image_index_elements(set->wanted, &new);
	vp_array_each (element, &set->wanted->elements) {
		const struct vp_image_element *there =
			vp_image_element(set->base, &old, element);

		if (!there || !vp_image_element_same(there, element))
			vp_array_push(&set->add, element);
	}
	vp_array_each (element, &set->base->elements) {
		const struct vp_image_element *there =
			vp_image_element(set->wanted, &new, element);

		if (!there || !vp_image_element_same(there, element))
			vp_array_push(&set->remove, element);
	}
	vp_index_free(&old);
	vp_index_free(&new);
}

static int compare_keys(const struct vp_image_set *set, const struct vp_image_element *a,
			const struct vp_image_element *b)
{
	return memcmp(a->key, b->key, vp_image_key_size(set, a));
}

static bool is_sorted(const struct vp_image_set *set)
{
	for (size_t i = 1; i < set->elements.len; i++)
		if (compare_keys(set, &set->elements.data[i - 1], &set->elements.data[i]) >= 0)
			return false;
	return true;
}

/* As the compiler leaves them, unlike the kernel. */
static void compare_sorted(struct vp_diff_set *set)
{
	size_t n = 0, o = 0;

	while (n < set->wanted->elements.len || o < set->base->elements.len) {
		const struct vp_image_element *new = NULL, *old = NULL;
		int order;

		if (n < set->wanted->elements.len)
			new = &set->wanted->elements.data[n];
		if (o < set->base->elements.len)
			old = &set->base->elements.data[o];
		order = !new ? 1 : !old ? -1 : compare_keys(set->wanted, new, old);
		if (order < 0 || (!order && !vp_image_element_same(new, old)))
			vp_array_push(&set->add, new);
		if (order > 0 || (!order && !vp_image_element_same(new, old)))
			vp_array_push(&set->remove, old);
		n += order <= 0;
		o += order >= 0;
	}
}

static void compare_elements(struct vp_diff *diff, const struct vp_image_set *base,
			     const struct vp_image_set *wanted)
{
	struct vp_diff_set set = { .wanted = wanted, .base = base };

	if (is_sorted(base) && is_sorted(wanted))
		compare_sorted(&set);
	else
		compare_unsorted(&set);
	if (set.add.len || set.remove.len)
		vp_array_push(&diff->changed_sets, set);
}

static void compare_sets(struct vp_diff *diff, const struct vp_image *base,
			 const struct vp_image *wanted)
{
	vp_array_each (set, &wanted->sets) {
		const struct vp_image_set *there = vp_image_set(base, set->name);

		if (!there)
			vp_array_push(&diff->new_sets, set);
		else if (!vp_image_set_same(there, set))
			conflict(diff, set->name);
		else if (!set->kept)
			compare_elements(diff, there, set);
		else if (set->recalled && base->generation != wanted->generation)
			vp_array_push(&diff->recalled_sets, set);
	}
	vp_array_each (set, &base->sets)
		if (!set->kept && !vp_image_set(wanted, set->name))
			vp_array_push(&diff->old_sets, set);
}

/* Rules of these appear only with the commit: they are reached, or read, at once. */
static bool is_filled_late(const struct vp_image_chain *chain)
{
	return chain->base || !strcmp(chain->name, VP_GENERATION_CHAIN);
}

static void compare_chains(struct vp_diff *diff, const struct vp_image *base,
			   const struct vp_image *wanted)
{
	size_t next = 0;

	vp_array_each (chain, &wanted->chains) {
		const struct vp_image_chain *there =
			vp_image_next_chain(base, chain->name, &next);

		if (!there) {
			vp_array_push(&diff->new_chains, chain);
			if (is_filled_late(chain))
				vp_array_push(&diff->filled_chains, chain);
		} else if (!vp_image_chain_same(there, chain)) {
			conflict(diff, chain->name);
		} else if (!vp_image_rules_same(there, chain)) {
			vp_array_push(&diff->switched_chains, chain);
		}
	}
	next = 0;
	vp_array_each (chain, &base->chains) {
		if (vp_image_next_chain(wanted, chain->name, &next))
			continue;
		vp_array_push(&diff->old_chains, chain);
		if (chain->base && chain->rules.len)
			vp_array_push(&diff->emptied_chains, chain);
	}
}

void vp_diff_make(struct vp_diff *diff, const struct vp_image *base,
		  const struct vp_image *wanted)
{
	*diff = (struct vp_diff){ 0 };
	compare_tables(diff, base, wanted);
	compare_objects(diff, base, wanted);
	compare_sets(diff, base, wanted);
	compare_chains(diff, base, wanted);
}

void vp_diff_free(struct vp_diff *diff)
{
	vp_array_each (set, &diff->changed_sets) {
		vp_array_free(&set->add);
		vp_array_free(&set->remove);
	}
	vp_array_free(&diff->stale_objects);
	vp_array_free(&diff->new_objects);
	vp_array_free(&diff->new_sets);
	vp_array_free(&diff->new_chains);
	vp_array_free(&diff->filled_chains);
	vp_array_free(&diff->switched_chains);
	vp_array_free(&diff->emptied_chains);
	vp_array_free(&diff->changed_sets);
	vp_array_free(&diff->recalled_sets);
	vp_array_free(&diff->old_chains);
	vp_array_free(&diff->old_sets);
	*diff = (struct vp_diff){ 0 };
}
