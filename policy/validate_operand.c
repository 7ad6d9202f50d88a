/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A field of a condition with its argument and transforms: does the service's
 * traffic have it, and what type is left to compare.
 */
#include "policy/validate_operand.h"

#include <inttypes.h>
#include <string.h>

#define PLACE_MAX  4096u /* bytes, of places that the traffic decides */
#define BEHIND_MAX 255	 /* bytes of a string that a slice stands behind */

#define fail(check, at, ...) vp_find_error((check)->v->findings, at, __VA_ARGS__)

/* "datagram[0:4]", "http.header(Host)" */
const char *vp_operand_text(const struct vp_condition *condition, char text[static 96])
{
	char end[16] = "";

	if (condition->length)
		snprintf(end, sizeof(end), "%u", condition->length);
	if (condition->start || condition->behind.data)
		snprintf(text, 96, "%s[%s:%s]", condition->field->name,
			 condition->start ? condition->start->field->name : "\"...\"", end);
	else if (condition->field->argument == VP_ARGUMENT_SLICE)
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
static bool check_traffic(const struct vp_operand_check *check)
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
				vp_operand_text(condition, text), service);
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
		     service, vp_operand_text(condition, text));
	else
		fail(check, &condition->at,
		     "expected a field that the traffic of %s has, found `%s`", service,
		     vp_operand_text(condition, text));
	return false;
}

/* `application` and `frame` of the service, which the field needs. */
static bool check_parser(const struct vp_operand_check *check)
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

bool vp_operand_is_integer(const struct vp_operand *operand)
{
	return operand->type == VP_TYPE_NUMBER ||
	       (operand->type == VP_TYPE_SLICE && operand->length && operand->length <= 8);
}

uint64_t vp_operand_widest(unsigned int bits)
{
	return bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

static void become_number(struct vp_operand *operand, unsigned int bits)
{
	operand->type = VP_TYPE_NUMBER;
	operand->bits = bits;
	operand->mask = vp_operand_widest(bits);
}

static bool transform_fits(const struct vp_operand_check *check,
			   const struct vp_transform *transform)
{
	const struct vp_operand *operand = &check->operand;

	switch (transform->kind) {
	case VP_TRANSFORM_MASK:
	case VP_TRANSFORM_PLUS:
	case VP_TRANSFORM_MINUS:
	case VP_TRANSFORM_TIMES:
		return vp_operand_is_integer(operand);
	case VP_TRANSFORM_LITTLE_ENDIAN:
		return operand->type == VP_TYPE_SLICE && vp_operand_is_integer(operand);
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

static bool unfit_transform(const struct vp_operand_check *check,
			    const struct vp_transform *transform)
{
	const struct vp_operand *operand = &check->operand;

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

static bool apply_mask(struct vp_operand_check *check, uint64_t mask)
{
	struct vp_operand *operand = &check->operand;

	if (!(mask & operand->mask) || mask > vp_operand_widest(operand->bits)) {
		fail(check, &check->condition->at,
		     "expected a mask that keeps some of the %u bits, found mask(%#" PRIx64
		     ")",
		     operand->bits, mask);
		return false;
	}
	operand->mask &= mask;
	return true;
}

static bool apply_arithmetic(struct vp_operand_check *check,
			     const struct vp_transform *transform)
{
	become_number(&check->operand, 64);
	if (transform->number)
		return true;
	fail(check, &check->condition->at,
	     "expected a number of at least 1 in `%s(...)`, found 0",
	     vp_transform_types[transform->kind].name);
	return false;
}

static bool apply_transform(struct vp_operand_check *check,
			    const struct vp_transform *transform)
{
	struct vp_operand *operand = &check->operand;

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

struct vp_operand_check vp_operand_check_of(struct vp_validation *v,
					    const struct vp_condition *condition,
					    const struct vp_service *service)
{
	return (struct vp_operand_check){
		.v = v,
		.condition = condition,
		.service = service,
		.operand = {
			.type = condition->field->type,
			.bits = condition->field->bits,
			.mask = vp_operand_widest(condition->field->bits),
			.length = condition->length,
		},
	};
}

/* The offset is the number of a slice of the same field. */
static bool check_start(const struct vp_operand_check *check)
{
	const struct vp_condition *condition = check->condition, *start = condition->start;
	struct vp_operand_check inner = vp_operand_check_of(check->v, start, check->service);
	char text[96];

	if (start->field != condition->field) {
		fail(check, &start->at,
		     "expected a slice of `%s` for its offset, found `%s`: an offset is taken "
		     "from the same bytes, e.g. `%s[%s[4:2]:8]`",
		     condition->field->name, start->field->name, condition->field->name,
		     condition->field->name);
		return false;
	}
	vp_array_each (transform, &start->transforms)
		if (!apply_transform(&inner, transform))
			return false;
	if (!vp_operand_is_integer(&inner.operand) || inner.operand.length > 8 ||
	    !start->length) {
		fail(check, &start->at,
		     "expected a slice of 1 to 8 bytes for an offset, found `%s`",
		     vp_operand_text(start, text));
		return false;
	}
	vp_array_each (transform, &start->transforms)
		if (transform->kind != VP_TRANSFORM_LITTLE_ENDIAN &&
		    transform->kind != VP_TRANSFORM_MASK && !is_arithmetic(transform->kind)) {
			fail(check, &start->at,
			     "expected little-endian, mask, plus, minus or times in an "
			     "offset, "
			     "found `| %s`",
			     vp_transform_types[transform->kind].name);
			return false;
		}
	if (start->offset <= PLACE_MAX)
		return true;
	fail(check, &start->at,
	     "expected a number for the offset within the first %u bytes, found it at %u",
	     PLACE_MAX, start->offset);
	return false;
}

/* What can be asked of a slice that stands behind each occurrence of a string. */
static bool check_behind(const struct vp_operand_check *check)
{
	const struct vp_condition *condition = check->condition;
	uint64_t reach = (uint64_t)condition->offset + condition->length;
	char text[96];

	if (!condition->behind.len || condition->behind.len > BEHIND_MAX) {
		fail(check, &condition->at,
		     "expected a string of 1 to %d bytes before the slice, found %zu",
		     BEHIND_MAX, condition->behind.len);
		return false;
	}
	if (reach > PLACE_MAX) {
		fail(check, &condition->at,
		     "expected a slice within %u bytes behind the string, found %llu; look "
		     "further with `[\"...\":]`",
		     PLACE_MAX, (unsigned long long)reach);
		return false;
	}
	vp_array_each (transform, &condition->transforms)
		if (transform->kind != VP_TRANSFORM_LITTLE_ENDIAN &&
		    transform->kind != VP_TRANSFORM_MASK && !is_arithmetic(transform->kind)) {
			fail(check, &condition->at,
			     "expected little-endian, mask, plus, minus or times behind `%s`, "
			     "found `| %s`",
			     vp_operand_text(condition, text),
			     vp_transform_types[transform->kind].name);
			return false;
		}
	return true;
}

static bool check_slice(const struct vp_operand_check *check)
{
	const struct vp_condition *condition = check->condition;
	char text[96];

	if (condition->start && !check_start(check))
		return false;
	if (condition->behind.data && !check_behind(check))
		return false;
	if (condition->field->id != VP_FIELD_DATAGRAM ||
	    (uint64_t)condition->offset + condition->length <= 65527)
		return true;
	fail(check, &condition->at,
	     "expected a slice within the 65527 bytes that a datagram can have, found `%s`",
	     vp_operand_text(condition, text));
	return false;
}

/* A field with its argument and transforms. */
bool vp_operand_check(struct vp_operand_check *check)
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
