/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mutants: a patch with one thing wrong. Samples that cannot tell a mutant from
 * the real patch prove too little. Pure: works on the validated model in
 * memory, and puts it back.
 *
 * Made of: every rule (deleted; held in monitor), every `when` and `except`
 * (deleted; negated; a slice's offset moved by one; each value moved: numbers by one
 * at each bound, strings by a bit of the first and last byte, addresses at both ends,
 * narrower and wider; each bit of a mask turned), the values of sets that conditions
 * name, rate and burst of limits (halved, doubled), whether a limit is per source,
 * entries of services' `address` and `ports` (deleted; the last `ports` entry stays).
 *
 * Not made, because what arrives is the same: one of `drop`, `reject`, `reset` and
 * `ban` for another, and another duration of a ban. Nor of regexes.
 */
#ifndef VP_LAB_MUTANT_H
#define VP_LAB_MUTANT_H

#include "policy/patch.h"

struct vp_mutant {
	struct vp_location at;
	char *what;	       /* owned: what was changed, in words */
	const char *monitored; /* name of the rule to be held in monitor instead of a change;
				  or NULL */
	/* how to put it back */
	struct {
		uint8_t *at, *old; /* bytes that were overwritten, and what they were */
		size_t size;
	} change;
	struct {
		uint8_t *data, *element; /* an array, and the element that was taken out */
		size_t *len, index, size;
	} removal;
};

/* Number of mutants of a patch. */
size_t vp_mutant_count(struct vp_patch *patch);

/*
 * Make the patch its mutant number `index`, from 0. False, and nothing changed, when there
 * are fewer. Must be undone before the next one is made or the patch is freed.
 */
bool vp_mutant_apply(struct vp_patch *patch, size_t index, struct vp_mutant *mutant);
void vp_mutant_undo(struct vp_mutant *mutant);

/*
 * Seconds until a limit gives back one packet, above which a lab does not wait:
 * the rate itself is then not mutated (the burst is).
 */
#define VP_RATE_PATIENCE 0.25

#endif
