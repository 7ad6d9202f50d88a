/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The naive interpreter: see interpreter.h. Every field is fetched anew for every
 * condition, every rule is looked at for every packet. Slow and obvious on
 * purpose; it shares no code with planner and compiler.
 */
#include "tests/harness/interpreter.h"

/* What a condition reads: nothing, some numbers (a list field may have many), an address, or
 * bytes. */
struct value {
	bool there;
	bool boundless; /* an open slice */
	uint64_t numbers[300];
	size_t number_count;
	const uint8_t *bytes;
	size_t len;
	struct vp_address address;
};

/* The packet, taken apart once. */
struct view {
	const struct it_packet *packet;
	int version;
	struct vp_address source, destination;
	unsigned int protocol, ttl;
	const uint8_t *transport;
	size_t transport_len;
	uint8_t headers[16]; /* IPv6 extension headers */
	const uint8_t *header_at[16];
	size_t header_count;
	const uint8_t *options; /* IPv4 */
	size_t options_len;
};

static unsigned int be16(const uint8_t *p)
{
	return (unsigned int)(p[0] << 8 | p[1]);
}

static bool take_apart_4(struct view *v)
{
	const uint8_t *p = v->packet->data;
	size_t header = (size_t)(p[0] & 15) * 4, total = be16(p + 2);

	if (header < 20 || total < header || total > v->packet->len)
		return false;
	v->version = 4;
	v->source.family = v->destination.family = 4;
	memcpy(v->source.bytes, p + 12, 4);
	memcpy(v->destination.bytes, p + 16, 4);
	v->ttl = p[8];
	v->protocol = p[9];
	v->options = p + 20;
	v->options_len = header - 20;
	v->transport = p + header;
	v->transport_len = total - header;
	return true;
}

static bool take_apart_6(struct view *v)
{
	const uint8_t *p = v->packet->data, *end = p + 40 + be16(p + 4), *at = p + 40;
	unsigned int next = p[6];

	if (end > p + v->packet->len)
		return false;
	v->version = 6;
	v->source.family = v->destination.family = 6;
	memcpy(v->source.bytes, p + 8, 16);
	memcpy(v->destination.bytes, p + 24, 16);
	v->ttl = p[7];
	while (next == 0 || next == 43 || next == 60 || next == 135) {
		if (at + 8 > end || v->header_count == 16)
			return false;
		v->headers[v->header_count] = (uint8_t)next;
		v->header_at[v->header_count++] = at;
		if (next == 135)
			break; /* a mobility header is also what is transported */
		next = at[0];
		at += 8 + 8 * at[1];
	}
	v->protocol = next;
	v->transport = at;
	v->transport_len = at <= end ? (size_t)(end - at) : 0;
	return true;
}

static bool take_apart(struct view *v, const struct it_packet *packet)
{
	*v = (struct view){ .packet = packet };
	if (packet->len >= 20 && packet->data[0] >> 4 == 4)
		return take_apart_4(v);
	if (packet->len >= 40 && packet->data[0] >> 4 == 6)
		return take_apart_6(v);
	return false;
}

/* Fields */

static void number(struct value *value, uint64_t n)
{
	value->there = true;
	value->numbers[value->number_count++] = n;
}

static void tcp_options(const struct view *v, struct value *value, int wanted, size_t at,
			size_t size)
{
	size_t header, i = 20;

	if (v->protocol != 6 || v->transport_len < 20)
		return;
	header = (size_t)(v->transport[12] >> 4) * 4;
	if (header > v->transport_len)
		return;
	while (i < header) {
		unsigned int kind = v->transport[i];
		size_t len = kind < 2 || i + 1 >= header ? 1 : v->transport[i + 1];

		if (len == 0)
			len = 1;
		if (wanted < 0) {
			number(value, kind);
		} else if (kind == (unsigned int)wanted) {
			if (at + size <= len && i + len <= header)
				number(value, size == 2 ? be16(v->transport + i + at)
							: v->transport[i + at]);
			return;
		}
		i += len;
	}
}

static void ip_options(const struct view *v, struct value *value)
{
	for (size_t i = 0; i < v->options_len;) {
		unsigned int kind = v->options[i];

		number(value, kind);
		if (kind == 0)
			return;
		i += kind == 1 || i + 1 >= v->options_len ? 1 : v->options[i + 1];
	}
}

static bool has_datagram(const struct view *v)
{
	return (v->protocol == 17 || v->protocol == 136 || v->protocol == 1 ||
		v->protocol == 58) &&
	       v->transport_len >= 8;
}

static void slice(const struct view *v, const struct vp_condition *condition,
		  struct value *value)
{
	size_t len;

	if (!has_datagram(v))
		return;
	len = v->transport_len - 8;
	value->boundless = !condition->length;
	value->bytes = v->transport + 8 + condition->offset;
	if (condition->length) {
		value->there = condition->offset + (size_t)condition->length <= len;
		value->len = condition->length;
	} else {
		value->there = condition->offset < len;
		value->len = value->there ? len - condition->offset : 0;
	}
}

static void transport_number(const struct view *v, struct value *value, unsigned int protocol,
			     size_t at, size_t size)
{
	bool udp = protocol == 17 && v->protocol == 136;

	if ((v->protocol == protocol || udp) && v->transport_len >= at + size)
		number(value, size == 2 ? be16(v->transport + at) : v->transport[at]);
}

static void flag(const struct view *v, struct value *value, int bit)
{
	if (v->protocol == 6 && v->transport_len >= 14)
		number(value, v->transport[13] >> bit & 1);
}

static void fetch_tcp(const struct view *v, enum vp_field_id id, struct value *value)
{
	switch ((int)id) {
	case VP_FIELD_TCP_SRCPORT:
		transport_number(v, value, 6, 0, 2);
		break;
	case VP_FIELD_TCP_DSTPORT:
		transport_number(v, value, 6, 2, 2);
		break;
	case VP_FIELD_TCP_FLAGS:
		transport_number(v, value, 6, 13, 1);
		break;
	case VP_FIELD_TCP_FLAGS_FIN:
		flag(v, value, 0);
		break;
	case VP_FIELD_TCP_FLAGS_SYN:
		flag(v, value, 1);
		break;
	case VP_FIELD_TCP_FLAGS_RESET:
		flag(v, value, 2);
		break;
	case VP_FIELD_TCP_FLAGS_PUSH:
		flag(v, value, 3);
		break;
	case VP_FIELD_TCP_FLAGS_ACK:
		flag(v, value, 4);
		break;
	case VP_FIELD_TCP_FLAGS_URG:
		flag(v, value, 5);
		break;
	case VP_FIELD_TCP_WINDOW_SIZE:
		transport_number(v, value, 6, 14, 2);
		break;
	case VP_FIELD_TCP_URGENT_POINTER:
		transport_number(v, value, 6, 18, 2);
		break;
	case VP_FIELD_TCP_HDR_LEN:
		if (v->protocol == 6 && v->transport_len >= 13)
			number(value, (uint64_t)(v->transport[12] >> 4) * 4);
		break;
	case VP_FIELD_TCP_OPTION_KIND:
		tcp_options(v, value, -1, 0, 0);
		break;
	case VP_FIELD_TCP_OPTION_MSS:
		tcp_options(v, value, 2, 2, 2);
		break;
	case VP_FIELD_TCP_OPTION_WSCALE:
		tcp_options(v, value, 3, 2, 1);
		break;
	default:
		break;
	}
}

static void fetch_ip(const struct view *v, enum vp_field_id id, struct value *value)
{
	switch ((int)id) {
	case VP_FIELD_IP_SRC:
	case VP_FIELD_IP_DST:
		value->there = true;
		value->address = id == VP_FIELD_IP_SRC ? v->source : v->destination;
		break;
	case VP_FIELD_IP_VERSION:
		number(value, (uint64_t)v->version);
		break;
	case VP_FIELD_IP_PROTO:
		number(value, v->protocol);
		break;
	case VP_FIELD_IP_TTL:
		number(value, v->ttl);
		break;
	case VP_FIELD_IP_HDR_LEN:
		if (v->version == 4)
			number(value, 20 + v->options_len);
		break;
	case VP_FIELD_LINK_LOOPBACK:
		if (v->packet->hook != IT_OUTPUT)
			number(value, v->packet->loopback);
		break;
	case VP_FIELD_IP_OPT_TYPE:
		if (v->version == 4)
			ip_options(v, value);
		break;
	case VP_FIELD_IPV6_EXTHDR_TYPE:
		for (size_t i = 0; i < v->header_count; i++)
			number(value, v->headers[i]);
		break;
	case VP_FIELD_IPV6_ROUTING_TYPE:
		for (size_t i = 0; i < v->header_count && !value->there; i++)
			if (v->headers[i] == 43)
				number(value, v->header_at[i][2]);
		break;
	default:
		break;
	}
}

static void fetch(const struct view *v, const struct vp_condition *condition,
		  struct value *value)
{
	enum vp_field_id id = condition->field->id;

	*value = (struct value){ 0 };
	if (id >= VP_FIELD_TCP_SRCPORT && id <= VP_FIELD_TCP_OPTION_WSCALE) {
		fetch_tcp(v, id, value);
		return;
	}
	switch ((int)id) {
	case VP_FIELD_UDP_SRCPORT:
		transport_number(v, value, 17, 0, 2);
		break;
	case VP_FIELD_UDP_DSTPORT:
		transport_number(v, value, 17, 2, 2);
		break;
	case VP_FIELD_ICMP_TYPE:
		transport_number(v, value, 1, 0, 1);
		break;
	case VP_FIELD_ICMP_CODE:
		transport_number(v, value, 1, 1, 1);
		break;
	case VP_FIELD_ICMPV6_TYPE:
		transport_number(v, value, 58, 0, 1);
		break;
	case VP_FIELD_ICMPV6_CODE:
		transport_number(v, value, 58, 1, 1);
		break;
	case VP_FIELD_DATAGRAM:
		slice(v, condition, value);
		break;
	case VP_FIELD_DATAGRAM_LEN:
		if (has_datagram(v))
			number(value, v->transport_len - 8);
		break;
	default:
		fetch_ip(v, id, value);
		break;
	}
}

/* Conditions */

static uint64_t transformed(const struct vp_condition *condition, uint64_t n, size_t size)
{
	vp_array_each (transform, &condition->transforms) {
		if (transform->kind == VP_TRANSFORM_MASK)
			n &= transform->number;
		if (transform->kind == VP_TRANSFORM_LITTLE_ENDIAN) {
			uint64_t turned = 0;

			for (size_t i = 0; i < size; i++)
				turned |= (n >> 8 * i & 0xff) << 8 * (size - 1 - i);
			n = turned;
		}
	}
	return n;
}

static uint64_t big_endian(const uint8_t *data, size_t len)
{
	uint64_t n = 0;

	for (size_t i = 0; i < len; i++)
		n = n << 8 | data[i];
	return n;
}

static bool compare_number(enum vp_operator op, uint64_t n, uint64_t first, uint64_t last)
{
	switch ((int)op) {
	case VP_OP_EQUALS:
		return first <= n && n <= last;
	case VP_OP_LESS_THAN:
		return n < last;
	case VP_OP_AT_MOST:
		return n <= last;
	case VP_OP_GREATER_THAN:
		return n > first;
	case VP_OP_AT_LEAST:
		return n >= first;
	default:
		return false;
	}
}

static bool compare_bytes(const struct vp_condition *condition, const struct value *value,
			  const uint8_t *data, size_t len)
{
	if (condition->op == VP_OP_EQUALS)
		return value->len == len && !memcmp(value->bytes, data, len);
	if (condition->op == VP_OP_STARTS_WITH)
		return value->len >= len && !memcmp(value->bytes, data, len);
	return value->len == len && !value->boundless && len <= 8 &&
	       compare_number(condition->op, big_endian(value->bytes, len),
			      big_endian(data, len), big_endian(data, len));
}

static bool holds_for(const struct vp_condition *condition, const struct value *value,
		      const struct vp_value *wanted)
{
	switch (wanted->kind) {
	case VP_VALUE_ADDRESS:
		return vp_address_within(&value->address, &wanted->address);
	case VP_VALUE_BYTES:
		return compare_bytes(condition, value, wanted->bytes.data, wanted->bytes.len);
	case VP_VALUE_NUMBER:
		if (value->bytes)
			return value->len <= 8 &&
			       compare_number(condition->op,
					      transformed(condition,
							  big_endian(value->bytes, value->len),
							  value->len),
					      wanted->number.first, wanted->number.last);
		for (size_t i = 0; i < value->number_count; i++)
			if (compare_number(condition->op,
					   transformed(condition, value->numbers[i], 1),
					   wanted->number.first, wanted->number.last))
				return true;
		return false;
	case VP_VALUE_SET:
		vp_array_each (element, &wanted->reference.set->values)
			if (holds_for(condition, value, element))
				return true;
		return false;
	case VP_VALUE_REGEX:
		break;
	}
	return false;
}

static bool holds(const struct vp_condition *condition, const struct view *v)
{
	struct value value;
	bool result = false;

	fetch(v, condition, &value);
	if (condition->op == VP_OP_ABSENT)
		return value.there == condition->negated;
	if (!value.there)
		return false;
	if (condition->op == VP_OP_PRESENT)
		return !condition->negated;
	vp_array_each (wanted, &condition->values)
		result = result || holds_for(condition, &value, wanted);
	return result != condition->negated;
}

/* Rules */

static bool in_addresses(const struct vp_values *values, const struct vp_address *address)
{
	vp_array_each (value, values) {
		if (value->kind == VP_VALUE_ADDRESS &&
		    vp_address_within(address, &value->address))
			return true;
		if (value->kind == VP_VALUE_SET &&
		    in_addresses(&value->reference.set->values, address))
			return true;
	}
	return false;
}

static bool in_ports(const struct vp_port_ranges *ports, unsigned int protocol, int port)
{
	vp_array_each (range, ports) {
		if (range->protocol == 256)
			return true;
		if (range->protocol == protocol &&
		    (port < 0 || (range->first <= port && port <= range->last)))
			return true;
	}
	return false;
}

/* Was a translated packet sent to a service of this host? */
static bool of_published(const struct vp_rule *rule, const struct vp_service *service,
			 const struct view *v)
{
	return !service->addresses.len && rule->direction == VP_TO_SERVER &&
	       v->packet->translated &&
	       in_ports(&service->ports, v->protocol, v->packet->original_port);
}

/* Is the packet, at this hook, traffic of the service in the rule's direction? */
static bool of_service(const struct vp_rule *rule, const struct vp_service *service,
		       const struct view *v)
{
	bool client = rule->direction == VP_TO_CLIENT;
	bool ports = v->protocol == 6 || v->protocol == 17 || v->protocol == 33 ||
		     v->protocol == 132 || v->protocol == 136;
	int port = -1;

	if (ports && v->transport_len < (client ? 2 : 4))
		return false; /* a cut header: the port that counts is not there */
	if (ports)
		port = (int)be16(v->transport + (client ? 0 : 2));
	if (!in_ports(&service->ports, v->protocol, port))
		return false;
	if (service->addresses.len)
		return in_addresses(&service->addresses,
				    client ? &v->source : &v->destination);
	return v->packet->hook == (client ? IT_OUTPUT : IT_INPUT);
}

static bool over_limit(struct it_state *state, const struct vp_rule *rule,
		       const struct view *v)
{
	struct it_usage key = { .rule = rule };

	if (rule->action.per_source) {
		key.source[0] = (uint8_t)v->version;
		memcpy(key.source + 1, v->source.bytes, v->version == 4 ? 4 : 8);
	}
	vp_array_each (usage, &state->usage)
		if (usage->rule == rule &&
		    !memcmp(usage->source, key.source, sizeof(key.source)))
			return usage->packets++ >= rule->action.burst;
	key.packets = 1;
	vp_array_push(&state->usage, key);
	return rule->action.burst < 1;
}

static bool rule_matches(const struct vp_patch *patch, const struct vp_rule *rule,
			 const struct view *v, bool published, struct it_state *state)
{
	const struct vp_service *service = &patch->services.data[rule->service];

	if (!(published ? of_published(rule, service, v) : of_service(rule, service, v)))
		return false;
	vp_array_each (condition, &rule->when)
		if (!holds(condition, v))
			return false;
	vp_array_each (condition, &rule->except)
		if (holds(condition, v))
			return false;
	return rule->action.verdict != VP_VERDICT_LIMIT || over_limit(state, rule, v);
}

/* All rules of one mode and direction, by severity, then id, then place; stop at a decisive
 * one. */
static void evaluate_pass(const struct vp_policy *policy, enum vp_mode mode,
			  enum vp_direction direction, bool published, const struct view *v,
			  struct it_state *state, struct it_result *result)
{
	for (int severity = VP_SEVERITY_CRITICAL; severity >= VP_SEVERITY_LOW; severity--) {
		/* patches stand in order of id */
		vp_array_each (patch, &policy->patches) {
			if ((*patch)->disabled || (*patch)->mode != mode ||
			    (int)(*patch)->severity != severity)
				continue;
			vp_array_each (rule, &(*patch)->rules) {
				if (result->decisive.patch || rule->direction != direction ||
				    !rule_matches(*patch, rule, v, published, state))
					continue;
				if (mode == VP_MODE_MONITOR)
					vp_array_push(&result->monitors,
						      ((struct it_match){ *patch, rule }));
				else
					result->decisive = (struct it_match){ *patch, rule };
			}
		}
	}
}

void it_evaluate(const struct vp_policy *policy, const struct it_packet *packet,
		 struct it_state *state, struct it_result *result)
{
	struct view v;

	result->decisive = (struct it_match){ 0 };
	result->monitors.len = 0;
	if (!take_apart(&v, packet))
		return;
	for (int mode = VP_MODE_MONITOR; mode <= VP_MODE_ENFORCE; mode++)
		for (int direction = VP_TO_SERVER; direction <= VP_TO_CLIENT; direction++)
			for (int published = 0; published < 2; published++)
				evaluate_pass(policy, (enum vp_mode)mode,
					      (enum vp_direction)direction, published, &v,
					      state, result);
}
