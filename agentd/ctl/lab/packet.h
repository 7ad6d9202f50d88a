/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IP packets as bytes: taking them apart, filling in what the author of a
 * sample left zero, checksums, fragments. Pure.
 *
 * Sources: RFC 791, RFC 8200, RFC 1071 (checksum), RFC 768, RFC 9293, RFC 3828
 * (UDP-Lite), RFC 792, RFC 4443, RFC 9260 (CRC32c of SCTP).
 */
#ifndef VP_LAB_PACKET_H
#define VP_LAB_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/address.h"
#include "lib/error.h"

#define VP_PACKET_MAX 65535

/* Where things are in a packet. Offsets from its first byte. */
struct vp_lab_packet {
	uint8_t family;	     /* 4 or 6 */
	uint8_t protocol;    /* of the payload, behind IPv6 extension headers */
	size_t payload;	     /* first byte behind the IP header and extension headers; of a
				fragment, behind its fragment header */
	size_t fragmentable; /* IPv6: first byte that every fragment header precedes; else =
				payload */
	size_t next_header;  /* offset of the byte that names what starts at `fragmentable` */
	bool fragment;	     /* one of several fragments */
	bool more;	     /* not the last of them */
	size_t fragment_at;  /* offset of its bytes in the whole payload */
	uint32_t fragment_id;
};

/*
 * Take a packet apart. Returns 0, or -EINVAL with what is wrong: no IP packet,
 * or one too short for its own headers. What comes behind an IPv6 header that
 * is not known, or behind a later fragment's header, is payload.
 */
int vp_lab_packet_parse(const uint8_t *data, size_t len, struct vp_lab_packet *packet,
			struct vp_error *err);

/* The ones' complement sum, continued from `sum` (0 at first). Odd lengths are padded with
 * zero. */
uint32_t vp_checksum_add(uint32_t sum, const void *data, size_t len);

/* The checksum to put into a packet, network order as it lies in memory. */
uint16_t vp_checksum_finish(uint32_t sum);

/* Checksum of a transport header and data with the pseudo header of its family. */
uint16_t vp_lab_checksum_transport(const struct vp_address *source,
				   const struct vp_address *destination, uint8_t protocol,
				   const void *data, size_t covered, size_t len);

/* CRC32c as SCTP carries it. */
uint32_t vp_crc32c(const void *data, size_t len);

/*
 * Fill in the fields that are zero: source and destination address, total or
 * payload length, the IPv4 header checksum, and the UDP length and the checksum
 * of TCP, UDP, UDP-Lite, ICMP, ICMPv6, IGMP and SCTP. Fields with a value stay as
 * they are. Of a fragment only the IP header is filled: see vp_packet_fill_fragments().
 * Returns 0 or -EINVAL.
 */
int vp_packet_fill(uint8_t *data, size_t len, const struct vp_address *source,
		   const struct vp_address *destination, struct vp_error *err);

struct vp_packet_bytes {
	uint8_t *data; /* owned by whoever made it */
	size_t len;
};

/*
 * Put the payloads of the fragments of one packet together: *whole (owned by
 * the caller) is what arrives behind reassembly. Returns 0, or -EINVAL when they
 * overlap, leave a gap or the last one is missing.
 */
int vp_packet_join(const struct vp_packet_bytes *fragments, size_t count, uint8_t **whole,
		   size_t *whole_len, struct vp_error *err);

/*
 * Bytes of IPv6 extension headers at the start of `data`, which begins with a
 * header of type *protocol; *protocol becomes what follows them.
 */
size_t vp_packet_skip(const uint8_t *data, size_t len, uint8_t *protocol);

/*
 * Fill in the transport checksum of a packet that is sent as fragments: it is
 * computed over the joined payload and put into the first fragment, where zero.
 * The fragments' IP headers are filled already. Fragments that do not join are left as they
 * are.
 */
void vp_packet_fill_fragments(const struct vp_packet_bytes *fragments, size_t count);

/*
 * A whole packet around `payload` (transport header included, checksum zero or
 * valid), with valid checksums. *data is owned by the caller.
 */
void vp_packet_build(const struct vp_address *source, const struct vp_address *destination,
		     uint8_t protocol, const void *payload, size_t payload_len, uint8_t **data,
		     size_t *len);

/*
 * Cut a whole packet into fragments of at most `piece` payload bytes (a multiple
 * of 8). fragments[0..*count) are owned by the caller; the array holds `room`.
 * Returns 0, -EINVAL (no packet, or one already), -ENOSPC (more than `room`).
 */
int vp_packet_cut(const uint8_t *data, size_t len, size_t piece, uint32_t id,
		  struct vp_packet_bytes *fragments, size_t room, size_t *count,
		  struct vp_error *err);

/* Ways to say the same that a weak filter does not understand. */
enum vp_shape {
	VP_SHAPE_PLAIN,
	VP_SHAPE_FRAGMENTS,  /* of 8 bytes each */
	VP_SHAPE_REVERSED,   /* the same, last one first */
	VP_SHAPE_OPTIONS,    /* IPv4 options or IPv6 destination options that do nothing */
	VP_SHAPE_HOP_BY_HOP, /* IPv6 hop-by-hop options that do nothing */
	VP_SHAPE_OPTIONS_FRAGMENTS, /* both */
	VP_SHAPE_COUNT,
};

/* "plain", "fragments", ... */
const char *vp_shape_name(enum vp_shape shape);

/*
 * Bring a whole packet into that shape. pieces[0..*count) are owned by the
 * caller; the array holds `room`. Returns 0, or -EINVAL or -ENOSPC when this packet
 * cannot have it.
 */
int vp_packet_shape(const uint8_t *data, size_t len, enum vp_shape shape, uint32_t id,
		    struct vp_packet_bytes *pieces, size_t room, size_t *count,
		    struct vp_error *err);

#endif
