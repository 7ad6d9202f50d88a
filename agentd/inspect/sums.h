/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counts of several tallies together: see tally.h. Pure. */
#ifndef VP_INSPECT_SUMS_H
#define VP_INSPECT_SUMS_H

#include "agentd/inspect/tally.h"
#include "lib/memory.h"

struct vp_sum {
	enum vp_tally_kind kind;
	uint32_t of;
	uint64_t n;
};

/* In order of kind, then `of`; to be freed with vp_array_free(). */
VP_ARRAY_TYPE(vp_sums, struct vp_sum);

void vp_sums_add(struct vp_sums *sums, enum vp_tally_kind kind, uint32_t of, uint64_t n);
void vp_sums_add_tally(struct vp_sums *sums, const struct vp_tally *tally);
void vp_sums_add_sums(struct vp_sums *sums, const struct vp_sums *others);

/* 0: never counted. */
uint64_t vp_sums_get(const struct vp_sums *sums, enum vp_tally_kind kind, uint32_t of);
/* Of a kind, whatever it is of. */
uint64_t vp_sums_total(const struct vp_sums *sums, enum vp_tally_kind kind);

#endif
