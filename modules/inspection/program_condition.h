/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a condition is evaluated; internal to program*.c. */
#ifndef VP_INSPECTION_PROGRAM_CONDITION_H
#define VP_INSPECTION_PROGRAM_CONDITION_H

#include "modules/inspection/program_layout.h"

struct vp_condition_reading {
	size_t bytes;  /* the first so many transforms yield bytes */
	uint32_t base; /* of digits that are the number; else 0 */
	enum vp_atom_source source;
	bool little_endian;
	size_t steps, step_count; /* of the transforms: mask, plus, minus, times */
};

/* -EOPNOTSUPP with the place in *err: beyond inspection. */
int vp_condition_read(const struct vp_condition *condition,
		      struct vp_condition_reading *reading, struct vp_error *err);

#endif
