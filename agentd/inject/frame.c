/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of a way back does not depend on the architecture: see frame.h. */
#include "agentd/inject/frame.h"

const struct vp_stack *vp_way_stack(const struct vp_way *way, uint64_t address)
{
	vp_array_each (stack, &way->stacks)
		if (address >= stack->first && address < stack->end)
			return stack;
	return NULL;
}
