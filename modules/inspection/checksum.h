/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Internet checksum (RFC 1071): of IP headers, and of transports with their pseudo-header.
 */
#ifndef VP_INSPECTION_CHECKSUM_H
#define VP_INSPECTION_CHECKSUM_H

#include "lib/address.h"
#include "modules/inspection/sink.h"

/*
 * The field's value for bytes in which the field itself is 0; over bytes with
 * their checksum in place it is 0 when that is right.
 */
uint16_t vp_checksum(struct vp_slice bytes);

/*
 * Likewise for a transport header and what follows it, with the pseudo-header of
 * the addresses' family (RFC 9293, 3.1; RFC 8200, 8.1).
 */
uint16_t vp_checksum_transport(const struct vp_address *source,
			       const struct vp_address *destination, uint8_t protocol,
			       struct vp_slice bytes);

#endif
