/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening an NFLOG group: vpatchd's part, needs CAP_NET_ADMIN. Nothing is received here. */
#ifndef VP_AGENTD_NFLOG_SOCKET_H
#define VP_AGENTD_NFLOG_SOCKET_H

#include <stdint.h>

#include "lib/error.h"

/*
 * A netlink socket bound to the group, close-on-exec, with sequence numbers and
 * short delays. Returns the descriptor, owned by the caller, or -errno: -EBUSY
 * when another process uses the group.
 */
int vp_nflog_open(uint16_t group, struct vp_error *err);

#endif
