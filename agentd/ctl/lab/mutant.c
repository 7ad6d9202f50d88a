/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walks through everything in a patch that could be otherwise. Pure. */
#include "agentd/ctl/lab/mutant.h"

#include <stdlib.h>

#include "lib/cleanup.h"
#include "policy/policy.h"

/* Counts candidates; at the wanted one the change is made. */
struct walk {
	size_t wanted, seen;
	struct vp_mutant *mutant;
	const struct vp_patch *patch;
	bool found;
};

static bool turn(struct walk *w, const struct vp_location *at)
{
	if (w->seen++ != w->wanted)
		return false;
	w->found = true;
	w->mutant->at = *at;
	return true;
}

/* Remember `size` bytes at `at`, which are about to change. */
static void save(struct walk *w, void *at, size_t size)
{
	w->mutant->change.at = at;
	w->mutant->change.old = vp_memdup(at, size);
	w->mutant->change.size = size;
}

static void take_out(struct walk *w, void *data, size_t *len, size_t index, size_t size)
{
	uint8_t *bytes = data;

	w->mutant->removal.data = data;
	w->mutant->removal.element = vp_memdup(bytes + index * size, size);
	w->mutant->removal.len = len;
	w->mutant->removal.index = index;
	w->mutant->removal.size = size;
	memmove(bytes + index * size, bytes + (index + 1) * size, (*len - index - 1) * size);
	--*len;
}

#define take_out_of(w, array, index)                                                          \
	take_out(w, (array)->data, &(array)->len, index, sizeof(*(array)->data))

static char *condition_text(const struct vp_condition *condition)
{
	struct vp_strbuf text = { 0 };

	vp_condition_print(condition, &text);
	return vp_strbuf_take(&text);
}

static char *value_text(const struct vp_value *value)
{
	struct vp_strbuf text = { 0 };

	vp_value_print(value, &text);
	return vp_strbuf_take(&text);
}

/* Put another value in its place. `owner`: "rule NAME" or "set NAME". */
static void replace(struct walk *w, struct vp_value *value, const struct vp_value *by,
		    const char *owner)
{
	_cleanup_free_ char *before = value_text(value);
	_cleanup_free_ char *after = NULL;

	save(w, value, sizeof(*value));
	*value = *by;
	after = value_text(value);
	w->mutant->what = vp_format("%s: %s became %s", owner, before, after);
}

static void number_mutants(struct walk *w, struct vp_value *value, uint64_t max,
			   const char *owner)
{
	bool single = value->number.first == value->number.last;

	for (int bound = 0; bound < (single ? 1 : 2); bound++)
		for (int by = -1; by <= 1; by += 2) {
			struct vp_value other = *value;
			uint64_t *end = bound ? &other.number.last : &other.number.first;

			if ((by < 0 && *end == 0) || (by > 0 && *end >= max))
				continue;
			*end += (uint64_t)(int64_t)by;
			if (single)
				other.number.last = *end;
			if (other.number.first > other.number.last)
				continue;
			if (turn(w, &value->at))
				replace(w, value, &other, owner);
		}
}

static void bytes_mutants(struct walk *w, struct vp_value *value, const char *owner)
{
	size_t len = value->bytes.len;

	for (size_t i = 0; i<len; i += len> 1 ? len - 1 : 1) {
		_cleanup_free_ char *before = NULL;
		_cleanup_free_ char *after = NULL;

		if (!turn(w, &value->at))
			continue;
		before = value_text(value);
		save(w, &value->bytes.data[i], 1);
		value->bytes.data[i] ^= 1;
		after = value_text(value);
		w->mutant->what = vp_format("%s: %s became %s", owner, before, after);
	}
}

static void address_mutants(struct walk *w, struct vp_value *value, const char *owner)
{
	/* each end, inwards and outwards; a single address moves instead of shrinking to
	 * nothing */
	for (int end = 0; end < 2; end++)
		for (int by = -1; by <= 1; by += 2) {
			struct vp_value other = *value;
			struct vp_address_range *range = &other.address;

			if (!vp_address_step(end ? &range->last : &range->first, by))
				continue;
			if (vp_address_compare(&range->first, &range->last) > 0)
				*(end ? &range->first : &range->last) =
					end ? range->last : range->first;
			if (turn(w, &value->at))
				replace(w, value, &other, owner);
		}
}

static void value_mutants(struct walk *w, struct vp_value *value, uint64_t max,
			  const char *owner)
{
	switch (value->kind) {
	case VP_VALUE_NUMBER:
		number_mutants(w, value, max, owner);
		break;
	case VP_VALUE_BYTES:
		bytes_mutants(w, value, owner);
		break;
	case VP_VALUE_ADDRESS:
		address_mutants(w, value, owner);
		break;
	case VP_VALUE_REGEX: /* stands for strings that only its engine knows */
	case VP_VALUE_SET:   /* its values, once for all that name it */
	default:
		break;
	}
}

/* Bits of the number that a condition reads. */
static unsigned int width(const struct vp_condition *condition)
{
	if (condition->field->type == VP_TYPE_SLICE)
		return condition->length && condition->length <= 8 ? condition->length * 8
								   : 64;
	return condition->field->bits ? condition->field->bits : 64;
}

static uint64_t largest(const struct vp_condition *condition)
{
	unsigned int bits = width(condition);

	return bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

static void mask_mutants(struct walk *w, struct vp_condition *condition, const char *owner)
{
	for (size_t i = 0; i < condition->transforms.len; i++) {
		struct vp_transform *transform = &condition->transforms.data[i];
		unsigned int bits = width(condition);

		if (transform->kind != VP_TRANSFORM_MASK)
			continue;
		for (unsigned int bit = 0; bit < bits; bit++) {
			uint64_t before = transform->number;

			if (!turn(w, &condition->at))
				continue;
			save(w, &transform->number, sizeof(transform->number));
			transform->number ^= UINT64_C(1) << bit;
			w->mutant->what = vp_format("%s: mask(0x%llx) became mask(0x%llx)",
						    owner, (unsigned long long)before,
						    (unsigned long long)transform->number);
		}
	}
}

static void offset_mutants(struct walk *w, struct vp_condition *condition, const char *owner)
{
	if (condition->field->type != VP_TYPE_SLICE || condition->start)
		return; /* the traffic has the offset */
	for (int by = -1; by <= 1; by += 2) {
		_cleanup_free_ char *before = NULL;
		_cleanup_free_ char *after = NULL;

		if ((by < 0 && !condition->offset) || !turn(w, &condition->at))
			continue;
		before = condition_text(condition);
		save(w, &condition->offset, sizeof(condition->offset));
		condition->offset += (uint32_t)by;
		after = condition_text(condition);
		w->mutant->what = vp_format("%s: %s became %s", owner, before, after);
		return;
	}
}

/* Of a field that is there or not, the other one is the opposite. */
static void negate(struct walk *w, struct vp_condition *condition)
{
	if (condition->op == VP_OP_PRESENT || condition->op == VP_OP_ABSENT) {
		save(w, &condition->op, sizeof(condition->op));
		condition->op = condition->op == VP_OP_PRESENT ? VP_OP_ABSENT : VP_OP_PRESENT;
		return;
	}
	save(w, &condition->negated, sizeof(condition->negated));
	condition->negated = !condition->negated;
}

static void condition_mutants(struct walk *w, struct vp_conditions *conditions, size_t index,
			      const char *key, const char *owner)
{
	struct vp_condition *condition = &conditions->data[index];

	if (turn(w, &condition->at)) {
		_cleanup_free_ char *text = condition_text(condition);

		w->mutant->what = vp_format("%s: deleted: %s = %s", owner, key, text);
		take_out_of(w, conditions, index);
		return;
	}
	if (turn(w, &condition->at)) {
		_cleanup_free_ char *text = NULL;

		negate(w, condition);
		text = condition_text(condition);
		w->mutant->what = vp_format("%s: negated: %s = %s", owner, key, text);
	}
	offset_mutants(w, condition, owner);
	mask_mutants(w, condition, owner);
	for (size_t i = 0; i < condition->values.len && !w->found; i++)
		value_mutants(w, &condition->values.data[i], largest(condition), owner);
}

/* Of a limit, or a threshold. */
static void burst_mutant(struct walk *w, struct vp_rule *rule, uint32_t *burst, uint32_t other)
{
	if (other == *burst || !turn(w, &rule->at))
		return;
	w->mutant->what = vp_format("rule %s: burst %u became %u", rule->name, *burst, other);
	save(w, burst, sizeof(*burst));
	*burst = other;
}

static void burst_mutants(struct walk *w, struct vp_rule *rule, uint32_t *burst)
{
	burst_mutant(w, rule, burst, *burst * 2);
	burst_mutant(w, rule, burst, *burst > 1 ? *burst / 2 : 1);
}

static void rate_mutant(struct walk *w, struct vp_rule *rule, bool doubled)
{
	struct vp_rate *rate = &rule->action.rate, before = *rate;

	if ((double)rate->seconds / (double)rate->count > VP_RATE_PATIENCE ||
	    !turn(w, &rule->at))
		return;
	save(w, rate, sizeof(*rate));
	if (doubled)
		rate->count *= 2;
	else if (rate->count % 2 == 0)
		rate->count /= 2;
	else if (rate->seconds == 1)
		*rate = (struct vp_rate){ before.count * 30, 60 };
	else
		rate->seconds *= 2;
	w->mutant->what =
		vp_format("rule %s: rate %llu per %u s became %llu per %u s", rule->name,
			  (unsigned long long)before.count, before.seconds,
			  (unsigned long long)rate->count, rate->seconds);
}

static void source_mutant(struct walk *w, struct vp_rule *rule)
{
	struct vp_action *action = &rule->action;

	if (!turn(w, &rule->at))
		return;
	w->mutant->what = vp_format("rule %s: %s", rule->name,
				    action->per_source ? "one limit for all sources"
						       : "a limit per source");
	save(w, &action->per_source, sizeof(action->per_source));
	action->per_source = !action->per_source;
}

static void rule_mutants(struct walk *w, struct vp_patch *patch, size_t index)
{
	struct vp_rule *rule = &patch->rules.data[index];
	_cleanup_free_ char *owner = vp_format("rule %s", rule->name);

	if (turn(w, &rule->at)) {
		w->mutant->what = vp_format("rule %s: deleted", rule->name);
		take_out_of(w, &patch->rules, index);
		return;
	}
	/* a variable is set in either mode */
	if (!rule->set && turn(w, &rule->at)) {
		w->mutant->what = vp_format("rule %s: only monitored", rule->name);
		w->mutant->monitored = rule->name;
	}
	for (size_t i = 0; i < rule->when.len && !w->found; i++)
		condition_mutants(w, &rule->when, i, "when", owner);
	for (size_t i = 0; i < rule->except.len && !w->found; i++)
		condition_mutants(w, &rule->except, i, "except", owner);
	if (rule->threshold.rate.count && !w->found)
		burst_mutants(w, rule, &rule->threshold.burst);
	if (rule->action.verdict != VP_VERDICT_LIMIT || w->found)
		return;
	burst_mutants(w, rule, &rule->action.burst);
	rate_mutant(w, rule, true);
	rate_mutant(w, rule, false);
	source_mutant(w, rule);
}

static bool names_set(const struct vp_conditions *conditions, const struct vp_set *set,
		      uint64_t *max)
{
	bool named = false;

	for (size_t i = 0; i < conditions->len; i++) {
		const struct vp_condition *condition = &conditions->data[i];

		for (size_t k = 0; k < condition->values.len; k++)
			if (condition->values.data[k].kind == VP_VALUE_SET &&
			    condition->values.data[k].reference.set == set) {
				named = true;
				*max = largest(condition);
			}
	}
	return named;
}

static void set_mutants(struct walk *w, struct vp_patch *patch, struct vp_set *set)
{
	_cleanup_free_ char *owner = vp_format("set %s", set->name);
	uint64_t max = UINT64_MAX;
	bool named = false;

	for (size_t i = 0; i < patch->rules.len; i++) {
		named |= names_set(&patch->rules.data[i].when, set, &max);
		named |= names_set(&patch->rules.data[i].except, set, &max);
	}
	for (size_t i = 0; i < set->values.len && named && !w->found; i++)
		value_mutants(w, &set->values.data[i], max, owner);
}

static void service_mutants(struct walk *w, struct vp_service *service)
{
	for (size_t i = 0; i < service->addresses.len && !w->found; i++) {
		struct vp_value *value = &service->addresses.data[i];

		if (turn(w, &value->at)) {
			_cleanup_free_ char *text = value_text(value);

			w->mutant->what = vp_format("service %s: deleted: address = %s",
						    service->name, text);
			take_out_of(w, &service->addresses, i);
		}
	}
	for (size_t i = 0; i < service->ports.len && service->ports.len > 1 && !w->found;
	     i++) {
		char text[40];

		if (turn(w, &service->ports.data[i].at)) {
			w->mutant->what =
				vp_format("service %s: deleted: ports = %s", service->name,
					  vp_port_range_print(&service->ports.data[i], text));
			take_out_of(w, &service->ports, i);
		}
	}
}

static void walk_patch(struct walk *w, struct vp_patch *patch)
{
	for (size_t i = 0; i < patch->rules.len && !w->found; i++)
		rule_mutants(w, patch, i);
	for (size_t i = 0; i < patch->sets.len && !w->found; i++)
		set_mutants(w, patch, &patch->sets.data[i]);
	for (size_t i = 0; i < patch->services.len && !w->found; i++)
		service_mutants(w, &patch->services.data[i]);
}

size_t vp_mutant_count(struct vp_patch *patch)
{
	struct walk w = { .wanted = SIZE_MAX, .patch = patch };

	walk_patch(&w, patch);
	return w.seen;
}

bool vp_mutant_apply(struct vp_patch *patch, size_t index, struct vp_mutant *mutant)
{
	struct walk w = { .wanted = index, .mutant = mutant, .patch = patch };

	*mutant = (struct vp_mutant){ 0 };
	walk_patch(&w, patch);
	return w.found;
}

void vp_mutant_undo(struct vp_mutant *mutant)
{
	if (mutant->change.at)
		memcpy(mutant->change.at, mutant->change.old, mutant->change.size);
	if (mutant->removal.data) {
		size_t size = mutant->removal.size, index = mutant->removal.index;
		uint8_t *at = mutant->removal.data + index * size;

		memmove(at + size, at, (*mutant->removal.len - index) * size);
		memcpy(at, mutant->removal.element, size);
		++*mutant->removal.len;
	}
	free(mutant->change.old);
	free(mutant->removal.element);
	free(mutant->what);
	*mutant = (struct vp_mutant){ 0 };
}
