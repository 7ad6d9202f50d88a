/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations over all modules, all or nothing: see enforcement.h. */
#include "agentd/enforcement.h"

#include <errno.h>
#include <string.h>

#include "lib/log.h"

void vp_enforcement_init(struct vp_enforcement *all, const struct vp_module *const *modules)
{
	memset(all, 0, sizeof(*all));
	all->modules = modules;
	while (all->count < VP_ENFORCEMENT_MAX && modules[all->count])
		all->count++;
}

/* What ends with this process is not for one that only leaves things behind. */
static bool takes_part(const struct vp_enforcement *all, size_t i)
{
	return !all->lasting_only || all->modules[i]->running;
}

unsigned int vp_enforcement_points(const struct vp_enforcement *all)
{
	unsigned int points = 0;

	for (size_t i = 0; i < all->count; i++)
		points |= VP_POINT_BIT(all->modules[i]->point);
	return points;
}

int vp_enforcement_probe(const struct vp_enforcement *all, struct vp_host *host,
			 struct vp_error *err)
{
	for (size_t i = 0; i < all->count; i++) {
		int r = all->modules[i]->probe(host, err);

		if (r)
			return vp_fail_context(err, "%s", all->modules[i]->name), r;
	}
	return 0;
}

int vp_enforcement_open(struct vp_enforcement *all, const struct vp_host *host,
			struct vp_error *err)
{
	for (size_t i = 0; i < all->count; i++) {
		int r = all->modules[i]->open(&all->instances[i], host, err);

		if (r) {
			vp_enforcement_close(all);
			return vp_fail_context(err, "%s", all->modules[i]->name), r;
		}
	}
	return 0;
}

void vp_enforcement_close(struct vp_enforcement *all)
{
	for (size_t i = 0; i < all->count; i++) {
		if (all->instances[i])
			all->modules[i]->close(all->instances[i]);
		all->instances[i] = NULL;
	}
}

struct vp_instance *vp_enforcement_instance(const struct vp_enforcement *all,
					    const struct vp_module *module)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->modules[i] == module)
			return all->instances[i];
	return NULL;
}

int vp_enforcement_compile(const struct vp_enforcement *all, const struct vp_plan *plan,
			   const struct vp_host *host, uint64_t generation,
			   struct vp_artefacts *artefacts, struct vp_error *err)
{
	struct vp_artefacts made = { 0 };

	for (size_t i = 0; i < all->count; i++) {
		int r = all->modules[i]->compile(plan, host, generation, &made.of[i], err);

		if (r) {
			vp_artefacts_free(all, &made);
			return vp_fail_context(err, "%s", all->modules[i]->name), r;
		}
	}
	*artefacts = made;
	return 0;
}

void vp_artefacts_free(const struct vp_enforcement *all, struct vp_artefacts *artefacts)
{
	for (size_t i = 0; i < all->count; i++)
		if (artefacts->of[i])
			all->modules[i]->artefact_free(artefacts->of[i]);
	memset(artefacts, 0, sizeof(*artefacts));
}

static void abort_from(struct vp_enforcement *all, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++)
		all->modules[i]->abort(all->instances[i]);
}

void vp_enforcement_abort(struct vp_enforcement *all)
{
	abort_from(all, 0, all->count);
}

int vp_enforcement_prepare(struct vp_enforcement *all, const struct vp_artefacts *artefacts,
			   struct vp_error *err)
{
	for (size_t i = 0; i < all->count; i++) {
		int r = takes_part(all, i) ? all->modules[i]->prepare(all->instances[i],
								      artefacts->of[i], err)
					   : 0;

		if (r) {
			abort_from(all, 0, i + 1);
			return vp_fail_context(err, "%s: prepare", all->modules[i]->name), r;
		}
	}
	return 0;
}

/* Give a module that has committed its old generation back. */
static void put_back(struct vp_enforcement *all, size_t i, const struct vp_artefacts *old)
{
	const struct vp_module *module = all->modules[i];
	struct vp_error err = { 0 };
	int r;

	if (old && old->of[i]) {
		r = module->prepare(all->instances[i], old->of[i], &err);
		if (!r)
			r = module->commit(all->instances[i], &err);
		if (!r)
			module->finish(all->instances[i]);
	} else {
		r = module->remove(all->instances[i], &err);
	}
	if (r)
		vp_log_error("%s: the former generation cannot be put back: %s", module->name,
			     err.text);
}

int vp_enforcement_commit(struct vp_enforcement *all, const struct vp_artefacts *old,
			  struct vp_error *err)
{
	for (size_t i = 0; i < all->count; i++) {
		int r = takes_part(all, i) ? all->modules[i]->commit(all->instances[i], err)
					   : 0;
		const char *refused = all->modules[i]->name;

		if (!r)
			continue;
		abort_from(all, i, all->count);
		while (i-- > 0)
			put_back(all, i, old);
		return vp_fail_context(err, "%s: commit", refused), r;
	}
	return 0;
}

void vp_enforcement_finish(struct vp_enforcement *all)
{
	for (size_t i = 0; i < all->count; i++)
		all->modules[i]->finish(all->instances[i]);
}

int vp_enforcement_verify(struct vp_enforcement *all, const struct vp_artefacts *artefacts,
			  struct vp_strbuf *differences, struct vp_error *err)
{
	int sum = 0;

	for (size_t i = 0; i < all->count; i++) {
		int n = takes_part(all, i)
				? all->modules[i]->verify(all->instances[i], artefacts->of[i],
							  differences, err)
				: 0;

		if (n < 0)
			return vp_fail_context(err, "%s: verify", all->modules[i]->name), n;
		sum += n;
	}
	return sum;
}

int vp_enforcement_running(struct vp_enforcement *all, uint64_t *generation, bool *mixed,
			   struct vp_error *err)
{
	uint64_t first = 0;
	bool any = false;

	*mixed = false;
	for (size_t i = 0; i < all->count; i++) {
		uint64_t number = 0;
		int r;

		if (!all->modules[i]->running)
			continue;
		r = all->modules[i]->running(all->instances[i], &number, err);
		if (r)
			return vp_fail_context(err, "%s", all->modules[i]->name), r;
		if (!any)
			first = number;
		any = true;
		*mixed = *mixed || number != first;
	}
	*generation = *mixed ? 0 : first;
	return 0;
}

/* Should it have left something, and is nothing there? */
static bool is_gone(const struct vp_module *module, struct vp_instance *instance)
{
	uint64_t generation = 0;

	return module->running && !module->running(instance, &generation, NULL) && !generation;
}

int vp_enforcement_counts(struct vp_enforcement *all, enum vp_holder holder,
			  struct vp_counts *counts, struct vp_error *err)
{
	bool gone = false;

	for (size_t i = 0; i < all->count; i++) {
		size_t before = counts->len;
		int r;

		if (vp_module_holder(all->modules[i]) != holder)
			continue;
		r = all->modules[i]->counts(all->instances[i], counts, err);
		if (r)
			return vp_fail_context(err, "%s", all->modules[i]->name), r;
		if (counts->len == before)
			gone = gone || is_gone(all->modules[i], all->instances[i]);
	}
	if (gone)
		counts->len = 0;
	vp_counts_join(counts);
	return 0;
}

int vp_enforcement_remove(struct vp_enforcement *all, struct vp_error *err)
{
	int first = 0;

	for (size_t i = 0; i < all->count; i++) {
		struct vp_error failure = { 0 };
		int r = all->modules[i]->remove(all->instances[i], &failure);

		if (r && !first)
			first = vp_fail(err, r, "%s: %s", all->modules[i]->name, failure.text);
	}
	return first;
}
