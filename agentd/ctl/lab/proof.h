/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The proof of one patch: its samples without the shield (they must arrive), with
 * it (they must do as the author expects), and against mutants (they must notice).
 */
#ifndef VP_LAB_PROOF_H
#define VP_LAB_PROOF_H

#include <stdbool.h>

#include <jansson.h>

#include "policy/patch.h"

struct vp_proof_order {
	bool mutations;
	bool evasions;		/* every sample again in odd shapes */
	unsigned int processor; /* which one to run on */
};

/*
 * Run it, in a process of its own (lab.h). The patch is tested as if enabled and
 * in mode enforce. Returns a new document, one entry of "patches" of the schema
 * vpatch.test/1: members `id`, `file`, `result` ("passed", "failed", "error" when
 * the lab or the shield could not be built, "unavailable" when namespaces cannot),
 * `error`, `isolation`, `samples`, `mutations`.
 */
json_t *vp_proof_run(struct vp_patch *patch, const struct vp_proof_order *order);

#endif
