/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an enforcement point is to the rest of vpatch: one documented const
 * struct of operations. A new enforcement point is a folder and a line in
 * agentd/modules.c.
 *
 * Life of a change, over all modules:
 *
 *   compile   pure; every module, before anything is touched
 *   prepare   put in place what no traffic reaches yet; may fail
 *   commit    make it effective, atomically; may fail only without effect
 *   finish    remove what the old generation no longer needs
 *   verify    read back what is effective, compare with what was meant
 *   abort     undo prepare; after a failure of any module's prepare or commit
 *
 * The old generation stays effective until commit returns 0, and after any error.
 */
#ifndef VP_MODULES_MODULE_H
#define VP_MODULES_MODULE_H

#include "lib/error.h"
#include "lib/strbuf.h"
#include "policy/plan.h"

/* Counts of one rule since its shield was first installed. */
struct vp_count {
	uint32_t tag;
	uint64_t packets, bytes;
	uint64_t banned; /* packets of sources that it banned: no rule saw them */
};

VP_ARRAY_TYPE(vp_counts, struct vp_count);

/* Sort by tag and join what belongs together. */
void vp_counts_join(struct vp_counts *counts);
/* The higher of two readings of each tag: counters only grow. `more` may be NULL. */
void vp_counts_merge(struct vp_counts *into, const struct vp_counts *more);

struct vp_artefact; /* a module's compiled plan; opaque outside the module */
struct vp_instance; /* a module's handle on the running system; opaque */

struct vp_module {
	const char *name;
	enum vp_point point;

	/*
	 * Add this module's facts to the snapshot. host->kernel may be filled in from an
	 * earlier probe of this process and is then believed. 0 or -errno (the kernel
	 * cannot do it at all: -EOPNOTSUPP).
	 */
	int (*probe)(struct vp_host *host, struct vp_error *err);

	/*
	 * Pure. The artefact owns everything it needs: it may outlive plan and host.
	 * `generation` is recorded in the installed objects.
	 */
	int (*compile)(const struct vp_plan *plan, const struct vp_host *host,
		       uint64_t generation, struct vp_artefact **artefact,
		       struct vp_error *err);
	void (*artefact_free)(struct vp_artefact *artefact);

	/* Artefact as text. `format`: "nft", "text", "json", ... -ENOTSUP when not of this
	 * module. */
	int (*dump)(const struct vp_artefact *artefact, const char *format,
		    struct vp_strbuf *out);

	/* Handle on the running system; *instance owned by the caller. */
	int (*open)(struct vp_instance **instance, const struct vp_host *host,
		    struct vp_error *err);
	void (*close)(struct vp_instance *instance);

	int (*prepare)(struct vp_instance *instance, const struct vp_artefact *artefact,
		       struct vp_error *err);
	int (*commit)(struct vp_instance *instance, struct vp_error *err);
	void (*finish)(struct vp_instance *instance);
	void (*abort)(struct vp_instance *instance);

	/*
	 * Compare what runs with the artefact. Returns the number of differences
	 * (0: exactly as meant), each as a line in *differences; -errno when it
	 * cannot be read.
	 */
	int (*verify)(struct vp_instance *instance, const struct vp_artefact *artefact,
		      struct vp_strbuf *differences, struct vp_error *err);

	/*
	 * The generation recorded in what runs, 0 when nothing does. NULL: what this
	 * module makes effective ends with the process that did so, or must be asked for
	 * anew by the next one.
	 */
	int (*running)(struct vp_instance *instance, uint64_t *generation,
		       struct vp_error *err);

	/* Exact counts of everything installed. */
	int (*counts)(struct vp_instance *instance, struct vp_counts *counts,
		      struct vp_error *err);

	/* Remove every trace of this module from the running system (panic, purge). */
	int (*remove)(struct vp_instance *instance, struct vp_error *err);

	/*
	 * What remove() could not take away, a line each with its cure. NULL: it takes
	 * everything away.
	 */
	void (*stays)(struct vp_instance *instance, struct vp_strbuf *out);
};

/*
 * Who keeps what a module counts. The counts of one holder go on, or begin anew,
 * whatever becomes of the other's.
 */
enum vp_holder {
	VP_HOLDER_KERNEL,    /* of what lasts: gone with a reboot, a flush, a removal */
	VP_HOLDER_PROCESSES, /* of what ends with a process: in files, which it outlives */
	VP_HOLDERS,
};

static inline enum vp_holder vp_module_holder(const struct vp_module *module)
{
	return module->running ? VP_HOLDER_KERNEL : VP_HOLDER_PROCESSES;
}

/* The modules of this build, NULL-terminated, in order of commit. */
extern const struct vp_module *const vp_modules[];

/* VP_POINT_BITs of this build. */
unsigned int vp_modules_points(void);

#endif
