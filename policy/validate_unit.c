/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Do the conditions of a rule hold for one unit of evaluation, which the traffic of
 * its direction has, and is its action one that can be done to what is inspected?
 */
#include <string.h>

#include "policy/plan.h"
#include "policy/validate.h"

#define VARIABLES_MAX 16 /* of one patch: each connection may have them all */

/* A rule while its conditions are looked at. */
struct rule_check {
	struct vp_validation *v;
	const struct vp_rule *rule;
	const struct vp_service *service;
	const struct vp_condition *first; /* that needs a reading of the traffic */
	bool reads_flow;
};

/* Is it a field of what the server answers, or of what no answer knows? */
static bool is_of_answer(enum vp_field_id id)
{
	return id >= VP_FIELD_HTTP_STAT_CODE && id <= VP_FIELD_HTTP_RESPONSE_BODY;
}

static bool is_of_request_body(enum vp_field_id id)
{
	return id >= VP_FIELD_HTTP_REQUEST_BODY && id <= VP_FIELD_HTTP_REQUEST_TRAILER;
}

/* Does reading give the field where the server's bytes are judged? */
static bool in_answers(const struct vp_field *field)
{
	if (!field->application)
		return true;
	if (!strcmp(field->application, "http"))
		return !is_of_request_body(field->id);
	return !strcmp(field->application, "dns");
}

static void check_direction(const struct rule_check *check,
			    const struct vp_condition *condition)
{
	const struct vp_field *field = condition->field;

	if (check->rule->direction == VP_TO_SERVER && is_of_answer(field->id))
		vp_find_error(check->v->findings, &condition->at,
			      "expected a field of the request in a rule to the server, found "
			      "`%s` of its answer; set `direction = to-client`",
			      field->name);
	if (check->rule->direction == VP_TO_CLIENT && !in_answers(field))
		vp_find_error(
			check->v->findings, &condition->at,
			"expected a field of the server's answer in a rule with `direction "
			"= to-client`, found `%s`, which %s",
			field->name,
			is_of_request_body(field->id)
				? "is over before the answer; make a rule of each direction"
				: "only what the client sends has; leave `direction` out");
}

/* Conditions on the frame's messages, the raw bytes and the application hold for different
 * units. */
static void check_reading(struct rule_check *check, const struct vp_condition *condition)
{
	enum vp_read reading = vp_field_reading(condition->field);
	const char *application = condition->field->application;

	if (application && (!check->service->application ||
			    strcmp(application, check->service->application) != 0))
		return; /* an error of its own */
	check->reads_flow |= condition->field->id == VP_FIELD_FLOW;
	if (reading == VP_READ_ANYHOW)
		return;
	if (!check->first)
		check->first = condition;
	if (vp_field_reading(check->first->field) != reading)
		vp_find_error(
			check->v->findings, &condition->at,
			"expected conditions on one unit of evaluation, found `%s` and `%s`: "
			"a "
			"message of the frame, the raw bytes and the application's units are "
			"different ones; make a rule of each",
			check->first->field->name, condition->field->name);
}

static void check_conditions(struct rule_check *check, const struct vp_conditions *conditions)
{
	vp_array_each (condition, conditions) {
		const struct vp_condition *sides[] = { condition, condition->other };

		for (size_t i = 0; i < VP_COUNT(sides) && sides[i]; i++) {
			check_direction(check, sides[i]);
			check_reading(check, sides[i]);
		}
	}
}

/* The whole of a connection's bytes is one unit: nothing is set before it begins. */
static void check_flow(const struct rule_check *check)
{
	const struct vp_service *service = check->service;
	enum vp_read reading = check->first	      ? vp_field_reading(check->first->field)
			       : service->application ? VP_READ_PARSED
			       : service->frame	      ? VP_READ_FRAMED
						      : VP_READ_RAW;

	if (check->reads_flow && reading == VP_READ_RAW &&
	    vp_service_traffic(service) & VP_TRAFFIC_TCP)
		vp_find_error(
			check->v->findings, &check->rule->at,
			"expected `application` or `frame` in [service %s], as rule `%s` "
			"reads `flow`, found none: the raw bytes of a connection are one "
			"unit, before which nothing can be set",
			service->name ? service->name : "?",
			check->rule->name ? check->rule->name : "?");
}

/* A condition whose field only that point reads, or NULL. */
static const struct vp_condition *only_at(const struct vp_rule *rule, unsigned int point)
{
	const struct vp_conditions *lists[] = { &rule->when, &rule->except };

	for (size_t i = 0; i < VP_COUNT(lists); i++)
		vp_array_each (condition, lists[i]) {
			if (condition->field->points == point)
				return condition;
			if (condition->other && condition->other->field->points == point)
				return condition->other;
		}
	return NULL;
}

/* Each enforcement point sees the traffic in its own way. */
static void check_points(const struct rule_check *check)
{
	const struct vp_condition *header =
		only_at(check->rule, VP_POINT_BIT(VP_POINT_NETFILTER));
	const struct vp_condition *payload =
		only_at(check->rule, VP_POINT_BIT(VP_POINT_INSPECTION));

	if (!header)
		return;
	if (payload)
		vp_find_error(check->v->findings, &header->at,
			      "expected conditions that one enforcement point can evaluate, "
			      "found `%s`, a packet header's, beside `%s`, which needs "
			      "inspection; make a rule of each",
			      header->field->name, payload->field->name);
	else if (check->rule->set || check->rule->threshold.rate.count)
		vp_find_error(
			check->v->findings, &header->at,
			"expected a field that inspection reads in a rule with `%s`, found "
			"`%s`, a packet header's%s",
			check->rule->set ? "set" : "threshold", header->field->name,
			check->rule->set ? "" : "; use `action = limit 10/second per source`");
}

/* Whoever can send in another's name can use up what that other is allowed. */
static void warn_forged(const struct rule_check *check)
{
	if (check->rule->threshold.per != VP_PER_RULE && check->service->ports.len &&
	    vp_rule_traffic(check->v->patch, check->rule) != VP_TRAFFIC_TCP)
		vp_find_warning(
			check->v->findings, &check->rule->at,
			"rule `%s` counts per %s on traffic whose source can be forged: "
			"anybody can bring others above the threshold",
			check->rule->name ? check->rule->name : "?",
			check->rule->threshold.per == VP_PER_FLOW ? "flow" : "source");
}

/* What inspection can do to a packet. */
static void check_inspected(const struct rule_check *check)
{
	_cleanup_free_ char *why = NULL;
	unsigned int traffic = vp_rule_traffic(check->v->patch, check->rule);
	bool known = check->service->ports.len;
	const char *name = check->rule->name ? check->rule->name : "?";

	if (check->v->looked_at <= VP_LOOKED_AT_MAX) /* else an error says so already */
		why = vp_place_unfiltered(check->rule);
	if (!why)
		return;
	if (check->rule->set && known && traffic != VP_TRAFFIC_TCP)
		vp_find_error(
			check->v->findings, &check->rule->at,
			"expected `set` only on tcp traffic, found it in rule `%s`: only a "
			"connection has variables; use `threshold = 5/minute per source`",
			name);
	if (check->rule->action.verdict == VP_VERDICT_ANSWER)
		vp_find_error(check->v->findings, &check->rule->at,
			      "expected an action that this build has, found `answer` in rule "
			      "`%s`; use `reset` or `drop`",
			      name);
	if (check->rule->action.verdict == VP_VERDICT_REJECT && known &&
	    traffic != VP_TRAFFIC_TCP)
		vp_find_error(
			check->v->findings, &check->rule->at,
			"expected `drop` in rule `%s`, found `reject`: inspection rejects "
			"only tcp (%s)",
			name, why);
}

static void check_rule(struct vp_validation *v, const struct vp_rule *rule)
{
	struct rule_check check = {
		.v = v,
		.rule = rule,
		.service = &v->patch->services.data[rule->service],
	};

	check_conditions(&check, &rule->when);
	check_conditions(&check, &rule->except);
	check_flow(&check);
	check_inspected(&check);
	check_points(&check);
	warn_forged(&check);
}

/* Variables: who sets and who reads them */

static bool is_set(const struct vp_patch *patch, size_t service, const char *name)
{
	vp_array_each (rule, &patch->rules)
		if (rule->set && rule->service == service && !strcmp(rule->set, name))
			return true;
	return false;
}

static void unknown_variable(struct vp_validation *v, const struct vp_rule *reader,
			     const struct vp_condition *condition)
{
	struct vp_suggestion near = { .text = condition->argument,
				      .length = strlen(condition->argument) };

	vp_array_each (rule, &v->patch->rules)
		if (rule->set && rule->service == reader->service)
			vp_suggest(&near, rule->set);
	vp_find_error(v->findings, &condition->at,
		      "expected the name of a variable that a rule of the same service sets, "
		      "found `%s`%s%s%s",
		      condition->argument,
		      near.best ? "; did you mean `" : "; add a rule with `set = ",
		      near.best ? near.best : condition->argument, near.best ? "`?" : "`");
}

static void check_variables(struct vp_validation *v, const struct vp_rule *rule,
			    const struct vp_conditions *conditions)
{
	vp_array_each (condition, conditions) {
		const struct vp_condition *sides[] = { condition, condition->other };

		for (size_t i = 0; i < VP_COUNT(sides) && sides[i]; i++)
			if (sides[i]->field->id == VP_FIELD_FLOW && sides[i]->argument &&
			    !is_set(v->patch, rule->service, sides[i]->argument))
				unknown_variable(v, rule, sides[i]);
	}
}

static bool is_read(const struct vp_conditions *conditions, const char *name)
{
	vp_array_each (condition, conditions) {
		const struct vp_condition *sides[] = { condition, condition->other };

		for (size_t i = 0; i < VP_COUNT(sides) && sides[i]; i++)
			if (sides[i]->field->id == VP_FIELD_FLOW && sides[i]->argument &&
			    !strcmp(sides[i]->argument, name))
				return true;
	}
	return false;
}

/* A variable that nobody reads is an error of thought; too many are one of size. */
static void check_set(struct vp_validation *v, const struct vp_rule *rule, size_t *count)
{
	bool read = false, first = true;

	vp_array_each (other, &v->patch->rules) {
		read |= is_read(&other->when, rule->set) || is_read(&other->except, rule->set);
		if (other < rule && other->set && !strcmp(other->set, rule->set))
			first = false;
	}
	if (first && !read)
		vp_find_warning(v->findings, &rule->at,
				"no rule reads `flow(%s)`: setting it does nothing",
				rule->set);
	if (first && ++*count == VARIABLES_MAX + 1)
		vp_find_error(v->findings, &rule->at,
			      "expected at most %d variables in a patch, found more with `%s`",
			      VARIABLES_MAX, rule->set);
}

void vp_validate_units(struct vp_validation *v)
{
	size_t variables = 0;

	vp_array_each (rule, &v->patch->rules) {
		if (rule->service == SIZE_MAX)
			continue;
		check_rule(v, rule);
		check_variables(v, rule, &rule->when);
		check_variables(v, rule, &rule->except);
		if (rule->set)
			check_set(v, rule, &variables);
	}
}
