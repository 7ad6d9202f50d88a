/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The other half of verdict `reset`. The kernel's reject has answered the
 * sender of the blocked segment; this ends the connection for its receiver: a
 * local socket is destroyed through sock_diag, a forwarded receiver gets a RST
 * whose sequence number is the blocked segment's, which is in its window.
 */
#ifndef VP_AGENTD_RESET_H
#define VP_AGENTD_RESET_H

#include "agentd/report.h"
#include "lib/error.h"
#include "policy/patch.h"

struct vp_reset; /* opaque */

/* Needs CAP_NET_ADMIN and CAP_NET_RAW. *reset is owned by the caller. 0 or -errno. */
int vp_reset_open(struct vp_reset **reset, struct vp_error *err);
void vp_reset_close(struct vp_reset *reset);

/*
 * May this record end a connection at all? Only a TCP segment of an established
 * connection of which the report has everything, not itself a RST, between unicast
 * addresses, neither end a management port. The caller has checked that the tag is
 * of an enforced rule with verdict reset. Pure. 0 or -EPERM with the reason.
 */
int vp_reset_check(const struct vp_report *report, const struct vp_port_ranges *management,
		   struct vp_error *err);

/*
 * End the connection; checks first. Returns 1 when something was ended (a socket
 * destroyed, or a RST sent), 0 when the connection was gone already, -errno.
 */
int vp_reset_run(struct vp_reset *reset, const struct vp_report *report,
		 const struct vp_port_ranges *management, struct vp_error *err);

/* Build the RST for a forwarded receiver. `packet` has room for 60 bytes; returns its length.
 * Pure. */
size_t vp_reset_packet(const struct vp_report *report, unsigned char *packet);

#endif
