/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ranges of numbers and addresses: made of the values of a condition, searched by halving. */
#include "modules/inspection/number.h"

static bool orders(enum vp_operator op)
{
	return op >= VP_OP_LESS_THAN && op <= VP_OP_AT_LEAST;
}

static void add(struct vp_number_ranges *out, enum vp_operator op, uint64_t first,
		uint64_t last)
{
	struct vp_number_range range = { first, last };

	if (op == VP_OP_LESS_THAN || op == VP_OP_AT_MOST)
		range.first = 0;
	if (op == VP_OP_GREATER_THAN || op == VP_OP_AT_LEAST)
		range.last = UINT64_MAX;
	if ((op == VP_OP_LESS_THAN && !range.last--) ||
	    (op == VP_OP_GREATER_THAN && range.first++ == UINT64_MAX))
		return; /* nothing is below 0, or above all */
	vp_array_push(out, range);
}

static void collect(const struct vp_values *values, enum vp_operator op,
		    struct vp_number_ranges *out)
{
	vp_array_each (value, values) {
		if (value->kind == VP_VALUE_NUMBER)
			add(out, op, value->number.first, value->number.last);
		if (value->kind == VP_VALUE_SET && value->reference.set)
			collect(&value->reference.set->values, op, out);
		if (value->kind == VP_VALUE_BYTES && orders(op)) {
			struct vp_slice bytes = { value->bytes.data, value->bytes.len };
			uint64_t number = vp_number_read(bytes, false);

			add(out, op, number, number);
		}
	}
}

static int compare(const void *a, const void *b)
{
	const struct vp_number_range *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

void vp_number_collect(const struct vp_condition *condition, struct vp_number_ranges *out)
{
	size_t begin = out->len, kept = begin;

	collect(&condition->values, condition->op, out);
	if (out->len == begin)
		return;
	qsort(out->data + begin, out->len - begin, sizeof(*out->data), compare);
	for (size_t i = begin + 1; i < out->len; i++) {
		struct vp_number_range *last = &out->data[kept];

		if (last->last != UINT64_MAX && out->data[i].first > last->last + 1)
			out->data[++kept] = out->data[i];
		else if (out->data[i].last > last->last)
			last->last = out->data[i].last;
	}
	out->len = kept + 1;
}

static void collect_addresses(const struct vp_values *values, struct vp_address_ranges *out)
{
	vp_array_each (value, values) {
		if (value->kind == VP_VALUE_ADDRESS)
			vp_array_push(out, value->address);
		if (value->kind == VP_VALUE_SET && value->reference.set)
			collect_addresses(&value->reference.set->values, out);
	}
}

static int compare_addresses(const void *a, const void *b)
{
	const struct vp_address_range *x = a, *y = b;

	return vp_address_compare(&x->first, &y->first);
}

void vp_number_collect_addresses(const struct vp_condition *condition,
				 struct vp_address_ranges *out)
{
	size_t begin = out->len, kept = begin;

	collect_addresses(&condition->values, out);
	if (out->len == begin)
		return;
	qsort(out->data + begin, out->len - begin, sizeof(*out->data), compare_addresses);
	for (size_t i = begin + 1; i < out->len; i++) {
		struct vp_address_range *last = &out->data[kept];

		if (vp_address_compare(&out->data[i].first, &last->last) > 0)
			out->data[++kept] = out->data[i];
		else if (vp_address_compare(&out->data[i].last, &last->last) > 0)
			last->last = out->data[i].last;
	}
	out->len = kept + 1;
}

bool vp_number_within(const struct vp_number_range *ranges, size_t count, uint64_t number)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges[middle].last < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && ranges[low].first <= number;
}

bool vp_number_address_within(const struct vp_address_range *ranges, size_t count,
			      const struct vp_address *address)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (vp_address_compare(&ranges[middle].last, address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && vp_address_within(address, &ranges[low]);
}

uint64_t vp_number_step(const struct vp_transform *steps, size_t count, uint64_t number)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t by = steps[i].number;

		if (steps[i].kind == VP_TRANSFORM_MASK)
			number &= by;
		else if (steps[i].kind == VP_TRANSFORM_PLUS)
			number = number > UINT64_MAX - by ? UINT64_MAX : number + by;
		else if (steps[i].kind == VP_TRANSFORM_MINUS)
			number = number < by ? 0 : number - by;
		else if (__builtin_mul_overflow(number, by, &number))
			number = UINT64_MAX;
	}
	return number;
}

uint64_t vp_number_read(struct vp_slice bytes, bool little_endian)
{
	uint64_t number = 0;

	for (size_t i = 0; i < bytes.len && i < 8; i++)
		number = number << 8 | bytes.data[little_endian ? bytes.len - 1 - i : i];
	return number;
}
