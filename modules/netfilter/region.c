/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Splitting spans into disjoint regions by one sweep: see region.h. It knows numbers only. */
#include "modules/netfilter/region.h"

#include "lib/cleanup.h"
#include "lib/digest.h"

static uint64_t list_digest(const uint32_t *rules, size_t count)
{
	uint64_t digest = vp_digest(VP_DIGEST_SEED, rules, count * sizeof(*rules));

	return digest ^ digest >> 32;
}

static void lists_grow(struct vp_lists *lists)
{
	size_t mask = lists->slots ? 2 * lists->mask + 1 : 255;
	uint32_t *slots = vp_alloc(mask + 1, sizeof(*slots));

	for (uint32_t i = 0; i < lists->list.len; i++) {
		size_t slot =
			list_digest(vp_list_rules(lists, i), vp_list_count(lists, i)) & mask;

		while (slots[slot])
			slot = (slot + 1) & mask;
		slots[slot] = i + 1;
	}
	free(lists->slots);
	lists->slots = slots;
	lists->mask = mask;
}

uint32_t vp_lists_add(struct vp_lists *lists, const uint32_t *rules, size_t count)
{
	size_t slot;

	if (!lists->slots || 2 * lists->list.len > lists->mask)
		lists_grow(lists);
	slot = list_digest(rules, count) & lists->mask;
	for (; lists->slots[slot]; slot = (slot + 1) & lists->mask) {
		uint32_t known = lists->slots[slot] - 1;

		if (vp_list_count(lists, known) == count &&
		    !memcmp(vp_list_rules(lists, known), rules, count * sizeof(*rules)))
			return known;
	}
	vp_array_push(&lists->list, ((struct vp_list){ .first = (uint32_t)lists->rules.len,
						       .count = (uint32_t)count }));
	for (size_t i = 0; i < count; i++)
		vp_array_push(&lists->rules, rules[i]);
	lists->slots[slot] = (uint32_t)lists->list.len;
	return (uint32_t)lists->list.len - 1;
}

void vp_lists_free(struct vp_lists *lists)
{
	vp_array_free(&lists->list);
	vp_array_free(&lists->rules);
	free(lists->slots);
	lists->slots = NULL;
}

/* What is open at the sweep's position: rules in order, and how many of their spans. */
struct open_rule {
	uint32_t rule, spans;
};

struct sweep {
	VP_ARRAY(struct open_rule) open;
	VP_ARRAY(uint32_t) scratch;
};

static size_t open_find(const struct sweep *sweep, uint32_t rule)
{
	return vp_array_lower(&sweep->open, rule, rule);
}

static void open_add(struct sweep *sweep, uint32_t rule)
{
	size_t at = open_find(sweep, rule);

	if (at < sweep->open.len && sweep->open.data[at].rule == rule) {
		sweep->open.data[at].spans++;
		return;
	}
	vp_array_add(&sweep->open);
	memmove(&sweep->open.data[at + 1], &sweep->open.data[at],
		(sweep->open.len - 1 - at) * sizeof(*sweep->open.data));
	sweep->open.data[at] = (struct open_rule){ rule, 1 };
}

static void open_remove(struct sweep *sweep, uint32_t rule)
{
	size_t at = open_find(sweep, rule);

	if (--sweep->open.data[at].spans)
		return;
	memmove(&sweep->open.data[at], &sweep->open.data[at + 1],
		(sweep->open.len - 1 - at) * sizeof(*sweep->open.data));
	sweep->open.len--;
}

/* Append [first, last] with the open rules; one region with its neighbour when they agree. */
static void emit(struct sweep *sweep, uint32_t first, uint32_t last, struct vp_lists *lists,
		 struct vp_regions *regions, size_t begin)
{
	struct vp_region *previous =
		regions->len > begin ? &regions->data[regions->len - 1] : NULL;
	uint32_t list;

	if (!sweep->open.len)
		return;
	sweep->scratch.len = 0;
	vp_array_each (open, &sweep->open)
		vp_array_push(&sweep->scratch, open->rule);
	list = vp_lists_add(lists, sweep->scratch.data, sweep->scratch.len);
	if (previous && previous->list == list && previous->last + 1 == first)
		previous->last = last;
	else
		vp_array_push(regions, ((struct vp_region){ first, last, list }));
}

static int by_first(const void *a, const void *b)
{
	const struct vp_span *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return x->rule < y->rule ? -1 : x->rule > y->rule;
}

static int by_last(const void *a, const void *b)
{
	const struct vp_span *x = a, *y = b;

	return x->last < y->last ? -1 : x->last > y->last;
}

void vp_spans_split(struct vp_spans *spans, struct vp_lists *lists, struct vp_regions *regions)
{
	struct sweep sweep = { 0 };
	size_t begin = regions->len, opened = 0, closed = 0, count = spans->len;
	_cleanup_free_ struct vp_span *ends = NULL;
	uint32_t position = 0;

	if (!count)
		return;
	ends = vp_memdup(spans->data, count * sizeof(*ends));
	qsort(spans->data, count, sizeof(*spans->data), by_first);
	qsort(ends, count, sizeof(*ends), by_last);
	while (closed < count) {
		/* the next number at which something opens, or behind which something closes
		 */
		if (opened < count && spans->data[opened].first <= ends[closed].last) {
			uint32_t first = spans->data[opened].first;

			if (first > position)
				emit(&sweep, position, first - 1, lists, regions, begin);
			position = first;
			while (opened < count && spans->data[opened].first == first)
				open_add(&sweep, spans->data[opened++].rule);
		} else {
			uint32_t last = ends[closed].last;

			emit(&sweep, position, last, lists, regions, begin);
			position = last + 1;
			while (closed < count && ends[closed].last == last)
				open_remove(&sweep, ends[closed++].rule);
		}
	}
	vp_array_free(&sweep.open);
	vp_array_free(&sweep.scratch);
}

/* The list with the rules of both. */
static uint32_t merge_lists(struct vp_lists *lists, uint32_t a, uint32_t b)
{
	size_t na = vp_list_count(lists, a), nb = vp_list_count(lists, b), i = 0, k = 0, n = 0;
	_cleanup_free_ uint32_t *both = vp_alloc(na + nb, sizeof(*both));

	while (i < na || k < nb) {
		uint32_t x = i < na ? vp_list_rules(lists, a)[i] : UINT32_MAX;
		uint32_t y = k < nb ? vp_list_rules(lists, b)[k] : UINT32_MAX;

		both[n++] = x < y ? x : y;
		i += x <= y;
		k += y <= x;
	}
	return vp_lists_add(lists, both, n);
}

/* The first region of `base` that does not end before `first`. */
static size_t first_reaching(const struct vp_region *base, size_t count, uint32_t first)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (base[middle].last < first)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void vp_regions_overlay(const struct vp_region *over, size_t over_count,
			const struct vp_region *base, size_t base_count,
			struct vp_lists *lists, struct vp_regions *out)
{
	for (size_t i = 0; i < over_count; i++) {
		uint32_t first = over[i].first, last = over[i].last;

		for (size_t k = first_reaching(base, base_count, first);
		     k < base_count && base[k].first <= last; k++) {
			uint32_t from = base[k].first > first ? base[k].first : first;
			uint32_t to = base[k].last < last ? base[k].last : last;

			if (from > first)
				vp_array_push(out, ((struct vp_region){ first, from - 1,
									over[i].list }));
			vp_array_push(out,
				      ((struct vp_region){ from, to,
							   merge_lists(lists, over[i].list,
								       base[k].list) }));
			first = to + 1;
			if (to == last)
				break;
		}
		if (first <= last)
			vp_array_push(out, ((struct vp_region){ first, last, over[i].list }));
	}
}
