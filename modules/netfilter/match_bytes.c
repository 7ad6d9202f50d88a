/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tests of slices of a datagram and of its length. Reading past the end of a
 * packet ends an nftables rule, so "there are at least N bytes" is said by reading
 * the Nth, never by a length field that a sender may set as he likes.
 */
#include "modules/netfilter/match_internal.h"

#define CHUNK 16u  /* bytes that one comparison takes */
#define REACH 255u /* a load begins here at the latest */

struct vp_selector vp_match_transport(unsigned int offset, unsigned int size)
{
	unsigned int begin = offset > REACH ? REACH : offset;
	struct vp_selector selector =
		vp_sel_payload(VP_SEL_TRANSPORT, begin, offset - begin + size);

	if (begin < offset) {
		selector.masked = true;
		memset(selector.mask + (offset - begin), 0xff, size);
	}
	return selector;
}

/* At least `count` bytes follow the 8-byte header. */
static void has_bytes(struct vp_statements *statements, uint64_t count)
{
	struct vp_selector selector =
		vp_match_transport(VP_DATAGRAM_OFFSET + (unsigned int)count - 1, 1);

	selector.masked = false;
	memset(selector.mask, 0, sizeof(selector.mask));
	vp_st_match(statements, &selector, VP_CMP_LOADED, NULL);
}

/* Bytes of the datagram from `offset` on are `data`. */
static void has_data(struct vp_statements *statements, uint32_t offset, const uint8_t *data,
		     size_t len)
{
	for (size_t done = 0; done < len; done += CHUNK) {
		unsigned int size = len - done < CHUNK ? (unsigned int)(len - done) : CHUNK;
		struct vp_selector selector = vp_match_transport(
			VP_DATAGRAM_OFFSET + offset + (unsigned int)done, size);
		uint8_t bytes[16] = { 0 };

		memcpy(bytes + selector.size - size, data + done, size);
		vp_st_match(statements, &selector, VP_CMP_EQ, bytes);
	}
}

void vp_match_length(struct vp_match *match)
{
	struct vp_intervals values = { 0 };
	struct vp_selector header = vp_sel_payload(VP_SEL_TRANSPORT, 7, 1);

	vp_match_intervals(match->condition, 65535, &values);
	/* from the longest down: the first that is long enough decides */
	for (size_t i = values.len; i-- > 0;) {
		const struct vp_interval *value = &values.data[i];

		if (value->last < VP_DATAGRAM_OFFSET + 65527)
			has_bytes(vp_match_branch(&match->core, false), value->last + 1);
		if (value->first)
			has_bytes(vp_match_branch(&match->core, true), value->first);
		else
			vp_st_match(vp_match_branch(&match->core, true), &header,
				    VP_CMP_LOADED, NULL);
	}
	vp_st_match(vp_match_branch(&match->presence, true), &header, VP_CMP_LOADED, NULL);
	vp_array_free(&values);
}

/* Little-endian numbers: an interval as boxes of fixed bytes, one range of a byte, free bytes.
 */

struct boxes {
	struct vp_match *match;
	unsigned int at, size; /* the number's place behind the transport header */
	uint64_t mask;	       /* of the number */
};

static uint8_t byte_of(uint64_t number, unsigned int place)
{
	return (uint8_t)(number >> 8 * place);
}

/* All bytes of `number` below `place`. */
static uint64_t below(uint64_t number, unsigned int place)
{
	return place ? number & (UINT64_MAX >> (64 - 8 * place)) : 0;
}

/* Bytes above `place` as in `number`, the byte at `place` in [first, last], those below it
 * free. */
static void box(const struct boxes *b, uint64_t number, unsigned int place, uint8_t first,
		uint8_t last)
{
	struct vp_statements *statements = vp_match_branch(&b->match->core, true);
	unsigned int above = b->size - 1 - place;
	struct vp_selector selector;
	struct vp_statement *statement;
	uint8_t data[16] = { 0 }, end[16] = { 0 };

	if (above) {
		selector = vp_match_transport(b->at + place + 1, above);
		number >>= 8 * (place + 1);
		vp_match_mask(&selector, above,
			      vp_match_swap(b->mask >> 8 * (place + 1), above));
		vp_put_number(data + selector.size - above, above,
			      vp_match_swap(number, above));
		vp_st_match(statements, &selector, VP_CMP_EQ, data);
		memset(data, 0, sizeof(data));
	}
	selector = vp_match_transport(b->at + place, 1);
	if (first == 0 && last == 255) {
		vp_st_match(statements, &selector, VP_CMP_LOADED, NULL);
		return;
	}
	vp_match_mask(&selector, 1, byte_of(b->mask, place));
	data[selector.size - 1] = first;
	end[selector.size - 1] = last;
	statement = vp_st_match(statements, &selector,
				first == last ? VP_CMP_EQ : VP_CMP_IN_RANGE, data);
	if (first != last)
		memcpy(statement->data2, end, sizeof(end));
}

/*
 * Numbers in [low, high] that agree above `place` with `low` (when `least`) or with
 * `high` (when `most`); without the flag that end is free from here on.
 */
static void boxes(const struct boxes *b, unsigned int place, uint64_t low, uint64_t high,
		  bool least, bool most)
{
	uint64_t path = least ? low : high;
	int first = least ? byte_of(low, place) : 0, last = most ? byte_of(high, place) : 255;
	bool low_free = !least || !below(low, place);
	bool high_free = !most || below(high, place) == below(UINT64_MAX, place);

	if (least && most && first == last && !(low_free && high_free)) {
		boxes(b, place - 1, low, high, true, true);
		return;
	}
	if (!low_free)
		boxes(b, place - 1, low, high, true, false);
	if (!high_free)
		boxes(b, place - 1, low, high, false, true);
	first += !low_free;
	last -= !high_free;
	if (first <= last)
		box(b, path, place, (uint8_t)first, (uint8_t)last);
}

static void slice_little_endian(struct vp_match *match, uint64_t mask,
				const struct vp_intervals *values)
{
	unsigned int size = match->condition->length;
	struct boxes b = { .match = match,
			   .at = VP_DATAGRAM_OFFSET + match->condition->offset,
			   .size = size,
			   .mask = vp_match_swap(mask, size) };
	struct vp_selector selector = vp_match_transport(b.at, size);
	struct vp_intervals single = { 0 };

	vp_match_mask(&selector, size, mask);
	vp_array_each (value, values) {
		uint64_t swapped = vp_match_swap(value->first, size);

		if (value->first == value->last)
			vp_array_push(&single, ((struct vp_interval){ swapped, swapped }));
		else
			boxes(&b, size - 1, value->first, value->last, true, true);
	}
	vp_match_number(match, &selector, size, &single, UINT64_MAX);
	vp_array_free(&single);
}

static void slice_number(struct vp_match *match)
{
	const struct vp_condition *condition = match->condition;
	uint32_t size = condition->length;
	uint64_t max = size == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * size) - 1;
	struct vp_reading reading = vp_match_reading(condition, size);
	struct vp_selector selector =
		vp_match_transport(VP_DATAGRAM_OFFSET + condition->offset, size);
	struct vp_intervals values = { 0 };

	vp_match_intervals(condition, max, &values);
	if (reading.little_endian) {
		slice_little_endian(match, reading.mask & max, &values);
	} else {
		vp_match_mask(&selector, size, reading.mask & max);
		vp_match_number(match, &selector, size, &values, max);
	}
	match->single =
		match->core.branches.len == 1 &&
		match->core.branches.data[0].statements.len == 1 &&
		match->core.branches.data[0].statements.data[0].compare != VP_CMP_LOADED;
	vp_array_free(&values);
}

/* Strings */

VP_ARRAY_TYPE(strings, const struct vp_value *);

static void collect(const struct vp_values *values, struct strings *out)
{
	vp_array_each (value, values) {
		if (value->kind == VP_VALUE_BYTES)
			vp_array_push(out, value);
		if (value->kind == VP_VALUE_SET && value->reference.set)
			collect(&value->reference.set->values, out);
	}
}

static int longest_first(const void *a, const void *b)
{
	const struct vp_value *const *x = a, *const *y = b;

	return (*x)->bytes.len > (*y)->bytes.len ? -1 : (*x)->bytes.len < (*y)->bytes.len;
}

/* Branches for strings of one length, that stand at the slice's begin. */
static void match_strings(struct vp_match *match, const struct vp_value *const *list,
			  size_t count)
{
	uint32_t offset = match->condition->offset;
	unsigned int len = (unsigned int)list[0]->bytes.len;
	struct vp_selector selector, plain;
	struct vp_nft_set set = { 0 };

	if (count == 1 || len > CHUNK || VP_DATAGRAM_OFFSET + offset > REACH) {
		for (size_t i = 0; i < count; i++)
			has_data(vp_match_branch(&match->core, true), offset,
				 list[i]->bytes.data, len);
		return;
	}
	selector = plain = vp_match_transport(VP_DATAGRAM_OFFSET + offset, len);
	vp_set_part(&set, &plain, "integer");
	for (size_t i = 0; i < count; i++) {
		uint8_t *key;

		vp_set_element(&set, &key, NULL);
		memcpy(key, list[i]->bytes.data, len);
	}
	vp_set_sort(&set);
	vp_st_match(vp_match_branch(&match->core, true), &selector, VP_CMP_IN_SET, NULL)
		->name = vp_strdup(vp_store_set(match->store, "set", &set));
}

/* `equals` on a slice to the datagram's end: from the longest string down, the length decides
 * too. */
static void open_equals(struct vp_match *match, const struct strings *list)
{
	uint32_t offset = match->condition->offset;

	for (size_t i = 0; i < list->len;) {
		size_t len = list->data[i]->bytes.len, same = 1;

		while (i + same < list->len && list->data[i + same]->bytes.len == len)
			same++;
		if (!len)
			return; /* a slice has at least one byte */
		has_bytes(vp_match_branch(&match->core, false), offset + len + 1);
		match_strings(match, &list->data[i], same);
		i += same;
	}
}

static void starts_with(struct vp_match *match, const struct strings *list)
{
	const struct vp_condition *condition = match->condition;
	uint64_t end =
		(uint64_t)condition->offset + (condition->length ? condition->length : 1);

	vp_array_each (value, list) {
		size_t len = (*value)->bytes.len;
		struct vp_statements *statements;

		if (condition->length && len > condition->length)
			continue;
		statements = vp_match_branch(&match->core, true);
		if (condition->offset + len < end)
			has_bytes(statements, end);
		has_data(statements, condition->offset, (*value)->bytes.data, len);
	}
}

static void fixed_equals(struct vp_match *match, const struct strings *list)
{
	VP_ARRAY(const struct vp_value *) fitting = { 0 };

	vp_array_each (value, list)
		if ((*value)->bytes.len == match->condition->length)
			vp_array_push(&fitting, *value);
	if (fitting.len)
		match_strings(match, fitting.data, fitting.len);
	match->single = match->core.branches.len == 1 &&
			match->core.branches.data[0].statements.len == 1;
	vp_array_free(&fitting);
}

void vp_match_slice(struct vp_match *match)
{
	const struct vp_condition *condition = match->condition;
	struct strings list = { 0 };

	has_bytes(vp_match_branch(&match->presence, true),
		  (uint64_t)condition->offset + (condition->length ? condition->length : 1));
	collect(&condition->values, &list);
	if (list.len)
		qsort(list.data, list.len, sizeof(*list.data), longest_first);
	if (condition->op == VP_OP_STARTS_WITH)
		starts_with(match, &list);
	else if (condition->op == VP_OP_PRESENT || condition->op == VP_OP_ABSENT)
		(void)list;
	else if (condition->length >= 1 && condition->length <= 8)
		slice_number(match);
	else if (condition->op == VP_OP_EQUALS && condition->length)
		fixed_equals(match, &list);
	else if (condition->op == VP_OP_EQUALS)
		open_equals(match, &list);
	vp_array_free(&list);
}
