/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of argument values as masked equalities.
 *
 * A cube is the set of calls whose arguments hold (argument & mask) == value, for
 * all six. Every condition of a rule is a union of cubes, also the comparisons: so
 * nothing is left of what libseccomp would compare on 64 bits where the kernel reads
 * 32. The intersection of two cubes is a cube, and the difference a few disjoint
 * ones; with these, rules of different actions are made disjoint and their order
 * cannot matter any more.
 */
#ifndef VP_SECCOMP_CUBE_H
#define VP_SECCOMP_CUBE_H

#include "lib/error.h"
#include "lib/memory.h"
#include "policy/call.h"

/* So many for one number of a call; beyond that a program would hardly fit, and take long. */
#define VP_CUBES_MAX 512

struct vp_cube {
	uint64_t mask[VP_CALL_ARGUMENTS], value[VP_CALL_ARGUMENTS]; /* value within mask */
	uint32_t action;
};

VP_ARRAY_TYPE(vp_cubes, struct vp_cube);

/* Add the cubes of a rule. -E2BIG: too many. */
int vp_cubes_of_rule(const struct vp_call_rule *rule, uint32_t action, struct vp_cubes *out,
		     struct vp_error *err);

/* Narrow the cubes from `first` on to (argument & mask) == value; drops those that miss it. */
void vp_cubes_narrow(struct vp_cubes *cubes, size_t first, uint8_t argument, uint64_t mask,
		     uint64_t value);

/* Of registers with 32 bits only: drop what needs a bit above, forget the rest of them. */
void vp_cubes_truncate(struct vp_cubes *cubes, size_t first);

/*
 * Take `what` out of the cubes from `first` on; what remains is disjoint from it.
 * -E2BIG: too many.
 */
int vp_cubes_subtract(struct vp_cubes *cubes, size_t first, const struct vp_cube *what,
		      struct vp_error *err);

/* Is there a call in both? */
bool vp_cubes_meet(const struct vp_cube *a, const struct vp_cube *b);

#endif
