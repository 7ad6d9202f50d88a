/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conditions as nftables tests: one row per field says where it is in a packet;
 * everything else is the same for all fields. Slices are in match_bytes.c.
 * Offsets are those of RFC 791, 8200, 9293, 768, 792 and 4443.
 */
#include "modules/netfilter/match.h"

#include <netinet/in.h>

#include "modules/netfilter/match_internal.h"

enum extract {
	EXTRACT_NONE,	 /* netfilter cannot */
	EXTRACT_ADDRESS, /* network header, whole address; at, at6 */
	EXTRACT_NETWORK, /* network header; at, at6 */
	EXTRACT_VERSION, /* the family itself */
	EXTRACT_PROTOCOL,
	EXTRACT_TRANSPORT,
	EXTRACT_LIST,	  /* a list of options or headers: is an element there? */
	EXTRACT_OPTION,	  /* a number in one option or header */
	EXTRACT_LOOPBACK, /* the type of the interface it came in by; missing at output */
	EXTRACT_SLICE,
	EXTRACT_LENGTH,
};

struct extractor {
	enum extract how;
	enum vp_selector_kind kind; /* of options */
	uint8_t type;		    /* of options */
	uint8_t at, at6, size; /* at6: where IPv6 has it, for what is in the network header */
	uint8_t mask, shift;   /* of a byte that holds more than the field; mask 0: none */
	uint8_t unit;	       /* the number counts units of so many; 0: of 1 */
	uint8_t family;	       /* exists in this family only; 0: both */
};

#define TRANSPORT(AT, SIZE)                                                                   \
	{                                                                                     \
		.how = EXTRACT_TRANSPORT, .at = (AT), .size = (SIZE)                          \
	}
#define FLAG(BIT)                                                                             \
	{                                                                                     \
		.how = EXTRACT_TRANSPORT, .at = 13, .size = 1, .mask = 1 << (BIT),            \
		.shift = (BIT)                                                                \
	}
#define OPTION(KIND, TYPE, AT, SIZE, FAMILY)                                                  \
	{                                                                                     \
		.how = EXTRACT_OPTION, .kind = VP_SEL_##KIND, .type = (TYPE), .at = (AT),     \
		.size = (SIZE), .family = (FAMILY)                                            \
	}
#define LIST(KIND, FAMILY)                                                                    \
	{                                                                                     \
		.how = EXTRACT_LIST, .kind = VP_SEL_##KIND, .family = (FAMILY)                \
	}

static const struct extractor extractors[VP_FIELD_COUNT] = {
	[VP_FIELD_IP_SRC] = { .how = EXTRACT_ADDRESS, .at = 12, .at6 = 8 },
	[VP_FIELD_IP_DST] = { .how = EXTRACT_ADDRESS, .at = 16, .at6 = 24 },
	[VP_FIELD_IP_VERSION] = { .how = EXTRACT_VERSION },
	[VP_FIELD_IP_PROTO] = { .how = EXTRACT_PROTOCOL, .size = 1 },
	[VP_FIELD_IP_HDR_LEN] = { .how = EXTRACT_NETWORK,
				  .size = 1,
				  .mask = 0x0f,
				  .unit = 4,
				  .family = 4 },
	[VP_FIELD_IP_TTL] = { .how = EXTRACT_NETWORK, .at = 8, .at6 = 7, .size = 1 },
	[VP_FIELD_IP_OPT_TYPE] = LIST(IPV4_OPTION, 4),
	[VP_FIELD_IPV6_EXTHDR_TYPE] = LIST(IPV6_EXTHDR, 6),
	[VP_FIELD_IPV6_ROUTING_TYPE] = OPTION(IPV6_EXTHDR, 43, 2, 1, 6),
	[VP_FIELD_LINK_LOOPBACK] = { .how = EXTRACT_LOOPBACK },
	[VP_FIELD_TCP_SRCPORT] = TRANSPORT(0, 2),
	[VP_FIELD_TCP_DSTPORT] = TRANSPORT(2, 2),
	[VP_FIELD_TCP_FLAGS] = TRANSPORT(13, 1),
	[VP_FIELD_TCP_FLAGS_FIN] = FLAG(0),
	[VP_FIELD_TCP_FLAGS_SYN] = FLAG(1),
	[VP_FIELD_TCP_FLAGS_RESET] = FLAG(2),
	[VP_FIELD_TCP_FLAGS_PUSH] = FLAG(3),
	[VP_FIELD_TCP_FLAGS_ACK] = FLAG(4),
	[VP_FIELD_TCP_FLAGS_URG] = FLAG(5),
	[VP_FIELD_TCP_WINDOW_SIZE] = TRANSPORT(14, 2),
	[VP_FIELD_TCP_URGENT_POINTER] = TRANSPORT(18, 2),
	[VP_FIELD_TCP_HDR_LEN] = { .how = EXTRACT_TRANSPORT,
				   .at = 12,
				   .size = 1,
				   .mask = 0xf0,
				   .shift = 4,
				   .unit = 4 },
	[VP_FIELD_TCP_OPTION_KIND] = LIST(TCP_OPTION, 0),
	[VP_FIELD_TCP_OPTION_MSS] = OPTION(TCP_OPTION, 2, 2, 2, 0),
	[VP_FIELD_TCP_OPTION_WSCALE] = OPTION(TCP_OPTION, 3, 2, 1, 0),
	[VP_FIELD_UDP_SRCPORT] = TRANSPORT(0, 2),
	[VP_FIELD_UDP_DSTPORT] = TRANSPORT(2, 2),
	[VP_FIELD_ICMP_TYPE] = TRANSPORT(0, 1),
	[VP_FIELD_ICMP_CODE] = TRANSPORT(1, 1),
	[VP_FIELD_ICMPV6_TYPE] = TRANSPORT(0, 1),
	[VP_FIELD_ICMPV6_CODE] = TRANSPORT(1, 1),
	[VP_FIELD_DATAGRAM] = { .how = EXTRACT_SLICE },
	[VP_FIELD_DATAGRAM_LEN] = { .how = EXTRACT_LENGTH },
};

bool vp_match_knows(enum vp_field_id id)
{
	return extractors[id].how != EXTRACT_NONE;
}

bool vp_condition_of_family(const struct vp_condition *condition)
{
	const struct extractor *x = &extractors[condition->field->id];

	return x->how == EXTRACT_ADDRESS || x->how == EXTRACT_NETWORK ||
	       x->how == EXTRACT_VERSION || x->family;
}

/* Building blocks */

struct vp_statements *vp_match_branch(struct vp_test *test, bool holds)
{
	struct vp_branch *branch = vp_array_add(&test->branches);

	branch->holds = holds;
	return &branch->statements;
}

void vp_put_number(uint8_t *out, size_t size, uint64_t number)
{
	for (size_t i = size; i-- > 0; number >>= 8)
		out[i] = (uint8_t)number;
}

uint64_t vp_match_swap(uint64_t number, size_t size)
{
	uint64_t swapped = 0;

	for (size_t i = 0; i < size; i++, number >>= 8)
		swapped = swapped << 8 | (number & 0xff);
	return swapped;
}

struct vp_reading vp_match_reading(const struct vp_condition *condition, size_t size)
{
	struct vp_reading reading = { .mask = UINT64_MAX };

	vp_array_each (transform, &condition->transforms) {
		if (transform->kind == VP_TRANSFORM_LITTLE_ENDIAN)
			reading.little_endian = !reading.little_endian;
		if (transform->kind == VP_TRANSFORM_MASK)
			reading.mask &= reading.little_endian
						? vp_match_swap(transform->number, size)
						: transform->number;
	}
	return reading;
}

void vp_match_mask(struct vp_selector *selector, size_t size, uint64_t mask)
{
	uint8_t bytes[8];

	if (mask == (size >= 8 ? UINT64_MAX : (UINT64_C(1) << 8 * size) - 1))
		return;
	vp_put_number(bytes, size, mask);
	if (!selector->masked)
		memset(selector->mask, 0xff, selector->size);
	selector->masked = true;
	for (size_t i = 0; i < size; i++)
		selector->mask[selector->size - size + i] &= bytes[i];
}

/* Intervals */

static int interval_compare(const void *a, const void *b)
{
	const struct vp_interval *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

static void intervals_normalise(struct vp_intervals *list)
{
	size_t kept = 0;

	if (list->len < 2)
		return;
	qsort(list->data, list->len, sizeof(*list->data), interval_compare);
	for (size_t i = 1; i < list->len; i++) {
		struct vp_interval *last = &list->data[kept];

		if (last->last == UINT64_MAX || list->data[i].first <= last->last + 1) {
			if (list->data[i].last > last->last)
				last->last = list->data[i].last;
		} else {
			list->data[++kept] = list->data[i];
		}
	}
	list->len = kept + 1;
}

static void interval_add(struct vp_intervals *out, enum vp_operator op, uint64_t first,
			 uint64_t last, uint64_t max)
{
	struct vp_interval interval = { first, last };

	if (op == VP_OP_LESS_THAN || op == VP_OP_AT_MOST)
		interval.first = 0;
	if (op == VP_OP_GREATER_THAN || op == VP_OP_AT_LEAST)
		interval.last = max;
	if (op == VP_OP_LESS_THAN && !interval.last--)
		return;
	if (op == VP_OP_GREATER_THAN && interval.first++ == UINT64_MAX)
		return;
	if (interval.last > max)
		interval.last = max;
	if (interval.first <= interval.last)
		vp_array_push(out, interval);
}

static void value_intervals(const struct vp_condition *condition, const struct vp_value *value,
			    uint64_t max, struct vp_intervals *out)
{
	uint64_t number = 0;

	if (value->kind == VP_VALUE_NUMBER)
		interval_add(out, condition->op, value->number.first, value->number.last, max);
	if (value->kind == VP_VALUE_BYTES && condition->field->type == VP_TYPE_SLICE &&
	    value->bytes.len == condition->length && value->bytes.len <= 8) {
		for (size_t i = 0; i < value->bytes.len; i++)
			number = number << 8 | value->bytes.data[i];
		interval_add(out, condition->op, number, number, max);
	}
	if (value->kind == VP_VALUE_SET && value->reference.set)
		vp_array_each (element, &value->reference.set->values)
			value_intervals(condition, element, max, out);
}

void vp_match_intervals(const struct vp_condition *condition, uint64_t max,
			struct vp_intervals *out)
{
	vp_array_each (value, &condition->values)
		value_intervals(condition, value, max, out);
	intervals_normalise(out);
}

/* Numbers */

static void number_set(struct vp_match *match, const struct vp_selector *selector,
		       size_t width, const struct vp_intervals *intervals)
{
	struct vp_nft_set set = { 0 };
	struct vp_selector plain = *selector;
	struct vp_statement *statement;
	size_t lead = vp_selector_width(selector) - width;

	plain.masked = false;
	memset(plain.mask, 0, sizeof(plain.mask));
	vp_set_part(&set, &plain, "integer");
	vp_array_each (interval, intervals)
		set.interval |= interval->first != interval->last;
	vp_array_each (interval, intervals) {
		uint8_t *key, *end;

		vp_set_element(&set, &key, set.interval ? &end : NULL);
		vp_put_number(key + lead, width, interval->first);
		if (set.interval)
			vp_put_number(end + lead, width, interval->last);
	}
	vp_set_sort(&set);
	statement = vp_st_match(vp_match_branch(&match->core, true), selector, VP_CMP_IN_SET,
				NULL);
	statement->name = vp_strdup(vp_store_set(match->store, "set", &set));
}

void vp_match_number(struct vp_match *match, const struct vp_selector *selector, size_t width,
		     const struct vp_intervals *intervals, uint64_t max)
{
	const struct vp_interval *only = intervals->data;
	size_t lead = vp_selector_width(selector) - width;
	uint8_t first[16] = { 0 }, last[16] = { 0 };
	struct vp_statements *statements;
	struct vp_statement *statement;

	if (!intervals->len)
		return;
	if (intervals->len > 1) {
		number_set(match, selector, width, intervals);
		return;
	}
	vp_put_number(first + lead, width, only->first);
	vp_put_number(last + lead, width, only->last);
	statements = vp_match_branch(&match->core, true);
	if (only->first == only->last)
		vp_st_match(statements, selector, VP_CMP_EQ, first);
	else if (only->first == 0 && only->last >= max)
		vp_st_match(statements, selector, VP_CMP_LOADED, NULL);
	else if (only->first == 0)
		vp_st_match(statements, selector, VP_CMP_LE, last);
	else if (only->last >= max)
		vp_st_match(statements, selector, VP_CMP_GE, first);
	else {
		statement = vp_st_match(statements, selector, VP_CMP_IN_RANGE, first);
		memcpy(statement->data2, last, vp_selector_width(selector));
	}
}

static void presence(struct vp_match *match, const struct vp_selector *selector)
{
	vp_st_match(vp_match_branch(&match->presence, true), selector, VP_CMP_LOADED, NULL);
}

/* A number of at most 4 bytes at a fixed place: header fields, options. */
static void match_header(struct vp_match *match, const struct extractor *x,
			 struct vp_selector selector, unsigned int bits)
{
	uint64_t unit = x->unit ? x->unit : 1, max = ((UINT64_C(1) << bits) - 1) / unit;
	uint64_t mask = vp_match_reading(match->condition, x->size).mask;
	struct vp_intervals values = { 0 }, raw = { 0 };

	if (x->mask)
		max = x->mask >> x->shift;
	vp_match_intervals(match->condition, max * unit, &values);
	vp_array_each (value, &values) {
		uint64_t first = (value->first + unit - 1) / unit, last = value->last / unit;

		if (first <= last)
			vp_array_push(&raw, ((struct vp_interval){ first << x->shift,
								   last << x->shift }));
	}
	if (x->mask)
		mask = mask == UINT64_MAX ? x->mask : (mask / unit << x->shift & x->mask);
	vp_match_mask(&selector, x->size, mask & ((UINT64_C(1) << 8 * x->size) - 1));
	vp_match_number(match, &selector, x->size, &raw, max << x->shift);
	selector.masked = false;
	memset(selector.mask, 0, sizeof(selector.mask));
	presence(match, &selector);
	vp_array_free(&values);
	vp_array_free(&raw);
}

static void match_version(struct vp_match *match)
{
	struct vp_intervals values = { 0 };

	vp_match_intervals(match->condition, 15, &values);
	vp_array_each (value, &values)
		if (value->first <= match->scope->family &&
		    match->scope->family <= value->last)
			vp_match_branch(&match->core, true);
	vp_match_branch(&match->presence, true);
	vp_array_free(&values);
}

/* Options and extension headers */

static bool list_wants(const struct vp_values *values, uint64_t element)
{
	vp_array_each (value, values) {
		if (value->kind == VP_VALUE_NUMBER && value->number.first <= element &&
		    element <= value->number.last)
			return true;
		if (value->kind == VP_VALUE_SET && value->reference.set &&
		    list_wants(&value->reference.set->values, element))
			return true;
	}
	return false;
}

static void there(struct vp_test *test, enum vp_selector_kind kind, uint8_t type)
{
	struct vp_selector selector = vp_sel_option(kind, type, 0, 0);

	vp_st_match(vp_match_branch(test, true), &selector, VP_CMP_EQ, (uint8_t[]){ 1 });
}

/*
 * A list has elements, and so the field exists, when the header is longer than
 * its fixed part (options), or when any known extension header is there.
 */
static void match_list(struct vp_match *match, const struct extractor *x)
{
	static const uint8_t headers[] = { 0, 43, 60, 135 };
	struct vp_selector length;

	for (unsigned int type = 0; type < 256; type++)
		if (list_wants(&match->condition->values, type))
			there(&match->core, x->kind, (uint8_t)type);
	if (x->kind == VP_SEL_IPV6_EXTHDR) {
		for (size_t i = 0; i < VP_COUNT(headers); i++)
			there(&match->presence, x->kind, headers[i]);
		return;
	}
	length = x->kind == VP_SEL_TCP_OPTION ? vp_sel_payload(VP_SEL_TRANSPORT, 12, 1)
					      : vp_sel_payload(VP_SEL_NETWORK, 0, 1);
	vp_match_mask(&length, 1, x->kind == VP_SEL_TCP_OPTION ? 0xf0 : 0x0f);
	vp_st_match(vp_match_branch(&match->presence, true), &length, VP_CMP_GT,
		    (uint8_t[]){ x->kind == VP_SEL_TCP_OPTION ? 5 << 4 : 5 });
}

/*
 * 1 or 0, by the interface's type. What this host sends to itself is judged where
 * it leaves (compile_dispatch.c), all else by the interface it came in by; each
 * selector ends the branch where its interface does not exist.
 */
static void match_loopback(struct vp_match *match)
{
	if (list_wants(&match->condition->values, 1))
		vp_st_loopback(vp_match_branch(&match->core, true), VP_SEL_OIFTYPE, true);
	if (list_wants(&match->condition->values, 0))
		vp_st_loopback(vp_match_branch(&match->core, true), VP_SEL_IIFTYPE, false);
	vp_st_loopback(vp_match_branch(&match->presence, true), VP_SEL_OIFTYPE, true);
	vp_st_loopback(vp_match_branch(&match->presence, true), VP_SEL_IIFTYPE, false);
}

/* The whole condition */

static void match_core(struct vp_match *match, const struct extractor *x)
{
	const struct vp_condition *condition = match->condition;
	uint8_t at = match->scope->family == 6 ? x->at6 : x->at;

	switch (x->how) {
	case EXTRACT_NONE:
		return; /* vp_place() never lets it come here: the field is missing */
	case EXTRACT_ADDRESS:
		match->certain = true;
		vp_match_address(match, at);
		break;
	case EXTRACT_NETWORK:
		match->certain = true;
		match_header(match, x, vp_sel_payload(VP_SEL_NETWORK, at, x->size),
			     condition->field->bits);
		break;
	case EXTRACT_VERSION:
		match_version(match);
		break;
	case EXTRACT_PROTOCOL:
		match->certain = true;
		match_header(match, x, vp_sel(VP_SEL_L4PROTO, 1), 8);
		break;
	case EXTRACT_TRANSPORT:
		match_header(match, x, vp_sel_payload(VP_SEL_TRANSPORT, x->at, x->size),
			     condition->field->bits);
		break;
	case EXTRACT_LIST:
		match_list(match, x);
		return;
	case EXTRACT_OPTION:
		match_header(match, x, vp_sel_option(x->kind, x->type, x->at, x->size),
			     condition->field->bits);
		break;
	case EXTRACT_LOOPBACK:
		match_loopback(match);
		break;
	case EXTRACT_SLICE:
		vp_match_slice(match);
		return;
	case EXTRACT_LENGTH:
		vp_match_length(match);
		return;
	}
	match->single =
		match->core.branches.len == 1 &&
		match->core.branches.data[0].statements.len == 1 &&
		match->core.branches.data[0].statements.data[0].compare != VP_CMP_LOADED;
}

static bool field_has_protocol(const struct vp_field *field, unsigned int protocol)
{
	return field->traffic & vp_protocol_traffic((uint16_t)protocol);
}

/*
 * Statements that let only protocols with the field pass, when the scope has
 * others too. False: no protocol of the scope has it.
 */
static bool match_protocols(const struct vp_match *match, struct vp_statements *out)
{
	const struct vp_field *field = match->condition->field;
	struct vp_selector selector = vp_sel(VP_SEL_L4PROTO, 1);
	struct vp_nft_set set = { 0 };
	unsigned int with = 0, without = 0;
	uint8_t last = 0, *key;

	for (unsigned int protocol = 0; protocol < 256; protocol++) {
		if (!match->scope->protocols[protocol])
			continue;
		if (field_has_protocol(field, protocol)) {
			last = (uint8_t)protocol;
			with++;
		} else {
			without++;
		}
	}
	if (!without || !with)
		return with;
	if (with == 1) {
		vp_st_match(out, &selector, VP_CMP_EQ, &last);
		return true;
	}
	vp_set_part(&set, &selector, "inet_proto");
	for (unsigned int protocol = 0; protocol < 256; protocol++) {
		if (!match->scope->protocols[protocol] || !field_has_protocol(field, protocol))
			continue;
		vp_set_element(&set, &key, NULL);
		*key = (uint8_t)protocol;
	}
	vp_st_match(out, &selector, VP_CMP_IN_SET, NULL)->name =
		vp_strdup(vp_store_set(match->store, "set", &set));
	return true;
}

static void take_branch(struct vp_test *test, const struct vp_statements *dependencies,
			struct vp_branch *branch, bool holds)
{
	struct vp_statements *statements = vp_match_branch(test, holds);

	vp_statements_copy(statements, dependencies);
	vp_array_each (statement, &branch->statements)
		vp_array_push(statements, *statement);
	vp_array_free(&branch->statements);
}

/* A branch without statements decides for all that come to it; branches that agree with that
 * are idle. */
static void simplify(struct vp_test *test)
{
	size_t count = test->branches.len;

	for (size_t i = 0; i < test->branches.len; i++) {
		if (test->branches.data[i].statements.len)
			continue;
		test->otherwise = test->branches.data[i].holds;
		count = i;
		break;
	}
	while (count && test->branches.data[count - 1].holds == test->otherwise)
		count--;
	for (size_t i = count; i < test->branches.len; i++)
		vp_statements_free(&test->branches.data[i].statements);
	test->branches.len = count;
}

static void assemble(struct vp_match *match, const struct vp_statements *dependencies,
		     struct vp_test *test)
{
	const struct vp_condition *condition = match->condition;
	bool negated = condition->negated,
	     exists = condition->op == VP_OP_PRESENT || condition->op == VP_OP_ABSENT;
	struct vp_statement *only;

	if (exists) {
		bool present = (condition->op == VP_OP_PRESENT) != negated;

		if (negated && condition->op == VP_OP_PRESENT)
			return; /* a missing field makes it false, an existing one too */
		vp_array_each (branch, &match->presence.branches)
			take_branch(test, dependencies, branch, present);
		test->otherwise = !present;
		return;
	}
	if (negated && match->single) {
		only = &match->core.branches.data[0].statements.data[0];
		only->compare = vp_compare_inverse(only->compare);
		negated = false;
	}
	vp_array_each (branch, &match->core.branches)
		take_branch(test, dependencies, branch, branch->holds != negated);
	if (negated)
		vp_array_each (branch, &match->presence.branches)
			take_branch(test, dependencies, branch, true);
	test->readable = match->single && match->certain && !dependencies->len;
}

void vp_test_compile(const struct vp_condition *condition, const struct vp_scope *scope,
		     struct vp_store *store, struct vp_test *test)
{
	const struct extractor *x = &extractors[condition->field->id];
	struct vp_match match = { .condition = condition, .scope = scope, .store = store };
	struct vp_statements dependencies = { 0 };

	if ((x->family && x->family != scope->family) ||
	    !match_protocols(&match, &dependencies)) {
		test->otherwise = condition->op == VP_OP_ABSENT && !condition->negated;
	} else {
		match_core(&match, x);
		assemble(&match, &dependencies, test);
		simplify(test);
	}
	vp_statements_free(&dependencies);
	vp_test_free(&match.core);
	vp_test_free(&match.presence);
}

void vp_test_free(struct vp_test *test)
{
	vp_array_each (branch, &test->branches)
		vp_statements_free(&branch->statements);
	vp_array_free(&test->branches);
}

bool vp_test_invert(struct vp_test *test)
{
	struct vp_statement *only;

	if (!test->readable || !vp_test_plain(test) ||
	    test->branches.data[0].statements.len != 1)
		return false;
	only = &test->branches.data[0].statements.data[0];
	only->compare = vp_compare_inverse(only->compare);
	return true;
}

bool vp_condition_constants(const struct vp_condition *condition, const struct vp_scope *scope,
			    struct vp_constants *constants)
{
	const struct extractor *x = &extractors[condition->field->id];
	bool slice =
		x->how == EXTRACT_SLICE && condition->length >= 1 && condition->length <= 8;
	size_t size = slice ? condition->length : x->size;
	struct vp_intervals values = { 0 };
	struct vp_reading reading;
	uint64_t max = size == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * size) - 1;
	bool ok = true;

	if (condition->negated || condition->op != VP_OP_EQUALS ||
	    !(slice || (x->how == EXTRACT_TRANSPORT && !x->mask)))
		return false;
	for (unsigned int protocol = 0; protocol < 256; protocol++)
		if (scope->protocols[protocol] &&
		    !field_has_protocol(condition->field, protocol))
			return false;
	reading = vp_match_reading(condition, size);
	constants->selector = vp_match_transport(
		slice ? VP_DATAGRAM_OFFSET + condition->offset : x->at, (unsigned int)size);
	vp_match_mask(&constants->selector, size, reading.mask & max);
	vp_match_intervals(condition, max, &values);
	vp_array_each (value, &values) {
		/* neighbours were joined to an interval */
		if (value->last - value->first >= 8 || constants->values.len > 8) {
			ok = false;
			break;
		}
		for (uint64_t n = value->first;; n++) {
			vp_array_push(&constants->values,
				      reading.little_endian ? vp_match_swap(n, size) : n);
			if (n == value->last)
				break;
		}
	}
	ok = ok && constants->values.len >= 1 && constants->values.len <= 8;
	vp_array_free(&values);
	if (!ok)
		vp_array_free(&constants->values);
	return ok;
}
