/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Failure verdicts of inspected services: see failure.h. Placements of the same ports
 * and addresses are one group, so that thousands of patches for one service are
 * compared once.
 */
#include "policy/failure.h"

#include "policy/ports.h"

static const char *const class_names[VP_FAILURE_CLASSES] = {
	[VP_CLASS_WATCH] = "watch",
	[VP_CLASS_PASS] = "pass",
	[VP_CLASS_BLOCK] = "block",
};

static const struct {
	const char *name, *text;
	const char *verdicts[VP_FAILURE_CLASSES];
} causes[VP_FAILURE_CAUSES] = {
	[VP_CAUSE_GONE] = { "gone",
			    "the inspection processes are dead, hung or late",
			    { "passes unread", "passes unread",
			      "is dropped until they are back" } },
	[VP_CAUSE_OVERLOAD] = { "overload",
				"more packets come than they can read",
				{ "passes unread", "passes unread", "is dropped" } },
	[VP_CAUSE_BOUND] = { "bound",
			     "a bound of memory or time is reached",
			     { "passes", "passes, and the connection is not read any more",
			       "is blocked" } },
	[VP_CAUSE_BROKEN] = { "broken",
			      "its parser does not understand it",
			      { "passes", "passes, and the connection is not read any more",
				"is blocked" } },
	[VP_CAUSE_AMBIGUOUS] = { "ambiguous",
				 "two readers may read it differently",
				 { "passes", "is blocked", "is blocked" } },
	[VP_CAUSE_UNREADABLE] = { "unreadable",
				  "it is encrypted, upgraded or another protocol",
				  { "passes", "passes, counted as a blind spot",
				    "passes, counted as a blind spot" } },
	[VP_CAUSE_MIDSTREAM] = { "midstream",
				 "its beginning was not seen",
				 { "passes", "is read from the first message that is found",
				   "is read from the first message that is found; blocked "
				   "after a process had to be replaced" } },
};

const char *vp_failure_class_name(enum vp_failure_class class)
{
	return class_names[class];
}

enum vp_failure_class vp_failure_class_of(const struct vp_placement *placement)
{
	if (placement->mode != VP_MODE_ENFORCE)
		return VP_CLASS_WATCH;
	return placement->patch->on_failure == VP_FAILURE_BLOCK ? VP_CLASS_BLOCK
								: VP_CLASS_PASS;
}

const char *vp_failure_cause_name(enum vp_failure_cause cause)
{
	return causes[cause].name;
}

const char *vp_failure_cause_text(enum vp_failure_cause cause)
{
	return causes[cause].text;
}

const char *vp_failure_verdict(enum vp_failure_class class, enum vp_failure_cause cause)
{
	return causes[cause].verdicts[class];
}

/* Placements that shield exactly the same. */
struct group {
	const struct vp_placement *first;
	struct vp_failure_decider own, decider;
};

VP_ARRAY_TYPE(groups, struct group);

struct member {
	const struct vp_placement *placement;
	size_t position, group;
};

static int compare_ports(const struct vp_placement *a, const struct vp_placement *b)
{
	if (a->ports.len != b->ports.len)
		return a->ports.len < b->ports.len ? -1 : 1;
	for (size_t i = 0; i < a->ports.len; i++) {
		const struct vp_port_range *x = &a->ports.data[i], *y = &b->ports.data[i];
		int order = (x->protocol > y->protocol) - (x->protocol < y->protocol);

		order = order ? order : (x->first > y->first) - (x->first < y->first);
		order = order ? order : (x->last > y->last) - (x->last < y->last);
		if (order)
			return order;
	}
	return 0;
}

static int compare_addresses(const struct vp_placement *a, const struct vp_placement *b)
{
	if (a->local != b->local)
		return a->local ? -1 : 1;
	if (a->addresses.len != b->addresses.len)
		return a->addresses.len < b->addresses.len ? -1 : 1;
	for (size_t i = 0; i < a->addresses.len; i++) {
		const struct vp_address_range *x = &a->addresses.data[i],
					      *y = &b->addresses.data[i];
		int order = vp_address_compare(&x->first, &y->first);

		order = order ? order : vp_address_compare(&x->last, &y->last);
		if (order)
			return order;
	}
	return 0;
}

static int compare_endpoints(const struct vp_placement *a, const struct vp_placement *b)
{
	int order = compare_ports(a, b);

	return order ? order : compare_addresses(a, b);
}

static int compare_members(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int order = compare_endpoints(x->placement, y->placement);

	return order ? order : (x->position > y->position) - (x->position < y->position);
}

static bool ports_meet(const struct vp_placement *a, const struct vp_placement *b)
{
	vp_array_each (x, &a->ports)
		vp_array_each (y, &b->ports)
			if ((x->protocol == y->protocol || x->protocol == VP_PROTOCOL_ANY ||
			     y->protocol == VP_PROTOCOL_ANY) &&
			    x->first <= y->last && y->first <= x->last)
				return true;
	return false;
}

static bool addresses_meet(const struct vp_placement *a, const struct vp_placement *b)
{
	if (a->local || b->local)
		return a->local && b->local;
	vp_array_each (x, &a->addresses)
		vp_array_each (y, &b->addresses)
			if (vp_address_compare(&x->first, &y->last) <= 0 &&
			    vp_address_compare(&y->first, &x->last) <= 0)
				return true;
	return false;
}

/* In order of evaluation the first of the strictest decides. */
static void add_member(struct groups *groups, struct member *member)
{
	struct group *last = groups->len ? &groups->data[groups->len - 1] : NULL;
	enum vp_failure_class class = vp_failure_class_of(member->placement);

	if (!last || compare_endpoints(last->first, member->placement)) {
		last = vp_array_add(groups);
		last->first = member->placement;
	}
	if (!last->own.placement || class > last->own.class)
		last->own = (struct vp_failure_decider){ member->placement, class, false };
	member->group = groups->len - 1;
}

static void decide_groups(struct groups *groups)
{
	vp_array_each (group, groups) {
		group->decider = group->own;
		vp_array_each (other, groups)
			if (other->own.class > group->decider.class &&
			    ports_meet(group->first, other->first) &&
			    addresses_meet(group->first, other->first)) {
				group->decider = other->own;
				group->decider.elsewhere = true;
			}
	}
}

void vp_failure_decide(const struct vp_plan *plan, struct vp_failure_deciders *deciders)
{
	VP_ARRAY(struct member) members = { 0 };
	struct groups groups = { 0 };

	vp_array_each (placement, &plan->placements) {
		if (placement->point == VP_POINT_INSPECTION)
			vp_array_push(&members,
				      ((struct member){ .placement = placement,
							.position = deciders->len }));
		vp_array_add(deciders);
	}
	if (members.len)
		qsort(members.data, members.len, sizeof(*members.data), compare_members);
	vp_array_each (member, &members)
		add_member(&groups, member);
	decide_groups(&groups);
	vp_array_each (member, &members)
		deciders->data[member->position] = groups.data[member->group].decider;
	vp_array_free(&members);
	vp_array_free(&groups);
}

void vp_failure_print(const struct vp_failure_decider *decider, struct vp_strbuf *out)
{
	vp_strbuf_addf(out, "class %s, decided by %s%s", vp_failure_class_name(decider->class),
		       decider->placement->patch->id,
		       decider->elsewhere ? " where both shield the same" : "");
}
