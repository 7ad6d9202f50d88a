/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counts by tag, of several readings and of several enforcement points: see module.h. */
#include <stdlib.h>

#include "lib/memory.h"
#include "modules/module.h"

static int compare_tags(const void *a, const void *b)
{
	const struct vp_count *left = a, *right = b;

	return left->tag < right->tag ? -1 : left->tag > right->tag;
}

void vp_counts_join(struct vp_counts *counts)
{
	size_t out = 0;

	if (!counts->len)
		return;
	qsort(counts->data, counts->len, sizeof(*counts->data), compare_tags);
	for (size_t i = 1; i < counts->len; i++) {
		if (counts->data[i].tag == counts->data[out].tag) {
			counts->data[out].packets += counts->data[i].packets;
			counts->data[out].bytes += counts->data[i].bytes;
			counts->data[out].banned += counts->data[i].banned;
		} else {
			counts->data[++out] = counts->data[i];
		}
	}
	counts->len = out + 1;
}

void vp_counts_merge(struct vp_counts *into, const struct vp_counts *more)
{
	size_t out = 0;

	if (more)
		vp_array_each (count, more)
			vp_array_push(into, *count);
	if (!into->len)
		return;
	qsort(into->data, into->len, sizeof(*into->data), compare_tags);
	for (size_t i = 1; i < into->len; i++) {
		const struct vp_count *from = &into->data[i];
		struct vp_count *to = &into->data[out];

		if (from->tag != to->tag) {
			into->data[++out] = *from;
			continue;
		}
		if (from->packets > to->packets) {
			to->packets = from->packets;
			to->bytes = from->bytes;
		}
		if (from->banned > to->banned)
			to->banned = from->banned;
	}
	into->len = out + 1;
}
