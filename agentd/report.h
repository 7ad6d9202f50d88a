/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record that vpatchd-events sends to vpatchd: one fixed-size message per
 * logged packet over a SOCK_SEQPACKET socketpair. Both ends are of one build;
 * the version guards against a half-finished upgrade. The sender has parsed
 * hostile bytes: vpatchd believes nothing that vp_report_check did not check.
 */
#ifndef VP_AGENTD_REPORT_H
#define VP_AGENTD_REPORT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

#define VP_REPORT_MAGIC 0x56504533u /* "VPE3" */

enum vp_report_kind {
	VP_REPORT_STATUS = 1, /* only the counters below mean something */
	VP_REPORT_DROP, /* one per common chain: the word after "vpatch:" in the log prefix */
	VP_REPORT_REJECT,
	VP_REPORT_RESET,
	VP_REPORT_LIMIT,
	VP_REPORT_BAN,
	VP_REPORT_MONITOR,
	VP_REPORT_UNREAD,  /* to be inspected, and dropped because nobody did */
	VP_REPORT_INVALID, /* to be inspected, and dropped because no connection has it */
	VP_REPORT_KINDS,
};

#define VP_REPORT_PORTS	   1u /* source_port and destination_port are real */
#define VP_REPORT_TCP	   2u /* sequence, acknowledgement, payload and tcp_flags are real */
#define VP_REPORT_FRAGMENT 4u /* not the first fragment: no transport header */
#define VP_REPORT_CUT	   8u /* headers went on behind the copied bytes, or made no sense */
#define VP_REPORT_FLAGS	   15u

/* Fixed widths, host byte order, no padding. */
struct vp_report {
	uint32_t magic;
	uint8_t kind;
	uint8_t family;	  /* 4 or 6; 0: the packet was not understood */
	uint8_t protocol; /* IANA number behind all extension headers */
	uint8_t hook;	  /* NF_INET_... */
	uint32_t tag;
	uint32_t flags;
	uint64_t time; /* zero; the receiver fills in microseconds since the epoch */
	uint32_t in_interface, out_interface;	/* indices, 0: none */
	uint8_t source[16], destination[16];	/* IPv4 in the first 4 bytes, rest zero */
	uint16_t source_port, destination_port; /* host order */
	uint32_t sequence, acknowledgement;
	uint32_t payload; /* bytes of TCP payload, from the header's lengths */
	uint8_t tcp_flags;
	uint8_t confinement; /* VP_CONFINED_ bits of the sender (agentd/sandbox.h) */
	uint8_t reserved[6]; /* zero */
	uint32_t lost;	     /* packets the kernel could not deliver to the sender, so far */
	uint32_t foreign;    /* messages that were none of ours or made no sense, so far */
};

static_assert(sizeof(struct vp_report) == 96, "no padding in the record");

/* Is the message one well-formed record? 0, or -EPROTO with what is wrong. */
int vp_report_check(const void *data, size_t len, struct vp_error *err);

#endif
