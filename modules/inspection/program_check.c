/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is a program that was read from foreign bytes one that the rest may rely on?
 * Every place lies inside its array, every number means something, and what is
 * searched by halving is sorted.
 */
#include "modules/inspection/program_layout.h"

static bool inside(struct vp_extent span, size_t len)
{
	return span.first <= len && span.count <= len - span.first;
}

static bool terms_sound(const struct vp_program *program, struct vp_extent span, bool positive,
			bool negative)
{
	if (!inside(span, program->terms.len))
		return false;
	for (uint32_t i = 0; i < span.count; i++) {
		bool holds = program->terms.data[span.first + i].sign == VP_TERM_HOLDS;

		if (!(holds ? positive : negative))
			return false;
	}
	return true;
}

static bool rules_sound(const struct vp_program *program)
{
	size_t terms = 0;

	if (program->rules.len != program->terms_of.len)
		return false;
	vp_array_each (rule, &program->terms_of) {
		if (!terms_sound(program, rule->positives, true, false) ||
		    !terms_sound(program, rule->negatives, false, true) ||
		    !terms_sound(program, rule->exceptions, true, true) ||
		    !inside(rule->necessary, program->blob.len))
			return false;
		/* each has terms of its own, so that few bytes do not make much work */
		terms +=
			rule->positives.count + rule->negatives.count + rule->exceptions.count;
		if (terms > program->terms.len)
			return false;
	}
	vp_array_each (term, &program->terms)
		if (term->atom >= program->atoms.len)
			return false;
	return true;
}

static bool steps_sound(const struct vp_program *program, struct vp_extent steps)
{
	if (!inside(steps, program->steps.len))
		return false;
	for (uint32_t i = 0; i < steps.count; i++) {
		enum vp_transform_kind kind = program->steps.data[steps.first + i].kind;

		if (kind != VP_TRANSFORM_MASK && kind != VP_TRANSFORM_PLUS &&
		    kind != VP_TRANSFORM_MINUS && kind != VP_TRANSFORM_TIMES)
			return false;
	}
	return true;
}

/* The place of a slice that the value decides. */
static bool place_sound(const struct vp_program *program, const struct vp_input *input)
{
	const struct vp_slice_start *start = &input->start;

	if (input->from == VP_FROM_START)
		return !start->steps.count && !input->string.count;
	if (!input->sliced)
		return false;
	if (input->from == VP_FROM_NUMBER)
		return start->length && start->length <= 8 && start->offset <= VP_START_MOST &&
		       steps_sound(program, start->steps);
	return inside(input->string, program->blob.len) && input->string.count &&
	       input->string.count <= VP_ANCHOR_MOST && input->length &&
	       input->length <= VP_ANCHOR_REACH && input->offset <= VP_ANCHOR_REACH &&
	       !start->steps.count && !input->transforms.count && !input->base;
}

static bool input_sound(const struct vp_program *program, const struct vp_input *input)
{
	const struct vp_field *field = &vp_fields[input->field];

	if (!inside(input->argument, program->text.len) ||
	    !inside(input->transforms, program->transforms.len) ||
	    !inside(input->patterns, program->patterns.len) ||
	    !inside(input->database, program->blob.len) ||
	    (input->argument.count && field->argument != VP_ARGUMENT_REQUIRED &&
	     field->argument != VP_ARGUMENT_OPTIONAL) ||
	    (!input->sliced && (input->offset || input->length)) ||
	    !place_sound(program, input) ||
	    (input->base && input->base != 10 && input->base != 16) ||
	    (input->patterns.count == 0 && input->database.count))
		return false;
	for (uint32_t i = 0; i < input->transforms.count; i++)
		if (!vp_transform_yields_bytes(
			    program->transforms.data[input->transforms.first + i].kind))
			return false;
	return true;
}

/* The inputs' patterns and transforms are disjoint, in order, and all there are. */
static bool inputs_sound(const struct vp_program *program)
{
	size_t transforms = 0, patterns = 0;

	for (size_t i = 0; i < program->inputs.len; i++) {
		const struct vp_input *input = &program->inputs.data[i];

		if (!input_sound(program, input) || input->transforms.first != transforms ||
		    (input->patterns.count && input->patterns.first != patterns))
			return false;
		transforms += input->transforms.count;
		patterns += input->patterns.count;
		for (uint32_t j = 0; j < input->patterns.count; j++) {
			uint32_t atom = program->patterns.data[input->patterns.first + j].atom;

			if (atom >= program->atoms.len || program->atoms.data[atom].input != i)
				return false;
		}
	}
	return patterns == program->patterns.len;
}

static bool patterns_sound(const struct vp_program *program)
{
	vp_array_each (pattern, &program->patterns) {
		const char *text = program->text.data;

		if (pattern->decider == VP_DECIDED)
			continue;
		if (!inside(pattern->text, program->text.len) || !pattern->text.count ||
		    text[pattern->text.first + pattern->text.count - 1])
			return false;
	}
	return true;
}

static bool numbers_sorted(const struct vp_program *program, struct vp_extent span)
{
	for (uint32_t i = 0; i < span.count; i++) {
		const struct vp_number_range *range = &program->numbers.data[span.first + i];

		if (range->first > range->last || (i && range[-1].last >= range->first))
			return false;
	}
	return true;
}

static bool addresses_sorted(const struct vp_program *program, struct vp_extent span)
{
	for (uint32_t i = 0; i < span.count; i++) {
		const struct vp_address_range *range =
			&program->addresses.data[span.first + i];

		if ((range->first.family != 4 && range->first.family != 6) ||
		    range->first.family != range->last.family ||
		    vp_address_compare(&range->first, &range->last) > 0 ||
		    (i && vp_address_compare(&range[-1].last, &range->first) >= 0))
			return false;
	}
	return true;
}

/* Is the value of the input a number? */
static bool is_number(const struct vp_program *program, uint32_t number)
{
	const struct vp_input *input = &program->inputs.data[number];

	return vp_fields[input->field].type == VP_TYPE_NUMBER || input->base ||
	       (input->sliced && input->length && input->length <= 8 &&
		!input->transforms.count);
}

static bool atom_sound(const struct vp_program *program, const struct vp_atom *atom)
{
	if (atom->input >= program->inputs.len || !steps_sound(program, atom->steps))
		return false;
	switch (atom->source) {
	case VP_ATOM_PRESENCE:
	case VP_ATOM_PATTERNS:
		return true;
	case VP_ATOM_RELATION:
		return atom->relation < program->relations.len;
	case VP_ATOM_VALUE:
		if (!is_number(program, atom->input))
			return false;
		break;
	case VP_ATOM_ADDRESS:
		return inside(atom->ranges, program->addresses.len) &&
		       addresses_sorted(program, atom->ranges);
	case VP_ATOM_LENGTH:
	case VP_ATOM_COUNTED:
	case VP_ATOM_SOURCE_COUNT:
		break;
	}
	return inside(atom->ranges, program->numbers.len) &&
	       numbers_sorted(program, atom->ranges);
}

/* Each relation has three atoms of its own, which name it. */
static bool relations_sound(const struct vp_program *program)
{
	size_t named = 0;

	for (uint32_t i = 0; i < program->relations.len; i++) {
		const struct vp_relation *relation = &program->relations.data[i];
		const struct vp_atom *atoms = program->atoms.data;

		if (relation->atom >= program->atoms.len ||
		    atoms[relation->atom].source != VP_ATOM_RELATION ||
		    atoms[relation->atom].relation != i ||
		    relation->sides[0] == relation->sides[1])
			return false;
		for (size_t side = 0; side < 2; side++) {
			const struct vp_atom *atom = &atoms[relation->sides[side]];

			if (relation->sides[side] >= program->atoms.len ||
			    atom->relation != i ||
			    (atom->source != VP_ATOM_VALUE && atom->source != VP_ATOM_LENGTH &&
			     atom->source != VP_ATOM_COUNTED))
				return false;
		}
		if (atoms[relation->atom].input != atoms[relation->sides[0]].input)
			return false;
	}
	vp_array_each (atom, &program->atoms)
		named += atom->relation != VP_NONE;
	return named == 3 * program->relations.len;
}

bool vp_program_sound(const struct vp_program *program)
{
	size_t ranges = 0, steps = 0;

	if (!inputs_sound(program) || !patterns_sound(program) || !rules_sound(program) ||
	    !relations_sound(program))
		return false;
	vp_array_each (input, &program->inputs)
		steps += input->start.steps.count;
	vp_array_each (atom, &program->atoms) {
		ranges += atom->ranges.count;
		steps += atom->steps.count;
		if (ranges > program->numbers.len + program->addresses.len ||
		    steps > program->steps.len || !atom_sound(program, atom))
			return false;
	}
	return true;
}
