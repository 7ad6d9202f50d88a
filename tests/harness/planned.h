/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything from texts to a plan, as one thing that tests fill, plan and free. */
#ifndef VP_TESTS_PLANNED_H
#define VP_TESTS_PLANNED_H

#include "policy/plan.h"

/* Sources and host are the test's to fill; an all-zero one is empty and valid. */
struct planned {
	struct vp_sources sources;
	struct vp_host host;
	struct vp_findings findings;
	struct vp_policy policy;
	struct vp_plan plan;
	struct vp_strbuf text; /* of the findings, sorted */
};

/* Policy and plan of what is filled in, with these points of enforcement. Nothing is built
 * when it begins; what is found is added to what was found when the sources were read. */
void planned_build(struct planned *planned, unsigned int points);

/* All that was built and found; the sources and the host stay. */
void planned_forget(struct planned *planned);
/* All of it. */
void planned_free(struct planned *planned);

#endif
