/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Units that wait for their next connection: see unit_pool.h. */
#include "modules/inspection/unit_pool.h"

#include "lib/memory.h"
#include "modules/inspection/unit_layout.h"

#define UNITS_MOST 32
#define UNIT_BYTES 32768u /* one that holds more is not kept */

struct vp_unit_pool {
	struct vp_unit *units[UNITS_MOST];
	size_t count;
};

struct vp_unit_pool *vp_unit_pool_new(void)
{
	return vp_new(struct vp_unit_pool);
}

void vp_unit_pool_free(struct vp_unit_pool *pool)
{
	if (!pool)
		return;
	while (pool->count)
		vp_unit_free(pool->units[--pool->count]);
	free(pool);
}

struct vp_unit *vp_unit_pool_take(struct vp_unit_pool *pool, const struct vp_program *program,
				  size_t bound, const struct vp_unit_flow *flow)
{
	struct vp_unit *unit;

	if (pool->count && pool->units[pool->count - 1]->bound == bound)
		unit = pool->units[--pool->count];
	else
		unit = vp_unit_new(program, bound);
	vp_unit_flow(unit, flow);
	return unit;
}

void vp_unit_pool_give(struct vp_unit_pool *pool, struct vp_unit *unit)
{
	if (pool->count < UNITS_MOST && vp_unit_memory(unit) <= UNIT_BYTES)
		pool->units[pool->count++] = unit;
	else
		vp_unit_free(unit);
}
