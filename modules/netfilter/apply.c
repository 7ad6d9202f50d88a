// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Changing the running table without a gap: prepare makes what is new where no
 * packet comes by, commit switches in one transaction, finish takes away what is
 * left of the old. What runs already is not sent again.
 */
#include <errno.h>
#include <netinet/in.h>

#include <linux/netfilter/nf_tables.h>

#include "lib/log.h"
#include "modules/netfilter/instance.h"
#include "modules/netfilter/lower.h"
#include "modules/netfilter/observe.h"

/* What the new diff starts from: our own memory while nobody else changed anything. */
static int find_base(struct vp_instance *instance, struct vp_error *err)
{
	uint32_t genid = 0;
	int code;

	if (instance->meant && instance->certain &&
	    vp_netlink_genid(&instance->nl, &genid) == 0 && genid == instance->genid) {
		instance->base = instance->meant;
		return 0;
	}
	code = vp_observe(&instance->nl, &instance->base, err);
	if (code < 0)
		return code;
	instance->base_owned = true;
	instance->genid = instance->base->genid;
	instance->certain = true;
	return 0;
}

static int check_owner(const struct vp_instance *instance, struct vp_error *err)
{
	const struct vp_image *base = instance->base;

	if (!instance->base_owned || !(base->flags & VP_TABLE_OWNER) ||
	    base->owner == instance->nl.portid)
		return 0;
	return vp_fail(
		err, -EPERM,
		"the table inet %s belongs to another running process (netlink port %u, "
		"usually its process id): stop that vpatchd before starting another",
		VP_TABLE_NAME, base->owner);
}

static void add_whole_set(struct vp_batch *batch, const struct vp_image_set *set)
{
	const struct vp_image_element **elements =
		vp_alloc(set->elements.len + 1, sizeof(*elements));

	for (size_t i = 0; i < set->elements.len; i++)
		elements[i] = &set->elements.data[i];
	vp_batch_add_elements(batch, set, elements, set->elements.len);
	free(elements);
}

void vp_batch_add_image(struct vp_batch *batch, const struct vp_image *image)
{
	vp_batch_add_table(batch, VP_TABLE_NAME, image->flags);
	vp_array_each (object, &image->objects)
		vp_batch_add_object(batch, object);
	vp_array_each (set, &image->sets)
		vp_batch_add_set(batch, set);
	vp_array_each (chain, &image->chains)
		vp_batch_add_chain(batch, chain);
	vp_array_each (set, &image->sets)
		add_whole_set(batch, set);
	vp_array_each (chain, &image->chains)
		vp_batch_add_rules(batch, chain);
}

static void build_prepare(struct vp_batch *batch, const struct vp_diff *diff,
			  const struct vp_image *wanted)
{
	if (diff->make_table)
		vp_batch_add_table(batch, VP_TABLE_NAME, wanted->flags);
	vp_array_each (object, &diff->stale_objects)
		vp_batch_delete_object(batch, *object);
	vp_array_each (object, &diff->new_objects)
		vp_batch_add_object(batch, *object);
	vp_array_each (set, &diff->new_sets)
		vp_batch_add_set(batch, *set);
	vp_array_each (chain, &diff->new_chains)
		vp_batch_add_chain(batch, *chain);
	vp_array_each (set, &diff->new_sets)
		add_whole_set(batch, *set);
	vp_array_each (chain, &diff->new_chains) {
		bool late = false;

		for (size_t i = 0; i < diff->filled_chains.len; i++)
			late |= diff->filled_chains.data[i] == *chain;
		if (!late)
			vp_batch_add_rules(batch, *chain);
	}
}

int vp_instance_prepare(struct vp_instance *instance, struct vp_error *err)
{
	_cleanup_batch_ struct vp_batch batch = { 0 };
	int code = find_base(instance, err);

	if (code == 0)
		code = check_owner(instance, err);
	if (code < 0)
		return code;
	vp_diff_make(&instance->diff, instance->base, instance->wanted);
	vp_batch_begin(&batch, &instance->nl);
	if (!instance->diff.rebuild) {
		vp_bans_restore(instance, instance->wanted, instance->base);
		build_prepare(&batch, &instance->diff, instance->wanted);
		vp_image_release_kept(instance->wanted);
	}
	code = vp_instance_send(instance, &batch, err);
	if (code < 0)
		instance->certain = false;
	else
		instance->prepared = true;
	return code;
}

int vp_netfilter_prepare(struct vp_instance *instance, const struct vp_artefact *artefact,
			 struct vp_error *err)
{
	int code;

	if (instance->prepared && !instance->committed)
		vp_netfilter_abort(instance);
	vp_netfilter_finish(instance);
	code = vp_lower(artefact->ruleset, instance->meant, &instance->wanted, err);
	if (code == 0)
		code = vp_instance_prepare(instance, err);
	if (code < 0)
		vp_instance_settle(instance);
	return code;
}

static void build_commit(struct vp_batch *batch, const struct vp_diff *diff)
{
	vp_array_each (chain, &diff->switched_chains)
		vp_batch_delete_rules(batch, *chain);
	vp_array_each (chain, &diff->emptied_chains)
		vp_batch_delete_rules(batch, *chain);
	vp_array_each (set, &diff->changed_sets) {
		vp_batch_delete_elements(batch, set->base, set->remove.data, set->remove.len);
		vp_batch_add_elements(batch, set->wanted, set->add.data, set->add.len);
	}
	vp_array_each (set, &diff->recalled_sets)
		vp_batch_empty_set(batch, *set);
	vp_array_each (chain, &diff->switched_chains)
		vp_batch_add_rules(batch, *chain);
	vp_array_each (chain, &diff->filled_chains)
		vp_batch_add_rules(batch, *chain);
}

static int commit_rebuild(struct vp_instance *instance, struct vp_error *err)
{
	_cleanup_batch_ struct vp_batch batch = { 0 };
	struct vp_counts counts = { 0 };
	int code = vp_netfilter_counts(instance, &counts, err);

	if (code == 0) {
		vp_log_info("replacing the whole table: \"%s\" cannot be changed in place",
			    instance->diff.conflict);
		vp_image_keep(instance->wanted, instance->base);
		vp_counts_restore(&counts, instance->wanted);
		vp_bans_read(instance, instance->base, true);
		vp_bans_restore(instance, instance->wanted, NULL);
		vp_batch_begin(&batch, &instance->nl);
		if (instance->base->exists)
			vp_batch_delete_table(&batch, VP_TABLE_NAME);
		vp_batch_add_image(&batch, instance->wanted);
		vp_image_release_kept(instance->wanted);
		code = vp_instance_send(instance, &batch, err);
	}
	vp_array_free(&counts);
	return code;
}

static int commit_diff(struct vp_instance *instance, struct vp_error *err)
{
	_cleanup_batch_ struct vp_batch batch = { 0 };

	vp_batch_begin(&batch, &instance->nl);
	build_commit(&batch, &instance->diff);
	return vp_instance_send(instance, &batch, err);
}

int vp_netfilter_commit(struct vp_instance *instance, struct vp_error *err)
{
	int code;

	if (!instance->prepared || instance->committed)
		return vp_fail(err, -EINVAL, "netfilter: commit without prepare");
	if (instance->diff.rebuild)
		code = commit_rebuild(instance, err);
	else
		code = commit_diff(instance, err);
	if (code == 0) {
		if (!instance->diff.rebuild)
			vp_image_keep(instance->wanted, instance->base);
		if (!instance->base_owned) {
			/* the diff still points into it */
			instance->base = instance->meant;
			instance->base_owned = true;
		} else {
			vp_image_free(instance->meant);
		}
		instance->meant = TAKE_PTR(instance->wanted);
		instance->committed = true;
	} else {
		instance->certain = false;
	}
	return code;
}

/* Objects of a diff that nothing refers to any more, in an order that the kernel accepts. */
static void build_removal(struct vp_batch *batch, const struct vp_image_chain *const *chains,
			  size_t chain_count, const struct vp_image_set *const *sets,
			  size_t set_count)
{
	for (size_t i = 0; i < chain_count; i++)
		vp_batch_delete_rules(batch, chains[i]);
	for (size_t i = 0; i < set_count; i++)
		vp_batch_delete_set(batch, sets[i]);
	for (size_t i = 0; i < chain_count; i++)
		vp_batch_delete_chain(batch, chains[i]);
}

void vp_netfilter_finish(struct vp_instance *instance)
{
	_cleanup_batch_ struct vp_batch batch = { 0 };
	struct vp_diff *diff = &instance->diff;
	struct vp_error err = { 0 };

	if (!instance->committed)
		return;
	if (!diff->rebuild) {
		vp_batch_begin(&batch, &instance->nl);
		build_removal(&batch, diff->old_chains.data, diff->old_chains.len,
			      diff->old_sets.data, diff->old_sets.len);
		if (vp_instance_send(instance, &batch, &err) < 0) {
			vp_log_warning(
				"leftovers of the old generation stay in the kernel: %s",
				err.text);
			instance->certain = false;
		}
	}
	vp_instance_settle(instance);
}

void vp_netfilter_abort(struct vp_instance *instance)
{
	_cleanup_batch_ struct vp_batch batch = { 0 };
	struct vp_diff *diff = &instance->diff;
	struct vp_error err = { 0 };

	if (!instance->prepared || instance->committed)
		return;
	vp_batch_begin(&batch, &instance->nl);
	if (!diff->rebuild && !instance->base->exists) {
		vp_batch_delete_table(&batch, VP_TABLE_NAME);
	} else if (!diff->rebuild) {
		build_removal(&batch, diff->new_chains.data, diff->new_chains.len,
			      diff->new_sets.data, diff->new_sets.len);
		vp_array_each (object, &diff->new_objects)
			vp_batch_delete_object(&batch, *object);
		vp_array_each (object, &diff->stale_objects)
			vp_batch_add_object(&batch, *object);
	}
	if (vp_instance_send(instance, &batch, &err) < 0) {
		vp_log_warning("prepared rules stay in the kernel, unused: %s", err.text);
		instance->certain = false;
	}
	vp_instance_settle(instance);
}
