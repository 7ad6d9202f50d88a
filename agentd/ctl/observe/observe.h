/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpatchctl test --observe: what services call, held against their filters. */
#ifndef VP_OBSERVE_OBSERVE_H
#define VP_OBSERVE_OBSERVE_H

#include "agentd/ctl/observe/observation.h"

/* Told about twice a second how much of it is over. */
typedef void vp_observe_progress(void *context, uint64_t seconds, uint64_t of);

/*
 * Watch the targets of *observation for that long; SIGINT and SIGTERM end it early. The
 * processes go on meanwhile as ever. Nothing is changed. 0, or -errno with the cure; -EACCES:
 * no right to.
 */
int vp_observation_run(struct vp_observation *observation, uint64_t seconds,
		       vp_observe_progress *progress, void *context, struct vp_error *err);

#endif
