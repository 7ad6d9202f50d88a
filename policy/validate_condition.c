/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does a condition make sense for the traffic of its service: field against
 * service, transforms against type, operator against type, values against
 * operator and width.
 */
#include <inttypes.h>
#include <string.h>

#include "policy/regex.h"
#include "policy/validate_operand.h"

#define LITERAL_LEAST 3 /* a scanner's literal of fewer bytes is found everywhere */

#define fail(check, at, ...) vp_find_error((check)->v->findings, at, __VA_ARGS__)

static bool operator_fits(const struct vp_operand_check *check)
{
	const struct vp_condition *condition = check->condition;
	enum vp_operator op = condition->op;

	if (op == VP_OP_PRESENT || op == VP_OP_ABSENT)
		return condition->field->operators & VP_OP_BIT(op);
	if (!condition->transforms.len && !(condition->field->operators & VP_OP_BIT(op)))
		return false;
	switch (op) {
	case VP_OP_EQUALS:
		return true;
	case VP_OP_LESS_THAN:
	case VP_OP_AT_MOST:
	case VP_OP_GREATER_THAN:
	case VP_OP_AT_LEAST:
		return vp_operand_is_integer(&check->operand);
	case VP_OP_CONTAINS:
	case VP_OP_STARTS_WITH:
	case VP_OP_ENDS_WITH:
	case VP_OP_MATCHES:
	case VP_OP_PRESENT:
	case VP_OP_ABSENT:
	case VP_OP_COUNT:
		break;
	}
	return check->operand.type == VP_TYPE_BYTES || check->operand.type == VP_TYPE_SLICE;
}

static bool check_operator(const struct vp_operand_check *check)
{
	const struct vp_condition *condition = check->condition;
	_cleanup_strbuf_ struct vp_strbuf all = { 0 };
	struct vp_operand_check other = *check;
	struct vp_condition with = *condition;
	char text[96];

	if (condition->negated &&
	    (condition->op == VP_OP_PRESENT || condition->op == VP_OP_ABSENT)) {
		fail(check, &condition->at,
		     "expected `%s` without `not`: it says the opposite, and a missing field "
		     "makes "
		     "every other operator false also under `not`",
		     condition->op == VP_OP_PRESENT ? "absent" : "present");
		return false;
	}
	if (operator_fits(check))
		return true;
	other.condition = &with;
	for (unsigned int op = 0; op < VP_OP_COUNT; op++) {
		with.op = op;
		if (operator_fits(&other))
			vp_strbuf_addf(&all, "%s%s", all.len ? ", " : "",
				       vp_operator_name(op));
	}
	fail(check, &condition->at, "expected an operator for `%s` (%s), found `%s`%s",
	     vp_operand_text(condition, text), vp_strbuf_text(&all),
	     vp_operator_name(condition->op),
	     condition->field->type == VP_TYPE_SLICE && !vp_operand_is_integer(&check->operand)
		     ? "; a number needs a slice of 1 to 8 bytes"
		     : "");
	return false;
}

/* Fields that only tell presence can be asked for a few numbers, never for a range. */
static bool check_known(const struct vp_operand_check *check, const struct vp_value *value,
			const struct vp_location *at)
{
	const struct vp_field *field = check->condition->field;
	_cleanup_strbuf_ struct vp_strbuf all = { 0 }, found = { 0 };

	if (!field->known_count || (value->number.first == value->number.last &&
				    vp_field_knows(field, value->number.first)))
		return true;
	for (size_t i = 0; i < field->known_count; i++)
		vp_strbuf_addf(&all, "%s%u",
			       !i			    ? ""
			       : i + 1 < field->known_count ? ", "
							    : " or ",
			       field->known[i]);
	vp_value_print(value, &found);
	fail(check, at, "expected %s for `%s`, found %s", vp_strbuf_text(&all), field->name,
	     vp_strbuf_text(&found));
	return false;
}

static bool check_number(const struct vp_operand_check *check, const struct vp_value *value,
			 const struct vp_location *at)
{
	const struct vp_operand *operand = &check->operand;
	unsigned int bits =
		operand->type == VP_TYPE_SLICE ? 8 * operand->length : operand->bits;
	char text[96];

	if (!vp_operand_is_integer(operand)) {
		fail(check, at, "expected %s for `%s`, found a number%s",
		     operand->type == VP_TYPE_ADDRESS ? "an address" : "a string",
		     vp_operand_text(check->condition, text),
		     operand->type == VP_TYPE_SLICE
			     ? "; a number needs a slice of 1 to 8 bytes"
			     : "");
		return false;
	}
	if (value->number.last > vp_operand_widest(bits)) {
		fail(check, at,
		     "expected a number of at most %" PRIu64 " for the %u bits of `%s`, "
		     "found %" PRIu64,
		     vp_operand_widest(bits), bits, vp_operand_text(check->condition, text),
		     value->number.last);
		return false;
	}
	if (check->condition->op == VP_OP_EQUALS && operand->type == VP_TYPE_NUMBER &&
	    value->number.first == value->number.last &&
	    value->number.first & ~operand->mask) {
		fail(check, at,
		     "expected a number within the mask %#" PRIx64 ", found %#" PRIx64
		     ", which never equals",
		     operand->mask, value->number.first);
		return false;
	}
	if (check->condition->op != VP_OP_EQUALS &&
	    value->number.first != value->number.last) {
		fail(check, at, "expected one number behind `%s`, found a range",
		     vp_operator_name(check->condition->op));
		return false;
	}
	return check_known(check, value, at);
}

static bool check_bytes(const struct vp_operand_check *check, const struct vp_value *value,
			const struct vp_location *at)
{
	const struct vp_operand *operand = &check->operand;
	enum vp_operator op = check->condition->op;
	char text[96];

	if (operand->type != VP_TYPE_BYTES && operand->type != VP_TYPE_SLICE) {
		fail(check, at, "expected %s for `%s`, found a string",
		     operand->type == VP_TYPE_ADDRESS ? "an address" : "a number",
		     vp_operand_text(check->condition, text));
		return false;
	}
	if (!value->bytes.len && (op != VP_OP_EQUALS || operand->type == VP_TYPE_SLICE)) {
		fail(check, at, "expected a string of at least 1 byte behind `%s`, found \"\"",
		     vp_operator_name(op));
		return false;
	}
	if (operand->type != VP_TYPE_SLICE || !operand->length ||
	    (op == VP_OP_EQUALS ? value->bytes.len == operand->length
				: value->bytes.len <= operand->length))
		return true;
	fail(check, at, "expected a string of %s%u byte%s for `%s`, found %zu",
	     op == VP_OP_EQUALS ? "" : "at most ", operand->length,
	     operand->length == 1 ? "" : "s", vp_operand_text(check->condition, text),
	     value->bytes.len);
	return false;
}

static bool check_regex(const struct vp_operand_check *check, const struct vp_value *value)
{
	struct vp_regex_fault fault;
	struct vp_location at = value->at;
	size_t literal = 0;

	if (vp_regex_check(value->regex.pattern, &literal, &fault)) {
		at.column += (uint32_t)fault.at + 1;
		fail(check, &at, "%s", fault.text);
		return false;
	}
	if (literal < LITERAL_LEAST && !check->condition->negated)
		vp_find_warning(
			check->v->findings, &at,
			"expected a pattern that always contains a literal of %d bytes or "
			"more, found %zu: every packet runs the whole pattern",
			LITERAL_LEAST, literal);
	return true;
}

/* May another condition be held against all values of the set? Said once when not. */
static bool take_budget(const struct vp_operand_check *check, const struct vp_set *set,
			const struct vp_location *at)
{
	struct vp_validation *v = check->v;
	bool had = v->looked_at <= VP_LOOKED_AT_MAX;

	v->looked_at += set->values.len;
	if (had && v->looked_at > VP_LOOKED_AT_MAX)
		fail(check, at,
		     "expected sets of at most %u values together, counted for every "
		     "condition that uses them, found more; use `@%s` in fewer conditions",
		     VP_LOOKED_AT_MAX, set->name);
	return v->looked_at <= VP_LOOKED_AT_MAX;
}

static bool check_value(const struct vp_operand_check *check, struct vp_value *value,
			const struct vp_location *at)
{
	enum vp_operator op = check->condition->op;
	char text[96];

	if (value->kind != VP_VALUE_SET &&
	    (op == VP_OP_MATCHES) != (value->kind == VP_VALUE_REGEX)) {
		if (op == VP_OP_MATCHES)
			fail(check, at,
			     "expected a regex behind `matches`, found another value, "
			     "e.g. `/^abc/i`");
		else
			fail(check, at,
			     "expected a value behind `%s` that is no regex, found one; "
			     "regexes are for `matches`",
			     vp_operator_name(op));
		return false;
	}
	switch (value->kind) {
	case VP_VALUE_NUMBER:
		return check_number(check, value, at);
	case VP_VALUE_BYTES:
		return check_bytes(check, value, at);
	case VP_VALUE_REGEX:
		return check_regex(check, value);
	case VP_VALUE_ADDRESS:
		if (check->operand.type == VP_TYPE_ADDRESS)
			return true;
		fail(check, at, "expected a %s for `%s`, found an address",
		     check->operand.type == VP_TYPE_NUMBER ? "number" : "string",
		     vp_operand_text(check->condition, text));
		return false;
	case VP_VALUE_SET:
		break;
	}
	if (op == VP_OP_MATCHES) {
		fail(check, at, "expected a regex behind `matches`, found a set");
		return false;
	}
	if (!vp_validate_reference(check->v, value) ||
	    !take_budget(check, value->reference.set, at))
		return false;
	vp_array_each (element, &value->reference.set->values)
		if (!check_value(check, element, &value->at))
			return false;
	return true;
}

/* Operators whose answer is certain as soon as the bytes are there. */
static bool check_behind_operator(const struct vp_operand_check *check)
{
	const struct vp_condition *condition = check->condition;
	enum vp_operator op = condition->op;
	char text[96];

	if (!condition->behind.data || op == VP_OP_CONTAINS || op == VP_OP_STARTS_WITH ||
	    op == VP_OP_PRESENT || op == VP_OP_ABSENT ||
	    (op <= VP_OP_AT_LEAST && condition->length))
		return true;
	if (op == VP_OP_EQUALS)
		fail(check, &condition->at,
		     "expected a length for `equals` behind a string, found none, e.g. "
		     "`%s[\"AB\":4]`",
		     condition->field->name);
	else
		fail(check, &condition->at,
		     "expected contains, starts-with, equals or a comparison for `%s`, found "
		     "`%s`; `matches` takes it all, e.g. `%s[0:] matches /AB.{2}abc/s`",
		     vp_operand_text(condition, text), vp_operator_name(op),
		     condition->field->name);
	return false;
}

/* Both sides of a comparison are numbers. */
static void check_other(const struct vp_operand_check *check)
{
	const struct vp_condition *condition = check->condition;
	struct vp_operand_check other =
		vp_operand_check_of(check->v, condition->other, check->service);
	const struct vp_operand_check *wrong =
		vp_operand_is_integer(&check->operand) ? &other : check;
	char text[96];

	if (!vp_operand_check(&other))
		return;
	if (condition->op > VP_OP_AT_LEAST)
		fail(check, &condition->other->at,
		     "expected a value behind `%s`, found a field: fields are compared as "
		     "numbers, by equals, less-than, at-most, greater-than or at-least",
		     vp_operator_name(condition->op));
	else if (condition->field->known_count || condition->other->field->known_count)
		fail(check, &condition->other->at,
		     "expected a value for `%s`, found a field: `%s` only tells what is there",
		     condition->field->name,
		     condition->field->known_count ? condition->field->name
						   : condition->other->field->name);
	else if (!vp_operand_is_integer(&wrong->operand))
		fail(check, &wrong->condition->at,
		     "expected a number to compare, found `%s`; a number is a slice of 1 to 8 "
		     "bytes, `| length`, `| count`, `| decimal` or `| hexadecimal`",
		     vp_operand_text(wrong->condition, text));
}

void vp_validate_condition(struct vp_validation *v, struct vp_condition *condition,
			   const struct vp_service *service)
{
	struct vp_operand_check check = vp_operand_check_of(v, condition, service);

	if (!vp_operand_check(&check) || !check_operator(&check) ||
	    !check_behind_operator(&check))
		return;
	if (condition->other) {
		check_other(&check);
		return;
	}
	if (condition->values.len > 1 && condition->op != VP_OP_EQUALS &&
	    vp_operand_is_integer(&check.operand) && condition->op <= VP_OP_AT_LEAST) {
		fail(&check, &condition->values.data[1].at,
		     "expected one number behind `%s`, found another",
		     vp_operator_name(condition->op));
		return;
	}
	vp_array_each (value, &condition->values)
		check_value(&check, value, &value->at);
}
