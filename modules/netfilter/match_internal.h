/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A test under construction, shared by match.c and match_bytes.c only. */
#ifndef VP_NETFILTER_MATCH_INTERNAL_H
#define VP_NETFILTER_MATCH_INTERNAL_H

#include "modules/netfilter/match.h"
#include "modules/netfilter/statement.h"

struct vp_interval {
	uint64_t first, last; /* inclusive */
};

VP_ARRAY_TYPE(vp_intervals, struct vp_interval);

struct vp_match {
	const struct vp_condition *condition;
	const struct vp_scope *scope;
	struct vp_store *store;
	struct vp_test core; /* the condition without `not`, for packets that have the field */
	struct vp_test
		presence; /* branches: any of them goes through where the field exists */
	bool single;  /* core is one statement, which goes through the reading only where the
			 field exists */
	bool certain; /* that reading never fails */
};

/* A new branch's statements. */
struct vp_statements *vp_match_branch(struct vp_test *test, bool holds);

/* The values of the condition as sorted disjoint intervals of [0, max]; strings of a slice's
 * length count as numbers. */
void vp_match_intervals(const struct vp_condition *condition, uint64_t max,
			struct vp_intervals *out);

/*
 * Branches of core: what `selector` reads, a big-endian number of its last `width`
 * bytes, lies in one of the intervals. `max`: the largest number there can be.
 */
void vp_match_number(struct vp_match *match, const struct vp_selector *selector, size_t width,
		     const struct vp_intervals *intervals, uint64_t max);

/* The address at `at` in the network header of the scope's family. */
void vp_match_address(struct vp_match *match, unsigned int at);
void vp_match_slice(struct vp_match *match);
void vp_match_length(struct vp_match *match);

/*
 * A selector of `size` bytes at `offset` behind the begin of the transport header.
 * Kernels before 6.18 cannot begin reading behind byte 255; there the selector
 * begins earlier and masks what it need not see. Its last `size` bytes count.
 */
struct vp_selector vp_match_transport(unsigned int offset, unsigned int size);

/* The mask of the condition's transforms for a number of `size` bytes, as bytes in packet
 * order. */
struct vp_reading {
	uint64_t mask; /* as a big-endian number; all ones: none */
	bool little_endian;
};

struct vp_reading vp_match_reading(const struct vp_condition *condition, size_t size);
uint64_t vp_match_swap(uint64_t number, size_t size);
/* Let `selector` mask its last `size` bytes with `mask`. */
void vp_match_mask(struct vp_selector *selector, size_t size, uint64_t mask);
void vp_put_number(uint8_t *out, size_t size, uint64_t number);

#define VP_DATAGRAM_OFFSET 8u /* UDP, ICMP and ICMPv6 headers have 8 bytes */

#endif
