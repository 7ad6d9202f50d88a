/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arithmetic on lists of port ranges. `ip` (VP_PROTOCOL_ANY) overlaps every
 * protocol; a protocol without ports is one point.
 */
#ifndef VP_POLICY_PORTS_H
#define VP_POLICY_PORTS_H

#include "policy/patch.h"

/* Sort by protocol and port; overlapping and adjacent ranges of a protocol become one. */
void vp_ports_normalise(struct vp_port_ranges *ports);

/* Append to *out (caller owns it) what is in both; `ip` on either side takes the other's
 * protocol. */
void vp_ports_intersect(const struct vp_port_ranges *a, const struct vp_port_ranges *b,
			struct vp_port_ranges *out);

/* Remove from `ports` what is in `minus`. From `ip` only `ip` can be removed. */
void vp_ports_subtract(struct vp_port_ranges *ports, const struct vp_port_ranges *minus);

/* Is it a TCP port whose traffic is usually encrypted (TLS from the first byte on)? */
bool vp_port_carries_tls(uint16_t port);

#endif
