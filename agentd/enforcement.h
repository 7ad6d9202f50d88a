/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All enforcement points of this build taken together: what is true of one
 * module's operations (module.h) is made true of all of them at once.
 */
#ifndef VP_AGENTD_ENFORCEMENT_H
#define VP_AGENTD_ENFORCEMENT_H

#include "modules/module.h"

#define VP_ENFORCEMENT_MAX VP_POINT_COUNT

struct vp_enforcement {
	const struct vp_module *const *modules; /* NULL-terminated, not owned */
	size_t count;
	struct vp_instance *instances[VP_ENFORCEMENT_MAX];
	struct vp_kernel kernel; /* what the first probe found */
	/* Change only what stays when this process ends (vp_module.running). */
	bool lasting_only;
};

/* A compiled generation: one artefact a module. */
struct vp_artefacts {
	struct vp_artefact *of[VP_ENFORCEMENT_MAX];
};

void vp_enforcement_init(struct vp_enforcement *all, const struct vp_module *const *modules);
unsigned int vp_enforcement_points(const struct vp_enforcement *all);

/* Every module's facts into the snapshot. */
int vp_enforcement_probe(const struct vp_enforcement *all, struct vp_host *host,
			 struct vp_error *err);
int vp_enforcement_open(struct vp_enforcement *all, const struct vp_host *host,
			struct vp_error *err);
void vp_enforcement_close(struct vp_enforcement *all);
/* The module's handle; NULL: it is not open, or not of this build. */
struct vp_instance *vp_enforcement_instance(const struct vp_enforcement *all,
					    const struct vp_module *module);

int vp_enforcement_compile(const struct vp_enforcement *all, const struct vp_plan *plan,
			   const struct vp_host *host, uint64_t generation,
			   struct vp_artefacts *artefacts, struct vp_error *err);
void vp_artefacts_free(const struct vp_enforcement *all, struct vp_artefacts *artefacts);

/* Prepare all or none. */
int vp_enforcement_prepare(struct vp_enforcement *all, const struct vp_artefacts *artefacts,
			   struct vp_error *err);
/* Undo prepare. */
void vp_enforcement_abort(struct vp_enforcement *all);
/*
 * Commit all. When one refuses, those that had committed get `old` back (NULL:
 * they are emptied) and the rest is aborted: what ran before runs again.
 */
int vp_enforcement_commit(struct vp_enforcement *all, const struct vp_artefacts *old,
			  struct vp_error *err);
void vp_enforcement_finish(struct vp_enforcement *all);

/* Number of differences over all modules, or -errno. */
int vp_enforcement_verify(struct vp_enforcement *all, const struct vp_artefacts *artefacts,
			  struct vp_strbuf *differences, struct vp_error *err);

/* The generation all modules run; 0: nothing, or not all the same (*mixed true then). */
int vp_enforcement_running(struct vp_enforcement *all, uint64_t *generation, bool *mixed,
			   struct vp_error *err);
/*
 * What one holder has counted, one count for each tag. A rule may be counted by several, as
 * is a ban that inspection gives and netfilter carries out. While one of the holder's points
 * is gone (someone flushed it), the others' counts are not the whole: none.
 */
int vp_enforcement_counts(struct vp_enforcement *all, enum vp_holder holder,
			  struct vp_counts *counts, struct vp_error *err);

/* Remove every trace of all modules; goes on after a failure and returns the first. */
int vp_enforcement_remove(struct vp_enforcement *all, struct vp_error *err);

#endif
