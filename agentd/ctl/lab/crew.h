/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proofs in child processes, as many at a time as there are processors, each
 * with a deadline. When this process ends, for whatever reason, so do they, and
 * with them their labs.
 */
#ifndef VP_LAB_CREW_H
#define VP_LAB_CREW_H

#include <jansson.h>

#include "agentd/ctl/lab/proof.h"
#include "lib/memory.h"

VP_ARRAY_TYPE(vp_patch_list, struct vp_patch *);

/* Called whenever a proof has ended. */
typedef void vp_crew_progress(void *context, size_t done, size_t total);

/*
 * Prove them all. A new array of what vp_proof_run() returned, in the order of
 * `patches`; of a child that died or was too late an entry with result "error".
 */
json_t *vp_crew_prove(const struct vp_patch_list *patches, const struct vp_proof_order *order,
		      vp_crew_progress *progress, void *context);

#endif
