/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IP addresses, prefixes and ranges, both families alike. */
#ifndef VP_LIB_ADDRESS_H
#define VP_LIB_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vp_address {
	uint8_t family;	   /* 4 or 6; 0: none */
	uint8_t bytes[16]; /* network order; IPv4 uses the first 4, the rest is zero */
};

/* Inclusive; both ends of one family, first <= last. A single address has first == last. */
struct vp_address_range {
	struct vp_address first, last;
};

#define VP_ADDRESS_TEXT 96 /* room for any range as text */

/* 4 or 16 */
size_t vp_address_size(uint8_t family);

/* Parse "192.0.2.1" or "2001:db8::1" (no scope). Returns 0 or -EINVAL, *out untouched on
 * failure. */
int vp_address_parse(const char *text, struct vp_address *out);

/*
 * Parse an address, a prefix "192.0.2.0/24" or a range "192.0.2.1-192.0.2.9".
 * Returns 0, -EINVAL (no such form), -ERANGE (host bits set in a prefix, or last < first).
 */
int vp_address_range_parse(const char *text, struct vp_address_range *out);

/* Shortest text: address, prefix where the range is one, else first-last. Returns `text`. */
const char *vp_address_range_print(const struct vp_address_range *range,
				   char text[static VP_ADDRESS_TEXT]);
const char *vp_address_print(const struct vp_address *address,
			     char text[static VP_ADDRESS_TEXT]);

/* memcmp order, IPv4 before IPv6. */
int vp_address_compare(const struct vp_address *a, const struct vp_address *b);

/* Is `address` inside `range`? */
bool vp_address_within(const struct vp_address *address, const struct vp_address_range *range);

/* Prefix length when the range is exactly one prefix, else -1. */
int vp_address_range_prefix(const struct vp_address_range *range);

/* Next (+1) or previous (-1) address; false at the end of the address space. */
bool vp_address_step(struct vp_address *address, int direction);

#endif
