/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Three passes over all ways of all samples, and what came of each. The ways are
 * script.c's and recode.c's, the traffic is volley.c's.
 */
#include "agentd/ctl/lab/evade.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agentd/ctl/lab/recode.h"
#include "agentd/ctl/lab/volley.h"
#include "agentd/document.h"
#include "lib/cleanup.h"

#define SCRIPTS_ALL 3500 /* about so many for a patch; a volley takes some milliseconds */
#define SPLITS_MIN  16u
#define SPLITS_MAX  512u
#define SPLITS_IPV6 32u	 /* the streams are the same as over IPv4 */
#define OTHER_WAYS  160u /* of one message, besides splits */
#define CHANCES	    8u	 /* of traffic that was not read */
#define TOLD_MAX    20u	 /* failures of a sample that are told one by one */

/* With what in place. */
enum pass { BARE, ENFORCED, WATCHED, PASSES };

struct attempt {
	const struct vp_script *script;
	struct vp_landing landings[PASSES];
	char *reason; /* owned: why it failed; NULL: it did not */
};

VP_ARRAY_TYPE(attempts, struct attempt);

/* A sample over one path. */
struct subject {
	const struct vp_trial *trial;
	size_t first; /* step at which the message begins */
	size_t positions, length;
	struct vp_scripts scripts;
	struct attempts attempts;
};

VP_ARRAY_TYPE(subjects, struct subject);

struct run {
	const struct vp_evasions *evasions;
	struct vp_wire wire;
	struct subjects subjects;
	enum pass pass;
};

static bool is_benign(const struct subject *subject)
{
	return subject->trial->sample->expect == VP_EXPECT_PASSED;
}

/* From samples to subjects */

/*
 * The message that decides: the last thing that is sent that way, with what is
 * sent right before it. SIZE_MAX: there is none.
 */
static size_t message_begin(const struct vp_sample *sample, enum vp_direction direction,
			    size_t *end)
{
	enum vp_step_kind kind = direction == VP_TO_SERVER ? VP_STEP_SEND : VP_STEP_RECEIVE;
	size_t last = sample->steps.len;

	while (last > 0 && sample->steps.data[last - 1].kind != kind)
		last--;
	*end = last;
	if (!last)
		return SIZE_MAX;
	while (last > 1 && sample->steps.data[last - 2].kind == kind)
		last--;
	return last - 1;
}

static bool has_packets(const struct vp_sample *sample)
{
	for (size_t i = 0; i < sample->steps.len; i++)
		if (sample->steps.data[i].kind == VP_STEP_PACKET)
			return true;
	return false;
}

/* Is the rule one for inspection; of what is benign, any rule of the service? */
static bool is_inspected(const struct run *run, const struct vp_trial *trial)
{
	const struct vp_patch *patch = run->evasions->patch;
	unsigned int points = vp_enforcement_points(&run->evasions->shield->enforcement);
	bool inspected = false;

	for (size_t i = 0; i < patch->rules.len; i++) {
		const struct vp_rule *rule = &patch->rules.data[i];
		_cleanup_free_ char *reason = NULL;

		if (trial->rule.name ? !strcmp(rule->name, trial->rule.name)
				     : rule->service == trial->sample->service)
			inspected |= vp_place(rule, &patch->services.data[rule->service],
					      points, &reason) == VP_POINT_INSPECTION;
	}
	return inspected;
}

/*
 * Is one trial enough for both? Addresses are proven by the samples; and behind their
 * packets streams are the same in both families, so that over IPv6 one attack and one
 * benign sample of a service will do, where the others go over IPv4.
 */
static bool stands_for(const struct vp_trial *one, const struct vp_trial *other)
{
	const struct vp_sample *a = one->sample, *b = other->sample;

	if (one->path.server.family != other->path.server.family)
		return false;
	if (a == b)
		return true;
	return other->path.server.family == 6 && a->service == b->service &&
	       a->expect == b->expect && one->direction == other->direction &&
	       b->families & VP_FAMILY_IPV4;
}

static bool is_subject(const struct run *run, const struct vp_trial *trial)
{
	if (trial->obstacle || trial->skipped || trial->path.shape != VP_SHAPE_PLAIN ||
	    trial->path.protocol != IPPROTO_TCP || trial->path.client_side != VP_LAB_CLIENT ||
	    trial->sample->expect == VP_EXPECT_LIMITED || trial->sample->repeat > 1 ||
	    trial->rule.threshold.rate.count || has_packets(trial->sample) ||
	    !is_inspected(run, trial))
		return false;
	for (size_t i = 0; i < run->subjects.len; i++)
		if (stands_for(run->subjects.data[i].trial, trial))
			return false;
	return true;
}

static void join_message(const struct vp_sample *sample, size_t first, size_t end,
			 struct vp_strbuf *message)
{
	for (size_t i = first; i < end; i++)
		vp_strbuf_add(message, (const char *)sample->steps.data[i].data,
			      sample->steps.data[i].len);
}

/* What is benign from one address need not be from another. */
static bool names_sender(const struct vp_sample *sample)
{
	return sample->from.kind != VP_VALUE_ADDRESS || sample->from.address.first.family;
}

/* The whole of the first benign sample of the same service that is one message; "" if none. */
static void find_companion(const struct run *run, const struct vp_sample *sample,
			   struct vp_strbuf *message)
{
	const struct vp_patch *patch = run->evasions->patch;

	for (size_t i = 0; i < patch->samples.len && !message->len; i++) {
		const struct vp_sample *other = &patch->samples.data[i];
		size_t end, first = message_begin(other, VP_TO_SERVER, &end);

		if (other->service == sample->service && other->expect == VP_EXPECT_PASSED &&
		    other->repeat == 1 && !has_packets(other) && first == 0 &&
		    !names_sender(other) && end == other->steps.len)
			join_message(other, first, end, message);
	}
}

/*
 * There are no data in a SYN when something comes before them; and the segments
 * that a server sends are made by its own TCP.
 */
static bool is_possible(const struct subject *subject, const struct vp_script *script)
{
	if (subject->trial->direction == VP_TO_CLIENT)
		return script->way == VP_WAY_WHOLE || script->way == VP_WAY_SPLIT ||
		       script->way == VP_WAY_BYTES || script->way == VP_WAY_SLOW;
	return !subject->first || !script->in_syn;
}

static void make_scripts(struct run *run, struct subject *subject, size_t splits)
{
	const struct vp_sample *sample = subject->trial->sample;
	const struct vp_patch *patch = run->evasions->patch;
	_cleanup_strbuf_ struct vp_strbuf message = { 0 };
	_cleanup_strbuf_ struct vp_strbuf companion = { 0 };
	struct vp_script_order order = { .splits = splits, .benign = is_benign(subject) };
	struct vp_recode_order recode = {
		.patch = patch,
		.service = sample->service,
		.rule = subject->trial->rule.name ? &subject->trial->rule : NULL,
	};
	size_t end;

	subject->first = message_begin(sample, subject->trial->direction, &end);
	join_message(sample, subject->first, end, &message);
	subject->length = message.len;
	order.message = recode.message = (const uint8_t *)vp_strbuf_text(&message);
	order.len = recode.len = message.len;
	find_companion(run, sample, &companion);
	if (!subject->first) {
		recode.companion = (const uint8_t *)vp_strbuf_text(&companion);
		recode.companion_len = companion.len;
	}
	vp_scripts_make(&subject->scripts, &order, &subject->positions);
	if (subject->trial->direction == VP_TO_SERVER)
		vp_recodings_make(&subject->scripts, &recode);
	for (size_t i = 0; i < subject->scripts.len; i++)
		if (is_possible(subject, &subject->scripts.data[i]))
			((struct attempt *)vp_array_add(&subject->attempts))->script =
				&subject->scripts.data[i];
}

static void find_subjects(struct run *run)
{
	const struct vp_trials *trials = run->evasions->trials;
	size_t splits, others, ipv4 = 0, end;

	for (size_t i = 0; i < trials->len; i++)
		if (is_subject(run, &trials->data[i]) &&
		    message_begin(trials->data[i].sample, trials->data[i].direction, &end) !=
			    SIZE_MAX)
			((struct subject *)vp_array_add(&run->subjects))->trial =
				&trials->data[i];
	if (!run->subjects.len)
		return;
	vp_array_each (subject, &run->subjects)
		ipv4 += subject->trial->path.server.family == 4;
	others = run->subjects.len * OTHER_WAYS + (run->subjects.len - ipv4) * SPLITS_IPV6;
	splits = SCRIPTS_ALL > others && ipv4 ? (SCRIPTS_ALL - others) / ipv4 : 0;
	if (splits < SPLITS_MIN)
		splits = SPLITS_MIN;
	if (splits > SPLITS_MAX)
		splits = SPLITS_MAX;
	vp_array_each (subject, &run->subjects)
		make_scripts(run, subject,
			     subject->trial->path.server.family == 6 && splits > SPLITS_IPV6
				     ? SPLITS_IPV6
				     : splits);
}

static void free_subjects(struct run *run)
{
	vp_array_each (subject, &run->subjects) {
		vp_array_each (attempt, &subject->attempts) {
			for (int pass = 0; pass < PASSES; pass++)
				free(attempt->landings[pass].bytes);
			free(attempt->reason);
		}
		vp_array_free(&subject->attempts);
		vp_scripts_free(&subject->scripts);
	}
	vp_array_free(&run->subjects);
}

/* Traffic and counters */

/* How often the rules that count as blocking were counted. */
static int counted(struct run *run, uint64_t *sum, struct vp_error *err)
{
	struct vp_movements counts = { 0 };
	int r = 0;

	*sum = 0;
	if (run->pass != BARE)
		r = vp_shield_counts(run->evasions->shield, &counts, err);
	vp_array_each (count, &counts)
		*sum += count->packets;
	vp_array_free(&counts);
	return r;
}

/* Play some attempts side by side; *moved: how far the counters went meanwhile. */
static int fire(struct run *run, const struct subject *subject,
		struct attempt *const *attempts, size_t count, uint64_t *moved,
		struct vp_error *err)
{
	const struct vp_script *scripts[VP_VOLLEY_MAX];
	struct vp_landing landings[VP_VOLLEY_MAX] = { 0 };
	struct vp_volley volley = { .lab = run->evasions->lab,
				    .wire = &run->wire,
				    .path = &subject->trial->path,
				    .sample = subject->trial->sample,
				    .first = subject->first,
				    .direction = subject->trial->direction };
	uint64_t before, after;
	int r = counted(run, &before, err), ended;

	for (size_t i = 0; i < count; i++)
		scripts[i] = attempts[i]->script;
	if (r < 0)
		return r;
	r = vp_volley_fire(&volley, scripts, count, landings, err);
	if (!r)
		r = counted(run, &after, err);
	ended = vp_volley_end(&volley, r < 0 ? NULL : err);
	for (size_t i = 0; i < count; i++) {
		free(attempts[i]->landings[run->pass].bytes);
		attempts[i]->landings[run->pass] = landings[i];
	}
	*moved = r < 0 ? 0 : after - before;
	return r < 0 ? r : ended;
}

/* Again where packets went unread: a busy machine misses the deadline of inspection. */
static int fire_read(struct run *run, const struct subject *subject,
		     struct attempt *const *attempts, size_t count, uint64_t *moved,
		     struct vp_error *err)
{
	uint64_t before = 0, after = 0;
	int r = 0;

	for (unsigned int chance = 0; chance < CHANCES && !r; chance++) {
		r = run->pass == BARE ? 0
				      : vp_shield_unread(run->evasions->shield, &before, err);
		if (!r)
			r = fire(run, subject, attempts, count, moved, err);
		if (!r && run->pass != BARE)
			r = vp_shield_unread(run->evasions->shield, &after, err);
		if (before == after)
			break;
	}
	return r;
}

__attribute__((format(printf, 2, 3))) static void fail(struct attempt *attempt,
						       const char *format, ...)
{
	va_list arguments;
	char text[256];

	if (attempt->reason)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	attempt->reason = vp_strdup(text);
}

/* Is it read as the author meant where nothing shields? Else it proves nothing here. */
static bool counts_here(const struct attempt *attempt)
{
	return attempt->landings[BARE].whole;
}

static bool same_landing(const struct vp_landing *a, const struct vp_landing *b)
{
	return a->connected == b->connected && a->len == b->len &&
	       (!a->len || !memcmp(a->bytes, b->bytes, a->len));
}

/* By what arrived alone. */
static void judge_landing(const struct run *run, const struct subject *subject,
			  struct attempt *attempt)
{
	const struct vp_landing *bare = &attempt->landings[BARE];
	const struct vp_landing *landing = &attempt->landings[run->pass];

	if (run->pass == WATCHED && !same_landing(bare, landing))
		fail(attempt, "in monitor %zu bytes arrived, without a shield %zu%s",
		     landing->len, bare->len, landing->len == bare->len ? ", others" : "");
	if (run->pass != ENFORCED)
		return;
	if (is_benign(subject) && counts_here(attempt) && !landing->whole)
		fail(attempt, "benign, but %zu of %zu bytes arrived%s", landing->len,
		     attempt->script->len,
		     landing->connected ? "" : ", no connection was made");
	if (!is_benign(subject) && landing->whole)
		fail(attempt, "attack delivered");
}

/* Must a rule have counted it? */
static bool must_count(const struct subject *subject, const struct attempt *attempt)
{
	return !is_benign(subject) && counts_here(attempt) && !attempt->script->hostile;
}

/* The counters went another way than all attempts together should have made them go. */
static int find_uncounted(struct run *run, const struct subject *subject,
			  struct attempt *const *attempts, size_t count, struct vp_error *err)
{
	uint64_t moved;
	int r = 0;

	for (size_t i = 0; i < count && !r; i++) {
		r = fire_read(run, subject, &attempts[i], 1, &moved, err);
		if (r < 0)
			break;
		judge_landing(run, subject, attempts[i]);
		if (is_benign(subject) && run->pass == ENFORCED && moved)
			fail(attempts[i], "benign, but a rule counted it");
		if (must_count(subject, attempts[i]) && !moved)
			fail(attempts[i], run->pass == ENFORCED
						  ? "not read, but no rule counted it"
						  : "in monitor no rule counted it");
	}
	return r;
}

/* A process of inspection that ends by itself is a failure of what was sent. */
static void judge_trouble(struct run *run, struct attempt *const *attempts, size_t count)
{
	char *trouble = run->evasions->shield->trouble;

	for (size_t i = 0; i < count && *trouble; i++)
		fail(attempts[i], "among %zu: %s", count, trouble);
	*trouble = '\0';
}

static int try_some(struct run *run, const struct subject *subject,
		    struct attempt *const *attempts, size_t count, struct vp_error *err)
{
	uint64_t moved, least = 0;
	int r = fire_read(run, subject, attempts, count, &moved, err);

	judge_trouble(run, attempts, count);
	for (size_t i = 0; i < count && !r; i++) {
		judge_landing(run, subject, attempts[i]);
		least += must_count(subject, attempts[i]);
	}
	if (r < 0 || run->pass == BARE)
		return r;
	if (moved < least || (is_benign(subject) && run->pass == ENFORCED && moved))
		return find_uncounted(run, subject, attempts, count, err);
	return 0;
}

/* All attempts of all subjects with what is in place now. */
static int run_pass(struct run *run, enum pass pass, struct vp_error *err)
{
	int r = 0;

	run->pass = pass;
	for (size_t i = 0; i < run->subjects.len && !r; i++) {
		struct subject *subject = &run->subjects.data[i];
		struct attempts *all = &subject->attempts;

		for (size_t at = 0; at < all->len && !r; at += VP_VOLLEY_MAX) {
			struct attempt *some[VP_VOLLEY_MAX];
			size_t count = 0;

			while (count < VP_VOLLEY_MAX && at + count < all->len) {
				some[count] = &all->data[at + count];
				count++;
			}
			r = try_some(run, subject, some, count, err);
		}
	}
	return r;
}

static int run_passes(struct run *run, struct vp_error *err)
{
	const struct vp_evasions *evasions = run->evasions;
	enum vp_mode mode = evasions->patch->mode;
	int r = vp_shield_remove(evasions->shield, err);

	if (!r)
		r = run_pass(run, BARE, err);
	if (!r)
		r = vp_shield_install(evasions->shield, NULL, true, err);
	if (!r)
		r = run_pass(run, ENFORCED, err);
	evasions->patch->mode = VP_MODE_MONITOR;
	if (!r)
		r = vp_shield_install(evasions->shield, NULL, true, err);
	if (!r)
		r = run_pass(run, WATCHED, err);
	evasions->patch->mode = mode;
	return r;
}

/* What came of it */

static json_t *describe_way(const struct subject *subject, enum vp_way way)
{
	size_t tried = 0, counted_here = 0, good = 0;
	json_t *result = json_object();

	vp_array_each (attempt, &subject->attempts) {
		if (attempt->script->way != way)
			continue;
		tried++;
		counted_here += counts_here(attempt);
		good += counts_here(attempt) && !attempt->reason;
	}
	vp_json_set_number(result, "tried", tried);
	vp_json_set_number(result, "counted", counted_here);
	vp_json_set_number(result, "good", good);
	return result;
}

/* Returns the number of failures. */
static size_t describe_failures(const struct subject *subject, json_t *result)
{
	json_t *failures = json_array();
	size_t count = 0;

	vp_array_each (attempt, &subject->attempts) {
		json_t *failure;

		if (!attempt->reason || count++ >= TOLD_MAX)
			continue;
		failure = json_object();
		vp_json_set_text(failure, "way", vp_way_name(attempt->script->way));
		vp_json_set_text(failure, "what", attempt->script->what);
		vp_json_set_text(failure, "reason", attempt->reason);
		json_array_append_new(failures, failure);
	}
	json_object_set_new(result, "failures", failures);
	vp_json_set_number(result, "failed", count);
	return count;
}

static size_t describe(const struct run *run, const struct subject *subject, json_t *results)
{
	const struct vp_sample *sample = subject->trial->sample;
	const struct vp_patch *patch = run->evasions->patch;
	json_t *result = json_object(), *ways = json_object();
	size_t failed;

	vp_json_set_text(result, "name", sample->name);
	vp_json_set_number(result, "line", sample->at.line);
	vp_json_set_text(result, "rule", subject->trial->rule.name);
	vp_json_set_text(result, "service", patch->services.data[sample->service].name);
	vp_json_set_text(result, "expect", is_benign(subject) ? "passed" : "blocked");
	vp_json_set_text(result, "family",
			 subject->trial->path.server.family == 4 ? "ipv4" : "ipv6");
	vp_json_set_text(result, "direction", vp_direction_name(subject->trial->direction));
	vp_json_set_number(result, "length", subject->length);
	vp_json_set_number(result, "splits", subject->positions);
	for (enum vp_way way = 0; way < VP_WAY_COUNT; way++)
		json_object_set_new(ways, vp_way_name(way), describe_way(subject, way));
	json_object_set_new(result, "ways", ways);
	failed = describe_failures(subject, result);
	vp_json_set_text(result, "result", failed ? "failed" : "passed");
	json_array_append_new(results, result);
	return failed;
}

/*
 * A ban would stop everything after it, and a limit or a threshold across connections
 * what comes too fast: for the time being bans are drops, and those are not there.
 */
static void soften(struct vp_patch *patch, struct vp_patch *kept)
{
	*kept = *patch;
	memset(&patch->rules, 0, sizeof(patch->rules));
	vp_array_each (rule, &kept->rules) {
		struct vp_rule mine = *rule;

		if (mine.action.verdict == VP_VERDICT_LIMIT ||
		    (mine.threshold.rate.count && mine.threshold.per != VP_PER_FLOW))
			continue;
		if (mine.action.verdict == VP_VERDICT_BAN)
			mine.action.verdict = VP_VERDICT_DROP;
		vp_array_push(&patch->rules, mine);
	}
}

static void harden(struct vp_patch *patch, const struct vp_patch *kept)
{
	vp_array_free(&patch->rules);
	memcpy(&patch->rules, &kept->rules, sizeof(patch->rules));
}

static int run_all(struct run *run, struct vp_error *err)
{
	struct vp_patch kept;
	int r;

	soften(run->evasions->patch, &kept);
	r = vp_wire_open(&run->wire, run->evasions->lab, err);
	if (!r)
		r = vp_lab_detach(run->evasions->lab, true, err);
	if (!r)
		r = run_passes(run, err);
	if (!r)
		r = vp_lab_detach(run->evasions->lab, false, err);
	vp_wire_close(&run->wire);
	harden(run->evasions->patch, &kept);
	return r;
}

int vp_evasions_run(const struct vp_evasions *evasions, json_t **results, struct vp_error *err)
{
	struct run run = { .evasions = evasions };
	size_t failed = 0;
	int r;

	*results = json_array();
	find_subjects(&run);
	if (!run.subjects.len)
		return 0;
	r = run_all(&run, err);
	vp_array_each (subject, &run.subjects)
		if (!r)
			failed += describe(&run, subject, *results);
	free_subjects(&run);
	return r < 0 ? r : (int)failed;
}
