/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NFLOG messages of nfnetlink_log and the packet headers inside them. Pure:
 * bytes in, record out, every length checked; fuzzed.
 */
#ifndef VP_AGENTD_NFLOG_H
#define VP_AGENTD_NFLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agentd/report.h"
#include "lib/bytes.h"

#define VP_NFLOG_COPY                                                                         \
	192 /* bytes of each packet: IPv6 with some extension headers and TCP                 \
	     */

struct vp_nflog {
	bool has_sequence;
	uint32_t sequence;	 /* of the group: a gap is a loss */
	struct vp_report report; /* all but magic, time, confinement, lost and foreign */
};

enum vp_nflog_result {
	VP_NFLOG_PACKET,  /* *out is filled */
	VP_NFLOG_FOREIGN, /* not ours: other message type, other prefix; sequence is filled
			     when there */
	VP_NFLOG_BROKEN,  /* lengths that contradict each other; the rest of the datagram is
			     skipped */
	VP_NFLOG_END,	  /* no further message in the datagram */
};

/* The next netlink message of a received datagram. */
enum vp_nflog_result vp_nflog_next(struct vp_bytes *datagram, struct vp_nflog *out);

/* Headers of an IP packet of which `len` bytes were copied. Fills addresses, protocol, ports,
 * TCP. */
void vp_nflog_packet(const uint8_t *data, size_t len, struct vp_report *report);

/* "vpatch:drop" ...; for monitor the tag is in the prefix. False when it is none of ours. */
bool vp_nflog_prefix(const char *prefix, size_t len, struct vp_report *report);

#endif
