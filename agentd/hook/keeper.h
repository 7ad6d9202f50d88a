/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that keeps the table: it takes tables from its one client, keeps a worker
 * running with the last one, ends a worker that stands still, and tells of the time without
 * one. It traces nobody and holds nothing up.
 */
#ifndef VP_HOOK_KEEPER_H
#define VP_HOOK_KEEPER_H

#include "lib/error.h"

/* Until SIGTERM or SIGINT. `listener`: a listening SOCK_SEQPACKET socket. 0 or -errno. */
int vp_hook_keep(int listener, struct vp_error *err);

#endif
