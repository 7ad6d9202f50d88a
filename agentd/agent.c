/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening and closing what the daemon is made of, and its small common chores: see agent.h. */
#include "agentd/agent.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "agentd/denying.h"
#include "agentd/reporting.h"
#include "lib/cleanup.h"
#include "lib/log.h"

static int read_config(struct vp_agent *agent, const char *path, struct vp_error *err)
{
	struct vp_findings findings = { 0 };
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };
	int r = 0;

	vp_config_read(&agent->config, path, &findings);
	vp_findings_print(&findings, &text);
	if (findings.errors) {
		if (text.len)
			text.data[text.len - 1] = '\0';
		r = vp_fail(err, -EINVAL, "%s", vp_strbuf_text(&text));
	}
	vp_findings_free(&findings);
	return r;
}

static void load_totals(struct vp_agent *agent)
{
	_cleanup_free_ char *path = vp_state_path(&agent->state, "totals.json");
	struct vp_error err;

	if (vp_totals_load(&agent->totals, path, &err))
		vp_log_warning("%s", err.text);
}

int vp_agent_open(struct vp_agent *agent, const char *config_path,
		  const struct vp_module *const *modules, struct vp_error *err)
{
	int r;

	memset(agent, 0, sizeof(*agent));
	agent->started = time(NULL);
	vp_enforcement_init(&agent->all, modules);
	r = read_config(agent, config_path, err);
	if (!r)
		r = vp_state_open(&agent->state, agent->config.state, err);
	if (!r)
		load_totals(agent);
	return r;
}

int vp_agent_open_modules(struct vp_agent *agent, struct vp_error *err)
{
	struct vp_host host = { 0 };
	struct vp_error why;
	int r;

	if (!agent->all.count || agent->all.instances[0])
		return 0;
	r = vp_host_read(&host, &agent->config, &agent->all, NULL, &why);
	agent->all.kernel = host.kernel;
	if (!r)
		r = vp_enforcement_open(&agent->all, &host, &why);
	vp_host_free(&host);
	vp_problem_set(&agent->module_failed, r ? why.text : NULL);
	return r ? vp_fail(err, r, "%s", why.text) : 0;
}

void vp_agent_close(struct vp_agent *agent)
{
	vp_active_free(agent->active, &agent->all);
	agent->active = NULL;
	vp_enforcement_close(&agent->all);
	vp_totals_free(&agent->totals);
	vp_state_free(&agent->state);
	vp_config_free(&agent->config);
	vp_problem_set(&agent->drift, NULL);
	vp_problem_set(&agent->record_failed, NULL);
	vp_problem_set(&agent->start_failed, NULL);
	vp_problem_set(&agent->module_failed, NULL);
	vp_findings_free(&agent->folder);
}

static int count_of(struct vp_agent *agent, enum vp_holder holder, struct vp_error *err)
{
	struct vp_counts counts = { 0 };
	int r = vp_enforcement_counts(&agent->all, holder, &counts, err);

	if (holder == VP_HOLDER_PROCESSES)
		vp_denying_counts(agent->denying, &counts);
	if (!r)
		vp_totals_update(&agent->totals, holder, &counts);
	vp_array_free(&counts);
	return r;
}

int vp_agent_count(struct vp_agent *agent, struct vp_error *err)
{
	int first = 0;

	if (!agent->all.count || !agent->all.instances[0])
		return 0;
	for (int holder = 0; holder < VP_HOLDERS; holder++) {
		int r = count_of(agent, (enum vp_holder)holder, err);

		first = first ? first : r;
	}
	return first;
}

void vp_agent_save_totals(struct vp_agent *agent)
{
	_cleanup_free_ char *path = NULL;
	struct vp_error err;

	if (!agent->totals.changed)
		return;
	path = vp_state_path(&agent->state, "totals.json");
	if (vp_totals_save(&agent->totals, path, &err)) {
		if (!agent->record_failed)
			vp_log_error("%s", err.text);
		vp_problem_set(&agent->record_failed, err.text);
	}
}

void vp_agent_read_folder(const struct vp_agent *agent, struct vp_sources *sources,
			  struct vp_findings *findings)
{
	const char *policy = agent->config.policy, *overrides = agent->config.overrides;

	/* no overrides at all is the usual case */
	vp_sources_read(sources, &policy, 1, &overrides,
			access(overrides, F_OK) && errno == ENOENT ? 0 : 1,
			VP_READ_TRUSTED_ONLY, findings);
}

void vp_problem_set(char **problem, const char *text)
{
	char *copy = vp_strdup(text);

	free(*problem);
	*problem = copy;
}

void vp_agent_event(struct vp_agent *agent, const struct vp_event *event)
{
	if (agent->reporting)
		vp_reporting_event(agent->reporting, event);
}
