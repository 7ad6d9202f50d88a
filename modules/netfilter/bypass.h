/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What on this host's packet path shields cannot see past. */
#ifndef VP_NETFILTER_BYPASS_H
#define VP_NETFILTER_BYPASS_H

#include "modules/netfilter/netlink.h"
#include "policy/host.h"

/*
 * Append to host->bypasses: flowtables, notrack rules, XDP and tc programs on
 * interfaces (tcx and netkit are told as "tc"), IPVS services. What cannot be read is left
 * out: facts, not duties; that tcx and netkit may not be asked about is told.
 */
void vp_bypasses_read(struct vp_netlink *nl, struct vp_host *host);

#endif
