/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls made for real, each in a child process of its own that lives no longer than its
 * call, with or without a filter. Only for the first process of a cell (cell.h): whatever
 * a call does, it does to the child, or to nothing.
 */
#ifndef VP_LAB_MAKER_H
#define VP_LAB_MAKER_H

#include "agentd/ctl/lab/outcome.h"
#include "agentd/ctl/lab/raw_call.h"

struct vp_maker {
	struct vp_making *making; /* memory that children share */
	void *memory;		  /* that 32-bit calls can address, or NULL */
};

/* Nothing is released again before the process ends. 0 or -errno. */
int vp_maker_open(struct vp_maker *maker, struct vp_error *err);

/*
 * Make one call in a child, under `program` (NULL: under what this process is under). A call
 * that has not returned after `milliseconds` is ended. 0, or -errno when there can be no
 * child.
 */
int vp_maker_make(struct vp_maker *maker, const struct vp_raw_call *entry,
		  const struct vp_bpf *program, unsigned int milliseconds,
		  struct vp_outcome *outcome);

/* Make it in the calling thread. What it does, it does to this process. */
void vp_maker_make_here(struct vp_maker *maker, const struct vp_raw_call *entry,
			struct vp_outcome *outcome);

#endif
