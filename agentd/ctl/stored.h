/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What can be known of a host's shields when vpatchd does not answer: what is in
 * the kernel and in the state folder, as far as this user may read them.
 */
#ifndef VP_AGENTD_CTL_STORED_H
#define VP_AGENTD_CTL_STORED_H

#include <jansson.h>

#include "agentd/ctl/commands.h"
#include "lib/error.h"

/*
 * A vpatch.status/1 document with state "unreachable"; `why` says what kept the
 * daemon from answering. Has `kernel`: for each enforcement point `point` and
 * `generation` `rules` `packets` `bytes`, or `error`. Owned by the caller, never NULL.
 */
json_t *vp_stored_status(const struct vp_ctl *ctl, const struct vp_error *why);

#endif
