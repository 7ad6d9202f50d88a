/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ending connections. Of a netfilter rule with verdict `reset` this is the other
 * half: the kernel's reject has answered the sender of the blocked segment. Of
 * inspection it is all of `reset` and `reject`: a worker can only drop a packet.
 * A local socket is destroyed through sock_diag, a forwarded receiver and a sender
 * get a RST whose sequence number the blocked segment says.
 */
#ifndef VP_AGENTD_RESET_H
#define VP_AGENTD_RESET_H

#include "agentd/claim.h"
#include "agentd/report.h"
#include "lib/error.h"

struct vp_reset; /* opaque */

/* Needs CAP_NET_ADMIN and CAP_NET_RAW. *reset is owned by the caller. 0 or -errno. */
int vp_reset_open(struct vp_reset **reset, struct vp_error *err);
void vp_reset_close(struct vp_reset *reset);

/*
 * Do what the claim's verdict says, RESET or REJECT, when the record may ask for that
 * (claim.h) and the kernel agrees: for a rule that shields this host its service must
 * be a socket of this host, or the connection one whose destination was translated
 * from a port that the rule shields. Returns 1 when something was done (a socket
 * destroyed, or a RST sent), 0 when the connection was gone already, -EPERM when it is
 * none of the rule's, another -errno when it cannot be done.
 */
int vp_reset_run(struct vp_reset *reset, const struct vp_report *report,
		 const struct vp_claim *claim, struct vp_error *err);

/*
 * May the client be banned: does the claim hold, is the connection the service's, and
 * did it complete its handshake, so that the address is the client's own? 1: yes; 0: no
 * such connection any more; -errno as above.
 */
int vp_reset_check_ban(struct vp_reset *reset, const struct vp_report *report,
		       const struct vp_claim *claim, struct vp_error *err);

/* Build the RST for a forwarded receiver. `packet` has room for 60 bytes; returns its length.
 * Pure. */
size_t vp_reset_packet(const struct vp_report *report, unsigned char *packet);

#endif
