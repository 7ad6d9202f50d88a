/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unions of masked equalities: see cube.h. */
#include "modules/seccomp/cube.h"

#include <errno.h>
#include <inttypes.h>

#define BITS 64

/* One argument's share of a cube. */
struct part {
	uint64_t mask, value;
};

struct parts {
	struct part data[BITS + 1];
	size_t len;
};

static void add_part(struct parts *parts, uint64_t mask, uint64_t value)
{
	parts->data[parts->len++] = (struct part){ mask, value };
}

/*
 * (argument & mask) beside value, bit by bit from the top: equal so far, and in this bit
 * `above` (1 where the value has 0) or `below` (0 where it has 1); at the end `equal`. A bit
 * outside the mask is 0 on the left.
 */
static void compare(struct parts *parts, uint64_t mask, uint64_t value, bool below, bool above,
		    bool equal)
{
	uint64_t prefix = 0;

	for (uint64_t bit = 1ull << (BITS - 1); bit; bit >>= 1) {
		bool one = value & bit;

		if (!(mask & bit)) {
			if (!one)
				continue;
			if (below)
				add_part(parts, prefix, value & prefix);
			return;
		}
		if (one && below)
			add_part(parts, prefix | bit, value & prefix);
		if (!one && above)
			add_part(parts, prefix | bit, (value & prefix) | bit);
		prefix |= bit;
	}
	if (equal)
		add_part(parts, prefix, value & prefix);
}

static void condition_parts(const struct vp_call_condition *c, struct parts *parts)
{
	uint64_t mask = c->wide ? c->mask : c->mask & UINT32_MAX;

	parts->len = 0;
	switch (c->compare) {
	case VP_CALL_EQUAL:
		compare(parts, mask, c->value, false, false, true);
		break;
	case VP_CALL_UNEQUAL:
		compare(parts, mask, c->value, true, true, false);
		break;
	case VP_CALL_LESS:
		compare(parts, mask, c->value, true, false, false);
		break;
	case VP_CALL_GREATER:
		compare(parts, mask, c->value, false, true, false);
		break;
	case VP_CALL_AT_LEAST:
		compare(parts, mask, c->value, false, true, true);
		break;
	case VP_CALL_AT_MOST:
		compare(parts, mask, c->value, true, false, true);
		break;
	}
}

static int check_count(size_t count, struct vp_error *err)
{
	if (count <= VP_CUBES_MAX)
		return 0;
	return vp_fail(
		err, -E2BIG,
		"the conditions on one call need more than %d comparisons; write fewer of "
		"them, or equalities in place of ranges",
		VP_CUBES_MAX);
}

/* The cube in which one argument is narrowed further. False: it is empty. */
static bool narrow(struct vp_cube *cube, uint8_t argument, struct part part)
{
	uint64_t both = cube->mask[argument] & part.mask;

	if ((cube->value[argument] ^ part.value) & both)
		return false;
	cube->mask[argument] |= part.mask;
	cube->value[argument] |= part.value;
	return true;
}

int vp_cubes_of_rule(const struct vp_call_rule *rule, uint32_t action, struct vp_cubes *out,
		     struct vp_error *err)
{
	size_t first = out->len;

	vp_array_add(out)->action = action;
	for (size_t i = 0; i < rule->conditions.len; i++) {
		const struct vp_call_condition *c = &rule->conditions.data[i];
		size_t end = out->len;
		struct parts parts;
		int r;

		condition_parts(c, &parts);
		r = check_count(first + (end - first) * parts.len, err);
		if (r)
			return r;
		for (size_t j = first; j < end; j++) {
			struct vp_cube from = out->data[j];

			for (size_t k = 0; k < parts.len; k++) {
				struct vp_cube cube = from;

				if (narrow(&cube, c->argument, parts.data[k]))
					vp_array_push(out, cube);
			}
		}
		memmove(&out->data[first], &out->data[end],
			(out->len - end) * sizeof(*out->data));
		out->len -= end - first;
	}
	return 0;
}

void vp_cubes_narrow(struct vp_cubes *cubes, size_t first, uint8_t argument, uint64_t mask,
		     uint64_t value)
{
	size_t kept = first;

	for (size_t i = first; i < cubes->len; i++)
		if (narrow(&cubes->data[i], argument, (struct part){ mask, value }))
			cubes->data[kept++] = cubes->data[i];
	cubes->len = kept;
}

void vp_cubes_truncate(struct vp_cubes *cubes, size_t first)
{
	size_t kept = first;

	for (size_t i = first; i < cubes->len; i++) {
		struct vp_cube cube = cubes->data[i];
		bool possible = true;

		for (size_t j = 0; j < VP_CALL_ARGUMENTS; j++) {
			possible = possible && !(cube.value[j] >> 32);
			cube.mask[j] &= UINT32_MAX;
		}
		if (possible)
			cubes->data[kept++] = cube;
	}
	cubes->len = kept;
}

bool vp_cubes_meet(const struct vp_cube *a, const struct vp_cube *b)
{
	for (size_t i = 0; i < VP_CALL_ARGUMENTS; i++)
		if ((a->value[i] ^ b->value[i]) & a->mask[i] & b->mask[i])
			return false;
	return true;
}

/* Add what `cube` has and `what` has not: for each bit of `what`, that bit the other way and
 * those before it alike. */
static void add_difference(struct vp_cubes *out, struct vp_cube cube,
			   const struct vp_cube *what)
{
	for (size_t i = 0; i < VP_CALL_ARGUMENTS; i++) {
		uint64_t open = what->mask[i] & ~cube.mask[i];

		for (uint64_t bit = 1ull << (BITS - 1); bit; bit >>= 1) {
			if (!(open & bit))
				continue;
			cube.mask[i] |= bit;
			cube.value[i] |= ~what->value[i] & bit;
			vp_array_push(out, cube);
			cube.value[i] ^= bit;
		}
	}
}

int vp_cubes_subtract(struct vp_cubes *cubes, size_t first, const struct vp_cube *what,
		      struct vp_error *err)
{
	size_t end = cubes->len, kept = first;

	for (size_t i = first; i < end; i++) {
		struct vp_cube cube = cubes->data[i];

		if (vp_cubes_meet(&cube, what))
			add_difference(cubes, cube, what);
		else
			cubes->data[kept++] = cube;
	}
	memmove(&cubes->data[kept], &cubes->data[end],
		(cubes->len - end) * sizeof(*cubes->data));
	cubes->len -= end - kept;
	return check_count(cubes->len, err);
}
