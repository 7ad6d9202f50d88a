/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counts in order of what is counted: see sums.h. */
#include "agentd/inspect/sums.h"

#include <string.h>

static size_t place_of(const struct vp_sums *sums, enum vp_tally_kind kind, uint32_t of)
{
	size_t low = 0, high = sums->len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct vp_sum *sum = &sums->data[middle];

		if (sum->kind < kind || (sum->kind == kind && sum->of < of))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct vp_sums *sums, size_t at, enum vp_tally_kind kind, uint32_t of)
{
	return at < sums->len && sums->data[at].kind == kind && sums->data[at].of == of;
}

void vp_sums_add(struct vp_sums *sums, enum vp_tally_kind kind, uint32_t of, uint64_t n)
{
	size_t at = place_of(sums, kind, of), last = sums->len;

	if (!is_at(sums, at, kind, of)) {
		vp_array_add(sums);
		memmove(&sums->data[at + 1], &sums->data[at],
			(last - at) * sizeof(struct vp_sum));
		sums->data[at] = (struct vp_sum){ .kind = kind, .of = of };
	}
	sums->data[at].n += n;
}

static void add_one(void *context, enum vp_tally_kind kind, uint32_t of, uint64_t n)
{
	vp_sums_add(context, kind, of, n);
}

void vp_sums_add_tally(struct vp_sums *sums, const struct vp_tally *tally)
{
	vp_tally_each(tally, add_one, sums);
}

void vp_sums_add_sums(struct vp_sums *sums, const struct vp_sums *others)
{
	vp_array_each (sum, others)
		vp_sums_add(sums, sum->kind, sum->of, sum->n);
}

uint64_t vp_sums_get(const struct vp_sums *sums, enum vp_tally_kind kind, uint32_t of)
{
	size_t at = place_of(sums, kind, of);

	return is_at(sums, at, kind, of) ? sums->data[at].n : 0;
}

uint64_t vp_sums_total(const struct vp_sums *sums, enum vp_tally_kind kind)
{
	uint64_t total = 0;

	for (size_t at = place_of(sums, kind, 0);
	     at < sums->len && sums->data[at].kind == kind; at++)
		total += sums->data[at].n;
	return total;
}
