/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is what vpatchd-events or an inspection worker asks for something that the rule
 * it names can give? These processes read foreign bytes: were one taken over, it
 * would name any connection. What the kernel itself has to say about the connection
 * is asked in reset.c. Pure.
 */
#ifndef VP_AGENTD_CLAIM_H
#define VP_AGENTD_CLAIM_H

#include <stdbool.h>

#include "agentd/generation.h"
#include "agentd/report.h"
#include "policy/plan.h"

/* The rule of the record's tag, as it is placed, and what no rule may touch. Not owned. */
struct vp_claim {
	const struct vp_placement *placement;
	const struct vp_port_ranges *management;
	const struct vp_session_list *sessions;
	enum vp_point point;	 /* whose process asks */
	enum vp_verdict verdict; /* RESET, REJECT or BAN */
	bool failure; /* inspection: for another reason than the rule's own; only a RESET */
};

/* Does the rule shield that TCP port? */
bool vp_claim_has_port(const struct vp_claim *claim, uint16_t port);

/* Is the record's packet to (or of, for to-client rules) a port that the rule shields? */
bool vp_claim_has_end(const struct vp_claim *claim, const struct vp_report *report);

/* The end of the connection that is not the service's. */
struct vp_address vp_claim_client(const struct vp_claim *claim,
				  const struct vp_report *report);

/*
 * Is the packet one that can end a connection: a TCP segment of an established one, of
 * which the report has everything, not itself a RST, between unicast addresses? And
 * is the rule an enforced one of that point and verdict, the hook one where such rules
 * are, the connection neither of management nor kept, and, for a rule with addresses,
 * its end the rule's? 0, -ENOTCONN (no such packet: that happens) or -EPERM (what the rule
 * never reports), with the reason. Whom never to ban, netfilter knows.
 */
int vp_claim_check(const struct vp_claim *claim, const struct vp_report *report,
		   struct vp_error *err);

#endif
