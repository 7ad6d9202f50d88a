/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpatchctl test: which patches are meant, the proofs, and the document. The
 * work is done in lab/.
 */
#include "agentd/ctl/test.h"

#include <string.h>
#include <unistd.h>

#include "agentd/ctl/findings.h"
#include "agentd/ctl/lab/crew.h"
#include "agentd/ctl/lab/report.h"
#include "agentd/ctl/output.h"
#include "agentd/ctl/survey.h"
#include "agentd/document.h"

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

enum vp_exit vp_ctl_test(const struct vp_ctl *ctl)
{
	_cleanup_survey_ struct vp_survey survey = { 0 };
	_cleanup_json_ json_t *document = NULL;
	vp_cleanup(paths_free) struct paths paths = { 0 };
	enum vp_exit status = find_paths(ctl, &paths);

	if (status != VP_EXIT_GOOD)
		return status;
	vp_output_progress(ctl->out, "reading definitions", 0, 0);
	vp_survey_read(&survey, (const char *const *)paths.data, paths.len, NULL);
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
