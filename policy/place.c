/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The placement decision for one rule, from the condition table alone: which
 * enforcement point can evaluate all of it, and if none, what stands in the way.
 * It never approximates: a point that cannot evaluate one condition truly
 * cannot have the rule.
 */
#include "policy/plan.h"

/* True for fields whose value is a list: which options or extension headers are there. */
static bool is_list(enum vp_field_id id)
{
	return id == VP_FIELD_IP_OPT_TYPE || id == VP_FIELD_IPV6_EXTHDR_TYPE ||
	       id == VP_FIELD_TCP_OPTION_KIND;
}

/* Elements of a list field that the kernel can look for. */
static bool list_element_known(const struct vp_field *field, uint64_t value)
{
	/* TCP options 0 and 1 are padding, and have no length */
	if (field->id == VP_FIELD_TCP_OPTION_KIND)
		return value >= 2 && value <= 255;
	return vp_field_knows(field, value);
}

static char *list_value_refusal(const struct vp_condition *condition,
				const struct vp_value *value)
{
	if (value->kind != VP_VALUE_NUMBER)
		return NULL;
	for (uint64_t n = value->number.first;; n++) {
		if (!list_element_known(condition->field, n))
			return vp_format("%s %llu cannot be looked for in a packet header",
					 condition->field->name, (unsigned long long)n);
		if (n == value->number.last)
			return NULL;
	}
}

static char *value_refusal(const struct vp_condition *condition, const struct vp_value *value)
{
	const struct vp_field *field = condition->field;

	switch (value->kind) {
	case VP_VALUE_REGEX:
		return vp_format("%s with a regular expression needs inspection", field->name);
	case VP_VALUE_SET:
		if (!value->reference.set)
			return NULL;
		vp_array_each (element, &value->reference.set->values) {
			char *why = value_refusal(condition, element);

			if (why)
				return why;
		}
		return NULL;
	case VP_VALUE_BYTES:
		if (condition->op >= VP_OP_LESS_THAN && condition->op <= VP_OP_AT_LEAST &&
		    (condition->length < 1 || condition->length > 8))
			return vp_format("%s: only slices of 1 to 8 bytes have an order",
					 field->name);
		if (condition->transforms.len)
			return vp_format("%s: a transform makes a number of the slice, which "
					 "cannot be compared with a string",
					 field->name);
		return NULL;
	case VP_VALUE_NUMBER:
		if (field->type == VP_TYPE_SLICE &&
		    (condition->length < 1 || condition->length > 8))
			return vp_format("%s: only a slice of 1 to 8 bytes is a number",
					 field->name);
		if (is_list(field->id))
			return list_value_refusal(condition, value);
		if (field->id == VP_FIELD_DATAGRAM_LEN &&
		    (value->number.first > VP_DATAGRAM_REACH ||
		     (value->number.last > VP_DATAGRAM_REACH && value->number.last < 65535)))
			return vp_format(
				"%s: packet headers reach only the first %u bytes of a "
				"datagram; beyond needs inspection",
				field->name, VP_DATAGRAM_REACH);
		return NULL;
	case VP_VALUE_ADDRESS:
		return NULL;
	}
	return NULL;
}

static char *slice_refusal(const struct vp_condition *condition)
{
	uint64_t end = (uint64_t)condition->offset + condition->length;

	if (condition->field->type != VP_TYPE_SLICE)
		return NULL;
	if (!condition->length) {
		size_t longest = 0;

		vp_array_each (value, &condition->values) {
			if (value->kind == VP_VALUE_BYTES && value->bytes.len > longest)
				longest = value->bytes.len;
			if (value->kind != VP_VALUE_SET || !value->reference.set)
				continue;
			vp_array_each (element, &value->reference.set->values)
				if (element->kind == VP_VALUE_BYTES &&
				    element->bytes.len > longest)
					longest = element->bytes.len;
		}
		/* the byte behind the longest one tells that there is no more */
		end = (uint64_t)condition->offset + longest + 1;
	}
	if (end <= VP_DATAGRAM_REACH)
		return NULL;
	return vp_format(
		"%s[%u:...] ends at byte %llu: packet headers reach only the first %u "
		"bytes of a datagram; beyond needs inspection",
		condition->field->name, condition->offset, (unsigned long long)end,
		VP_DATAGRAM_REACH);
}

static char *transform_refusal(const struct vp_condition *condition)
{
	const struct vp_field *field = condition->field;

	vp_array_each (transform, &condition->transforms) {
		const struct vp_transform_type *type = &vp_transform_types[transform->kind];

		if (!(type->points & VP_POINT_BIT(VP_POINT_NETFILTER)))
			return vp_format("the transform %s needs inspection", type->name);
		if (field->type == VP_TYPE_ADDRESS || is_list(field->id) ||
		    field->id == VP_FIELD_DATAGRAM_LEN || field->id == VP_FIELD_IP_VERSION ||
		    (field->type == VP_TYPE_NUMBER &&
		     transform->kind == VP_TRANSFORM_LITTLE_ENDIAN))
			return vp_format("%s with %s needs inspection", field->name,
					 type->name);
	}
	return NULL;
}

/* Why netfilter cannot evaluate the condition (owned by the caller), or NULL when it can. */
static char *condition_refusal(const struct vp_condition *condition)
{
	const struct vp_field *field = condition->field;
	char *why;

	if (!(field->points & VP_POINT_BIT(VP_POINT_NETFILTER)))
		return vp_format("%s needs inspection", field->name);
	if (condition->start || condition->behind.data)
		return vp_format("%s at a place that the traffic decides needs inspection",
				 field->name);
	if (condition->other)
		return vp_format("%s compared with %s needs inspection", field->name,
				 condition->other->field->name);
	if (!(field->netfilter_operators & VP_OP_BIT(condition->op)))
		return vp_format("%s %s needs inspection", field->name,
				 vp_operator_name(condition->op));
	why = transform_refusal(condition);
	if (!why)
		why = slice_refusal(condition);
	vp_array_each (value, &condition->values) {
		if (why)
			break;
		why = value_refusal(condition, value);
	}
	return why;
}

static char *conditions_refusal(const struct vp_conditions *conditions)
{
	vp_array_each (condition, conditions) {
		char *why = condition_refusal(condition);

		if (why)
			return why;
	}
	return NULL;
}

char *vp_place_unfiltered(const struct vp_rule *rule)
{
	char *why;

	if (rule->set)
		return vp_strdup("a variable of the connection needs inspection");
	if (rule->threshold.rate.count)
		return vp_strdup("a threshold needs inspection");
	if (rule->action.verdict == VP_VERDICT_ANSWER)
		return vp_strdup("the action answer needs inspection");
	if (rule->action.verdict == VP_VERDICT_PASS)
		return vp_strdup("the action pass is no shield");
	why = conditions_refusal(&rule->when);
	return why ? why : conditions_refusal(&rule->except);
}

/* Why inspection cannot evaluate the conditions (owned by the caller), or NULL when it can. */
static char *uninspected(const struct vp_conditions *conditions)
{
	const unsigned int inspection = VP_POINT_BIT(VP_POINT_INSPECTION);

	vp_array_each (condition, conditions) {
		const struct vp_field *field = condition->field;

		if (condition->other && !(condition->other->field->points & inspection))
			field = condition->other->field;
		if (!(field->points & inspection))
			return vp_format("%s is a packet header's, which netfilter reads",
					 field->name);
		/* a transform may make a number of a string: which operators fit then is
		 * checked by validation */
		if (!condition->transforms.len &&
		    !(field->operators & VP_OP_BIT(condition->op)))
			return vp_format("inspection has no %s %s", field->name,
					 vp_operator_name(condition->op));
		vp_array_each (transform, &condition->transforms)
			if (!(vp_transform_types[transform->kind].points & inspection))
				return vp_format("inspection has no transform %s",
						 vp_transform_types[transform->kind].name);
	}
	return NULL;
}

char *vp_place_uninspected(const struct vp_rule *rule)
{
	char *why = uninspected(&rule->when);

	return why ? why : uninspected(&rule->except);
}

static char *points_text(unsigned int points)
{
	struct vp_strbuf text = { 0 };

	for (unsigned int point = 0; point < VP_POINT_COUNT; point++)
		if (points & VP_POINT_BIT(point))
			vp_strbuf_addf(&text, "%s%s", text.len ? ", " : "",
				       vp_point_name((enum vp_point)point));
	if (!text.len)
		vp_strbuf_adds(&text, "none");
	return vp_strbuf_take(&text);
}

int vp_place(const struct vp_rule *rule, const struct vp_service *service, unsigned int points,
	     char **reason)
{
	_cleanup_free_ char *why = vp_place_unfiltered(rule);
	_cleanup_free_ char *hidden = NULL, *present = NULL;

	if (!why && points & VP_POINT_BIT(VP_POINT_NETFILTER)) {
		*reason = vp_strdup(
			rule->when.len + rule->except.len
				? "every condition reads packet headers or the beginning "
				  "of a datagram, which nftables sees whole"
				: "all traffic of the service: ports and addresses decide");
		return VP_POINT_NETFILTER;
	}
	hidden = vp_place_uninspected(rule);
	if (!hidden && points & VP_POINT_BIT(VP_POINT_INSPECTION)) {
		*reason = vp_format("%s", why ? why : "this build has no netfilter point");
		return VP_POINT_INSPECTION;
	}
	present = points_text(points);
	*reason = vp_format("service %s: %s (this build has: %s)", service->name,
			    why ? why : "the rule needs netfilter", present);
	return -1;
}
