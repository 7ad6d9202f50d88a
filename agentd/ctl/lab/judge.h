/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a sample proves. Pure: what was sent, what arrived, how counters moved,
 * and what arrived without the shield, against what the author expected.
 */
#ifndef VP_LAB_JUDGE_H
#define VP_LAB_JUDGE_H

#include "agentd/ctl/lab/exchange.h"

/* How far the counter of one rule moved during a run. */
struct vp_movement {
	const char *rule;
	bool enforcing;
	uint64_t packets;
};

VP_ARRAY_TYPE(vp_movements, struct vp_movement);

struct vp_case {
	const struct vp_sample *sample;
	const struct vp_rule
		*rule; /* of the definition, unchanged; NULL: benign, of a service */
	const struct vp_arrival *control; /* without the shield; NULL: known to arrive */
	const struct vp_arrival *shielded;
	const struct vp_movements *moved;
};

/*
 * Is it as expected? The reason when not, in words, else "" in *reason.
 *
 * blocked: no decisive bytes arrived, the counter of exactly the sample's rule
 * moved and no other enforcing one; and without the shield all arrive.
 * passed: everything arrived byte for byte and no enforcing counter moved.
 * limited after N: N arrived, and what the rate allows in the time it took; the
 * rest was counted by the sample's rule.
 */
bool vp_case_judge(const struct vp_case *c, char *reason, size_t size);

/* "blocked", "passed", "limited after 5" */
const char *vp_expectation_print(const struct vp_sample *sample, char text[static 40]);

#endif
