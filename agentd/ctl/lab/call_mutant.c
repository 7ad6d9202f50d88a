/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walks through everything in a section that could be otherwise: see call_mutant.h. */
#include "agentd/ctl/lab/call_mutant.h"

#include <inttypes.h>
#include <string.h>

/* Counts candidates; at the wanted one the mutant is described. */
struct walk {
	size_t wanted, seen;
	struct vp_call_mutant *mutant;
	bool found;
	/* where it is */
	const struct vp_syscalls *syscalls;
	const struct vp_call_term *term;
	size_t section;
};

static bool turn(struct walk *w, enum vp_call_change change, size_t first, size_t count)
{
	if (w->found || w->seen++ != w->wanted)
		return false;
	w->found = true;
	*w->mutant = (struct vp_call_mutant){ .at = w->term->at,
					      .section = w->section,
					      .change = change,
					      .first = first,
					      .count = count };
	return true;
}

static char *words(const struct walk *w, const char *what, const char *name)
{
	return vp_format("syscalls %s: %s%s%s%s of %s", w->syscalls->name, what,
			 name ? " `" : "", name ? name : "", name ? "`" : "", w->term->text);
}

static const struct vp_call_rule *rule_of(const struct walk *w, size_t index)
{
	return &w->syscalls->rules.data[index];
}

static bool asks_for(const struct walk *w, uint8_t argument)
{
	for (size_t i = w->term->first; i < w->term->first + w->term->count; i++)
		vp_array_each (condition, &rule_of(w, i)->conditions)
			if (condition->argument == argument)
				return true;
	return false;
}

static void argument_mutants(struct walk *w)
{
	const struct vp_call_prototype *call = rule_of(w, w->term->first)->prototype;

	for (uint8_t i = 0; i < VP_CALL_ARGUMENTS; i++) {
		if (!asks_for(w, i) ||
		    !turn(w, VP_CHANGE_NO_ARGUMENT, w->term->first, w->term->count))
			continue;
		w->mutant->condition = i;
		w->mutant->what = words(w, "any", call->arguments[i].name);
	}
}

static void rule_mutants(struct walk *w)
{
	for (size_t i = 0; i < w->term->count && w->term->count > 1; i++)
		if (turn(w, VP_CHANGE_NO_RULE, w->term->first + i, 1))
			w->mutant->what = vp_format(
				"syscalls %s: without alternative %zu of %zu of %s",
				w->syscalls->name, i + 1, w->term->count, w->term->text);
}

static void change_value(struct walk *w, size_t rule, size_t condition, uint64_t mask,
			 uint64_t value)
{
	const struct vp_call_condition *old = &rule_of(w, rule)->conditions.data[condition];

	if (!turn(w, VP_CHANGE_VALUE, rule, 1))
		return;
	w->mutant->condition = condition;
	w->mutant->mask = mask;
	w->mutant->value = value;
	w->mutant->what = vp_format("syscalls %s: 0x%" PRIx64 " became 0x%" PRIx64 " in %s",
				    w->syscalls->name, old->value ? old->value : old->mask,
				    old->value ? value : mask, w->term->text);
}

/* Of flags, all or any of which must be set, each one. */
static void flag_mutants(struct walk *w, size_t rule, size_t index)
{
	const struct vp_call_condition *condition = &rule_of(w, rule)->conditions.data[index];
	uint64_t mask = condition->mask, value = condition->value;

	if (!(mask & (mask - 1)) || (value && value != mask))
		return;
	for (uint64_t bit = 1; bit; bit <<= 1)
		if (mask & bit)
			change_value(w, rule, index, mask & ~bit, value & ~bit);
}

/* Of an order the bound. */
static void bound_mutants(struct walk *w, size_t rule, size_t index)
{
	const struct vp_call_condition *condition = &rule_of(w, rule)->conditions.data[index];
	uint64_t mask = condition->mask, value = condition->value;

	if (value > 0)
		change_value(w, rule, index, mask, value - 1);
	if (value < mask)
		change_value(w, rule, index, mask, value + 1);
}

static void value_mutants(struct walk *w, size_t rule, size_t index)
{
	const struct vp_call_condition *condition = &rule_of(w, rule)->conditions.data[index];

	switch (condition->compare) {
	case VP_CALL_EQUAL:
		if (condition->value)
			flag_mutants(w, rule, index);
		break;
	case VP_CALL_UNEQUAL:
		if (!condition->value)
			flag_mutants(w, rule, index);
		break;
	case VP_CALL_LESS:
	case VP_CALL_GREATER:
	case VP_CALL_AT_LEAST:
	case VP_CALL_AT_MOST:
	default:
		bound_mutants(w, rule, index);
	}
}

static void term_mutants(struct walk *w)
{
	const struct vp_call_term *term = w->term;

	if (turn(w, VP_CHANGE_NO_TERM, term->first, term->count))
		w->mutant->what = vp_format("syscalls %s: deleted: deny = %s",
					    w->syscalls->name, term->text);
	if (!term->count || vp_call_set_find(term->text, strlen(term->text)))
		return;
	rule_mutants(w);
	argument_mutants(w);
	for (size_t i = term->first; i < term->first + term->count; i++)
		for (size_t k = 0; k < rule_of(w, i)->conditions.len; k++)
			value_mutants(w, i, k);
}

static void walk_patch(struct walk *w, const struct vp_patch *patch)
{
	for (size_t i = 0; i < patch->syscalls.len; i++) {
		w->section = i;
		w->syscalls = &patch->syscalls.data[i];
		vp_array_each (term, &w->syscalls->deny) {
			w->term = term;
			term_mutants(w);
		}
	}
}

size_t vp_call_mutant_count(const struct vp_patch *patch)
{
	struct walk w = { .wanted = SIZE_MAX };

	walk_patch(&w, patch);
	return w.seen;
}

bool vp_call_mutant_get(const struct vp_patch *patch, size_t index,
			struct vp_call_mutant *mutant)
{
	struct walk w = { .wanted = index, .mutant = mutant };

	*mutant = (struct vp_call_mutant){ 0 };
	walk_patch(&w, patch);
	return w.found;
}

void vp_call_mutant_free(struct vp_call_mutant *mutant)
{
	free(mutant->what);
	*mutant = (struct vp_call_mutant){ 0 };
}

static void copy_rule(const struct vp_call_rule *rule, const struct vp_call_mutant *mutant,
		      struct vp_call_rule *out)
{
	*out = *rule;
	memset(&out->conditions, 0, sizeof(out->conditions));
	for (size_t i = 0; i < rule->conditions.len; i++) {
		struct vp_call_condition condition = rule->conditions.data[i];

		if (mutant && mutant->change == VP_CHANGE_NO_ARGUMENT &&
		    condition.argument == mutant->condition)
			continue;
		if (mutant && mutant->change == VP_CHANGE_VALUE && mutant->condition == i) {
			condition.mask = mutant->mask;
			condition.value = mutant->value;
		}
		vp_array_push(&out->conditions, condition);
	}
}

bool vp_call_mutant_rule(const struct vp_call_mutant *mutant, const struct vp_patch *patch,
			 size_t section, size_t rule, struct vp_call_rule *out)
{
	if (mutant && (mutant->section != section || rule < mutant->first ||
		       rule >= mutant->first + mutant->count))
		mutant = NULL;
	if (mutant &&
	    (mutant->change == VP_CHANGE_NO_TERM || mutant->change == VP_CHANGE_NO_RULE))
		return false;
	copy_rule(&patch->syscalls.data[section].rules.data[rule], mutant, out);
	return true;
}
