/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers and addresses of conditions, as sorted disjoint ranges. */
#ifndef VP_INSPECTION_NUMBER_H
#define VP_INSPECTION_NUMBER_H

#include "lib/address.h"
#include "modules/inspection/sink.h"
#include "policy/patch.h"

struct vp_number_range {
	uint64_t first, last; /* inclusive */
};

VP_ARRAY_TYPE(vp_number_ranges, struct vp_number_range);
VP_ARRAY_TYPE(vp_address_ranges, struct vp_address_range);

/*
 * Add the numbers that satisfy the operator with one of the condition's values
 * (sets resolved), sorted and joined. Strings count as big-endian numbers
 * when the operator orders. Elements before `out->len` are not touched.
 */
void vp_number_collect(const struct vp_condition *condition, struct vp_number_ranges *out);

/* The same for addresses. */
void vp_number_collect_addresses(const struct vp_condition *condition,
				 struct vp_address_ranges *out);

/* Is it in one of `count` sorted disjoint ranges? */
bool vp_number_within(const struct vp_number_range *ranges, size_t count, uint64_t number);
bool vp_number_address_within(const struct vp_address_range *ranges, size_t count,
			      const struct vp_address *address);

/* A number behind mask, plus, minus and times; what would leave 64 bits stays at their end. */
uint64_t vp_number_step(const struct vp_transform *steps, size_t count, uint64_t number);

/* At most 8 bytes as a number. */
uint64_t vp_number_read(struct vp_slice bytes, bool little_endian);

#endif
