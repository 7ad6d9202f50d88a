/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An IP packet taken apart, as it comes from the queue, a capture or a test. */
#ifndef VP_INSPECTION_PACKET_H
#define VP_INSPECTION_PACKET_H

#include "lib/address.h"
#include "modules/inspection/sink.h"

enum vp_packet_fault {
	VP_PACKET_FINE,
	VP_PACKET_SHORT,    /* headers do not fit in the bytes, a length contradicts them, or
			     * there is none (jumbograms, RFC 2675) */
	VP_PACKET_FRAGMENT, /* a piece of a datagram: reassembly comes first */
	VP_PACKET_FOREIGN,  /* neither IPv4 nor IPv6, or no transport that is inspected, or
			     * on a source route that ends elsewhere */
	VP_PACKET_CHECKSUM, /* the receiver will drop it */
};

struct vp_packet {
	struct vp_address source, destination;
	uint16_t source_port, destination_port; /* ICMP: 0 */
	uint8_t version;			/* 4 or 6 */
	uint8_t protocol;			/* behind IPv6 extension headers */
	uint32_t sequence, acknowledgement;	/* TCP, host order */
	uint8_t flags;				/* TCP: CWR ECE URG ACK PSH RST SYN FIN */
	uint16_t urgent;			/* TCP urgent pointer */
	size_t transport;			/* offset of the transport header */
	struct vp_slice payload; /* behind the TCP, or the 8-byte UDP or ICMP header */
};

#define VP_TCP_FIN 0x01
#define VP_TCP_SYN 0x02
#define VP_TCP_RST 0x04
#define VP_TCP_PSH 0x08
#define VP_TCP_ACK 0x10
#define VP_TCP_URG 0x20

/*
 * Take `bytes` apart (RFC 791, 8200, 9293, 768, 792, 4443); they may be longer
 * than the IP length says, which decides, and a datagram may be shorter, which
 * decides then. A UDP length of 0 over IPv6 means up to the end. `verify`:
 * compute checksums too (not for packets whose checksum is still to be filled in
 * by hardware). Slices of *packet point into `bytes`. Of a packet with a fault,
 * addresses and protocol are set as far as they could be read, the rest may be 0.
 *
 * Several datagrams that the kernel merged (UDP GSO, GRO) look like one here: only
 * whoever received them can have them split.
 */
enum vp_packet_fault vp_packet_parse(struct vp_slice bytes, bool verify,
				     struct vp_packet *packet);

/*
 * Copy `packet` (parsed from `bytes` as VP_PACKET_FINE) into `out`, room for
 * bytes.len: without its payload, and then without FIN, PSH and the urgent flag,
 * which would stand in the payload's place; or without its urgent flag and
 * pointer alone. Lengths are right again, and checksums whole, also where
 * hardware was to fill them in. The length of the copy.
 */
size_t vp_packet_without_payload(struct vp_slice bytes, const struct vp_packet *packet,
				 uint8_t *out);
size_t vp_packet_without_urgent(struct vp_slice bytes, const struct vp_packet *packet,
				uint8_t *out);

#endif
