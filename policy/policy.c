/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy out of texts that were read: every definition validated with the
 * overrides over it, ids unique. Pure.
 */
#include "policy/policy.h"

#include <stdlib.h>
#include <string.h>

#include "policy/validate.h"

static int compare_files(const void *a, const void *b)
{
	return strcmp(((const struct vp_set_file *)a)->name,
		      ((const struct vp_set_file *)b)->name);
}

/* The policy keeps the names of files that outlive the sources in locations. */
static const char *keep_name(struct vp_policy *policy, const char *name)
{
	char *copy = vp_strdup(name);

	vp_array_push(&policy->files, copy);
	return copy;
}

static void index_set_files(struct vp_policy *policy, const struct vp_sources *sources,
			    struct vp_set_files *files)
{
	vp_array_each (text, &sources->set_files)
		vp_array_push(files, ((struct vp_set_file){
					     .name = keep_name(policy, text->name),
					     .text = text,
				     }));
	if (files->len > 1)
		qsort(files->data, files->len, sizeof(*files->data), compare_files);
}

static int compare_patches(const void *left, const void *right)
{
	const struct vp_patch *a = *(struct vp_patch *const *)left;
	const struct vp_patch *b = *(struct vp_patch *const *)right;
	int r = strcmp(a->id, b->id);

	if (!r)
		r = strcmp(a->file, b->file);
	return r ? r : a < b ? -1 : a > b;
}

/* Of patches with one id only the first stays. */
static void drop_duplicates(struct vp_policy *policy, struct vp_findings *findings)
{
	size_t kept = 0;

	for (size_t i = 0; i < policy->patches.len; i++) {
		struct vp_patch *patch = policy->patches.data[i];
		const struct vp_patch *last = kept ? policy->patches.data[kept - 1] : NULL;

		if (!last || strcmp(last->id, patch->id) != 0) {
			policy->patches.data[kept++] = patch;
			continue;
		}
		vp_find_error(
			findings, &patch->at,
			"expected an id that no other definition has, found `%s`, which is "
			"also at %s:%u:%u",
			patch->id, last->at.file, last->at.line, last->at.column);
		vp_patch_free(patch);
	}
	policy->patches.len = kept;
}

static void build_patches(struct vp_policy *policy, const struct vp_sources *sources,
			  const struct vp_set_files *files, struct vp_overrides *overrides,
			  struct vp_findings *findings)
{
	_cleanup_strbuf_ struct vp_strbuf scratch = { 0 };
	struct vp_definition definition = { 0 };

	vp_array_reserve(&policy->patches, sources->definitions.len);
	vp_array_each (text, &sources->definitions) {
		size_t errors = findings->errors;
		struct vp_patch *patch;

		vp_definition_read(&definition, text, findings);
		patch = vp_validate(&definition, files, overrides, &scratch, errors, findings);
		if (patch)
			vp_array_push(&policy->patches, patch);
	}
	vp_definition_free(&definition);
}

static void ends_at(struct vp_policy *policy, time_t end, time_t now)
{
	if (end > now && (!policy->changes_at || end < policy->changes_at))
		policy->changes_at = end;
}

void vp_policy_build(struct vp_policy *policy, const struct vp_sources *sources, time_t now,
		     struct vp_findings *findings)
{
	struct vp_overrides overrides = { 0 };
	struct vp_set_files files = { 0 };
	VP_ARRAY(const char *) names = { 0 };

	index_set_files(policy, sources, &files);
	vp_array_each (text, &sources->overrides)
		vp_array_push(&names, keep_name(policy, text->name));
	vp_overrides_read(&overrides, &sources->overrides, names.data, &files, now, findings);
	build_patches(policy, sources, &files, &overrides, findings);
	if (policy->patches.len > 1)
		qsort(policy->patches.data, policy->patches.len, sizeof(*policy->patches.data),
		      compare_patches);
	drop_duplicates(policy, findings);
	vp_array_each (patch, &policy->patches)
		ends_at(policy, (*patch)->expires, now);
	vp_array_each (override, &overrides.list)
		ends_at(policy, override->until, now);
	if (!findings->errors)
		vp_overrides_unused(&overrides, findings);
	vp_overrides_free(&overrides);
	vp_array_free(&files);
	vp_array_free(&names);
	vp_findings_sort(findings);
}

struct vp_patch *vp_policy_find(const struct vp_policy *policy, const char *id)
{
	size_t low = 0, high = policy->patches.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int r = strcmp(policy->patches.data[middle]->id, id);

		if (!r)
			return policy->patches.data[middle];
		if (r < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

void vp_policy_free(struct vp_policy *policy)
{
	vp_array_each (patch, &policy->patches)
		vp_patch_free(*patch);
	vp_array_free(&policy->patches);
	vp_array_each (file, &policy->files)
		free(*file);
	vp_array_free(&policy->files);
}
