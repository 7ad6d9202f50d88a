/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From atoms to rules. A rule waits for one of its positive atoms at a time, so
 * an atom that comes true costs only the rules that wait for it, and rules of
 * which nothing comes true cost nothing. When all positives of a rule hold, it
 * fires at once, or when its negatives and exceptions are certain.
 */
#include "modules/inspection/unit_layout.h"

/* Is there what the atom is about? */
static bool atom_present(const struct vp_unit *unit, uint32_t number)
{
	const struct vp_atom *atom = &unit->program->atoms.data[number];

	if (atom->source == VP_ATOM_RELATION)
		return vp_relation_present(unit, atom->relation);
	return vp_bit(unit->present, atom->input);
}

/* Of a variable that may have been set unseen it is not known. */
static bool is_absent(const struct vp_unit *unit, uint32_t number)
{
	const struct vp_program *program = unit->program;
	uint64_t variable = program->inputs.data[program->atoms.data[number].input].variable;

	if (atom_present(unit, number))
		return false;
	return !variable ||
	       (unit->flow.variables && vp_variable_absent(unit->flow.variables, variable));
}

static bool term_holds(const struct vp_unit *unit, const struct vp_term *term)
{
	switch (term->sign) {
	case VP_TERM_HOLDS:
		return vp_bit(unit->holds, term->atom);
	case VP_TERM_NOT:
		return atom_present(unit, term->atom) && !vp_bit(unit->holds, term->atom);
	case VP_TERM_ABSENT:
	case VP_TERM_SIGN_COUNT:
		break;
	}
	return is_absent(unit, term->atom);
}

static bool is_unknown(const struct vp_unit *unit, uint32_t atom)
{
	vp_array_each (unknown, &unit->unknown)
		if (unknown->atom == atom)
			return true;
	return false;
}

/* The same, and certain: a failure leaves neither the one nor the other. */
static bool term_known(const struct vp_unit *unit, const struct vp_term *term)
{
	return !unit->unknown.len || vp_bit(unit->holds, term->atom) ||
	       !is_unknown(unit, term->atom);
}

static bool negatives_hold(const struct vp_unit *unit, const struct vp_rule_terms *rule)
{
	const struct vp_term *terms = unit->program->terms.data;

	for (uint32_t i = 0; i < rule->negatives.count; i++) {
		const struct vp_term *term = &terms[rule->negatives.first + i];

		if (!term_known(unit, term) || !term_holds(unit, term))
			return false;
	}
	for (uint32_t i = 0; i < rule->exceptions.count; i++) {
		const struct vp_term *term = &terms[rule->exceptions.first + i];

		if (!term_known(unit, term) || term_holds(unit, term))
			return false;
	}
	return true;
}

/* The rule holds: a hit, or once more for its variable. */
static void rule_hit(struct vp_unit *unit, uint32_t number)
{
	uint64_t variable = unit->program->rules.data[number].variable;

	if (!variable)
		vp_array_push(&unit->hits, number);
	else if (unit->flow.variables)
		vp_variable_count(unit->flow.variables, variable);
}

/* All positives of the rule hold. */
static void rule_ready(struct vp_unit *unit, uint32_t number)
{
	const struct vp_rule_terms *rule = &unit->program->terms_of.data[number];

	if (unit->program->rules.data[number].direction != unit->flow.direction)
		return;
	if (rule->certain > unit->certain)
		vp_array_push(&unit->ready, number);
	else if (negatives_hold(unit, rule))
		rule_hit(unit, number);
}

/* Let the rule wait for another of its atoms, if one does not hold yet. */
static void rule_advance(struct vp_unit *unit, uint32_t number)
{
	const struct vp_rule_terms *rule = &unit->program->terms_of.data[number];
	const struct vp_term *terms = vp_span_of(&unit->program->terms, rule->positives);

	for (uint32_t i = 0; i < rule->positives.count; i++) {
		uint32_t atom = terms[i].atom;

		if (vp_bit(unit->holds, atom))
			continue;
		if (unit->waiting[atom] == VP_NONE)
			vp_array_push(&unit->moved, atom);
		unit->next[number] = unit->waiting[atom];
		unit->waiting[atom] = number;
		return;
	}
	rule_ready(unit, number);
}

void vp_truth_hold(struct vp_unit *unit, uint32_t atom)
{
	if (vp_bit(unit->holds, atom))
		return;
	vp_bit_set(unit->holds, atom);
	vp_index_each(rule, &unit->program->watchers_of, atom) rule_advance(unit, *rule);
	for (uint32_t rule = unit->waiting[atom]; rule != VP_NONE;) {
		uint32_t next = unit->next[rule];

		rule_advance(unit, rule);
		rule = next;
	}
	unit->waiting[atom] = VP_NONE;
}

static void count_atoms(struct vp_unit *unit, enum vp_stage_of_unit stage)
{
	const struct vp_program *program = unit->program;

	vp_index_each(number, &program->counted_at, stage)
	{
		const struct vp_atom *atom = &program->atoms.data[*number];
		uint32_t count = unit->values[atom->input];

		if (count && atom->relation != VP_NONE)
			vp_relation_give(unit, *number, count);
		else if (count && vp_atom_within(program, atom, count))
			vp_truth_hold(unit, *number);
	}
}

void vp_truth_certain(struct vp_unit *unit, enum vp_stage_of_unit stage)
{
	const struct vp_program *program = unit->program;
	size_t kept = 0;

	for (unsigned int s = unit->certain + 1u; s <= (unsigned int)stage; s++) {
		count_atoms(unit, s);
		unit->certain = s;
		vp_index_each(rule, &program->plain_at, s) rule_ready(unit, *rule);
	}
	for (size_t i = 0; i < unit->ready.len; i++) {
		const struct vp_rule_terms *rule =
			&program->terms_of.data[unit->ready.data[i]];

		if (rule->certain > unit->certain)
			unit->ready.data[kept++] = unit->ready.data[i];
		else if (negatives_hold(unit, rule))
			rule_hit(unit, unit->ready.data[i]);
	}
	unit->ready.len = kept;
}

/* What units before this one have set. */
static void take_variables(struct vp_unit *unit)
{
	const struct vp_program *program = unit->program;

	if (!unit->flow.variables)
		return;
	vp_index_each(group, &program->groups_of, VP_FIELD_FLOW)
	{
		vp_index_each(input, &program->inputs_of, *group)
		{
			uint32_t count = vp_variable_get(
				unit->flow.variables, program->inputs.data[*input].variable);

			if (count)
				vp_reading_number(unit, *input, count);
		}
	}
}

void vp_truth_begin(struct vp_unit *unit)
{
	const struct vp_program *program = unit->program;

	memset(unit->holds, 0, vp_bit_words(program->atoms.len) * sizeof(*unit->holds));
	memset(unit->present, 0, vp_bit_words(program->inputs.len) * sizeof(*unit->present));
	memset(unit->values, 0, program->inputs.len * sizeof(*unit->values));
	vp_array_each (atom, &unit->moved)
		unit->waiting[*atom] = VP_NONE;
	unit->moved.len = unit->ready.len = unit->unknown.len = 0;
	unit->certain = VP_STAGE_FLOW;
	vp_array_each (input, &unit->flow_inputs) {
		vp_bit_set(unit->present, *input);
		unit->values[*input] = 1;
	}
	vp_array_each (atom, &unit->flow_atoms)
		vp_truth_hold(unit, *atom);
	vp_relation_begin(unit);
	take_variables(unit);
	count_atoms(unit, VP_STAGE_FLOW);
	vp_index_each(rule, &program->plain_at, VP_STAGE_FLOW) rule_ready(unit, *rule);
}

void vp_truth_unknown(struct vp_unit *unit, uint32_t atom, enum vp_unit_failure failure)
{
	if (!vp_bit(unit->holds, atom) && !is_unknown(unit, atom))
		vp_array_push(&unit->unknown, ((struct vp_unknown){ atom, failure }));
}

void vp_truth_unknown_input(struct vp_unit *unit, uint32_t input, enum vp_unit_failure failure)
{
	vp_index_each(atom, &unit->program->atoms_of,
		      input) if (unit->program->atoms.data[*atom].source != VP_ATOM_PRESENCE &&
				 unit->program->atoms.data[*atom].source != VP_ATOM_COUNTED)
		vp_truth_unknown(unit, *atom, failure);
}

/* Can what the term says still turn out so, or is it so? */
static bool term_possible(const struct vp_unit *unit, const struct vp_term *term)
{
	if (unit->program->atoms.data[term->atom].stage > unit->certain)
		return term->sign == VP_TERM_HOLDS || !vp_bit(unit->holds, term->atom);
	return term_holds(unit, term) || !term_known(unit, term);
}

static bool rule_possible(const struct vp_unit *unit, uint32_t number)
{
	const struct vp_program *program = unit->program;
	const struct vp_rule_terms *rule = &program->terms_of.data[number];
	const struct vp_term *terms = program->terms.data;

	if (program->rules.data[number].direction != unit->flow.direction)
		return false;
	for (uint32_t i = 0; i < rule->positives.count; i++)
		if (!term_possible(unit, &terms[rule->positives.first + i]))
			return false;
	for (uint32_t i = 0; i < rule->negatives.count; i++)
		if (!term_possible(unit, &terms[rule->negatives.first + i]))
			return false;
	for (uint32_t i = 0; i < rule->exceptions.count; i++) {
		const struct vp_term *term = &terms[rule->exceptions.first + i];
		enum vp_stage_of_unit stage = program->atoms.data[term->atom].stage;

		/* once true, only what is said of a value stays true */
		if (term_holds(unit, term) && term_known(unit, term) &&
		    (term->sign == VP_TERM_HOLDS || stage <= unit->certain))
			return false;
	}
	return true;
}

bool vp_truth_awaits(const struct vp_unit *unit, uint32_t input)
{
	const struct vp_program *program = unit->program;

	vp_index_each(atom, &program->atoms_of, input)
	{
		if (vp_bit(unit->holds, *atom))
			continue;
		vp_index_each(rule, &program->users_of,
			      *atom) if (rule_possible(unit, *rule)) return true;
	}
	return false;
}

enum vp_unit_failure vp_truth_failure(const struct vp_unit *unit, size_t *rule)
{
	const struct vp_program *program = unit->program;
	enum vp_unit_failure failure = VP_UNIT_FINE;

	*rule = SIZE_MAX;
	vp_array_each (unknown, &unit->unknown) {
		if (vp_bit(unit->holds, unknown->atom))
			continue;
		vp_index_each(user, &program->users_of, unknown->atom)
		{
			bool enforced = program->rules.data[*user].mode == VP_MODE_ENFORCE;

			if (!rule_possible(unit, *user))
				continue;
			/* the first rule, but an enforced one before those that watch */
			if (*rule != SIZE_MAX &&
			    (program->rules.data[*rule].mode == VP_MODE_ENFORCE) == enforced &&
			    *rule <= *user)
				continue;
			if (*rule != SIZE_MAX && !enforced &&
			    program->rules.data[*rule].mode == VP_MODE_ENFORCE)
				continue;
			failure = unknown->failure;
			*rule = *user;
		}
	}
	return failure;
}
