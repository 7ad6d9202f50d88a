// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Putting back what somebody else removed. A table that is gone is written again
 * from memory, without asking the compiler, the disk or even the kernel; one that was only
 * changed goes through the ordinary difference, so that bans and counts survive.
 */
#include <errno.h>
#include <netinet/in.h>

#include <linux/netfilter.h>

#include "lib/log.h"
#include "modules/netfilter/instance.h"
#include "modules/netfilter/netfilter.h"
#include "modules/netfilter/observe.h"

/* What is missing of `counts`: both sorted by tag. */
static void subtract_counts(struct vp_counts *counts, const struct vp_counts *there)
{
	size_t at = 0;

	vp_array_each (count, counts) {
		while (at < there->len && there->data[at].tag < count->tag)
			at++;
		if (at == there->len || there->data[at].tag != count->tag)
			continue;
		count->packets -= there->data[at].packets < count->packets
					  ? there->data[at].packets
					  : count->packets;
		count->bytes -= there->data[at].bytes < count->bytes ? there->data[at].bytes
								     : count->bytes;
		count->banned -= there->data[at].banned < count->banned
					 ? there->data[at].banned
					 : count->banned;
	}
}

static int repair_all(struct vp_instance *instance, const struct vp_counts *counts,
		      struct vp_error *err)
{
	_cleanup_batch_ struct vp_batch batch = { 0 };
	int code;

	vp_counts_restore(counts, instance->meant);
	vp_bans_restore(instance, instance->meant, NULL);
	vp_batch_begin(&batch, &instance->nl);
	vp_batch_add_image(&batch, instance->meant);
	vp_image_release_kept(instance->meant);
	instance->certain = vp_netlink_genid(&instance->nl, &instance->genid) == 0;
	code = vp_instance_send(instance, &batch, err);
	if (code < 0)
		instance->certain = false;
	return code;
}

static int repair_some(struct vp_instance *instance, struct vp_counts *counts,
		       struct vp_error *err)
{
	struct vp_counts there = { 0 };
	int code = vp_netfilter_counts(instance, &there, err);

	if (code < 0)
		return code;
	subtract_counts(counts, &there);
	vp_array_free(&there);
	vp_counts_restore(counts, instance->meant);
	instance->certain = false;
	instance->wanted = TAKE_PTR(instance->meant);
	code = vp_instance_prepare(instance, err);
	if (code == 0) {
		code = vp_netfilter_commit(instance, err);
		if (code < 0) {
			instance->meant = TAKE_PTR(instance->wanted);
			vp_netfilter_abort(instance);
		} else {
			vp_netfilter_finish(instance);
		}
	} else {
		instance->meant = TAKE_PTR(instance->wanted);
		vp_instance_settle(instance);
	}
	return code;
}

int vp_netfilter_repair(struct vp_instance *instance, const struct vp_counts *counts,
			struct vp_error *err)
{
	_cleanup_image_ struct vp_image *there = vp_image_new();
	struct vp_counts all = { 0 };
	int code;

	if (instance->prepared && !instance->committed)
		vp_netfilter_abort(instance);
	vp_instance_settle(instance);
	if (!instance->meant)
		return vp_fail(err, -ENODATA,
			       "nothing was committed yet that could be put back");
	code = vp_observe_table(&instance->nl, there, err);
	if (code < 0)
		return code;
	vp_counts_merge(&all, &instance->last);
	vp_counts_merge(&all, counts);
	code = there->exists ? repair_some(instance, &all, err)
			     : repair_all(instance, &all, err);
	vp_array_free(&all);
	return code;
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

struct known {
	uint32_t *tags; /* sorted */
	size_t count;
};

static bool is_known(const struct known *known, uint32_t tag)
{
	return known->count &&
	       bsearch(&tag, known->tags, known->count, sizeof(tag), compare_numbers);
}

/* What the set counted for tags that nobody knows. */
static size_t forget_counts(struct vp_instance *instance, struct vp_image *image,
			    struct vp_image_set *set, const struct known *known,
			    struct vp_batch *batch)
{
	VP_ARRAY(const struct vp_image_element *) gone = { 0 };
	size_t count;

	if (vp_observe_elements(&instance->nl, image, set, NULL) < 0)
		return 0; /* next time */
	vp_array_each (element, &set->elements)
		if (!is_known(known, vp_counts_tag(element)))
			vp_array_push(&gone, element);
	count = gone.len;
	vp_batch_delete_elements(batch, set, gone.data, count);
	vp_array_free(&gone);
	return count;
}

static int forget(struct vp_instance *instance, const struct known *known,
		  struct vp_error *err)
{
	_cleanup_image_ struct vp_image *image = vp_image_new();
	_cleanup_batch_ struct vp_batch batch = { 0 };
	int code = vp_observe_table(&instance->nl, image, err), removed = 0;
	bool bans;

	if (code == 0 && image->exists)
		code = vp_observe_objects(&instance->nl, image, err);
	if (code == 0 && image->exists)
		code = vp_observe_sets(&instance->nl, image, err);
	if (code < 0)
		return code;
	vp_batch_begin(&batch, &instance->nl);
	vp_array_each (object, &image->objects) {
		if (!object->leftover || is_known(known, object->tag))
			continue;
		vp_batch_delete_object(&batch, object);
		removed++;
	}
	vp_array_each (set, &image->sets) {
		if (vp_counts_set(set, &bans))
			removed += (int)forget_counts(instance, image, set, known, &batch);
		if (!set->kept || !set->tag || is_known(known, set->tag))
			continue;
		vp_batch_delete_set(&batch, set);
		removed++;
	}
	if (removed)
		instance->certain = false; /* the next change looks what is left */
	code = vp_instance_send(instance, &batch, err);
	return code < 0 ? code : removed;
}

int vp_netfilter_forget(struct vp_instance *instance, const uint32_t *tags, size_t count,
			struct vp_error *err)
{
	struct known known = { .count = count };
	int code;

	if (count) {
		known.tags = vp_memdup(tags, count * sizeof(*tags));
		qsort(known.tags, count, sizeof(*tags), compare_numbers);
	}
	code = forget(instance, &known, err);
	free(known.tags);
	return code;
}
