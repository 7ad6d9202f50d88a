/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that holds up starts. It answers every one at once, and puts filters on those
 * of the table while they stand before their first instruction. Its keeper gives it tables,
 * reads its notes, and ends it when it does not beat; without a keeper it ends.
 */
#ifndef VP_HOOK_WORKER_H
#define VP_HOOK_WORKER_H

#include "agentd/hook/beat.h"
#include "agentd/hook/table.h"

/*
 * Until the keeper is gone. `keeper`: the socket to it; `keeper_process`: a descriptor of its
 * process. `table` is the first; its content is the worker's. 0 or -errno, which the keeper
 * was told.
 */
int vp_hook_work(struct vp_hook_beats *beats, int keeper, int keeper_process,
		 struct vp_hook_table *table);

#endif
