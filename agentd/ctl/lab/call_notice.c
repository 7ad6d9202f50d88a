/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Do the samples of calls notice mutants? The interpreter finds the way to make a call
 * that a mutant treats otherwise; then it is made under the mutant.
 */
#include <errno.h>

#include "agentd/ctl/lab/call_filter.h"
#include "agentd/ctl/lab/call_proof.h"
#include "agentd/document.h"
#include "lib/cleanup.h"
#include "policy/validate.h"

/* Made under the mutant, which is loaded: is it seen? 1 yes, 0 no, -errno. */
static int is_seen(struct vp_call_proof *proof, const struct vp_attempt *attempt,
		   struct vp_error *err)
{
	const struct vp_case_order order = { &proof->stage, proof->stand.filter,
					     proof->stand.program };
	_cleanup_strbuf_ struct vp_strbuf expected = { 0 }, found = { 0 };
	struct vp_call_case c;
	int r;

	if (!vp_call_proof_can(proof, attempt))
		return 1; /* as far as can be told here */
	r = vp_call_case_make(&order, attempt, &c, &expected, &found, err);
	return r < 0 ? r : r == VP_CASE_BAD || r == VP_CASE_UNMADE;
}

/* Does the sample notice the program that is on trial? 1 yes, 0 no, -errno. */
static int sample_notices(struct vp_call_proof *proof, const struct vp_call_sample *sample,
			  struct vp_error *err)
{
	struct vp_attempts attempts = { 0 };
	int r = 0;

	vp_array_each (call, &sample->calls)
		vp_attempts_add(&attempts, proof->stand.filter, call, sample->denied);
	vp_array_each (attempt, &attempts)
		if (!r && vp_bpf_run(&proof->stand.program, &attempt->data) !=
				  vp_filter_judge(proof->stand.filter, &attempt->data))
			r = is_seen(proof, attempt, err);
	vp_array_free(&attempts);
	return r;
}

/*
 * Under the filter of one section as the mutant has it. 1 noticed, 0 not, -errno; a mutant
 * that does not compile is *refused.
 */
static int section_notices(struct vp_call_proof *proof, size_t section,
			   const struct vp_call_mutant *mutant, bool *refused,
			   struct vp_error *err)
{
	static const struct sock_filter allow[] = { BPF_STMT(BPF_RET | BPF_K,
							     SECCOMP_RET_ALLOW) };
	_cleanup_filter_ struct vp_filter *filter = NULL;
	struct vp_bpf program = { allow, VP_COUNT(allow) };
	int r = vp_call_proof_place(proof, section, err);

	if (r)
		return r;
	r = vp_call_filter_compile(proof->patch, section, mutant, &filter, err);
	*refused = r < 0 && r != -ENODATA;
	if (*refused)
		return 0;
	if (!r)
		program = vp_filter_program(filter);
	r = vp_call_proof_load(proof, &program, err);
	vp_array_each (sample, &proof->patch->call_samples)
		if (!r && sample->syscalls == section)
			r = sample_notices(proof, sample, err);
	proof->stand.section = SIZE_MAX; /* the program is the mutant's: place it again */
	proof->stand.program = (struct vp_bpf){ 0 };
	return r;
}

static int notices(struct vp_call_proof *proof, const struct vp_call_mutant *mutant,
		   bool *refused, struct vp_error *err)
{
	const struct vp_syscalls *own = &proof->patch->syscalls.data[mutant->section];
	int r = section_notices(proof, mutant->section, mutant, refused, err);

	for (size_t i = 0; i < proof->patch->syscalls.len && !r && !*refused; i++)
		if (i != mutant->section &&
		    vp_syscalls_share(&proof->patch->syscalls.data[i], own))
			r = section_notices(proof, i, mutant, refused, err);
	return r;
}

static json_t *describe(const struct vp_call_mutant *mutant)
{
	json_t *object = json_object();

	vp_json_set_text(object, "file", mutant->at.file);
	vp_json_set_number(object, "line", mutant->at.line);
	vp_json_set_number(object, "column", mutant->at.column);
	vp_json_set_text(object, "what", mutant->what);
	return object;
}

/* `mutations` of the document, which those of traffic may be in already. */
static json_t *report_of(json_t *result)
{
	json_t *report = json_object_get(result, "mutations");

	if (report)
		return report;
	report = json_object();
	json_object_set_new(report, "survivors", json_array());
	json_object_set_new(report, "refusals", json_array());
	json_object_set_new(result, "mutations", report);
	return report;
}

int vp_call_proof_mutants(struct vp_call_proof *proof, struct vp_error *err)
{
	json_t *report = report_of(proof->result);
	json_t *survivors = json_object_get(report, "survivors");
	json_t *refusals = json_object_get(report, "refusals");
	size_t total = 0, survived = 0;
	struct vp_call_mutant mutant;
	int r = 0;

	for (; r >= 0 && vp_call_mutant_get(proof->patch, total, &mutant); total++) {
		struct vp_error why = { 0 };
		bool refused = false;

		r = notices(proof, &mutant, &refused, &why);
		if (r < 0) {
			vp_fail(err, r, "mutant \"%s\": %s", mutant.what, why.text);
		} else if (refused) {
			json_t *refusal = describe(&mutant);

			vp_json_set_text(refusal, "reason", why.text);
			json_array_append_new(refusals, refusal);
		} else if (!r) {
			json_array_append_new(survivors, describe(&mutant));
			survived++;
		}
		vp_call_mutant_free(&mutant);
	}
	vp_json_set_number(report, "total", vp_json_get_number(report, "total") + total);
	vp_json_set_number(report, "refused", json_array_size(refusals));
	return r < 0 ? r : (int)survived;
}
