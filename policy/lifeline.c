/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a rule can stop a lifeline: its ports include the message, and no
 * condition is certain to fail for it. What is not known of a message is taken to
 * match, so that the guard errs on the side of whoever has to reach the host.
 */
#include "policy/lifeline.h"

#include <netinet/in.h>

#define MISSING (-1) /* such a message does not have the field */
#define UNKNOWN (-2)

struct lifeline {
	const char *name, *reason;
	uint8_t family, protocol;
	unsigned int traffic;
	int ttl, type, code;	 /* or UNKNOWN */
	uint16_t client, server; /* ports; 0: none */
};

static const struct lifeline lifelines[VP_LIFELINE_COUNT] = {
	[VP_LIFELINE_NEIGHBOURS] = { .name = "IPv6 neighbour solicitations and advertisements",
				     .reason = "nobody could reach this host by IPv6 without "
					       "them",
				     .family = 6,
				     .protocol = IPPROTO_ICMPV6,
				     .traffic = VP_TRAFFIC_ICMPV6,
				     .ttl = 255,
				     .type = UNKNOWN,
				     .code = UNKNOWN },
	[VP_LIFELINE_ROUTERS] = { .name = "IPv6 router solicitations and advertisements",
				  .reason = "this host would lose its IPv6 addresses and "
					    "routes without them",
				  .family = 6,
				  .protocol = IPPROTO_ICMPV6,
				  .traffic = VP_TRAFFIC_ICMPV6,
				  .ttl = 255,
				  .type = 134,
				  .code = UNKNOWN },
	[VP_LIFELINE_PATH_MTU_4] = { .name = "ICMP \"fragmentation needed\" of existing "
					     "connections",
				     .reason = "connections over a narrower path would hang "
					       "without them",
				     .family = 4,
				     .protocol = IPPROTO_ICMP,
				     .traffic = VP_TRAFFIC_ICMP,
				     .ttl = UNKNOWN,
				     .type = 3,
				     .code = 4 },
	[VP_LIFELINE_PATH_MTU_6] = { .name = "ICMPv6 \"packet too big\" of existing "
					     "connections",
				     .reason = "connections over a narrower path would hang "
					       "without them",
				     .family = 6,
				     .protocol = IPPROTO_ICMPV6,
				     .traffic = VP_TRAFFIC_ICMPV6,
				     .ttl = UNKNOWN,
				     .type = 2,
				     .code = UNKNOWN },
	[VP_LIFELINE_DHCP_4] = { .name = "DHCP messages between udp/67 and udp/68",
				 .reason =
					 "this host would lose its IPv4 address without them",
				 .family = 4,
				 .protocol = IPPROTO_UDP,
				 .traffic = VP_TRAFFIC_UDP,
				 .ttl = UNKNOWN,
				 .type = MISSING,
				 .code = MISSING,
				 .client = 68,
				 .server = 67 },
	[VP_LIFELINE_DHCP_6] = { .name = "DHCPv6 messages between udp/547 and udp/546 of "
					 "link-local "
					 "addresses",
				 .reason = "this host would lose its IPv6 addresses without "
					   "them",
				 .family = 6,
				 .protocol = IPPROTO_UDP,
				 .traffic = VP_TRAFFIC_UDP,
				 .ttl = UNKNOWN,
				 .type = MISSING,
				 .code = MISSING,
				 .client = 546,
				 .server = 547 },
};

const char *vp_lifeline_name(enum vp_lifeline lifeline)
{
	return lifelines[lifeline].name;
}

const char *vp_lifeline_reason(enum vp_lifeline lifeline)
{
	return lifelines[lifeline].reason;
}

/* What the field is in such a message: a number, MISSING or UNKNOWN. */
static int value_of(const struct lifeline *line, const struct vp_field *field,
		    enum vp_direction direction)
{
	bool to_server = direction == VP_TO_SERVER;

	if (!(field->traffic & line->traffic))
		return MISSING;
	if (field->id == VP_FIELD_IP_VERSION)
		return line->family;
	if (field->id == VP_FIELD_IP_PROTO)
		return line->protocol;
	if (field->id == VP_FIELD_IP_TTL)
		return line->ttl;
	if (field->id == VP_FIELD_IP_HDR_LEN)
		return line->family == 4 ? 20 : MISSING;
	if (field->id == VP_FIELD_IP_OPT_TYPE || field->id == VP_FIELD_IPV6_EXTHDR_TYPE ||
	    field->id == VP_FIELD_IPV6_ROUTING_TYPE)
		return MISSING;
	if (field->id == VP_FIELD_ICMP_TYPE || field->id == VP_FIELD_ICMPV6_TYPE)
		return line->type;
	if (field->id == VP_FIELD_ICMP_CODE || field->id == VP_FIELD_ICMPV6_CODE)
		return line->code;
	/* this host is the client; what it serves lies behind the other port of its packets */
	if (field->id == VP_FIELD_UDP_SRCPORT)
		return to_server ? line->server : line->client;
	if (field->id == VP_FIELD_UDP_DSTPORT)
		return to_server ? line->client : line->server;
	return UNKNOWN;
}

static bool among(const struct vp_values *values, uint64_t number)
{
	vp_array_each (value, values) {
		if (value->kind == VP_VALUE_NUMBER && number >= value->number.first &&
		    number <= value->number.last)
			return true;
		if (value->kind == VP_VALUE_SET && value->reference.set &&
		    among(&value->reference.set->values, number))
			return true;
	}
	return false;
}

/* False only when it cannot hold for any such message. */
static bool can_hold(const struct vp_condition *condition, const struct lifeline *line,
		     enum vp_direction direction)
{
	int number = value_of(line, condition->field, direction);

	if (number == MISSING)
		return condition->op == VP_OP_ABSENT && !condition->negated;
	if (condition->op == VP_OP_PRESENT || condition->op == VP_OP_ABSENT)
		return (condition->op == VP_OP_PRESENT) != condition->negated;
	if (number == UNKNOWN || condition->transforms.len || condition->op != VP_OP_EQUALS)
		return true;
	return among(&condition->values, (uint64_t)number) != condition->negated;
}

/* The range that has the message, or NULL. */
static const struct vp_port_range *covering(const struct vp_placement *placement,
					    const struct lifeline *line)
{
	vp_array_each (range, &placement->ports) {
		if (range->protocol == VP_PROTOCOL_ANY)
			return range;
		if (range->protocol == line->protocol && range->first <= line->client &&
		    range->last >= line->client)
			return range;
	}
	return NULL;
}

static bool can_stop(const struct vp_placement *placement, const struct lifeline *line)
{
	if (!covering(placement, line))
		return false;
	vp_array_each (condition, &placement->rule->when)
		if (!can_hold(condition, line, placement->rule->direction))
			return false;
	return true;
}

/* One number of the field, not a range that includes it. */
static bool says(const struct vp_rule *rule, enum vp_field_id field, int number)
{
	vp_array_each (condition, &rule->when)
		if (condition->field->id == field && condition->op == VP_OP_EQUALS &&
		    !condition->negated)
			vp_array_each (value, &condition->values)
				if (value->kind == VP_VALUE_NUMBER &&
				    value->number.first == value->number.last &&
				    value->number.first == (uint64_t)number)
					return true;
	return false;
}

static bool is_named(const struct vp_placement *placement, const struct lifeline *line)
{
	const struct vp_rule *rule = placement->rule;
	const struct vp_port_range *range = covering(placement, line);
	bool ipv6 = line->family == 6, to_server = rule->direction == VP_TO_SERVER;

	if (line->client)
		return (range->protocol == line->protocol &&
			range->last - range->first <= 1) ||
		       says(rule, to_server ? VP_FIELD_UDP_DSTPORT : VP_FIELD_UDP_SRCPORT,
			    line->client);
	if (line == &lifelines[VP_LIFELINE_NEIGHBOURS])
		return false;
	/* type 3 of ICMP is more than path MTU, whoever speaks of it may not think of that */
	return says(rule, ipv6 ? VP_FIELD_ICMPV6_TYPE : VP_FIELD_ICMP_TYPE, line->type) &&
	       (ipv6 || says(rule, VP_FIELD_ICMP_CODE, line->code));
}

unsigned int vp_lifelines_met(const struct vp_placement *placement, unsigned int *named)
{
	unsigned int met = 0;

	*named = 0;
	for (unsigned int i = 0; i < VP_LIFELINE_COUNT; i++) {
		if (!can_stop(placement, &lifelines[i]))
			continue;
		met |= VP_LIFELINE_BIT(i);
		if (is_named(placement, &lifelines[i]))
			*named |= VP_LIFELINE_BIT(i);
	}
	return met;
}
