/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Samples of calls, one after the other, and what is written down of them: see call_proof.h.
 */
#include "agentd/ctl/lab/call_proof.h"

#include <errno.h>
#include <string.h>

#include "agentd/ctl/lab/call_filter.h"
#include "agentd/document.h"
#include "lib/cleanup.h"
#include "modules/seccomp/action.h"

#define FAILURES_SHOWN 20

/* Attempts by way. */
struct tally {
	uint64_t tried, counted, good;
};

struct trial {
	const struct vp_call_sample *sample;
	struct tally ways[VP_CALL_WAYS];
	uint64_t failed;
	json_t *failures;
	struct vp_strbuf reason; /* the first failure in one line */
};

/* Each text once. */
static void note(struct vp_call_proof *proof, const char *text)
{
	const json_t *said;
	size_t i;

	json_array_foreach (proof->missing, i, said)
		if (!strcmp(json_string_value(said), text))
			return;
	vp_json_append_text(proof->missing, text);
}

static void note_ways(struct vp_call_proof *proof)
{
	enum vp_abi native = vp_abi_native();
	const enum vp_abi abis[] = { vp_abi_companion(native),
				     native == VP_ABI_X86_64 ? VP_ABI_X32 : VP_ABI_COUNT };

	for (size_t i = 0; i < VP_COUNT(abis); i++) {
		_cleanup_free_ char *text = NULL;

		if (abis[i] == VP_ABI_COUNT || proof->abis & 1u << abis[i])
			continue;
		text = vp_format("calls by %s cannot be made here: they are only interpreted",
				 vp_abi_name(abis[i]));
		note(proof, text);
	}
}

int vp_call_proof_open(struct vp_call_proof *proof, struct vp_error *err)
{
	int r;

	proof->stage.socket = -1;
	proof->stand.section = SIZE_MAX;
	r = vp_stage_open(&proof->stage, err);
	if (!r)
		r = vp_stage_abis(&proof->stage, &proof->abis, err);
	if (!r)
		note_ways(proof);
	return r;
}

void vp_call_proof_close(struct vp_call_proof *proof)
{
	vp_stage_close(&proof->stage);
	vp_filter_free(proof->stand.filter);
	proof->stand.filter = NULL;
}

int vp_call_proof_load(struct vp_call_proof *proof, const struct vp_bpf *program,
		       struct vp_error *err)
{
	_cleanup_free_ struct sock_filter *code = vp_call_filter_twin(program);
	const struct vp_bpf twin = { code, program->len };
	int r = vp_stage_load(&proof->stage, VP_STAGE_FILTER, program, err);

	proof->stand.program = *program;
	return r ? r : vp_stage_load(&proof->stage, VP_STAGE_TWIN, &twin, err);
}

int vp_call_proof_place(struct vp_call_proof *proof, size_t section, struct vp_error *err)
{
	struct vp_call_stand *stand = &proof->stand;
	struct vp_bpf own;

	if (stand->section == section)
		return 0;
	vp_filter_free(stand->filter);
	*stand = (struct vp_call_stand){ .section = SIZE_MAX };
	if (vp_call_filter_compile(proof->patch, section, NULL, &stand->filter, err)) {
		vp_fail_context(err, "syscalls %s", proof->patch->syscalls.data[section].name);
		return -EINVAL;
	}
	own = vp_filter_program(stand->filter);
	stand->section = section;
	return vp_call_proof_load(proof, proof->instead ? proof->instead : &own, err);
}

static void add_failure(struct trial *trial, const struct vp_attempt *attempt,
			const char *expected, const char *found)
{
	_cleanup_strbuf_ struct vp_strbuf call = { 0 }, way = { 0 };
	json_t *failure;

	vp_filter_print_call(attempt->call->prototype, attempt->call->arguments, &call);
	vp_attempt_print_way(attempt, &way);
	if (!trial->failed++)
		vp_strbuf_addf(&trial->reason, "%s by %s: expected %s, found %s",
			       vp_strbuf_text(&call), vp_strbuf_text(&way), expected, found);
	if (trial->failed > FAILURES_SHOWN)
		return;
	failure = json_object();
	vp_json_set_text(failure, "call", vp_strbuf_text(&call));
	vp_json_set_text(failure, "way", vp_call_way_name(attempt->way));
	vp_json_set_text(failure, "abi", vp_strbuf_text(&way));
	vp_json_set_text(failure, "expected", expected);
	vp_json_set_text(failure, "found", found);
	json_array_append_new(trial->failures, failure);
}

/* By the interpreter: the same calls that vp_vectors_run asks about. */
static bool interpret(const struct vp_call_proof *proof, const struct vp_attempt *attempt,
		      uint32_t *action)
{
	*action = vp_bpf_run(&proof->stand.program, &attempt->data);
	return attempt->denied ? vp_action_denies(*action) : *action == SECCOMP_RET_ALLOW;
}

static void note_unmade(struct vp_call_proof *proof, const struct vp_call_case *c)
{
	_cleanup_free_ char *text =
		vp_format("%s are made only under filters that deny them: where they are "
			  "allowed, they are only interpreted",
			  c->hazard);

	note(proof, text);
}

/* One way: 0 or -errno. */
static int try_attempt(struct vp_call_proof *proof, struct trial *trial,
		       const struct vp_attempt *attempt, struct vp_error *err)
{
	const struct vp_case_order order = { &proof->stage, proof->stand.filter,
					     proof->stand.program };
	_cleanup_strbuf_ struct vp_strbuf expected = { 0 }, found = { 0 };
	struct tally *tally = &trial->ways[attempt->way];
	char name[VP_ACTION_TEXT];
	struct vp_call_case c;
	uint32_t action;
	bool right = interpret(proof, attempt, &action);
	int r = VP_CASE_UNMADE;

	tally->tried++;
	if (vp_call_proof_can(proof, attempt)) {
		r = vp_call_case_make(&order, attempt, &c, &expected, &found, err);
		if (r == VP_CASE_UNMADE)
			note_unmade(proof, &c);
	}
	if (r < 0)
		return r;
	if (r == VP_CASE_BAD)
		add_failure(trial, attempt, vp_strbuf_text(&expected), vp_strbuf_text(&found));
	else if (!right)
		add_failure(trial, attempt, attempt->denied ? "denied" : "allowed",
			    vp_action_name(action, name));
	tally->counted += r != VP_CASE_UNMADE || !right;
	tally->good += right && r == VP_CASE_GOOD;
	return 0;
}

static int try_sample(struct vp_call_proof *proof, struct trial *trial, struct vp_error *err)
{
	const struct vp_call_sample *sample = trial->sample;
	struct vp_attempts attempts = { 0 };
	int r = vp_call_proof_place(proof, sample->syscalls, err);

	vp_array_each (call, &sample->calls)
		if (!r)
			vp_attempts_add(&attempts, proof->stand.filter, call, sample->denied);
	vp_array_each (attempt, &attempts)
		if (!r)
			r = try_attempt(proof, trial, attempt, err);
	vp_array_free(&attempts);
	return r;
}

/* Words and numbers of the document */

static json_t *describe(const struct vp_call_proof *proof, const struct trial *trial)
{
	const struct vp_call_sample *sample = trial->sample;
	json_t *object = json_object();

	vp_json_set_text(object, "name", sample->name);
	vp_json_set_number(object, "line", sample->at.line);
	vp_json_set_text(object, "syscalls",
			 proof->patch->syscalls.data[sample->syscalls].name);
	vp_json_set_text(object, "expect", sample->denied ? "denied" : "allowed");
	vp_json_set_text(object, "result", trial->failed ? "failed" : "passed");
	return object;
}

static uint64_t counted(const struct trial *trial)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < VP_CALL_WAYS; i++)
		sum += trial->ways[i].counted;
	return sum;
}

static uint64_t tried(const struct trial *trial)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < VP_CALL_WAYS; i++)
		sum += trial->ways[i].tried;
	return sum;
}

static void record_sample(struct vp_call_proof *proof, const struct trial *trial)
{
	const char *seen = trial->sample->denied ? "denied" : "allowed";
	json_t *object = describe(proof, trial);
	_cleanup_free_ char *text = NULL;

	if (trial->failed)
		text = vp_format("not %s in %llu of %llu ways", seen,
				 (unsigned long long)trial->failed,
				 (unsigned long long)counted(trial));
	vp_json_set_text(object, "seen", text ? text : seen);
	vp_json_set_number(object, "calls", trial->sample->calls.len);
	vp_json_set_number(object, "made", counted(trial));
	vp_json_set_number(object, "interpreted", tried(trial) - counted(trial));
	if (trial->failed) {
		vp_json_set_text(object, "reason", vp_strbuf_text(&trial->reason));
		vp_json_set_number(object, "failed", trial->failed);
		json_object_set(object, "failures", trial->failures);
	}
	json_array_append_new(json_object_get(proof->result, "samples"), object);
}

/* The array under that key of the patch's document, which may be there already. */
static json_t *array_of(json_t *result, const char *key)
{
	if (!json_object_get(result, key))
		json_object_set_new(result, key, json_array());
	return json_object_get(result, key);
}

static void record_evasions(struct vp_call_proof *proof, const struct trial *trial)
{
	json_t *object = describe(proof, trial), *ways = json_object();

	for (size_t i = 0; i < VP_CALL_WAYS; i++) {
		json_t *way = json_object();

		vp_json_set_number(way, "tried", trial->ways[i].tried);
		vp_json_set_number(way, "counted", trial->ways[i].counted);
		vp_json_set_number(way, "good", trial->ways[i].good);
		json_object_set_new(ways, vp_call_way_name((enum vp_call_way)i), way);
	}
	vp_json_set_number(object, "calls", trial->sample->calls.len);
	json_object_set_new(object, "ways", ways);
	vp_json_set_number(object, "failed", trial->failed);
	json_object_set(object, "failures", trial->failures);
	json_array_append_new(array_of(proof->result, "evasions"), object);
}

int vp_call_proof_samples(struct vp_call_proof *proof, bool evasions, struct vp_error *err)
{
	int failures = 0, r = 0;

	vp_array_each (sample, &proof->patch->call_samples) {
		struct trial trial = { .sample = sample, .failures = json_array() };

		if (!r)
			r = try_sample(proof, &trial, err);
		if (!r) {
			failures += trial.failed != 0;
			record_sample(proof, &trial);
			if (evasions)
				record_evasions(proof, &trial);
		}
		json_decref(trial.failures);
		vp_strbuf_free(&trial.reason);
	}
	return r ? r : failures;
}
