/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of addresses: a prefix by mask, a range by its ends, everything else by a set. */
#include "modules/netfilter/match_internal.h"

VP_ARRAY_TYPE(ranges, struct vp_address_range);

static void collect(const struct vp_values *values, uint8_t family, struct ranges *out)
{
	vp_array_each (value, values) {
		if (value->kind == VP_VALUE_ADDRESS && value->address.first.family == family)
			vp_array_push(out, value->address);
		if (value->kind == VP_VALUE_SET && value->reference.set)
			collect(&value->reference.set->values, family, out);
	}
}

static int compare(const void *a, const void *b)
{
	const struct vp_address_range *x = a, *y = b;

	return vp_address_compare(&x->first, &y->first);
}

static void normalise(struct ranges *list)
{
	size_t kept = 0;

	if (list->len < 2)
		return;
	qsort(list->data, list->len, sizeof(*list->data), compare);
	for (size_t i = 1; i < list->len; i++) {
		struct vp_address next = list->data[kept].last;

		if (!vp_address_step(&next, 1) ||
		    vp_address_compare(&list->data[i].first, &next) <= 0) {
			if (vp_address_compare(&list->data[i].last, &list->data[kept].last) >
			    0)
				list->data[kept].last = list->data[i].last;
		} else {
			list->data[++kept] = list->data[i];
		}
	}
	list->len = kept + 1;
}

static void match_one(struct vp_match *match, struct vp_selector selector,
		      const struct vp_address_range *range)
{
	struct vp_statements *statements = vp_match_branch(&match->core, true);
	int prefix = vp_address_range_prefix(range);
	struct vp_statement *statement;

	if (prefix < 0) {
		statement = vp_st_match(statements, &selector, VP_CMP_IN_RANGE,
					range->first.bytes);
		memcpy(statement->data2, range->last.bytes, selector.size);
		return;
	}
	if (prefix < 8 * selector.size) {
		selector.masked = true;
		for (int bit = 0; bit < prefix; bit++)
			selector.mask[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	}
	vp_st_match(statements, &selector, VP_CMP_EQ, range->first.bytes);
}

static void match_many(struct vp_match *match, const struct vp_selector *selector,
		       const struct ranges *ranges)
{
	struct vp_statement *statement;
	struct vp_nft_set set = { 0 };

	vp_set_part(&set, selector, selector->size == 4 ? "ipv4_addr" : "ipv6_addr");
	vp_array_each (range, ranges)
		set.interval |= vp_address_compare(&range->first, &range->last) != 0;
	vp_array_each (range, ranges) {
		uint8_t *key, *end;

		vp_set_element(&set, &key, set.interval ? &end : NULL);
		memcpy(key, range->first.bytes, selector->size);
		if (set.interval)
			memcpy(end, range->last.bytes, selector->size);
	}
	vp_set_sort(&set);
	statement = vp_st_match(vp_match_branch(&match->core, true), selector, VP_CMP_IN_SET,
				NULL);
	statement->name = vp_strdup(vp_store_set(match->store, "set", &set));
}

void vp_match_address(struct vp_match *match, unsigned int at)
{
	uint8_t family = match->scope->family;
	struct vp_selector selector = vp_sel_payload(VP_SEL_NETWORK, at, family == 4 ? 4 : 16);
	struct ranges ranges = { 0 };

	collect(&match->condition->values, family, &ranges);
	normalise(&ranges);
	if (ranges.len == 1)
		match_one(match, selector, &ranges.data[0]);
	if (ranges.len > 1)
		match_many(match, &selector, &ranges);
	vp_match_branch(&match->presence, true); /* every packet has addresses */
	vp_array_free(&ranges);
}
