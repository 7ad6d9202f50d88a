/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The other half of verdict `reset`. The kernel's reject has answered the
 * sender of the blocked segment; this ends the connection for its receiver: a
 * local socket is destroyed through sock_diag, a forwarded receiver gets a RST
 * whose sequence number is the blocked segment's, which is in its window.
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
 * End the connection, when the record may ask for that (claim.h) and the kernel agrees:
 * for a rule that shields this host its service must be a socket of this host, or the
 * connection one whose destination was translated from a port that the rule shields.
 * Returns 1 when something was ended (a socket destroyed, or a RST sent), 0 when the
 * connection was gone already, -EPERM when it is none of the rule's, another -errno
 * when it cannot be ended.
 */
int vp_reset_run(struct vp_reset *reset, const struct vp_report *report,
		 const struct vp_claim *claim, struct vp_error *err);

/* Build the RST for a forwarded receiver. `packet` has room for 60 bytes; returns its length.
 * Pure. */
size_t vp_reset_packet(const struct vp_report *report, unsigned char *packet);

#endif
