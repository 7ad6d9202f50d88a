/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes that started while nobody looked: found, and their filters put on them. */
#ifndef VP_HOOK_SCAN_H
#define VP_HOOK_SCAN_H

#include <sys/types.h>

#include "agentd/hook/note.h"
#include "agentd/hook/table.h"

/*
 * Every process that runs a program of the table, until a look finds none without its filter.
 * Each that had none is told over the socket; it ends when that is closed. Those traced by a
 * child of `worker` are just starting.
 */
void vp_hook_scan(const struct vp_hook_table *table, int socket, pid_t worker);

#endif
