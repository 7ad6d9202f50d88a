/* SPDX-License-Identifier: GPL-2.0-or-later */
/* [rule NAME]: what is looked for in a service's traffic, and what is done then. */
#include <string.h>

#include "policy/validate.h"

#define BURST_MAX 1000000

static const char action_example[] =
	"drop`, `reject`, `reset`, `limit 10/second burst 20 per source` or `ban 10m";

static void read_service(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	struct vp_rule *rule = object;
	const char *word;
	size_t length = vp_lexer_word(lexer, "", &word);
	ptrdiff_t index = length ? vp_index_of(&v->patch->services, word, length) : -1;

	if (index < 0)
		vp_unknown_name(lexer, word, length, "the name of a service of this file",
				&v->patch->services);
	else if (vp_read_end(lexer))
		rule->service = (size_t)index;
}

static void read_direction(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	const char *const names[] = { vp_direction_name(VP_TO_SERVER),
				      vp_direction_name(VP_TO_CLIENT) };
	unsigned int index;

	(void)v;
	if (vp_read_choice(lexer, names, VP_COUNT(names), &index))
		((struct vp_rule *)object)->direction = (enum vp_direction)index;
}

static void read_condition(struct vp_lexer *lexer, struct vp_conditions *conditions)
{
	struct vp_condition condition = { 0 };

	if (vp_lexer_condition(lexer, &condition))
		vp_array_push(conditions, condition);
	else
		vp_condition_free(&condition);
}

static void read_when(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	(void)v;
	read_condition(lexer, &((struct vp_rule *)object)->when);
}

static void read_except(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	(void)v;
	read_condition(lexer, &((struct vp_rule *)object)->except);
}

/* RATE [burst N]; `burst` 0: as many as the rate has. */
static bool read_rate(struct vp_lexer *lexer, const char *behind, struct vp_rate *rate,
		      uint32_t *burst)
{
	_cleanup_free_ char *expected = vp_format("a rate behind `%s`", behind);
	_cleanup_free_ char *example = vp_format("%s 10/second burst 20 per source", behind);
	uint64_t number = *burst;
	const char *at;
	char text[VP_SHORT_MAX];

	if (!vp_read_short(lexer, "/", text, &at) || vp_rate_parse(text, rate))
		return vp_lexer_expected(lexer, at, expected, example);
	if (!number)
		number = rate->count < BURST_MAX ? rate->count : BURST_MAX;
	if (vp_lexer_take(lexer, "burst")) {
		vp_lexer_end(lexer);
		at = lexer->next;
		if (!vp_lexer_number(lexer, &number))
			return false;
		if (!number || number > BURST_MAX)
			return vp_lexer_expected(lexer, at, "a burst from 1 to 1000000",
						 "limit 10/second burst 20");
	}
	*burst = (uint32_t)number;
	return true;
}

static bool read_limit(struct vp_lexer *lexer, struct vp_action *action)
{
	action->burst = 5; /* the kernel's own default */
	if (!read_rate(lexer, "limit", &action->rate, &action->burst))
		return false;
	if (vp_lexer_take(lexer, "per")) {
		if (!vp_lexer_take(lexer, "source"))
			return vp_lexer_expected(lexer, lexer->next, "`source` behind `per`",
						 "limit 10/second per source");
		action->per_source = true;
	}
	action->verdict = VP_VERDICT_LIMIT;
	return true;
}

static void read_threshold(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	struct vp_threshold *threshold = &((struct vp_rule *)object)->threshold;

	(void)v;
	if (!read_rate(lexer, "threshold =", &threshold->rate, &threshold->burst))
		return;
	if (vp_lexer_take(lexer, "per")) {
		if (vp_lexer_take(lexer, "source"))
			threshold->per = VP_PER_SOURCE;
		else if (vp_lexer_take(lexer, "flow"))
			threshold->per = VP_PER_FLOW;
		else
			vp_lexer_expected(lexer, lexer->next,
					  "`source` or `flow` behind `per`",
					  "threshold = 5/minute per source");
	}
	vp_read_end(lexer);
}

static void read_set(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	struct vp_rule *rule = object;
	const char *word;
	size_t length = vp_lexer_word(lexer, "", &word);

	(void)v;
	if (!vp_name_is_good(word, length))
		vp_lexer_expected(lexer, word, "the name of a variable of the connection",
				  "set = login-seen");
	else if (vp_read_end(lexer))
		rule->set = vp_strndup(word, length);
}

static bool read_ban(struct vp_lexer *lexer, struct vp_action *action)
{
	const char *at;
	char text[VP_SHORT_MAX];

	if (!vp_read_short(lexer, "", text, &at) ||
	    vp_duration_parse(text, &action->milliseconds))
		return vp_lexer_expected(lexer, at, "a duration behind `ban`", "ban 10m");
	if (action->milliseconds < 1000 || action->milliseconds > UINT64_C(31536000000))
		return vp_lexer_expected(lexer, at, "a duration from 1s to 365d", "ban 10m");
	action->verdict = VP_VERDICT_BAN;
	return true;
}

static void read_action(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	static const enum vp_verdict plain[] = { VP_VERDICT_DROP, VP_VERDICT_REJECT,
						 VP_VERDICT_RESET, VP_VERDICT_ANSWER };
	struct vp_action *action = &((struct vp_rule *)object)->action;
	size_t i = 0;

	(void)v;
	if (vp_lexer_take(lexer, "limit")) {
		if (!read_limit(lexer, action))
			return;
	} else if (vp_lexer_take(lexer, "ban")) {
		if (!read_ban(lexer, action))
			return;
	} else {
		while (i < VP_COUNT(plain) && !vp_lexer_take(lexer, vp_verdict_name(plain[i])))
			i++;
		if (i == VP_COUNT(plain)) {
			vp_lexer_expected(lexer, lexer->next, "an action", action_example);
			return;
		}
		action->verdict = plain[i];
	}
	vp_read_end(lexer);
}

static const struct vp_key keys[] = {
	{ .name = "service", .example = "web", .required = true, .read = read_service },
	{ .name = "direction", .read = read_direction },
	{ .name = "when", .repeats = true, .read = read_when },
	{ .name = "except", .repeats = true, .read = read_except },
	{ .name = "threshold", .read = read_threshold },
	{ .name = "action", .read = read_action },
	{ .name = "set", .read = read_set },
};

static size_t count_key(const struct vp_validation *v, const struct vp_section *section,
			const char *key)
{
	const struct vp_entry *entry = v->definition->entries.data + section->first;
	size_t count = 0;

	for (uint32_t i = 0; i < section->count; i++)
		count += entry[i].key_len == strlen(key) &&
			 !memcmp(entry[i].key, key, entry[i].key_len);
	return count;
}

/* Either something is done, or a variable is set. */
static void check_purpose(struct vp_validation *v, const struct vp_section *section,
			  const struct vp_rule *rule)
{
	size_t actions = count_key(v, section, "action"), sets = count_key(v, section, "set");
	const char *name = rule->name ? rule->name : "?";

	if (!actions && !sets)
		vp_find_error(
			v->findings, &rule->at,
			"expected `action` in [rule %s], found none, e.g. `action = drop`",
			name);
	else if (actions && sets)
		vp_find_error(
			v->findings, &rule->at,
			"expected `action` or `set` in [rule %s], found both; make a rule "
			"of each",
			name);
	else if (sets && count_key(v, section, "threshold"))
		vp_find_error(v->findings, &rule->at,
			      "expected `set` without `threshold` in [rule %s], found both; a "
			      "variable counts by itself, e.g. `when = flow(%s) at-least 5`",
			      name, rule->set ? rule->set : "seen");
	else if (rule->threshold.rate.count && rule->action.verdict == VP_VERDICT_LIMIT)
		vp_find_error(v->findings, &rule->at,
			      "expected `threshold` or `action = limit` in [rule %s], found "
			      "both; above a threshold the action is e.g. `drop` or `ban 10m`",
			      name);
}

void vp_validate_rule(struct vp_validation *v, const struct vp_section *section)
{
	struct vp_rule *rule = vp_array_add(&v->patch->rules);
	const struct vp_service *service = NULL;
	size_t count = count_key(v, section, "when");

	rule->at = vp_section_at(v->definition, section);
	rule->name = vp_read_section_name(v, section);
	rule->service = SIZE_MAX;
	if (count)
		vp_array_reserve(&rule->when, count);
	vp_validate_keys(v, section, keys, VP_COUNT(keys), rule);
	check_purpose(v, section, rule);
	if (rule->service != SIZE_MAX)
		service = &v->patch->services.data[rule->service];
	if (service && !service->ports.len && !service->unit && !service->process)
		service = NULL; /* its own error says why */
	vp_array_each (condition, &rule->when)
		vp_validate_condition(v, condition, service);
	vp_array_each (condition, &rule->except)
		vp_validate_condition(v, condition, service);
}

/* The families of the packets that a condition can hold for. */
static unsigned int condition_families(const struct vp_condition *condition)
{
	enum vp_field_id id = condition->field->id;
	unsigned int families = 0;

	if (id == VP_FIELD_IP_OPT_TYPE || id == VP_FIELD_IP_HDR_LEN ||
	    condition->field->traffic == VP_TRAFFIC_ICMP)
		return VP_FAMILY_IPV4;
	if (id == VP_FIELD_IPV6_EXTHDR_TYPE || id == VP_FIELD_IPV6_ROUTING_TYPE ||
	    condition->field->traffic == VP_TRAFFIC_ICMPV6)
		return VP_FAMILY_IPV6;
	if (condition->negated || condition->other || condition->op != VP_OP_EQUALS)
		return VP_FAMILY_IPV4 | VP_FAMILY_IPV6;
	vp_array_each (value, &condition->values) {
		if (condition->field->type == VP_TYPE_ADDRESS)
			families |= vp_value_families(value);
		else if (id == VP_FIELD_IP_VERSION && value->kind == VP_VALUE_NUMBER)
			families |= value->number.first == 6 ? VP_FAMILY_IPV6 : VP_FAMILY_IPV4;
		else
			families |= VP_FAMILY_IPV4 | VP_FAMILY_IPV6;
	}
	return families;
}

unsigned int vp_rule_families(const struct vp_patch *patch, const struct vp_rule *rule)
{
	unsigned int families = vp_service_families(&patch->services.data[rule->service]);

	vp_array_each (condition, &rule->when)
		if (condition->op != VP_OP_ABSENT)
			families &= condition_families(condition);
	return families;
}

unsigned int vp_rule_traffic(const struct vp_patch *patch, const struct vp_rule *rule)
{
	unsigned int traffic = vp_service_traffic(&patch->services.data[rule->service]);

	vp_array_each (condition, &rule->when)
		if (condition->op != VP_OP_ABSENT)
			traffic &= condition->field->traffic &
				   (condition->other ? condition->other->field->traffic
						     : VP_TRAFFIC_ANY);
	return traffic;
}
