/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rule sets and calls for tests, written as definitions write them. */
#ifndef VP_TESTS_SECCOMP_WORLD_H
#define VP_TESTS_SECCOMP_WORLD_H

#include "modules/seccomp/filter.h"
#include "modules/seccomp/vectors.h"

struct world {
	VP_ARRAY(struct vp_call_rule *) owned;
	VP_ARRAY(struct vp_filter_rule) rules;
};

/* Add what `deny = TERMS` of a patch makes; error 0: the language's default, EPERM. */
void world_deny(struct world *world, uint32_t tag, bool monitor, const char *terms, int error);
/* Add a rule made by hand, which the world then owns. */
void world_add(struct world *world, uint32_t tag, bool monitor, struct vp_call_rule *rule);
void world_free(struct world *world);
#define _cleanup_world_ vp_cleanup(world_free)

/* Fails the test when it does not compile. */
struct vp_filter *world_compile(const struct world *world, enum vp_abi abi, bool cover);
int world_try(const struct world *world, enum vp_abi abi, bool cover,
	      struct vp_filter **filter, struct vp_error *err);

/* "socket(domain = AF_ALG)" as a call. */
struct vp_call_vector world_call(const char *text);
/* The action of a filter for it, in the filter's own ABI. */
uint32_t world_ask(const struct vp_filter *filter, const char *call);
/* The action for a number with its arguments, in any ABI. */
uint32_t world_run(const struct vp_filter *filter, enum vp_abi abi, int nr,
		   const uint64_t arguments[VP_CALL_ARGUMENTS]);

#define DENIED(error) (SECCOMP_RET_ERRNO | (uint32_t)(error))

/* A pseudo-random sequence, the same in every run. */
uint64_t world_random(uint64_t *state);

#endif
