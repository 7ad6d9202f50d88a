/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an observation has found, as a document and as text. Pure. */
#ifndef VP_OBSERVE_REPORT_H
#define VP_OBSERVE_REPORT_H

#include <jansson.h>

#include "agentd/ctl/observe/observation.h"
#include "agentd/ctl/output.h"
#include "policy/plan.h"

/*
 * Members of a vpatch.observe/1 document, and the exit status that follows: good only where
 * something was seen, nothing was missed, and nothing would be denied. `plan` names the
 * patches.
 */
enum vp_exit vp_observe_report(const struct vp_observation *observation,
			       const struct vp_plan *plan, json_t *document);

/* The text of it. */
vp_render vp_render_observe;

#endif
