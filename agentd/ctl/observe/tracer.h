/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls of the kernel while they are made: tracepoint events with their buffers, of a cgroup
 * or of the whole host. Nobody is stopped, and nothing of the watched processes changes.
 */
#ifndef VP_OBSERVE_TRACER_H
#define VP_OBSERVE_TRACER_H

#include "agentd/ctl/observe/tracepoint.h"

struct vp_tracer; /* opaque */

struct vp_tracer_order {
	const struct vp_tracepoint *tracepoint; /* its form with `registers` */
	uint64_t registers;			/* perf_event_attr.sample_regs_user */
	const char *filter;			/* of the kernel, vp_call_numbers_print() */
};

struct vp_tracer *vp_tracer_new(const struct vp_tracer_order *order);
void vp_tracer_free(struct vp_tracer *tracer);

struct vp_tracer_place {
	int cgroup; /* a folder of cgroup v2, with all below it, not owned; -1: the whole host
		     */
	bool processes; /* records of forks, ends and names too */
	bool programs;	/* and of the files that are mapped to be executed */
	uint64_t mark;	/* comes with each record */
};

/* Watch from now on. 0 or -errno with the cure; -EACCES: no right to. */
int vp_tracer_add(struct vp_tracer *tracer, const struct vp_tracer_place *place,
		  struct vp_error *err);

/* The descriptors to poll for; their count. */
size_t vp_tracer_descriptors(const struct vp_tracer *tracer, const int **fds);

/* No new records. What there is can still be read. */
void vp_tracer_stop(struct vp_tracer *tracer);

typedef void vp_tracer_taker(void *context, const struct vp_trace *record, uint64_t mark);

/*
 * Hand over what there is, in order of time over all buffers. Records of the last moments are
 * left for the next time, as other processors may still be writing older ones; `all`: none.
 */
void vp_tracer_read(struct vp_tracer *tracer, bool all, vp_tracer_taker *take, void *context);

/*
 * Records that never came, after vp_tracer_stop() and reading all: what the kernel counted,
 * less what was read.
 */
uint64_t vp_tracer_lost(const struct vp_tracer *tracer);

#endif
