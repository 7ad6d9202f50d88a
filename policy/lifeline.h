/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a host must go on receiving, lest nobody reaches it any more after a while:
 * messages that a rule for all of IP or ICMPv6 stops by accident. The guard lets
 * them pass; a rule that is about such a message itself is not an accident.
 * Sources: RFC 4890 section 4.4 (ICMPv6 that must not be dropped), RFC 1191 and 8201
 * (path MTU), RFC 2131 section 4.1 and RFC 8415 section 7.2 (ports of DHCP).
 */
#ifndef VP_POLICY_LIFELINE_H
#define VP_POLICY_LIFELINE_H

#include "policy/plan.h"

enum vp_lifeline {
	VP_LIFELINE_NEIGHBOURS, /* ICMPv6 135 and 136 */
	VP_LIFELINE_ROUTERS,	/* ICMPv6 133 and 134 */
	VP_LIFELINE_PATH_MTU_4, /* ICMP 3/4, related to a connection */
	VP_LIFELINE_PATH_MTU_6, /* ICMPv6 2, likewise */
	VP_LIFELINE_DHCP_4,	/* UDP between ports 67 and 68 */
	VP_LIFELINE_DHCP_6,	/* UDP between ports 547 and 546, link-local */
	VP_LIFELINE_COUNT
};

#define VP_LIFELINE_BIT(lifeline) (1u << (lifeline))

/* "IPv6 router solicitations and advertisements": short; and why they pass. */
const char *vp_lifeline_name(enum vp_lifeline lifeline);
const char *vp_lifeline_reason(enum vp_lifeline lifeline);

/*
 * VP_LIFELINE_BITs of what the rule can stop. Of these, *named (never neighbour
 * discovery) has those that the rule is about: it names their type, or serves their ports.
 */
unsigned int vp_lifelines_met(const struct vp_placement *placement, unsigned int *named);

#endif
