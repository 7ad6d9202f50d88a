/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a condition is evaluated: which of its transforms yield bytes, and what is
 * compared behind them. It refuses what no atom can say, and compiles nothing.
 */
#include "modules/inspection/program_condition.h"

#include <errno.h>

static int fail_at(struct vp_error *err, const struct vp_location *at, const char *text)
{
	return vp_fail(err, -EOPNOTSUPP, "%s:%u: inspection cannot evaluate this: %s",
		       at->file ? at->file : "?", at->line, text);
}

static bool any_value_is(const struct vp_values *values, enum vp_value_kind kind)
{
	vp_array_each (value, values)
		if (value->kind == kind ||
		    (value->kind == VP_VALUE_SET && value->reference.set &&
		     any_value_is(&value->reference.set->values, kind)))
			return true;
	return false;
}

static enum vp_atom_source source_of(const struct vp_condition *condition, bool number)
{
	if (condition->op == VP_OP_PRESENT || condition->op == VP_OP_ABSENT)
		return VP_ATOM_PRESENCE;
	if (condition->field->type == VP_TYPE_ADDRESS)
		return VP_ATOM_ADDRESS;
	if (number || condition->other || condition->field->type == VP_TYPE_NUMBER ||
	    (condition->op >= VP_OP_LESS_THAN && condition->op <= VP_OP_AT_LEAST) ||
	    any_value_is(&condition->values, VP_VALUE_NUMBER))
		return VP_ATOM_VALUE;
	return VP_ATOM_PATTERNS;
}

static bool is_step(enum vp_transform_kind kind)
{
	return kind == VP_TRANSFORM_MASK || kind == VP_TRANSFORM_PLUS ||
	       kind == VP_TRANSFORM_MINUS || kind == VP_TRANSFORM_TIMES;
}

/* One that makes a number of what is before it. False: it is none, or not the first. */
static bool read_maker(enum vp_transform_kind kind, struct vp_condition_reading *reading)
{
	if (reading->step_count || reading->little_endian || reading->base ||
	    reading->source != VP_ATOM_SOURCE_COUNT)
		return false;
	if (kind == VP_TRANSFORM_LITTLE_ENDIAN)
		reading->little_endian = true;
	else if (kind == VP_TRANSFORM_LENGTH)
		reading->source = VP_ATOM_LENGTH;
	else if (kind == VP_TRANSFORM_COUNT_OF)
		reading->source = VP_ATOM_COUNTED;
	else
		reading->base = kind == VP_TRANSFORM_DECIMAL ? 10 : 16;
	return true;
}

static int reading_of(struct vp_error *err, const struct vp_condition *condition,
		      struct vp_condition_reading *reading)
{
	bool number = false;

	*reading = (struct vp_condition_reading){ .source = VP_ATOM_SOURCE_COUNT };
	for (size_t i = 0; i < condition->transforms.len; i++) {
		enum vp_transform_kind kind = condition->transforms.data[i].kind;
		bool bytes = vp_transform_yields_bytes(kind);

		if (bytes && number)
			return fail_at(err, &condition->at,
				       "a transform of bytes behind one that makes a number");
		number |= !bytes;
		if (bytes) {
			reading->bytes++;
		} else if (is_step(kind)) {
			reading->steps = i - reading->step_count;
			reading->step_count++;
		} else if (!read_maker(kind, reading)) {
			return fail_at(err, &condition->at, "a number made of a number");
		}
	}
	if (reading->source == VP_ATOM_SOURCE_COUNT || condition->op == VP_OP_PRESENT ||
	    condition->op == VP_OP_ABSENT)
		reading->source = source_of(condition, number);
	return 0;
}

/* Only of so many bytes a number can be made. */
static bool is_number(const struct vp_condition *condition,
		      const struct vp_condition_reading *reading)
{
	return condition->field->type == VP_TYPE_NUMBER || reading->base ||
	       (condition->field->type == VP_TYPE_SLICE && condition->length &&
		condition->length <= 8 && !reading->bytes);
}

static int check_value(struct vp_error *err, const struct vp_condition *condition,
		       const struct vp_condition_reading *reading,
		       const struct vp_value *value, const struct vp_location *at)
{
	bool orders = condition->op >= VP_OP_LESS_THAN && condition->op <= VP_OP_AT_LEAST;
	bool plain = !reading->step_count && !reading->little_endian && !reading->base;

	switch (value->kind) {
	case VP_VALUE_NUMBER:
		if (reading->source == VP_ATOM_PATTERNS || reading->source == VP_ATOM_ADDRESS)
			return fail_at(err, at, "a number");
		break;
	case VP_VALUE_ADDRESS:
		if (reading->source != VP_ATOM_ADDRESS)
			return fail_at(err, at, "an address");
		break;
	case VP_VALUE_BYTES:
		if (reading->source == VP_ATOM_PATTERNS)
			break;
		if (reading->source != VP_ATOM_VALUE || !plain ||
		    condition->field->type != VP_TYPE_SLICE)
			return fail_at(err, at, "a string compared with a number");
		if (orders && value->bytes.len != condition->length)
			return fail_at(err, at,
				       "the order of a slice and a string of another length");
		break;
	case VP_VALUE_REGEX:
		if (reading->source != VP_ATOM_PATTERNS)
			return fail_at(err, at, "a pattern on a number");
		break;
	case VP_VALUE_SET:
		if (!value->reference.set)
			return fail_at(err, at, "a set that is not resolved");
		vp_array_each (element, &value->reference.set->values) {
			int code = check_value(err, condition, reading, element, at);

			if (code)
				return code;
		}
		break;
	}
	return 0;
}

static int check(struct vp_error *err, const struct vp_condition *condition,
		 const struct vp_condition_reading *reading)
{
	bool flow = vp_field_of_flow(condition->field->id);

	if (!(condition->field->points & VP_POINT_BIT(VP_POINT_INSPECTION)))
		return fail_at(err, &condition->at, condition->field->name);
	if (reading->source == VP_ATOM_VALUE && !is_number(condition, reading))
		return fail_at(err, &condition->at,
			       "only a number field or a slice of 1 to 8 bytes is a number");
	if (reading->source == VP_ATOM_ADDRESS && !flow)
		return fail_at(err, &condition->at, condition->field->name);
	vp_array_each (value, &condition->values) {
		int code = check_value(err, condition, reading, value, &value->at);

		if (code)
			return code;
	}
	return 0;
}

int vp_condition_read(const struct vp_condition *condition,
		      struct vp_condition_reading *reading, struct vp_error *err)
{
	int code = reading_of(err, condition, reading);

	return code ? code : check(err, condition, reading);
}
