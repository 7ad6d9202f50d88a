/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From texts to a plan: see planned.h. */
#include "tests/harness/planned.h"

void planned_build(struct planned *planned, unsigned int points)
{
	struct vp_findings *findings = &planned->findings;

	vp_policy_build(&planned->policy, &planned->sources, planned->host.now, findings);
	vp_plan_build(&planned->plan, &planned->policy, &planned->host, points, findings);
	vp_findings_sort(findings);
	vp_findings_print(findings, &planned->text);
}

void planned_forget(struct planned *planned)
{
	vp_plan_free(&planned->plan);
	vp_policy_free(&planned->policy);
	vp_findings_free(&planned->findings);
	vp_strbuf_free(&planned->text);
}

void planned_free(struct planned *planned)
{
	planned_forget(planned);
	vp_host_free(&planned->host);
	vp_sources_free(&planned->sources);
}
