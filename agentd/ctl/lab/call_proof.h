/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The proof of the calls that a patch denies: each call of its samples is interpreted and made
 * for real in every way into the kernel, without the filter and under it. What is for people
 * and programs is added to the document of the patch.
 */
#ifndef VP_LAB_CALL_PROOF_H
#define VP_LAB_CALL_PROOF_H

#include "agentd/ctl/lab/call_case.h"
#include "agentd/ctl/lab/proof.h"

/* A sample under the filter of its section. */
struct vp_call_stand {
	struct vp_filter *filter; /* what the section should be */
	struct vp_bpf program;	  /* what is on trial: mostly the filter's own */
	size_t section;
};

struct vp_call_proof {
	const struct vp_patch *patch;
	const struct vp_bpf *instead; /* tried in place of every filter's program; or NULL */
	struct vp_stage stage;
	unsigned int abis; /* that calls can be made in here, bits 1 << enum vp_abi */
	struct vp_call_stand stand;
	json_t *result;	 /* of the patch */
	json_t *missing; /* what could not be reproduced: texts */
};

/* Open the stage. 0 or -errno, as vp_stage_open. Closing is always allowed. */
int vp_call_proof_open(struct vp_call_proof *proof, struct vp_error *err);
void vp_call_proof_close(struct vp_call_proof *proof);

/* Put the filter of a section on trial. 0 or -errno. */
int vp_call_proof_place(struct vp_call_proof *proof, size_t section, struct vp_error *err);
/* Another program in its place. 0 or -errno. */
int vp_call_proof_load(struct vp_call_proof *proof, const struct vp_bpf *program,
		       struct vp_error *err);

/* Can it be made here? */
static inline bool vp_call_proof_can(const struct vp_call_proof *proof,
				     const struct vp_attempt *attempt)
{
	return proof->abis & 1u << attempt->abi;
}

/* All samples: adds to `samples`, and with `evasions` to `evasions`. The number of those that
 * failed, or -errno. */
int vp_call_proof_samples(struct vp_call_proof *proof, bool evasions, struct vp_error *err);

/* All mutants (call_mutant.h): adds to `mutations`. The number of survivors, or -errno. */
int vp_call_proof_mutants(struct vp_call_proof *proof, struct vp_error *err);

#endif
