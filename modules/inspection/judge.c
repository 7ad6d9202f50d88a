/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From what a reader found to what is done: rules that hold, units that could not
 * be decided, bytes that were not understood. See engine_layout.h.
 */
#include "modules/inspection/engine_layout.h"

/* Block, unless something already does: the first decides. */
static void block(const struct vp_trial *trial, uint32_t tag, enum vp_reason reason,
		  enum vp_verdict verdict, const char *detail)
{
	struct vp_judgement *judgement = trial->judgement;

	if (judgement->blocked)
		return;
	*judgement = (struct vp_judgement){
		.blocked = true, .tag = tag, .reason = reason, .verdict = verdict
	};
	vp_engine_hit(trial->engine, tag, reason, verdict, false, detail);
}

/* The ends of the connection, or datagram, that the unit is of. */
static struct vp_rate_ends ends_of(const struct vp_trial *trial)
{
	const struct vp_unit_flow *flow = vp_unit_flow_now(trial->reader->unit);
	bool from_client = flow->direction == VP_TO_SERVER;

	return (struct vp_rate_ends){
		.client = from_client ? flow->source : flow->destination,
		.server = from_client ? flow->destination : flow->source,
		.client_port = from_client ? flow->source_port : flow->destination_port,
		.server_port = from_client ? flow->destination_port : flow->source_port,
	};
}

/* Is the rule still within what its threshold or limit lets pass? */
static bool is_allowed(const struct vp_trial *trial, const struct vp_program_rule *rule)
{
	struct vp_rate_ends ends = ends_of(trial);
	struct vp_engine *engine = trial->engine;

	if (rule->threshold.rate.count &&
	    !vp_rates_above(engine->rates, rule->tag, &rule->threshold, &ends, engine->now))
		return true;
	return rule->action.verdict == VP_VERDICT_LIMIT &&
	       !vp_rates_over(engine->rates, rule->tag, &rule->action, &ends.client,
			      engine->now);
}

static void judge_rule(const struct vp_trial *trial, uint32_t position)
{
	const struct vp_scope *scope = trial->reader->scope;
	const struct vp_program_rule *rule = vp_program_rule(scope->program, position);
	enum vp_verdict verdict = rule->action.verdict;

	if (is_allowed(trial, rule))
		return;
	if (verdict == VP_VERDICT_LIMIT)
		verdict = VP_VERDICT_DROP;
	if (rule->mode == VP_MODE_MONITOR)
		vp_engine_hit(trial->engine, rule->tag, VP_REASON_RULE, verdict, true, NULL);
	else
		block(trial, rule->tag, VP_REASON_RULE, verdict, NULL);
}

/* Something kept the scope from deciding: its failure verdict does. */
static void judge_failure(const struct vp_trial *trial, uint32_t tag, enum vp_reason reason,
			  const char *detail)
{
	const struct vp_scope *scope = trial->reader->scope;

	if (scope->enforce && scope->on_failure == VP_FAILURE_BLOCK && !trial->lenient)
		block(trial, tag, reason, VP_VERDICT_DROP, detail);
	else
		vp_engine_hit(trial->engine, tag, reason, VP_VERDICT_PASS, !scope->enforce,
			      detail);
}

static void judge_unit(const struct vp_trial *trial, const struct vp_reading_result *result)
{
	const struct vp_scope *scope = trial->reader->scope;
	uint32_t tag = scope->tag;

	if (result->failure == VP_UNIT_FINE)
		return;
	if (result->failed_rule < vp_program_rules(scope->program))
		tag = vp_program_rule(scope->program, result->failed_rule)->tag;
	judge_failure(trial, tag,
		      result->failure == VP_UNIT_BOUND ? VP_REASON_BOUND
						       : VP_REASON_MATCH_LIMIT,
		      NULL);
}

/*
 * Of a connection whose beginning was not seen, what cannot be read may be the rest of a
 * message: the next bytes may begin another.
 */
static bool tries_again(const struct vp_trial *trial, enum vp_parse state)
{
	if (!trial->lenient || (state != VP_PARSE_FOREIGN && state != VP_PARSE_BROKEN))
		return false;
	vp_reader_sleep(trial->reader);
	trial->reader->boundary = true;
	return true;
}

static void judge_parser(const struct vp_trial *trial, const struct vp_parsed *parsed)
{
	const struct vp_scope *scope = trial->reader->scope;

	if (tries_again(trial, parsed->state))
		return;
	switch (parsed->state) {
	case VP_PARSE_INSIDE:
	case VP_PARSE_BOUNDARY:
		if (parsed->reason && !trial->reader->told)
			vp_engine_hit(trial->engine, scope->tag, VP_REASON_UNREADABLE,
				      VP_VERDICT_PASS, !scope->enforce, parsed->reason);
		trial->reader->told |= !!parsed->reason;
		return;
	case VP_PARSE_DONE:
		if (parsed->reason)
			vp_engine_hit(trial->engine, scope->tag, VP_REASON_UNREADABLE,
				      VP_VERDICT_PASS, !scope->enforce, parsed->reason);
		break;
	case VP_PARSE_FOREIGN:
		vp_engine_hit(trial->engine, scope->tag, VP_REASON_FOREIGN, VP_VERDICT_PASS,
			      !scope->enforce, parsed->reason);
		break;
	case VP_PARSE_BROKEN:
		judge_failure(trial, scope->tag, VP_REASON_BROKEN, parsed->reason);
		break;
	case VP_PARSE_BOUND:
		judge_failure(trial, scope->tag, VP_REASON_BOUND, parsed->reason);
		break;
	}
	trial->reader->done = true;
}

void vp_judge(const struct vp_trial *trial, const struct vp_reading_result *result)
{
	const struct vp_scope *scope = trial->reader->scope;

	for (size_t i = 0; i < result->hits.count; i++)
		judge_rule(trial, result->hits.rules[i]);
	judge_unit(trial, result);
	if (result->parsed.ambiguous && scope->enforce && !trial->lenient)
		block(trial, scope->tag, VP_REASON_AMBIGUOUS, VP_VERDICT_DROP,
		      result->parsed.ambiguous);
	else if (result->parsed.ambiguous)
		vp_engine_hit(trial->engine, scope->tag, VP_REASON_AMBIGUOUS, VP_VERDICT_PASS,
			      !scope->enforce, result->parsed.ambiguous);
	judge_parser(trial, &result->parsed);
}
