/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Definitions, facts and plan without the daemon: see survey.h. */
#include "agentd/ctl/survey.h"

#include <netinet/in.h>
#include <time.h>

#include "agentd/document.h"
#include "modules/module.h"

void vp_survey_read(struct vp_survey *survey, const char *const *paths, size_t count,
		    const char *overrides)
{
	survey->host.now = time(NULL);
	vp_sources_read(&survey->sources, paths, count, &overrides, overrides ? 1 : 0, 0,
			&survey->findings);
	vp_policy_build(&survey->policy, &survey->sources, survey->host.now,
			&survey->findings);
	vp_findings_sort(&survey->findings);
}

static void set_management(struct vp_host *host, const struct vp_port_ranges *management)
{
	vp_array_each (range, management)
		vp_array_push(&host->management, *range);
}

void vp_survey_any_host(struct vp_survey *survey)
{
	const struct vp_port_range ssh = { .protocol = IPPROTO_TCP, .first = 22, .last = 22 };

	vp_array_push(&survey->host.management, ssh);
	survey->host.examples_allowed = true;
	survey->host.clock_synchronised = true;
	survey->host.kernel = (struct vp_kernel){
		.nftables = true,
		.owner_persist = true,
		.native_queue = true,
		.sock_destroy = true,
	};
}

void vp_survey_this_host(struct vp_survey *survey, const struct vp_config *config)
{
	survey->notes = json_array();
	survey->host.examples_allowed = true;
	survey->host.clock_synchronised = true;
	survey->host.log_group = config->log_group;
	survey->host.table_ownership = config->table_ownership;
	set_management(&survey->host, &config->management);
	for (size_t i = 0; vp_modules[i]; i++) {
		_cleanup_free_ char *note = NULL;
		struct vp_error err = { 0 };

		if (!vp_modules[i]->probe(&survey->host, &err))
			continue;
		note = vp_format("%s: facts of this host are assumed, not asked: %s",
				 vp_modules[i]->name, err.text);
		vp_json_append_text(survey->notes, note);
	}
}

void vp_survey_plan(struct vp_survey *survey)
{
	vp_plan_build(&survey->plan, &survey->policy, &survey->host, vp_modules_points(),
		      &survey->findings);
	vp_findings_sort(&survey->findings);
}

void vp_survey_free(struct vp_survey *survey)
{
	vp_plan_free(&survey->plan);
	vp_policy_free(&survey->policy);
	vp_sources_free(&survey->sources);
	vp_host_free(&survey->host);
	vp_findings_free(&survey->findings);
	json_decref(survey->notes);
}
