/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listeners of the filters that the hook puts on, handed over to vpatchd-answer. */
#ifndef VP_HOOK_GIVING_H
#define VP_HOOK_GIVING_H

#include "agentd/answer/client.h"
#include "agentd/hook/table.h"
#include "agentd/inject/inject.h"

/* Where the filter has a listener, it is to be handed over by *giver, which is the caller's to
 * close in any case. */
void vp_hook_give(const struct vp_hook_filter *filter, const struct vp_hook_table *table,
		  struct vp_answer_giver *giver, struct vp_injection *injection);

#endif
