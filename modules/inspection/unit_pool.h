/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Units of one program that no connection uses: the next one need not make its
 * own. A few of moderate size; how many connections there were does not matter.
 */
#ifndef VP_INSPECTION_UNIT_POOL_H
#define VP_INSPECTION_UNIT_POOL_H

#include "modules/inspection/unit.h"

struct vp_unit_pool;

struct vp_unit_pool *vp_unit_pool_new(void);
/* With the units in it; their program is still there. */
void vp_unit_pool_free(struct vp_unit_pool *pool);

/* As vp_unit_new(), for a flow. All units of a pool are of the same program. */
struct vp_unit *vp_unit_pool_take(struct vp_unit_pool *pool, const struct vp_program *program,
				  size_t bound, const struct vp_unit_flow *flow);
/* As vp_unit_free(). */
void vp_unit_pool_give(struct vp_unit_pool *pool, struct vp_unit *unit);

#endif
