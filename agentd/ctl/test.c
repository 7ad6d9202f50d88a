/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpatchctl test: which patches are meant, the proofs, and the document. The
 * work is done in lab/.
 */
#include "agentd/ctl/test.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "agentd/ctl/findings.h"
#include "agentd/ctl/lab/crew.h"
#include "agentd/ctl/lab/report.h"
#include "agentd/ctl/observe/observe.h"
#include "agentd/ctl/observe/report.h"
#include "agentd/ctl/output.h"
#include "agentd/ctl/survey.h"
#include "agentd/document.h"
#include "modules/module.h"

/* The file that defines the patch with that id in one of the folders, owned by the caller; or
 * NULL. */
static char *find_definition(const char *id, const char *const *folders, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		_cleanup_survey_ struct vp_survey survey = { 0 };
		const struct vp_patch *patch;

		if (access(folders[i], R_OK) < 0)
			continue;
		vp_survey_read(&survey, &folders[i], 1, NULL);
		patch = vp_policy_find(&survey.policy, id);
		if (patch)
			return vp_strdup(patch->file);
	}
	return NULL;
}

VP_ARRAY_TYPE(paths, char *);

static void paths_free(struct paths *paths)
{
	vp_array_each (path, paths)
		free(*path);
	vp_array_free(paths);
}

/* Files and folders as they are; ids from the policy folder, then the catalogue. */
static enum vp_exit find_paths(const struct vp_ctl *ctl, struct paths *paths)
{
	_cleanup_config_ struct vp_config config = { 0 };
	const char *folders[2] = { NULL, VP_CATALOGUE };
	struct vp_error err = { 0 };

	for (size_t i = 0; i < ctl->operand_count; i++) {
		const char *operand = ctl->operands[i];
		char *path;

		if (!access(operand, F_OK) || strchr(operand, '/')) {
			vp_array_push(paths, vp_strdup(operand));
			continue;
		}
		if (!folders[0] && vp_settings_read(ctl, &config, &err) < 0)
			return vp_output_failure(ctl->out, VP_EXIT_USAGE, "%s", err.text);
		folders[0] = config.policy;
		path = find_definition(operand, folders, VP_COUNT(folders));
		if (!path)
			return vp_output_failure(
				ctl->out, VP_EXIT_USAGE,
				"%s: no such file or folder, and no patch with "
				"that id in %s or %s",
				operand, folders[0], folders[1]);
		vp_array_push(paths, path);
	}
	return VP_EXIT_GOOD;
}

static void show_progress(void *context, size_t done, size_t total)
{
	vp_output_progress(context, "proving patches", done, total);
}

static enum vp_exit prove(const struct vp_ctl *ctl, struct vp_survey *survey, json_t *document)
{
	struct vp_proof_order order = { .mutations = vp_ctl_given(ctl, VP_OPTION_MUTATIONS),
					.evasions = vp_ctl_given(ctl, VP_OPTION_EVASIONS) };
	struct vp_patch_list patches = { 0 };
	enum vp_exit status;

	for (size_t i = 0; i < survey->policy.patches.len; i++)
		vp_array_push(&patches, survey->policy.patches.data[i]);
	vp_output_progress(ctl->out, "proving patches", 0, patches.len);
	json_object_set_new(document, "patches",
			    vp_crew_prove(&patches, &order, show_progress, ctl->out));
	status = vp_report_summarise(document);
	vp_array_free(&patches);
	return status;
}

static void show_seconds(void *context, uint64_t seconds, uint64_t of)
{
	vp_output_progress(context, "observing, seconds", seconds, of);
}

/* What was read, watched: the document's members, or why not. */
static enum vp_exit watch(const struct vp_ctl *ctl, struct vp_survey *survey, json_t *document)
{
	_cleanup_observation_ struct vp_observation observation = { 0 };
	uint64_t seconds = strtoull(ctl->option[VP_OPTION_OBSERVE], NULL, 10);
	struct vp_target_filters filters = { 0 };
	enum vp_exit status = VP_EXIT_USAGE;
	struct vp_error err = { 0 };
	int r = vp_target_filters_build(&survey->plan, &filters, &err);

	if (!r && !filters.len)
		r = vp_fail(&err, -EINVAL,
			    "nothing to observe: no [syscalls] section in what was named, "
			    "whose unit or process is known here");
	if (!r && filters.len > VP_LINEAGE_TARGETS)
		r = vp_fail(&err, -EINVAL,
			    "%zu units and processes at once, %d at most: name fewer patches",
			    filters.len, VP_LINEAGE_TARGETS);
	if (!r) {
		vp_observation_init(&observation, &filters, vp_abi_native());
		r = vp_observation_run(&observation, seconds, show_seconds, ctl->out, &err);
		status = r == -EACCES || r == -EPERM ? VP_EXIT_FORBIDDEN : VP_EXIT_UNREACHABLE;
	}
	if (r)
		vp_output_failure(ctl->out, status, "%s", err.text);
	else
		status = vp_observe_report(&observation, &survey->plan, document);
	vp_target_filters_free(&filters);
	return status;
}

/* --observe: the services themselves in place of samples. */
static enum vp_exit observe(const struct vp_ctl *ctl, const struct paths *paths)
{
	const char *overrides = ctl->option[VP_OPTION_OVERRIDES];
	_cleanup_survey_ struct vp_survey survey = { 0 };
	_cleanup_config_ struct vp_config config = { 0 };
	_cleanup_json_ json_t *document = vp_json_document("vpatch.observe/1");
	struct vp_error err = { 0 };
	enum vp_exit status;

	if (vp_settings_read(ctl, &config, &err))
		return vp_output_failure(ctl->out, VP_EXIT_USAGE, "%s", err.text);
	if (!overrides && !access(config.overrides, R_OK))
		overrides = config.overrides; /* they name the services of the catalogue */
	vp_survey_read(&survey, (const char *const *)paths->data, paths->len, overrides);
	vp_survey_any_host(&survey);
	vp_plan_build(&survey.plan, &survey.policy, &survey.host,
		      vp_modules_points() | VP_POINT_BIT(VP_POINT_SECCOMP), &survey.findings);
	vp_findings_sort(&survey.findings);
	json_object_set_new(document, "findings", vp_json_findings(&survey.findings));
	status = survey.findings.errors ? VP_EXIT_USAGE : watch(ctl, &survey, document);
	if (survey.findings.errors || json_object_get(document, "result"))
		vp_output_document(ctl->out, document, vp_render_observe);
	return status;
}

enum vp_exit vp_ctl_test(const struct vp_ctl *ctl)
{
	_cleanup_survey_ struct vp_survey survey = { 0 };
	_cleanup_json_ json_t *document = NULL;
	vp_cleanup(paths_free) struct paths paths = { 0 };
	enum vp_exit status = find_paths(ctl, &paths);

	if (status != VP_EXIT_GOOD)
		return status;
	vp_output_progress(ctl->out, "reading definitions", 0, 0);
	if (vp_ctl_given(ctl, VP_OPTION_OBSERVE))
		return observe(ctl, &paths);
	vp_survey_read(&survey, (const char *const *)paths.data, paths.len,
		       ctl->option[VP_OPTION_OVERRIDES]);
	document = vp_json_document("vpatch.test/1");
	json_object_set_new(document, "findings", vp_json_findings(&survey.findings));
	if (survey.findings.errors)
		status = VP_EXIT_USAGE;
	else if (!survey.policy.patches.len)
		return vp_output_failure(ctl->out, VP_EXIT_USAGE,
					 "no definition (*.vpatch) in what was named");
	else
		status = prove(ctl, &survey, document);
	if (status == VP_EXIT_UNREACHABLE)
		return vp_output_failure(ctl->out, status, "%s", vp_report_obstacle(document));
	vp_output_document(ctl->out, document, vp_render_test);
	return status;
}
