/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers of a unit against each other. A relation holds when a number of its left
 * side and one of its right satisfy the operator. For an order the extremes tell;
 * for equality the different numbers are kept, up to a bound.
 */
#include "modules/inspection/unit_layout.h"

void vp_relation_begin(struct vp_unit *unit)
{
	for (size_t i = 0; i < unit->program->relations.len; i++)
		unit->sides[i][0].count = unit->sides[i][1].count = 0;
	vp_array_each (number, &unit->flow_numbers)
		vp_relation_give(unit, number->atom, number->number);
}

bool vp_relation_present(const struct vp_unit *unit, uint32_t relation)
{
	return unit->sides[relation][0].count && unit->sides[relation][1].count;
}

static bool has(const struct vp_side *side, uint64_t number)
{
	for (uint32_t i = 0; i < side->count; i++)
		if (side->numbers[i] == number)
			return true;
	return false;
}

/* Keep one that is not there. False: there are too many. */
static bool keep(struct vp_unit *unit, struct vp_side *side, uint64_t number)
{
	if (side->count == VP_RELATION_MOST)
		return false;
	if (side->count == side->room) {
		uint32_t room = side->room ? 2 * side->room : 4;

		side->numbers = vp_realloc(side->numbers, room, sizeof(*side->numbers));
		unit->memory += (room - side->room) * sizeof(*side->numbers);
		side->room = room;
	}
	side->numbers[side->count++] = number;
	return true;
}

static void keep_extremes(struct vp_side *side, uint64_t number)
{
	if (!side->count || number < side->least)
		side->least = number;
	if (!side->count || number > side->most)
		side->most = number;
	side->count = 1;
}

static bool ordered(enum vp_operator op, const struct vp_side *left,
		    const struct vp_side *right)
{
	if (op == VP_OP_LESS_THAN)
		return left->least < right->most;
	if (op == VP_OP_AT_MOST)
		return left->least <= right->most;
	return op == VP_OP_GREATER_THAN ? left->most > right->least
					: left->most >= right->least;
}

void vp_relation_give(struct vp_unit *unit, uint32_t number, uint64_t value)
{
	const struct vp_program *program = unit->program;
	const struct vp_atom *atom = &program->atoms.data[number];
	const struct vp_relation *relation = &program->relations.data[atom->relation];
	struct vp_side *sides = unit->sides[atom->relation];
	bool right = relation->sides[1] == number;

	value = vp_number_step(vp_span_of(&program->steps, atom->steps), atom->steps.count,
			       value);
	if (relation->op != VP_OP_EQUALS) {
		keep_extremes(&sides[right], value);
		if (sides[!right].count && ordered(relation->op, &sides[0], &sides[1]))
			vp_truth_hold(unit, relation->atom);
		return;
	}
	if (has(&sides[right], value))
		return;
	if (has(&sides[!right], value))
		vp_truth_hold(unit, relation->atom);
	if (!keep(unit, &sides[right], value))
		vp_truth_unknown(unit, relation->atom, VP_UNIT_BOUND);
}

void vp_relation_free(struct vp_unit *unit)
{
	for (size_t i = 0; i < unit->program->relations.len; i++)
		for (size_t side = 0; side < 2; side++)
			free(unit->sides[i][side].numbers);
	free(unit->sides);
}
