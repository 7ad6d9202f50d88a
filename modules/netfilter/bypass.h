/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What on this host's packet path shields cannot see past. */
#ifndef VP_NETFILTER_BYPASS_H
#define VP_NETFILTER_BYPASS_H

#include "modules/netfilter/netlink.h"
#include "policy/host.h"

/*
 * Append to host->bypasses: flowtables, notrack rules, XDP and tc programs on
 * interfaces, IPVS services. What cannot be read is left out: facts, not duties.
 */
void vp_bypasses_read(struct vp_netlink *nl, struct vp_host *host);

#endif
