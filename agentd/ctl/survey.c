/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Definitions, facts and plan without the daemon: see survey.h. */
#include "agentd/ctl/survey.h"

#include <errno.h>
#include <netinet/in.h>
#include <time.h>
#include <unistd.h>

#include "agentd/active.h"
#include "agentd/document.h"
#include "agentd/local.h"
#include "agentd/state.h"
#include "agentd/status.h"
#include "modules/module.h"

static void build(struct vp_survey *survey)
{
	survey->host.now = time(NULL);
	vp_policy_build(&survey->policy, &survey->sources, survey->host.now,
			&survey->findings);
	vp_findings_sort(&survey->findings);
}

void vp_survey_read(struct vp_survey *survey, const char *const *paths, size_t count,
		    const char *overrides)
{
	vp_sources_read(&survey->sources, paths, count, &overrides, overrides ? 1 : 0, 0,
			&survey->findings);
	build(survey);
}

/* What `enable`, `disable` and `mode` decided: in the bundle of what runs, root's to read. */
static void add_local_overrides(struct vp_survey *survey, const struct vp_config *config)
{
	struct vp_generation generation = { 0 };
	struct vp_locals locals = { 0 };
	struct vp_state state;
	uint64_t number = 0;

	vp_state_name(&state, config->state);
	if (!vp_state_current(&state, &number, NULL) && number &&
	    !vp_state_load(&state, number, &generation, NULL)) {
		vp_locals_read(&locals, &generation.sources);
		vp_locals_expire(&locals, time(NULL));
		vp_locals_write(&locals, &survey->sources);
		vp_locals_free(&locals);
		vp_generation_free(&generation);
	}
	vp_state_free(&state);
}

void vp_survey_read_configured(struct vp_survey *survey, const struct vp_config *config)
{
	const char *policy = config->policy, *overrides = config->overrides;
	bool overridden = !access(overrides, F_OK); /* no overrides at all is the usual case */

	vp_sources_read(&survey->sources, &policy, 1, &overrides, overridden ? 1 : 0, 0,
			&survey->findings);
	add_local_overrides(survey, config);
	build(survey);
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
		.inner_payload = true,
		.away = true,
		.sock_destroy = true,
	};
}

void vp_survey_this_host(struct vp_survey *survey, const struct vp_config *config,
			 bool examples)
{
	struct vp_enforcement all = { 0 };
	_cleanup_free_ char *note = NULL;
	struct vp_error err = { 0 };

	survey->notes = json_array();
	survey->host.examples_allowed = examples;
	vp_enforcement_init(&all, vp_modules);
	if (!vp_host_read(&survey->host, config, &all, NULL, &err))
		return;
	note = vp_format("some facts of this host are assumed: %s", err.text);
	vp_json_append_text(survey->notes, note);
	survey->host.kernel.nftables = true;
}

void vp_survey_plan(struct vp_survey *survey)
{
	vp_plan_build(&survey->plan, &survey->policy, &survey->host, vp_modules_points(),
		      &survey->findings);
	vp_findings_sort(&survey->findings);
}

static int dump_module(const struct vp_module *module, const struct vp_survey *survey,
		       const char *format, struct vp_strbuf *text, struct vp_error *err)
{
	struct vp_artefact *artefact;
	int r = module->compile(&survey->plan, &survey->host, 0, &artefact, err);

	if (r)
		return r;
	r = module->dump(artefact, format, text);
	module->artefact_free(artefact);
	return r == -ENOTSUP ? 0 : r;
}

int vp_survey_artefact(const struct vp_survey *survey, const char *format, char **text,
		       struct vp_error *err)
{
	_cleanup_strbuf_ struct vp_strbuf all = { 0 };

	for (size_t i = 0; vp_modules[i]; i++) {
		int r = dump_module(vp_modules[i], survey, format, &all, err);

		if (r)
			return r;
	}
	*text = vp_strbuf_take(&all);
	return 0;
}

/*
 * The survey as the agent that would run it, for the functions that make the
 * daemon's documents. A view: everything in it is the survey's.
 */
static void view(const struct vp_survey *survey, struct vp_active *active,
		 struct vp_agent *agent)
{
	*active = (struct vp_active){ .policy = survey->policy,
				      .host = survey->host,
				      .plan = survey->plan };
	*agent = (struct vp_agent){ .active = active };
}

json_t *vp_survey_plan_document(const struct vp_survey *survey)
{
	struct vp_active active;
	struct vp_agent agent;
	json_t *document, *item;
	size_t i;

	view(survey, &active, &agent);
	document = vp_plan_document(&agent);
	json_array_foreach (json_object_get(document, "patches"), i, item) {
		const struct vp_patch *patch =
			vp_policy_find(&survey->policy, vp_json_get_text(item, "id"));

		vp_json_set_text(item, "title", patch->title);
		vp_json_set_text(item, "severity", vp_severity_name(patch->severity));
		vp_json_set_text(item, "overridden", patch->overridden);
	}
	return document;
}

static void drop_counts(json_t *document)
{
	json_t *rule;
	size_t i;

	json_array_foreach (json_object_get(document, "rules"), i, rule) {
		json_object_del(rule, "packets");
		json_object_del(rule, "bytes");
	}
}

json_t *vp_survey_explain(struct vp_survey *survey, const char *id)
{
	struct vp_error err = { 0 };
	struct vp_active active;
	struct vp_agent agent;
	bool mixed, counted = false;
	json_t *document;

	view(survey, &active, &agent);
	vp_enforcement_init(&agent.all, vp_modules);
	if (vp_enforcement_compile(&agent.all, &active.plan, &active.host, 0,
				   &active.artefacts, &err))
		agent.all.count = 0; /* nothing to show, nothing to count */
	else if (!vp_enforcement_open(&agent.all, &active.host, &err))
		counted = !vp_enforcement_running(&agent.all, &agent.running, &mixed, &err);
	document = vp_explain_document(&agent, id);
	if (!counted)
		drop_counts(document);
	if (err.text[0])
		vp_json_append_text(survey->notes, err.text);
	vp_enforcement_close(&agent.all);
	vp_artefacts_free(&agent.all, &active.artefacts);
	vp_totals_free(&agent.totals);
	return document;
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
