/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The evasions of stream samples: each message in every way of script.h and
 * recode.h, without the shield, with it, and with all rules in monitor.
 *
 * An attack that the receiver reads whole without the shield must not be read
 * whole with it; a way in which the receiver itself does not read it is no attack
 * here, and is not counted. What is benign must arrive byte for byte. In monitor
 * everything must arrive as it does without a shield, and be counted.
 */
#ifndef VP_LAB_EVADE_H
#define VP_LAB_EVADE_H

#include <jansson.h>

#include "agentd/ctl/lab/shield.h"
#include "agentd/ctl/lab/trial.h"

struct vp_evasions {
	struct vp_lab *lab;
	struct vp_shield *shield;
	struct vp_patch *patch; /* changed meanwhile, and put back */
	const struct vp_trials *trials;
};

/*
 * Run them; an array of the results of each sample and family is put into
 * *results, a new reference (doc/schemas.md, `evasions`). Returns the number of
 * ways that failed, or -errno.
 */
int vp_evasions_run(const struct vp_evasions *evasions, json_t **results,
		    struct vp_error *err);

#endif
