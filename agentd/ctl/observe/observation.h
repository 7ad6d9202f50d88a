/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of records: whose call it is, what the filters would say to it, and the sums.
 * Pure but for names of processes, which are looked up where no record told them.
 */
#ifndef VP_OBSERVE_OBSERVATION_H
#define VP_OBSERVE_OBSERVATION_H

#include "agentd/ctl/observe/find.h"
#include "agentd/ctl/observe/lineage.h"
#include "agentd/ctl/observe/numbers.h"
#include "agentd/ctl/observe/origin.h"
#include "agentd/ctl/observe/refusals.h"
#include "modules/seccomp/targets.h"

/* Of one target. */
struct vp_observation_sums {
	uint64_t calls;	 /* that were held against the filter */
	uint64_t denied; /* of these; also those that are only logged */
	uint64_t unsure; /* of these: another ABI would have been answered otherwise */
	size_t filtered; /* processes that had filters already */
	size_t narrow;	 /* processes of 32-bit programs, where their calls are closed */
	size_t started;	 /* how often the unit came up meanwhile */
	bool by_cgroup;	 /* watched through its cgroup, so nobody escapes */
};

struct vp_observation {
	const struct vp_target_filters *filters; /* at most VP_LINEAGE_TARGETS; not owned */
	enum vp_abi native;
	struct vp_soughts soughts; /* as `filters` */
	struct vp_call_numbers numbers;
	struct vp_lineage lineage;
	struct vp_refusals refusals;
	struct vp_observation_sums *sums; /* as `filters`; owned */
	uint64_t by_lineage; /* targets that are told from others by their processes */
	uint64_t lost;
	uint64_t milliseconds; /* how long it was */
	bool interrupted;
};

/* *observation is all-zero before. */
void vp_observation_init(struct vp_observation *observation,
			 const struct vp_target_filters *filters, enum vp_abi native);
void vp_observation_free(struct vp_observation *observation);
#define _cleanup_observation_ vp_cleanup(vp_observation_free)

/* Processes that were found: now, or at the beginning. */
void vp_observation_meet(struct vp_observation *observation,
			 const struct vp_found_processes *found);

/*
 * A record, in order of time. `mark`: the targets whose cgroup it is from; 0: from anywhere on
 * the host, and its process tells. A vp_tracer_taker.
 */
void vp_observation_take(void *observation, const struct vp_trace *record, uint64_t mark);

#endif
