/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arithmetic on lists of port ranges: see ports.h. */
#include "policy/ports.h"

static int compare(const void *a, const void *b)
{
	const struct vp_port_range *x = a, *y = b;

	if (x->protocol != y->protocol)
		return x->protocol < y->protocol ? -1 : 1;
	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return x->last < y->last ? -1 : x->last > y->last;
}

void vp_ports_normalise(struct vp_port_ranges *ports)
{
	struct vp_port_range *list = ports->data;
	size_t kept = 0;

	if (ports->len < 2)
		return;
	qsort(list, ports->len, sizeof(*list), compare);
	for (size_t i = 1; i < ports->len; i++) {
		if (list[i].protocol == list[kept].protocol &&
		    list[i].first <= (uint32_t)list[kept].last + 1) {
			if (list[i].last > list[kept].last)
				list[kept].last = list[i].last;
		} else {
			list[++kept] = list[i];
		}
	}
	ports->len = kept + 1;
}

void vp_ports_intersect(const struct vp_port_ranges *a, const struct vp_port_ranges *b,
			struct vp_port_ranges *out)
{
	vp_array_each (x, a) {
		vp_array_each (y, b) {
			struct vp_port_range both = *x;

			if (x->protocol == VP_PROTOCOL_ANY)
				both = *y;
			else if (y->protocol != VP_PROTOCOL_ANY && y->protocol != x->protocol)
				continue;
			if (y->protocol == x->protocol) {
				both.first = x->first > y->first ? x->first : y->first;
				both.last = x->last < y->last ? x->last : y->last;
			}
			if (both.first <= both.last)
				vp_array_push(out, both);
		}
	}
}

static void subtract_one(struct vp_port_ranges *ports, const struct vp_port_range *minus)
{
	struct vp_port_ranges left = { 0 };

	vp_array_each (range, ports) {
		bool covered = minus->protocol == range->protocol ||
			       minus->protocol == VP_PROTOCOL_ANY;
		bool whole = minus->protocol == VP_PROTOCOL_ANY;
		struct vp_port_range part = *range;

		if (!covered ||
		    (!whole && (minus->last < range->first || minus->first > range->last))) {
			vp_array_push(&left, *range);
			continue;
		}
		if (whole)
			continue;
		if (minus->first > range->first) {
			part.last = (uint16_t)(minus->first - 1);
			vp_array_push(&left, part);
		}
		if (minus->last < range->last) {
			part = *range;
			part.first = (uint16_t)(minus->last + 1);
			vp_array_push(&left, part);
		}
	}
	vp_array_free(ports);
	ports->data = left.data;
	ports->len = left.len;
	ports->cap = left.cap;
}

void vp_ports_subtract(struct vp_port_ranges *ports, const struct vp_port_ranges *minus)
{
	vp_array_each (range, minus)
		subtract_one(ports, range);
}

bool vp_port_carries_tls(uint16_t port)
{
	static const uint16_t ports[] = { 443, 465, 563, 636, 853, 989, 990, 993, 995, 8443 };

	for (size_t i = 0; i < VP_COUNT(ports); i++)
		if (ports[i] == port)
			return true;
	return false;
}
