/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The netfilter enforcement point, and what it offers beyond struct vp_module.
 * Its instance is a struct vp_instance of vp_netfilter_module.open().
 */
#ifndef VP_NETFILTER_NETFILTER_H
#define VP_NETFILTER_NETFILTER_H

#include "lib/address.h"
#include "modules/module.h"

extern const struct vp_module vp_netfilter_module;

/*
 * Put back what was committed last, after somebody else removed or changed it:
 * the whole table in one transaction when it is gone, else only what differs.
 * Counters begin with the higher of `counts` (may be NULL) and the values read
 * last. Returns 0 or -errno; -ENODATA when this instance never committed anything
 * (prepare and commit the stored generation instead).
 */
int vp_netfilter_repair(struct vp_instance *instance, const struct vp_counts *counts,
			struct vp_error *err);

/*
 * Remove kept objects (counters, limits, the sets of limits per source) and counts that
 * nothing refers to and whose tag is not among `tags`: for patches that no stored
 * generation knows any more, the running one included. Returns how many were removed,
 * or -errno.
 */
int vp_netfilter_forget(struct vp_instance *instance, const uint32_t *tags, size_t count,
			struct vp_error *err);

/*
 * Ban a source (of IPv6 its whole /64) on behalf of the rule with that tag, as a rule of the
 * kernel's would: its packets are dropped before connection tracking for that time, and
 * counted for the rule. Who is banned already stays banned as long as that was to be.
 *
 * Judged here: that what was committed last can ban at all (-ENODATA when not), that the
 * source is not one of those that are never banned (-EPERM: the host's own addresses,
 * gateways, resolvers and what is configured), and that it is an address of a single
 * host (-EINVAL). A ban never touches management ports and kept sessions: the rules let
 * them pass before they ask who is banned. For the caller to judge: that the tag's rule
 * may ban, and that the source had an established connection with its service, since any
 * other source can be forged. Each ban is a transaction: the caller bounds how many.
 *
 * Returns 0 or -errno; -ENFILE when the set is full.
 */
int vp_netfilter_ban(struct vp_instance *netfilter, uint32_t tag,
		     const struct vp_address *source, uint64_t milliseconds,
		     struct vp_error *err);

#endif
