/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the trials of one patch and writes down what came of them. Opinions are
 * judge.c's, packets are exchange.c's, rules are shield.c's.
 */
#include "agentd/ctl/lab/proof.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agentd/ctl/lab/call_proof.h"
#include "agentd/ctl/lab/evade.h"
#include "agentd/ctl/lab/mutant.h"
#include "agentd/ctl/lab/shield.h"
#include "agentd/ctl/lab/trial.h"
#include "agentd/document.h"

struct proof {
	struct vp_patch *patch;
	struct vp_lab lab;
	struct vp_witnesses witnesses;
	struct vp_shield shield;
	struct vp_trials trials;
	struct vp_movements moved; /* of the last run */
	json_t *result;
	json_t *missing; /* texts, besides the lab's */
	bool stateful;	 /* bans, limits, thresholds: every trial starts afresh */
};

static bool is_stateful(const struct vp_patch *patch)
{
	for (size_t i = 0; i < patch->rules.len; i++)
		if (patch->rules.data[i].threshold.rate.count ||
		    patch->rules.data[i].action.verdict == VP_VERDICT_LIMIT ||
		    patch->rules.data[i].action.verdict == VP_VERDICT_BAN)
			return true;
	return false;
}

/* Send a trial's sample once through what is installed now; counts into proof->moved. */
static int run(struct proof *proof, const struct vp_trial *trial, bool counted,
	       struct vp_arrival *arrival, struct vp_error *err)
{
	struct vp_movements before = { 0 };
	struct vp_stream stream;
	int r = 0;

	if (counted)
		r = vp_shield_counts(&proof->shield, &before, err);
	if (r < 0)
		return r;
	r = vp_exchange_run(&proof->lab, &proof->witnesses, &trial->path, trial->sample,
			    trial->direction, &stream, arrival, err);
	if (!r && counted)
		r = vp_shield_counts(&proof->shield, &proof->moved, err);
	for (size_t i = 0; i < proof->moved.len && i < before.len; i++)
		proof->moved.data[i].packets -= before.data[i].packets;
	vp_stream_close(&stream);
	vp_array_free(&before);
	return r < 0 ? r : vp_lab_settle(&proof->lab, 1, err);
}

static bool judge(const struct proof *proof, const struct vp_trial *trial, bool with_control,
		  const struct vp_arrival *shielded, char *reason, size_t size)
{
	struct vp_case c = {
		.sample = trial->sample,
		.rule = trial->rule.name ? &trial->rule : NULL,
		.control = with_control ? &trial->control : NULL,
		.shielded = shielded,
		.moved = &proof->moved,
	};

	return vp_case_judge(&c, reason, size);
}

/* Words and numbers of the document */

static void seen_text(const struct vp_trial *trial, const struct vp_arrival *seen, char *text,
		      size_t size)
{
	if (trial->sample->expect == VP_EXPECT_LIMITED ||
	    (seen->arrived && seen->arrived < seen->sent))
		snprintf(text, size, "%u of %u arrived", seen->arrived, seen->sent);
	else if (seen->arrived && seen->intact)
		snprintf(text, size, "arrived");
	else if (seen->arrived)
		snprintf(text, size, "arrived in part");
	else
		snprintf(text, size, "not arrived");
}

static json_t *describe(const struct proof *proof, const struct vp_trial *trial)
{
	const struct vp_patch *patch = proof->patch;
	const struct vp_port_range port = { .protocol = trial->path.protocol,
					    .first = trial->path.port,
					    .last = trial->path.port };
	char text[VP_ADDRESS_TEXT], expect[40];
	json_t *sample = json_object();

	vp_json_set_text(sample, "name", trial->sample->name);
	vp_json_set_number(sample, "line", trial->sample->at.line);
	vp_json_set_text(sample, "rule", trial->rule.name);
	vp_json_set_text(sample, "service", patch->services.data[trial->sample->service].name);
	vp_json_set_text(sample, "expect", vp_expectation_print(trial->sample, expect));
	if (trial->obstacle)
		return sample;
	vp_json_set_text(sample, "family", trial->path.server.family == 4 ? "ipv4" : "ipv6");
	vp_json_set_text(sample, "from", vp_address_print(&trial->path.client, text));
	vp_json_set_text(sample, "to", vp_address_print(&trial->path.server, text));
	vp_json_set_text(sample, "port", vp_port_range_print(&port, text));
	vp_json_set_text(sample, "shape", vp_shape_name(trial->path.shape));
	vp_json_set_text(sample, "at",
			 trial->path.side == VP_LAB_ENDPOINT ? "endpoint" : "this host");
	return sample;
}

static void record(struct proof *proof, json_t *sample, bool good, const char *reason)
{
	vp_json_set_text(sample, "result", good ? "passed" : "failed");
	if (!good)
		vp_json_set_text(sample, "reason", reason);
	json_array_append_new(json_object_get(proof->result, "samples"), sample);
}

static void record_seen(const struct proof *proof, json_t *sample,
			const struct vp_trial *trial, const struct vp_arrival *seen)
{
	json_t *counted = json_object();
	char text[64];

	seen_text(trial, seen, text, sizeof(text));
	vp_json_set_text(sample, "seen", text);
	vp_json_set_number(sample, "sent", seen->sent);
	vp_json_set_number(sample, "arrived", seen->arrived);
	vp_json_set_number(sample, "unshielded", trial->control.arrived);
	for (size_t i = 0; i < proof->moved.len; i++)
		if (proof->moved.data[i].packets)
			vp_json_set_number(counted, proof->moved.data[i].rule,
					   proof->moved.data[i].packets);
	json_object_set_new(sample, "counted", counted);
}

/* The stages */

static int stage_control(struct proof *proof, struct vp_error *err)
{
	vp_array_each (trial, &proof->trials) {
		struct vp_error why = { 0 };
		bool plain = trial->path.shape == VP_SHAPE_PLAIN;
		int r = trial->obstacle ? 0 : run(proof, trial, false, &trial->control, &why);

		if (r < 0 && plain)
			trial->obstacle = vp_strdup(why.text);
		trial->skipped = !plain && (r < 0 || !trial->control.intact);
	}
	return vp_lab_forget(&proof->lab, err);
}

/* With the shield; *unread: some packets were to be inspected and were not. */
static int run_read(struct proof *proof, const struct vp_trial *trial,
		    struct vp_arrival *arrival, bool *unread, struct vp_error *err)
{
	uint64_t before = 0, after = 0;
	int r = vp_shield_unread(&proof->shield, &before, err);

	if (!r)
		r = run(proof, trial, true, arrival, err);
	if (!r)
		r = vp_shield_unread(&proof->shield, &after, err);
	*unread = before != after;
	return r;
}

/*
 * One trial against the real patch, recorded. 1 good, 0 not, -errno. What a rate allows
 * depends on the clock, so a busy machine gets a second and a third chance with limits,
 * and more where inspection was not in time for its deadline.
 */
static int try_trial(struct proof *proof, const struct vp_trial *trial, json_t *sample,
		     struct vp_error *err)
{
	unsigned int chances = trial->sample->expect == VP_EXPECT_LIMITED ? 3 : 1;
	unsigned int unread_chances = 8;
	struct vp_arrival seen;
	char reason[400];
	bool good = false;
	int r = 0;

	while (!good && chances-- && !r) {
		bool unread = false;

		if (proof->stateful)
			r = vp_shield_install(&proof->shield, NULL, false, err);
		if (!r)
			r = run_read(proof, trial, &seen, &unread, err);
		if (unread && unread_chances && unread_chances--)
			chances++;
		if (!r)
			good = judge(proof, trial, true, &seen, reason, sizeof(reason));
		if (proof->shield.trouble[0]) {
			snprintf(reason, sizeof(reason), "%s", proof->shield.trouble);
			proof->shield.trouble[0] = '\0';
			good = false;
		}
	}
	if (r < 0)
		return r;
	record_seen(proof, sample, trial, &seen);
	record(proof, sample, good, reason);
	return good;
}

/* Every trial against the real patch. Returns the number of failures or -errno. */
static int stage_samples(struct proof *proof, struct vp_error *err)
{
	int failures = 0, r = vp_shield_install(&proof->shield, NULL, true, err);

	for (size_t i = 0; i < proof->trials.len && r >= 0; i++) {
		const struct vp_trial *trial = &proof->trials.data[i];
		json_t *sample;

		if (trial->skipped)
			continue;
		sample = describe(proof, trial);
		if (trial->obstacle) {
			record(proof, sample, false, trial->obstacle);
			failures++;
			continue;
		}
		r = try_trial(proof, trial, sample, err);
		failures += r == 0;
		if (r < 0)
			json_decref(sample);
	}
	return r < 0 ? r : failures;
}

/*
 * Does any trial notice the mutant that is in memory and installed? 1 yes, 0 no, -errno.
 * The search begins at *first, the trial that noticed the last one.
 */
static int mutant_noticed(struct proof *proof, const struct vp_mutant *mutant, size_t *first,
			  struct vp_error *err)
{
	int r = 0;

	for (size_t k = 0; k < proof->trials.len && !r; k++) {
		size_t i = (*first + k) % proof->trials.len;
		struct vp_arrival seen;
		char reason[400];

		if (proof->trials.data[i].skipped)
			continue;
		if (proof->stateful)
			r = vp_shield_install(&proof->shield, mutant->monitored, false, err);
		if (!r)
			r = run(proof, &proof->trials.data[i], true, &seen, err);
		if (!r && !judge(proof, &proof->trials.data[i], false, &seen, reason,
				 sizeof(reason))) {
			*first = i;
			return 1;
		}
	}
	return r;
}

static json_t *describe_mutant(const struct vp_mutant *mutant)
{
	json_t *survivor = json_object();

	vp_json_set_text(survivor, "file", mutant->at.file);
	vp_json_set_number(survivor, "line", mutant->at.line);
	vp_json_set_number(survivor, "column", mutant->at.column);
	vp_json_set_text(survivor, "what", mutant->what);
	return survivor;
}

/* Returns the number of survivors or -errno. */
static int stage_mutations(struct proof *proof, struct vp_error *err)
{
	json_t *report = json_object(), *survivors = json_array(), *refusals = json_array();
	size_t total = 0, first = 0;
	struct vp_mutant mutant;
	int r = 0;

	json_object_set_new(proof->result, "mutations", report);
	json_object_set_new(report, "survivors", survivors);
	json_object_set_new(report, "refusals", refusals);
	for (; r >= 0 && vp_mutant_apply(proof->patch, total, &mutant); total++) {
		r = vp_shield_install(&proof->shield, mutant.monitored, false, err);
		if (r == -EINVAL) {
			json_t *refusal = describe_mutant(&mutant);

			vp_json_set_text(refusal, "reason", err->text);
			json_array_append_new(refusals, refusal);
			r = 1;
		}
		/* a busy machine may hide a changed rate once */
		for (int chance = proof->stateful ? 3 : 1; !r && chance; chance--)
			r = mutant_noticed(proof, &mutant, &first, err);
		if (r < 0)
			vp_fail_context(err, "mutant \"%s\"", mutant.what);
		else if (r == 0)
			json_array_append_new(survivors, describe_mutant(&mutant));
		vp_mutant_undo(&mutant);
	}
	vp_json_set_number(report, "total", total);
	vp_json_set_number(report, "refused", json_array_size(refusals));
	return r < 0 ? r : (int)json_array_size(survivors);
}

/* Streams in other ways: the number of those that failed, or -errno. */
static int stage_evasions(struct proof *proof, struct vp_error *err)
{
	const struct vp_evasions evasions = { &proof->lab, &proof->shield, proof->patch,
					      &proof->trials };
	json_t *results;
	int r = vp_evasions_run(&evasions, &results, err);

	json_object_set_new(proof->result, "evasions", results);
	return r;
}

static int prepare(struct proof *proof, const struct vp_proof_order *order,
		   struct vp_error *err)
{
	struct vp_ranges taken = { 0 };
	int r;

	vp_trials_addresses(proof->patch, &taken);
	r = vp_lab_open(&proof->lab, &taken, order->processor, err);
	vp_array_free(&taken);
	return r;
}

static void record_isolation(struct proof *proof, bool traffic)
{
	const char *namespaces = proof->lab.user_namespace ? "user and network" : "network";
	json_t *isolation = json_object();

	json_object_set_new(proof->result, "isolation", isolation);
	vp_json_set_text(isolation, "namespaces", traffic ? namespaces : "all");
	vp_array_each (text, &proof->lab.missing) {
		vp_json_append_text(proof->missing, *text);
		free(*text);
	}
	vp_array_free(&proof->lab.missing);
	json_object_set_new(isolation, "missing", proof->missing);
}

static const char *outcome(int r)
{
	if (r < 0)
		return "error";
	return r ? "failed" : "passed";
}

/* Is it that there can be no namespaces here? */
static bool is_obstacle(int r)
{
	return r == -EPERM || r == -EACCES || r == -ENOSPC || r == -EUSERS || r == -EOPNOTSUPP;
}

static int prove_traffic(struct proof *proof, const struct vp_proof_order *order,
			 struct vp_error *err)
{
	int failures, survivors = 0;
	int r = vp_shield_open(&proof->shield, &proof->lab, proof->patch, err);

	vp_trials_make(&proof->trials, proof->patch, &proof->lab, order->evasions);
	if (!r)
		r = vp_trials_assign(&proof->trials, &proof->lab, err);
	if (!r)
		r = stage_control(proof, err);
	failures = r < 0 ? r : stage_samples(proof, err);
	if (!failures && order->evasions)
		failures = stage_evasions(proof, err);
	if (!failures && order->mutations)
		survivors = stage_mutations(proof, err);
	if (proof->shield.lab)
		vp_shield_close(&proof->shield);
	vp_trials_free(&proof->trials);
	vp_array_free(&proof->moved);
	return failures ? failures : survivors;
}

/* With `open` false there can be no stage. */
static int prove_calls(struct proof *proof, const struct vp_proof_order *order, bool *open,
		       struct vp_error *err)
{
	struct vp_call_proof calls = { .patch = proof->patch,
				       .result = proof->result,
				       .missing = proof->missing };
	int r = vp_call_proof_open(&calls, err);

	*open = !r;
	if (!r)
		r = vp_call_proof_samples(&calls, order->evasions, err);
	if (!r && order->mutations)
		r = vp_call_proof_mutants(&calls, err);
	vp_call_proof_close(&calls);
	return r;
}

/* What the author holds back from production is proven all the same. */
static void enable(struct vp_patch *patch)
{
	patch->mode = VP_MODE_ENFORCE;
	patch->disabled = false;
	patch->expires = 0;
}

/* The result: what was proven, or why it could not be. */
static void prove(struct proof *proof, const struct vp_proof_order *order, bool traffic)
{
	struct vp_error err = { 0 };
	bool open = true;
	int r = 0;

	if (traffic) {
		r = prepare(proof, order, &err);
		open = !r;
		r = r ? r : prove_traffic(proof, order, &err);
	}
	if (!r && proof->patch->syscalls.len)
		r = prove_calls(proof, order, &open, &err);
	vp_json_set_text(proof->result, "result",
			 !open && is_obstacle(r) ? "unavailable" : outcome(r));
	if (r < 0)
		vp_json_set_text(proof->result, "error", err.text);
}

json_t *vp_proof_run(struct vp_patch *patch, const struct vp_proof_order *order)
{
	struct proof proof = { .patch = patch,
			       .result = json_object(),
			       .missing = json_array() };
	bool traffic = patch->services.len || !patch->syscalls.len;

	enable(patch);
	proof.stateful = is_stateful(patch);
	vp_json_set_text(proof.result, "id", patch->id);
	vp_json_set_text(proof.result, "file", patch->file);
	json_object_set_new(proof.result, "samples", json_array());
	prove(&proof, order, traffic);
	record_isolation(&proof, traffic);
	return proof.result;
}
