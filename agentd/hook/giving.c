/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who takes listeners: see giving.h. */
#include "agentd/hook/giving.h"

void vp_hook_give(const struct vp_hook_filter *filter, const struct vp_hook_table *table,
		  struct vp_answer_giver *giver, struct vp_injection *injection)
{
	struct vp_error err;

	*giver = (struct vp_answer_giver){ .socket = -1 };
	if (!filter->key)
		return;
	injection->take = vp_answer_give;
	injection->taker = vp_answer_giver_open(giver, table->answers, filter->key, &err);
}
