/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does a condition make sense for the traffic of its service: field against
 * service, transforms against type, operator against type, values against
 * operator and width.
 */
#include <inttypes.h>
#include <string.h>

#include "policy/regex.h"
#include "policy/validate.h"

#define LITERAL_LEAST 3		 /* a scanner's literal of fewer bytes is found everywhere */
#define LOOKED_AT_MAX (1u << 24) /* so that no definition keeps its reader busy for long */

/* The type that is compared, behind the transforms. */
struct operand {
	enum vp_field_type type;
	unsigned int bits; /* of a number */
	uint64_t mask;	   /* bits that can be set; all ones without a mask */
	uint32_t length;   /* of a slice; 0: open */
};

struct check {
	struct vp_validation *v;
	const struct vp_condition *condition;
	const struct vp_service *service;
	struct operand operand;
};

#define fail(check, at, ...) vp_find_error((check)->v->findings, at, __VA_ARGS__)

/* "datagram[0:4]", "http.header(Host)" */
static const char *field_text(const struct vp_condition *condition, char text[static 96])
{
	char end[16] = "";

	if (condition->length)
		snprintf(end, sizeof(end), "%u", condition->length);
	if (condition->field->argument == VP_ARGUMENT_SLICE)
		snprintf(text, 96, "%s[%u:%s]", condition->field->name, condition->offset,
			 end);
	else
		snprintf(text, 96, "%s", condition->field->name);
	return text;
}

static const char *service_text(const struct vp_service *service, char text[static 160])
{
	char ports[40] = "";
	const char *more = service->ports.len > 1 ? ", ..." : "";

	if (service->ports.len)
		vp_port_range_print(&service->ports.data[0], ports);
	if (service->ports.len && service->ports.data[0].at.file != service->at.file)
		more = ", by an override";
	snprintf(text, 160, "service `%s`%s%s%s%s", service->name ? service->name : "?",
		 *ports ? " (" : "", ports, more, *ports ? ")" : "");
	return text;
}

static bool is_datagram(const struct vp_field *field)
{
	return field->id == VP_FIELD_DATAGRAM || field->id == VP_FIELD_DATAGRAM_LEN;
}

/* Does the service's traffic have the field at all? */
static bool check_traffic(const struct check *check)
{
	const struct vp_condition *condition = check->condition;
	const struct vp_field *field = condition->field;
	unsigned int traffic = vp_service_traffic(check->service);
	char text[96], service[160];

	service_text(check->service, service);
	if (traffic & field->traffic) {
		if (is_datagram(field) && traffic & VP_TRAFFIC_TCP &&
		    check->service->ports.len && traffic != VP_TRAFFIC_ANY)
			vp_find_warning(
				check->v->findings, &condition->at,
				"`%s` holds for the datagrams of %s only: the same request "
				"over tcp passes; make a service of each protocol",
				field_text(condition, text), service);
		return true;
	}
	if (is_datagram(field) && traffic == VP_TRAFFIC_TCP)
		fail(check, &condition->at,
		     "expected a field of tcp traffic for %s, found `%s`: a match at a fixed "
		     "place "
		     "of one segment is evaded by cutting the segments elsewhere, so tcp "
		     "payload "
		     "needs inspection of the stream, e.g. `stream[0:4]` or a field of the "
		     "application",
		     service, field_text(condition, text));
	else
		fail(check, &condition->at,
		     "expected a field that the traffic of %s has, found `%s`", service,
		     field_text(condition, text));
	return false;
}

/* `application` and `frame` of the service, which the field needs. */
static bool check_parser(const struct check *check)
{
	const struct vp_condition *condition = check->condition;
	const struct vp_field *field = condition->field;
	const struct vp_service *service = check->service;
	const char *name = service->name ? service->name : "NAME";

	if (field->id == VP_FIELD_MESSAGE && !service->frame) {
		fail(check, &condition->at,
		     "expected `frame` in [service %s] for `message`, found none, e.g. "
		     "`frame = length(at 4, bytes 2, big-endian, plus 6)`",
		     name);
		return false;
	}
	if (!field->application ||
	    (service->application && !strcmp(service->application, field->application)))
		return true;
	if (service->application)
		fail(check, &condition->at,
		     "expected `application = %s` in [service %s] for `%s`, found `%s`",
		     field->application, name, field->name, service->application);
	else
		fail(check, &condition->at,
		     "expected `application = %s` in [service %s] for `%s`, found none",
		     field->application, name, field->name);
	return false;
}

static bool is_integer(const struct operand *operand)
{
	return operand->type == VP_TYPE_NUMBER ||
	       (operand->type == VP_TYPE_SLICE && operand->length && operand->length <= 8);
}

static uint64_t widest(unsigned int bits)
{
	return bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

static void become_number(struct operand *operand, unsigned int bits)
{
	operand->type = VP_TYPE_NUMBER;
	operand->bits = bits;
	operand->mask = widest(bits);
}

static bool transform_fits(const struct check *check, const struct vp_transform *transform)
{
	const struct operand *operand = &check->operand;

	switch (transform->kind) {
	case VP_TRANSFORM_MASK:
	case VP_TRANSFORM_PLUS:
	case VP_TRANSFORM_MINUS:
	case VP_TRANSFORM_TIMES:
		return is_integer(operand);
	case VP_TRANSFORM_LITTLE_ENDIAN:
		return operand->type == VP_TYPE_SLICE && is_integer(operand);
	case VP_TRANSFORM_DECIMAL:
	case VP_TRANSFORM_HEXADECIMAL:
	case VP_TRANSFORM_LOWERCASE:
	case VP_TRANSFORM_URL_DECODE:
	case VP_TRANSFORM_BASE64:
	case VP_TRANSFORM_HEX:
	case VP_TRANSFORM_NORMALISE_PATH:
	case VP_TRANSFORM_REMOVE_NULLS:
	case VP_TRANSFORM_TRIM:
	case VP_TRANSFORM_LENGTH:
	case VP_TRANSFORM_COUNT_OF:
	case VP_TRANSFORM_HTML_ENTITY:
	case VP_TRANSFORM_UTF_8:
	case VP_TRANSFORM_COUNT:
		break;
	}
	return operand->type == VP_TYPE_BYTES || operand->type == VP_TYPE_SLICE;
}

static bool is_arithmetic(enum vp_transform_kind kind)
{
	return kind == VP_TRANSFORM_PLUS || kind == VP_TRANSFORM_MINUS ||
	       kind == VP_TRANSFORM_TIMES;
}

static bool unfit_transform(const struct check *check, const struct vp_transform *transform)
{
	const struct operand *operand = &check->operand;

	fail(check, &check->condition->at, "expected %s before `| %s`, found %s",
	     transform->kind == VP_TRANSFORM_MASK || is_arithmetic(transform->kind)
		     ? "a number, or a slice of 1 to 8 bytes"
	     : transform->kind == VP_TRANSFORM_LITTLE_ENDIAN ? "a slice of 1 to 8 bytes"
							     : "a string or a slice",
	     vp_transform_types[transform->kind].name,
	     operand->type == VP_TYPE_NUMBER	? "a number"
	     : operand->type == VP_TYPE_ADDRESS ? "an address"
	     : operand->type == VP_TYPE_SLICE	? "a slice of another length"
						: "a string");
	return false;
}

static bool apply_mask(struct check *check, uint64_t mask)
{
	struct operand *operand = &check->operand;

	if (!(mask & operand->mask) || mask > widest(operand->bits)) {
		fail(check, &check->condition->at,
		     "expected a mask that keeps some of the %u bits, found mask(%#" PRIx64
		     ")",
		     operand->bits, mask);
		return false;
	}
	operand->mask &= mask;
	return true;
}

static bool apply_arithmetic(struct check *check, const struct vp_transform *transform)
{
	become_number(&check->operand, 64);
	if (transform->number)
		return true;
	fail(check, &check->condition->at,
	     "expected a number of at least 1 in `%s(...)`, found 0",
	     vp_transform_types[transform->kind].name);
	return false;
}

static bool apply_transform(struct check *check, const struct vp_transform *transform)
{
	struct operand *operand = &check->operand;

	if (!transform_fits(check, transform))
		return unfit_transform(check, transform);
	switch (transform->kind) {
	case VP_TRANSFORM_LENGTH:
	case VP_TRANSFORM_COUNT_OF:
		become_number(operand, 32);
		return true;
	case VP_TRANSFORM_DECIMAL:
	case VP_TRANSFORM_HEXADECIMAL:
		become_number(operand, 64);
		return true;
	case VP_TRANSFORM_PLUS:
	case VP_TRANSFORM_MINUS:
	case VP_TRANSFORM_TIMES:
		return apply_arithmetic(check, transform);
	case VP_TRANSFORM_MASK:
	case VP_TRANSFORM_LITTLE_ENDIAN:
		if (operand->type == VP_TYPE_SLICE)
			become_number(operand, 8 * operand->length);
		return transform->kind == VP_TRANSFORM_LITTLE_ENDIAN ||
		       apply_mask(check, transform->number);
	case VP_TRANSFORM_LOWERCASE:
	case VP_TRANSFORM_URL_DECODE:
	case VP_TRANSFORM_BASE64:
	case VP_TRANSFORM_HEX:
	case VP_TRANSFORM_NORMALISE_PATH:
	case VP_TRANSFORM_REMOVE_NULLS:
	case VP_TRANSFORM_TRIM:
	case VP_TRANSFORM_HTML_ENTITY:
	case VP_TRANSFORM_UTF_8:
	case VP_TRANSFORM_COUNT:
		break;
	}
	operand->type = VP_TYPE_BYTES;
	return true;
}

static bool operator_fits(const struct check *check)
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
		return is_integer(&check->operand);
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

static bool check_operator(const struct check *check)
{
	const struct vp_condition *condition = check->condition;
	_cleanup_strbuf_ struct vp_strbuf all = { 0 };
	struct check other = *check;
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
	     field_text(condition, text), vp_strbuf_text(&all),
	     vp_operator_name(condition->op),
	     condition->field->type == VP_TYPE_SLICE && !is_integer(&check->operand)
		     ? "; a number needs a slice of 1 to 8 bytes"
		     : "");
	return false;
}

/* Fields that only tell presence can be asked for a few numbers, never for a range. */
static bool check_known(const struct check *check, const struct vp_value *value,
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

static bool check_number(const struct check *check, const struct vp_value *value,
			 const struct vp_location *at)
{
	const struct operand *operand = &check->operand;
	unsigned int bits =
		operand->type == VP_TYPE_SLICE ? 8 * operand->length : operand->bits;
	char text[96];

	if (!is_integer(operand)) {
		fail(check, at, "expected %s for `%s`, found a number%s",
		     operand->type == VP_TYPE_ADDRESS ? "an address" : "a string",
		     field_text(check->condition, text),
		     operand->type == VP_TYPE_SLICE
			     ? "; a number needs a slice of 1 to 8 bytes"
			     : "");
		return false;
	}
	if (value->number.last > widest(bits)) {
		fail(check, at,
		     "expected a number of at most %" PRIu64 " for the %u bits of `%s`, "
		     "found %" PRIu64,
		     widest(bits), bits, field_text(check->condition, text),
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

static bool check_bytes(const struct check *check, const struct vp_value *value,
			const struct vp_location *at)
{
	const struct operand *operand = &check->operand;
	enum vp_operator op = check->condition->op;
	char text[96];

	if (operand->type != VP_TYPE_BYTES && operand->type != VP_TYPE_SLICE) {
		fail(check, at, "expected %s for `%s`, found a string",
		     operand->type == VP_TYPE_ADDRESS ? "an address" : "a number",
		     field_text(check->condition, text));
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
	     operand->length == 1 ? "" : "s", field_text(check->condition, text),
	     value->bytes.len);
	return false;
}

static bool check_regex(const struct check *check, const struct vp_value *value)
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
static bool take_budget(const struct check *check, const struct vp_set *set,
			const struct vp_location *at)
{
	struct vp_validation *v = check->v;
	bool had = v->looked_at <= LOOKED_AT_MAX;

	v->looked_at += set->values.len;
	if (had && v->looked_at > LOOKED_AT_MAX)
		fail(check, at,
		     "expected sets of at most %u values together, counted for every "
		     "condition that uses them, found more; use `@%s` in fewer conditions",
		     LOOKED_AT_MAX, set->name);
	return v->looked_at <= LOOKED_AT_MAX;
}

static bool check_value(const struct check *check, struct vp_value *value,
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
		     field_text(check->condition, text));
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

static bool check_slice(const struct check *check)
{
	const struct vp_condition *condition = check->condition;
	char text[96];

	if (condition->field->id != VP_FIELD_DATAGRAM ||
	    (uint64_t)condition->offset + condition->length <= 65527)
		return true;
	fail(check, &condition->at,
	     "expected a slice within the 65527 bytes that a datagram can have, found `%s`",
	     field_text(condition, text));
	return false;
}

static struct check check_of(struct vp_validation *v, const struct vp_condition *condition,
			     const struct vp_service *service)
{
	return (struct check){
		.v = v,
		.condition = condition,
		.service = service,
		.operand = {
			.type = condition->field->type,
			.bits = condition->field->bits,
			.mask = widest(condition->field->bits),
			.length = condition->length,
		},
	};
}

/* A field with its argument and transforms. */
static bool check_operand(struct check *check)
{
	if (!check_slice(check))
		return false;
	if (check->service && (!check_traffic(check) || !check_parser(check)))
		return false;
	vp_array_each (transform, &check->condition->transforms)
		if (!apply_transform(check, transform))
			return false;
	return true;
}

/* Both sides of a comparison are numbers. */
static void check_other(const struct check *check)
{
	const struct vp_condition *condition = check->condition;
	struct check other = check_of(check->v, condition->other, check->service);
	const struct check *wrong = is_integer(&check->operand) ? &other : check;
	char text[96];

	if (!check_operand(&other))
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
	else if (!is_integer(&wrong->operand))
		fail(check, &wrong->condition->at,
		     "expected a number to compare, found `%s`; a number is a slice of 1 to 8 "
		     "bytes, `| length`, `| count`, `| decimal` or `| hexadecimal`",
		     field_text(wrong->condition, text));
}

void vp_validate_condition(struct vp_validation *v, struct vp_condition *condition,
			   const struct vp_service *service)
{
	struct check check = check_of(v, condition, service);

	if (!check_operand(&check) || !check_operator(&check))
		return;
	if (condition->other) {
		check_other(&check);
		return;
	}
	if (condition->values.len > 1 && condition->op != VP_OP_EQUALS &&
	    is_integer(&check.operand) && condition->op <= VP_OP_AT_LEAST) {
		fail(&check, &condition->values.data[1].at,
		     "expected one number behind `%s`, found another",
		     vp_operator_name(condition->op));
		return;
	}
	vp_array_each (value, &condition->values)
		check_value(&check, value, &value->at);
}
