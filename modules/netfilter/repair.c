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

static int compare_tags(const void *a, const void *b)
{
	const struct vp_count *left = a, *right = b;

	return left->tag < right->tag ? -1 : left->tag > right->tag;
}

/* The higher of two readings of each tag: counters only grow. */
static void merge_counts(struct vp_counts *into, const struct vp_counts *more)
{
	size_t out = 0;

	if (more)
		vp_array_each (count, more)
			vp_array_push(into, *count);
	if (!into->len)
		return;
	qsort(into->data, into->len, sizeof(*into->data), compare_tags);
	for (size_t i = 1; i < into->len; i++) {
		if (into->data[i].tag != into->data[out].tag)
			into->data[++out] = into->data[i];
		else if (into->data[i].packets > into->data[out].packets)
			into->data[out] = into->data[i];
	}
	into->len = out + 1;
}

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
	}
}

static int send_all(struct vp_instance *instance, bool replace, struct vp_error *err)
{
	_cleanup_batch_ struct vp_batch batch = { 0 };
	int code;

	vp_batch_begin(&batch, &instance->nl);
	if (replace)
		vp_batch_delete_table(&batch, VP_TABLE_NAME);
	vp_batch_add_image(&batch, instance->meant);
	instance->certain = vp_netlink_genid(&instance->nl, &instance->genid) == 0;
	code = vp_instance_send(instance, &batch, NULL, NULL, err);
	if (code < 0)
		instance->certain = false;
	return code;
}

/* Elements with counters of their own, which cost the kernel four times the others. */
#define MANY_COUNTED 1000

static size_t counted_elements(const struct vp_image *image)
{
	size_t count = 0;

	vp_array_each (set, &image->sets)
		count += set->counted ? set->elements.len : 0;
	return count;
}

/* Shields first: all of it, but without the elements' counters. */
static int send_uncounted(struct vp_instance *instance, struct vp_error *err)
{
	VP_ARRAY(struct vp_image_set *) counted = { 0 };
	int code;

	vp_array_each (set, &instance->meant->sets)
		if (set->counted)
			vp_array_push(&counted, set);
	vp_array_each (set, &counted)
		(*set)->counted = false;
	code = send_all(instance, false, err);
	vp_array_each (set, &counted)
		(*set)->counted = true;
	vp_array_free(&counted);
	return code;
}

/*
 * The time without a shield counts, not the time until all is as before: with
 * many counted elements the table is written quickly without their counters, and
 * then replaced by the whole one. What those few elements drop in between is
 * logged, but not counted.
 */
static int repair_all(struct vp_instance *instance, struct vp_counts *counts,
		      struct vp_error *err)
{
	struct vp_counts since = { 0 };
	int code;

	vp_counts_restore(counts, instance->meant);
	if (counted_elements(instance->meant) < MANY_COUNTED)
		return send_all(instance, false, err);
	code = send_uncounted(instance, err);
	if (code < 0)
		return code;
	if (vp_netfilter_counts(instance, &since, NULL) == 0)
		merge_counts(counts, &since);
	vp_array_free(&since);
	vp_counts_restore(counts, instance->meant);
	code = send_all(instance, true, err);
	vp_instance_remember(instance, counts);
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
	merge_counts(&all, &instance->last);
	merge_counts(&all, counts);
	code = there->exists ? repair_some(instance, &all, err)
			     : repair_all(instance, &all, err);
	vp_array_free(&all);
	return code;
}

static bool known(const uint32_t *tags, size_t count, uint32_t tag)
{
	for (size_t i = 0; i < count; i++)
		if (tags[i] == tag)
			return true;
	return false;
}

int vp_netfilter_forget(struct vp_instance *instance, const uint32_t *tags, size_t count,
			struct vp_error *err)
{
	_cleanup_image_ struct vp_image *image = vp_image_new();
	_cleanup_batch_ struct vp_batch batch = { 0 };
	int code = vp_observe_table(&instance->nl, image, err), removed = 0;

	if (code == 0 && image->exists)
		code = vp_observe_objects(&instance->nl, image, err);
	if (code < 0)
		return code;
	vp_batch_begin(&batch, &instance->nl);
	vp_array_each (object, &image->objects) {
		if (!object->leftover || known(tags, count, object->tag))
			continue;
		vp_batch_delete_object(&batch, object);
		removed++;
	}
	code = vp_instance_send(instance, &batch, NULL, NULL, err);
	if (removed)
		instance->certain = false; /* the next change looks what is left */
	return code < 0 ? code : removed;
}
