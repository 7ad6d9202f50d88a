/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mutants of [syscalls] sections: the rules of one with one thing wrong, which some
 * sample of calls has to notice. Pure, and nothing in the patch is changed.
 *
 * Made of: every term (deleted); of a term that is no named set each rule, where it stands
 * for several (`in`); what it asks of each argument (not asked); each bound of an
 * order (moved by one); each flag of `has` and `any` (left out). What a named set stands for
 * is the same in all definitions, and is proven where it is made.
 */
#ifndef VP_LAB_CALL_MUTANT_H
#define VP_LAB_CALL_MUTANT_H

#include "policy/patch.h"

enum vp_call_change {
	VP_CHANGE_NONE,
	VP_CHANGE_NO_TERM,
	VP_CHANGE_NO_RULE,
	VP_CHANGE_NO_ARGUMENT,
	VP_CHANGE_VALUE
};

struct vp_call_mutant {
	struct vp_location at;
	char *what;	/* owned: what was changed, in words */
	size_t section; /* index into the patch's syscalls */
	enum vp_call_change change;
	size_t first, count; /* the rules of the section that it is about */
	size_t condition;    /* index in its rule; NO_ARGUMENT: number of the argument */
	uint64_t mask, value;
};

/* Number of mutants of a patch. */
size_t vp_call_mutant_count(const struct vp_patch *patch);

/* The mutant number `index`, from 0; false: there are fewer. */
bool vp_call_mutant_get(const struct vp_patch *patch, size_t index,
			struct vp_call_mutant *mutant);
void vp_call_mutant_free(struct vp_call_mutant *mutant);

/*
 * Rule number `rule` of a section as the mutant has it, a copy that is the caller's
 * (vp_array_free() of its conditions). `mutant` NULL: as it is. False: the mutant is without
 * it.
 */
bool vp_call_mutant_rule(const struct vp_call_mutant *mutant, const struct vp_patch *patch,
			 size_t section, size_t rule, struct vp_call_rule *out);

#endif
