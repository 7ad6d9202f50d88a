// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Counting by tag: counter objects, counters of elements, and what elements had
 * counted when they were removed. The kernel holds all of it, so that nothing is
 * lost when the daemon ends at any instant.
 */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "lib/digest.h"
#include "modules/netfilter/instance.h"
#include "modules/netfilter/observe.h"

void vp_counts_add(struct vp_counts *counts, uint32_t tag, uint64_t packets, uint64_t bytes)
{
	struct vp_count count = { .tag = tag, .packets = packets, .bytes = bytes };

	if (tag)
		vp_array_push(counts, count);
}

static int compare_tags(const void *a, const void *b)
{
	const struct vp_count *left = a, *right = b;

	return left->tag < right->tag ? -1 : left->tag > right->tag;
}

void vp_counts_join(struct vp_counts *counts)
{
	size_t out = 0;

	if (!counts->len)
		return;
	qsort(counts->data, counts->len, sizeof(*counts->data), compare_tags);
	for (size_t i = 1; i < counts->len; i++) {
		if (counts->data[i].tag == counts->data[out].tag) {
			counts->data[out].packets += counts->data[i].packets;
			counts->data[out].bytes += counts->data[i].bytes;
		} else {
			counts->data[++out] = counts->data[i];
		}
	}
	counts->len = out + 1;
}

/* Whose a counter object is: what we made it for, or what its comment says. */
static uint32_t object_tag(const struct vp_instance *instance,
			   const struct vp_image_object *object)
{
	const struct vp_image_object *known = NULL;

	if (instance->meant)
		known = vp_image_object(instance->meant, object->name, object->kind);
	return known && known->tag ? known->tag : object->tag;
}

static int read_sets(struct vp_instance *instance, struct vp_image *image,
		     struct vp_counts *counts, struct vp_error *err)
{
	vp_array_each (set, &image->sets) {
		int code;

		if (!set->counted || set->kept)
			continue;
		for (int i = 0; i < 20; i++) {
			code = vp_observe_elements(&instance->nl, image, set, err);
			if (code != -EINTR)
				break;
		}
		if (code == -EINTR)
			continue; /* the set is gone */
		if (code < 0)
			return code;
		vp_array_each (element, &set->elements)
			vp_counts_add(counts, element->mark, element->packets, element->bytes);
	}
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

int vp_netfilter_counts(struct vp_instance *instance, struct vp_counts *counts,
			struct vp_error *err)
{
	_cleanup_image_ struct vp_image *image = vp_image_new();
	int code = vp_observe_table(&instance->nl, image, err);

	if (code < 0 || !image->exists)
		return code;
	code = vp_observe_objects(&instance->nl, image, err);
	if (code < 0)
		return code;
	code = vp_observe_sets(&instance->nl, image, err);
	if (code < 0)
		return code;
	vp_array_each (object, &image->objects)
		if (object->kind == VP_OBJECT_COUNTER)
			vp_counts_add(counts, object_tag(instance, object), object->packets,
				      object->bytes);
	code = read_sets(instance, image, counts, err);
	if (code < 0)
		return code;
	vp_counts_join(counts);
	vp_instance_remember(instance, counts);
	return 0;
}

void vp_removed_init(struct vp_removed *removed, const struct vp_image *base)
{
	*removed = (struct vp_removed){ .image = vp_image_new() };
	vp_array_each (set, &base->sets) {
		struct vp_image_set *copy;
		const char *name;

		if (!set->counted || set->kept)
			continue;
		copy = vp_image_add_set(removed->image, set->name);
		name = copy->name;
		*copy = *set;
		copy->name = name;
		memset(&copy->elements, 0, sizeof(copy->elements));
	}
}

void vp_removed_free(struct vp_removed *removed)
{
	vp_image_free(removed->image);
	vp_array_free(&removed->counts);
}

void vp_removed_set(struct vp_removed *removed, const struct vp_image_set *set)
{
	vp_array_each (element, &set->elements)
		if (element->packets)
			vp_counts_add(&removed->counts, element->mark, element->packets,
				      element->bytes);
}

int vp_removed_echo(const struct nlmsghdr *message, void *data)
{
	struct vp_removed *removed = data;
	struct vp_image_set *set = NULL;
	const struct nlattr *attr;

	if ((message->nlmsg_type & 0xff) != NFT_MSG_DELSETELEM)
		return 0;
	mnl_attr_for_each (attr, message, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(attr) == NFTA_SET_ELEM_LIST_SET &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
			set = vp_image_set(removed->image, mnl_attr_get_str(attr));
	if (!set)
		return 0;
	set->elements.len = 0;
	vp_observe_element_message(message, removed->image, set);
	vp_removed_set(removed, set);
	return 0;
}

static void removed_name(uint32_t tag, char name[static 32])
{
	snprintf(name, 32, VP_REMOVED_PREFIX "%08" PRIx32, tag);
}

void vp_removed_store(const struct vp_removed *removed, struct vp_batch *batch,
		      struct vp_image *image)
{
	struct vp_counts counts = { 0 };
	char name[32];

	vp_array_each (count, &removed->counts)
		vp_array_push(&counts, *count);
	vp_counts_join(&counts);
	vp_array_each (count, &counts) {
		struct vp_image_object *object;

		removed_name(count->tag, name);
		object = vp_image_object(image, name, VP_OBJECT_COUNTER);
		if (object) {
			vp_batch_delete_object(batch, object);
		} else {
			object = vp_image_add_object(image, name);
			object->kind = VP_OBJECT_COUNTER;
			object->tag = count->tag;
			object->leftover = true;
		}
		object->packets += count->packets;
		object->bytes += count->bytes;
		vp_batch_add_object(batch, object);
	}
	vp_array_free(&counts);
}

static uint64_t hash_tag(uint32_t tag)
{
	return vp_digest(VP_DIGEST_SEED, &tag, sizeof(tag));
}

/* The count of a tag not yet taken, or NULL. Taken counts have no tag any more. */
static struct vp_count *take_count(const struct vp_counts *counts,
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

/* Remains of patches whose rules count nowhere now, and are kept all the same. */
static void restore_others(const struct vp_counts *left, struct vp_image *image)
{
	vp_array_each (count, left) {
		struct vp_image_object *object;
		char name[32];

		if (!count->tag || !count->packets)
			continue;
		removed_name(count->tag, name);
		object = vp_image_object(image, name, VP_OBJECT_COUNTER);
		if (!object) {
			object = vp_image_add_object(image, name);
			object->kind = VP_OBJECT_COUNTER;
			object->tag = count->tag;
			object->leftover = true;
		}
		object->packets = count->packets;
		object->bytes = count->bytes;
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
		object->packets = object->bytes = 0;
		if (!strncmp(object->name, VP_REMOVED_PREFIX, strlen(VP_REMOVED_PREFIX)))
			continue;
		count = take_count(&left, &index, object->tag);
		if (!count)
			continue;
		object->packets = count->packets;
		object->bytes = count->bytes;
		count->tag = 0;
	}
	vp_array_each (set, &image->sets) {
		if (!set->counted || set->kept)
			continue;
		vp_array_each (element, &set->elements) {
			count = take_count(&left, &index, element->mark);
			element->packets = count ? count->packets : 0;
			element->bytes = count ? count->bytes : 0;
			if (count)
				count->tag = 0;
		}
	}
	restore_others(&left, image);
	vp_index_free(&index);
	vp_array_free(&left);
}
