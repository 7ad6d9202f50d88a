/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's audit records as they are made: a netlink socket in the multicast
 * group that other readers than auditd use (AUDIT_NLGRP_READLOG). Needs no auditd,
 * takes nothing from it, and changes nothing. vpatchd's part.
 */
#ifndef VP_AGENTD_AUDIT_SOCKET_H
#define VP_AGENTD_AUDIT_SOCKET_H

#include "lib/error.h"

/*
 * A socket in the group, close-on-exec, with room for some ten thousand records.
 * Returns the descriptor, owned by the caller, or -errno with the cure: -EPERM
 * without CAP_AUDIT_READ in the first user namespace, -EPROTONOSUPPORT when the
 * kernel has no audit. In a network namespace other than the first one it opens,
 * and stays silent.
 */
int vp_audit_open(struct vp_error *err);

/*
 * Why no record may come from this host although the socket is open: the first
 * reason that can be read, in words, or what to look at. Opens files in /proc.
 */
void vp_audit_obstacle(struct vp_error *err);

#endif
