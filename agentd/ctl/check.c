/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpatchctl check: all findings of definitions, and whether this build can
 * enforce every rule. Pure but for reading the files: no root, no daemon, no
 * facts of this host.
 */
#include "agentd/ctl/findings.h"
#include "agentd/ctl/output.h"
#include "agentd/ctl/render.h"
#include "agentd/ctl/survey.h"
#include "agentd/ctl/verbs.h"
#include "agentd/document.h"

static size_t count_rules(const struct vp_policy *policy)
{
	size_t rules = 0;

	vp_array_each (patch, &policy->patches)
		rules += (*patch)->rules.len + (*patch)->syscalls.len;
	return rules;
}

static json_t *make_document(const struct vp_survey *survey)
{
	json_t *document = vp_json_document("vpatch.check/1");
	json_t *findings = vp_json_findings(&survey->findings);
	size_t errors, warnings;

	vp_findings_count(findings, &errors, &warnings);
	vp_json_set_number(document, "files", survey->sources.definitions.len);
	vp_json_set_number(document, "patches", survey->policy.patches.len);
	vp_json_set_number(document, "rules", count_rules(&survey->policy));
	vp_json_set_number(document, "errors", survey->findings.errors);
	vp_json_set_number(document, "warnings", warnings);
	json_object_set_new(document, "findings", findings);
	return document;
}

void vp_render_check(const json_t *document, struct vp_page *page)
{
	unsigned long long files = vp_json_get_number(document, "files");
	unsigned long long patches = vp_json_get_number(document, "patches");
	unsigned long long rules = vp_json_get_number(document, "rules");
	unsigned long long errors = vp_json_get_number(document, "errors");
	unsigned long long warnings = vp_json_get_number(document, "warnings");

	vp_findings_render(json_object_get(document, "findings"), page);
	vp_page_tone(
		page, errors ? VP_TONE_BAD : VP_TONE_GOOD,
		"%llu file%s, %llu valid patch%s, %llu rule%s: %llu error%s, %llu warning%s",
		files, files == 1 ? "" : "s", patches, patches == 1 ? "" : "es", rules,
		rules == 1 ? "" : "s", errors, errors == 1 ? "" : "s", warnings,
		warnings == 1 ? "" : "s");
}

/* No error and no definition either: that is not what somebody meant to check. */
static void find_nothing(const struct vp_ctl *ctl, struct vp_survey *survey)
{
	const struct vp_location at = { .file = ctl->operands[0] };

	if (!survey->sources.definitions.len && !survey->findings.list.len)
		vp_find_warning(&survey->findings, &at,
				"expected definitions, found no *.vpatch file");
}

enum vp_exit vp_ctl_check(const struct vp_ctl *ctl)
{
	_cleanup_survey_ struct vp_survey survey = { 0 };
	_cleanup_json_ json_t *document = NULL;

	vp_output_progress(ctl->out, "reading definitions", 0, 0);
	vp_survey_read(&survey, ctl->operands, ctl->operand_count,
		       ctl->option[VP_OPTION_OVERRIDES]);
	find_nothing(ctl, &survey);
	vp_output_progress(ctl->out, "placing rules", 0, 0);
	vp_survey_any_host(&survey);
	vp_survey_plan(&survey);
	document = make_document(&survey);
	vp_output_document(ctl->out, document, vp_render_check);
	return survey.findings.errors ? VP_EXIT_FINDINGS : VP_EXIT_GOOD;
}
