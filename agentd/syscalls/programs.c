/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What services begin with, and when that is looked up: see programs.h. */
#include "agentd/syscalls/programs.h"

#include <string.h>

static void free_one(struct vp_filter_programs *one)
{
	vp_paths_free(&one->written);
	vp_paths_free(&one->learned);
}

void vp_programs_free(struct vp_programs *programs)
{
	vp_array_each (one, &programs->filters)
		free_one(one);
	vp_array_free(&programs->filters);
	programs->due = 0;
}

static struct vp_filter_programs *find(const struct vp_programs *programs, uint64_t digest)
{
	vp_array_each (one, &programs->filters)
		if (one->digest == digest)
			return one;
	return NULL;
}

/* Filters */

static bool is_of(const struct vp_filter_programs *one, const struct vp_cover_filter *filter)
{
	return one->digest == filter->digest && one->injection == filter->injection;
}

static bool is_up_to_date(const struct vp_programs *programs,
			  const struct vp_coverage *coverage)
{
	size_t i = 0;

	vp_array_each (filter, &coverage->filters) {
		if (!filter->wanted)
			continue;
		if (i == programs->filters.len || !is_of(&programs->filters.data[i], filter))
			return false;
		i++;
	}
	return i == programs->filters.len;
}

/* What is known of those that stay wanted is kept. */
static bool take_filters(struct vp_programs *programs, const struct vp_coverage *coverage)
{
	struct vp_programs taken = { 0 };

	if (is_up_to_date(programs, coverage))
		return false;
	vp_array_each (filter, &coverage->filters) {
		struct vp_filter_programs *known = find(programs, filter->digest), *one;

		if (!filter->wanted)
			continue;
		one = vp_array_add(&taken.filters);
		if (known) {
			*one = *known;
			*known = (struct vp_filter_programs){ 0 };
		}
		one->digest = filter->digest;
		one->injection = filter->injection;
	}
	vp_programs_free(programs);
	*programs = taken;
	return true;
}

/* Of one that is up to date. */
static const struct vp_call_target *target_of(const struct vp_coverage *coverage,
					      const struct vp_filter_programs *one)
{
	return &vp_coverage_filter(coverage, one->digest)->target;
}

/* Files */

static bool are_same(const struct vp_paths *a, const struct vp_paths *b)
{
	size_t i = 0;

	while (i < a->len && i < b->len && !strcmp(a->data[i], b->data[i]))
		i++;
	return i == a->len && i == b->len;
}

static bool read_one(struct vp_filter_programs *one, const struct vp_call_target *target,
		     const char *const *roots)
{
	struct vp_paths found = { 0 }, old = one->written;
	bool changed;

	if (target->kind == VP_CALL_TARGET_PROCESS)
		vp_paths_add(&found, target->name);
	else
		vp_unit_executables(target->name, roots, &found);
	changed = !are_same(&old, &found);
	one->written = found;
	vp_paths_free(&old);
	return changed;
}

static bool read_all(struct vp_programs *programs, const struct vp_coverage *coverage,
		     const char *const *roots)
{
	bool changed = false;

	vp_array_each (one, &programs->filters)
		changed |= read_one(one, target_of(coverage, one), roots);
	return changed;
}

/* Processes */

/* What was not forked by another of its unit is what the unit was started with. */
static bool began_unit(const struct vp_covered_process *process,
		       const struct vp_coverage *coverage)
{
	const struct vp_covered_process *parent =
		vp_coverage_process(coverage, process->parent);

	return process->executable && process->unit &&
	       !(parent && parent->unit && !strcmp(parent->unit, process->unit));
}

static bool learn(struct vp_programs *programs, const struct vp_coverage *coverage,
		  const struct vp_covered_process *process)
{
	bool changed = false;

	vp_array_each (cover, &process->covers) {
		struct vp_filter_programs *one = find(programs, cover->digest);
		size_t known = one ? one->learned.len : 0;

		if (!one || target_of(coverage, one)->kind != VP_CALL_TARGET_UNIT)
			continue;
		vp_paths_add(&one->learned, process->executable);
		changed |= one->learned.len != known;
	}
	return changed;
}

static bool learn_all(struct vp_programs *programs, const struct vp_coverage *coverage)
{
	bool changed = false;

	vp_array_each (process, &coverage->processes)
		if (began_unit(process, coverage))
			changed |= learn(programs, coverage, process);
	return changed;
}

bool vp_programs_update(struct vp_programs *programs, const struct vp_coverage *coverage,
			const char *const *roots, uint64_t now)
{
	bool changed = take_filters(programs, coverage);

	if (changed || now >= programs->due) {
		changed |= read_all(programs, coverage, roots);
		programs->due = now + VP_PROGRAMS_PERIOD;
	}
	changed |= learn_all(programs, coverage);
	return changed;
}

void vp_programs_of(const struct vp_programs *programs, uint64_t digest,
		    struct vp_paths *paths)
{
	const struct vp_filter_programs *one = find(programs, digest);

	if (!one)
		return;
	vp_array_each (path, &one->written)
		vp_paths_add(paths, *path);
	vp_array_each (path, &one->learned)
		vp_paths_add(paths, *path);
}
