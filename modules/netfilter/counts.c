// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Counting by tag: counter objects of rules that have a chain, and sets that
 * count by the packet's mark for those that are elements of a map. The kernel
 * holds all of it, so that nothing is lost when the daemon ends at any instant.
 */
#include <errno.h>
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "lib/digest.h"
#include "modules/netfilter/instance.h"
#include "modules/netfilter/observe.h"

#define READINGS 8

bool vp_counts_set(const struct vp_image_set *set, bool *bans)
{
	*bans = !strncmp(set->name, VP_BAN_HITS_PREFIX, strlen(VP_BAN_HITS_PREFIX));
	return set->kept && set->key_length == sizeof(uint32_t) &&
	       (*bans || !strncmp(set->name, VP_HITS_PREFIX, strlen(VP_HITS_PREFIX)));
}

uint32_t vp_counts_tag(const struct vp_image_element *element)
{
	uint32_t tag;

	memcpy(&tag, element->key, sizeof(tag));
	return tag;
}

/* Whose a counter object is: what we made it for, or what its comment says. */
static uint32_t object_tag(const struct vp_instance *instance,
			   const struct vp_image_object *object, size_t *next)
{
	const struct vp_image_object *known = NULL;

	if (instance->meant)
		known = vp_image_next_object(instance->meant, object->name, object->kind,
					     next);
	return known && known->tag ? known->tag : object->tag;
}

/* One reading; a hash table that grows meanwhile may show an element twice. */
static int read_set(struct vp_instance *instance, struct vp_image *image,
		    struct vp_image_set *set, struct vp_counts *counts, size_t *elements,
		    struct vp_error *err)
{
	struct vp_counts found = { 0 };
	int code = -EINTR;
	bool bans;

	if (!vp_counts_set(set, &bans))
		return 0;
	for (int i = 0; code == -EINTR && i < 20; i++)
		code = vp_observe_elements(&instance->nl, image, set, err);
	if (code < 0)
		return code == -EINTR ? 0 : code; /* the set is gone */
	vp_array_each (element, &set->elements) {
		struct vp_count count = { .tag = vp_counts_tag(element) };

		count.banned = bans ? element->packets : 0;
		count.packets = bans ? 0 : element->packets;
		count.bytes = bans ? 0 : element->bytes;
		vp_array_push(&found, count);
	}
	vp_counts_merge(&found, NULL);
	*elements += found.len;
	vp_array_each (count, &found)
		vp_array_push(counts, *count);
	vp_array_free(&found);
	return 0;
}

void vp_instance_remember(struct vp_instance *instance, const struct vp_counts *counts)
{
	vp_array_free(&instance->last);
	if (!counts->len)
		return;
	instance->last.data = vp_memdup(counts->data, counts->len * sizeof(*counts->data));
	instance->last.len = instance->last.cap = counts->len;
}

static int read_counts(struct vp_instance *instance, struct vp_image *image,
		       struct vp_counts *counts, size_t *elements, struct vp_error *err)
{
	int code = vp_observe_objects(&instance->nl, image, err);
	size_t next = 0;

	if (code == 0)
		code = vp_observe_sets(&instance->nl, image, err);
	if (code < 0)
		return code;
	counts->len = *elements = 0;
	vp_array_each (object, &image->objects) {
		struct vp_count count = { .packets = object->packets, .bytes = object->bytes };

		if (object->kind != VP_OBJECT_COUNTER)
			continue;
		count.tag = object_tag(instance, object, &next);
		if (count.tag)
			vp_array_push(counts, count);
	}
	vp_array_each (set, &image->sets) {
		code = read_set(instance, image, set, counts, elements, err);
		if (code < 0)
			return code;
	}
	vp_counts_join(counts);
	return 0;
}

/* A set that changes while it is read may hide an element, which nobody has removed. */
static int read_all(struct vp_instance *instance, struct vp_image *image,
		    struct vp_counts *counts, struct vp_error *err)
{
	uint32_t genid = 0;
	size_t elements;
	int code;

	for (int i = 0; i < READINGS; i++) {
		code = vp_netlink_genid(&instance->nl, &genid);
		if (code < 0)
			return vp_fail(err, code, "nf_tables does not answer: %s; %s",
				       strerror(-code), vp_netlink_cure(code));
		code = read_counts(instance, image, counts, &elements, err);
		if (code < 0)
			return code;
		if (genid != instance->last_genid || elements >= instance->last_elements)
			break;
	}
	instance->last_genid = genid;
	instance->last_elements = elements;
	return 0;
}

int vp_netfilter_counts(struct vp_instance *instance, struct vp_counts *counts,
			struct vp_error *err)
{
	_cleanup_image_ struct vp_image *image = vp_image_new();
	int code = vp_observe_table(&instance->nl, image, err);

	if (code < 0 || !image->exists)
		return code;
	code = read_all(instance, image, counts, err);
	if (code == 0) {
		vp_instance_remember(instance, counts);
		vp_bans_read(instance, image, false);
	}
	return code;
}

static uint64_t hash_tag(uint32_t tag)
{
	return vp_digest(VP_DIGEST_SEED, &tag, sizeof(tag));
}

/* The count of a tag, or NULL. */
static struct vp_count *find_count(const struct vp_counts *counts,
				   const struct vp_index *index, uint32_t tag)
{
	size_t state = 0;
	uint32_t at;

	if (!tag)
		return NULL;
	while ((at = vp_index_next(index, hash_tag(tag), &state)) != VP_NOWHERE)
		if (counts->data[at].tag == tag)
			return &counts->data[at];
	return NULL;
}

static void restore_element(struct vp_image *image, struct vp_image_set *set, uint32_t tag,
			    uint64_t packets, uint64_t bytes)
{
	struct vp_image_element *element = vp_array_add(&set->elements);

	element->key = vp_arena_copy(&image->arena, &tag, sizeof(tag));
	element->packets = packets;
	element->bytes = bytes;
}

/* What no counter object took goes into the sets that count; the first of each kind. */
static void restore_sets(const struct vp_counts *left, struct vp_image *image)
{
	bool bans, done[2] = { false, false };

	vp_array_each (set, &image->sets) {
		if (!vp_counts_set(set, &bans))
			continue;
		set->elements.len = 0;
		if (done[bans])
			continue;
		done[bans] = true;
		vp_array_each (count, left) {
			uint64_t packets = bans ? count->banned : count->packets;

			if (count->tag && packets)
				restore_element(image, set, count->tag, packets,
						bans ? 0 : count->bytes);
		}
	}
}

void vp_counts_restore(const struct vp_counts *counts, struct vp_image *image)
{
	struct vp_counts left = { 0 };
	struct vp_index index = { 0 };
	struct vp_count *count;

	vp_array_each (given, counts) {
		vp_index_add(&index, hash_tag(given->tag), (uint32_t)left.len);
		vp_array_push(&left, *given);
	}
	vp_array_each (object, &image->objects) {
		if (object->kind != VP_OBJECT_COUNTER)
			continue;
		count = find_count(&left, &index, object->tag);
		object->packets = count ? count->packets : 0;
		object->bytes = count ? count->bytes : 0;
		if (count)
			count->packets = count->bytes = 0;
	}
	restore_sets(&left, image);
	vp_index_free(&index);
	vp_array_free(&left);
}
