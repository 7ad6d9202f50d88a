/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which processes are meant, while they come and go: those that were found, what they fork,
 * and who starts the program of a target. Pure; fed from /proc once, then from records in the
 * order of their time.
 */
#ifndef VP_OBSERVE_LINEAGE_H
#define VP_OBSERVE_LINEAGE_H

#include "agentd/ctl/observe/trace.h"
#include "lib/memory.h"

/* Of these a process may belong to several: bit i for target i. */
#define VP_LINEAGE_TARGETS 64

struct vp_kin {
	pid_t process; /* 0: nobody */
	uint64_t targets;
	bool starting; /* a program, of which nothing is mapped yet */
	bool ended;    /* its first thread: others may still run */
	char name[VP_TRACE_NAME];
};

/* All-zero: empty. */
struct vp_lineage {
	struct vp_kin *kin; /* open addressing by process */
	size_t slots, count;
	size_t met[VP_LINEAGE_TARGETS]; /* how many processes a target had, ever */
};

void vp_lineage_free(struct vp_lineage *lineage);

/* A process that was found. It keeps what it has; `name` NULL: not known. */
void vp_lineage_add(struct vp_lineage *lineage, pid_t process, uint64_t targets,
		    const char *name);

/*
 * FORK, EXIT, NAME_IS and MAPPING; others are ignored. `program`: the targets whose program
 * the mapped file is (of MAPPING). A process that starts another program stays what it was, as
 * filters do.
 */
void vp_lineage_take(struct vp_lineage *lineage, const struct vp_trace *record,
		     uint64_t program);

/* NULL: of no target. Valid until the next change. */
const struct vp_kin *vp_lineage_find(const struct vp_lineage *lineage, pid_t process);

/* Forget those that have ended, and of which `alive` says so too. */
void vp_lineage_sweep(struct vp_lineage *lineage, bool (*alive)(pid_t process));

#endif
