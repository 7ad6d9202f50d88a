/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disjoint regions: overlapping spans of numbers, each belonging to a rule,
 * become regions that do not overlap, each with the list of all rules that cover
 * it, in evaluation order. Ports, protocol numbers and (by their rank) addresses
 * are all split this way; a packet then needs one look-up to find its rules.
 */
#ifndef VP_NETFILTER_REGION_H
#define VP_NETFILTER_REGION_H

#include <stddef.h>
#include <stdint.h>

#include "lib/memory.h"

/* Rule `rule` (its position in evaluation order) covers [first, last]. Spans of one rule may
 * overlap. */
struct vp_span {
	uint32_t first, last;
	uint32_t rule;
};

VP_ARRAY_TYPE(vp_spans, struct vp_span);

/* [first, last] is covered by exactly the rules of list `list`. */
struct vp_region {
	uint32_t first, last;
	uint32_t list;
};

VP_ARRAY_TYPE(vp_regions, struct vp_region);

struct vp_list {
	uint32_t first, count; /* in `rules` of its lists */
};

/* Sorted lists of rule positions, each stored once: equal number, equal list. */
struct vp_lists {
	VP_ARRAY(struct vp_list) list;
	VP_ARRAY(uint32_t) rules;
	uint32_t *slots; /* hash: number of a list + 1; 0: free */
	size_t mask;	 /* slots is mask + 1 long, or NULL */
};

/* The number of the list with these positions (sorted, without duplicates). */
uint32_t vp_lists_add(struct vp_lists *lists, const uint32_t *rules, size_t count);

static inline const uint32_t *vp_list_rules(const struct vp_lists *lists, uint32_t list)
{
	return lists->rules.data + lists->list.data[list].first;
}

static inline size_t vp_list_count(const struct vp_lists *lists, uint32_t list)
{
	return lists->list.data[list].count;
}

void vp_lists_free(struct vp_lists *lists);

/* Append the regions of `spans` to *regions, ascending. Sorts `spans`. Uncovered numbers have
 * no region. */
void vp_spans_split(struct vp_spans *spans, struct vp_lists *lists,
		    struct vp_regions *regions);

/*
 * Append to *out the regions of `over`, each split where a region of `base` begins
 * or ends, with the rules of both. Both ascending and disjoint; what only `base`
 * covers is left out.
 */
void vp_regions_overlay(const struct vp_region *over, size_t over_count,
			const struct vp_region *base, size_t base_count,
			struct vp_lists *lists, struct vp_regions *out);

#endif
