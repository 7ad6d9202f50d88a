/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fragments of IP datagrams put together, as Linux does before anything else sees
 * them: live traffic has been through the kernel's own reassembly, a capture may
 * hold the pieces. Pure; time is what the caller says.
 */
#ifndef VP_INSPECTION_DEFRAGMENT_H
#define VP_INSPECTION_DEFRAGMENT_H

#include <stdbool.h>

#include "modules/inspection/sink.h"

/* What the kernel spends at most (net.ipv4.ipfrag_high_thresh and its like). */
#define VP_DEFRAGMENT_MEMORY (4u << 20)

enum vp_fragment {
	VP_FRAGMENT_NONE,    /* a whole packet, or nothing that could be taken apart */
	VP_FRAGMENT_KEPT,    /* others are missing */
	VP_FRAGMENT_WHOLE,   /* the last that was missing */
	VP_FRAGMENT_REFUSED, /* dropped, perhaps with all of its datagram */
};

struct vp_defragment;

/* `memory`: bytes that fragments may take; above, no new datagram is begun. Owned by the
 * caller. */
struct vp_defragment *vp_defragment_new(size_t memory);
void vp_defragment_free(struct vp_defragment *defragment);

/*
 * Take an IP packet (RFC 791, 3.2; RFC 8200, 4.5). With VP_FRAGMENT_WHOLE *whole is
 * the datagram, valid until the next call. `verify`: an IPv4 header with a wrong
 * checksum is refused.
 *
 * A piece that lies in what is there is ignored; one that overlaps it refuses the
 * datagram (RFC 5722, which Linux applies to IPv4 too). What is not whole after 30
 * (IPv4) or 60 seconds (IPv6) is forgotten.
 */
enum vp_fragment vp_defragment_packet(struct vp_defragment *defragment, struct vp_slice bytes,
				      bool verify, uint64_t milliseconds,
				      struct vp_slice *whole);

struct vp_defragment_counts {
	uint64_t fragments, whole; /* pieces taken; datagrams made */
	uint64_t refused;	   /* pieces */
	uint64_t incomplete;	   /* datagrams whose time was over */
	size_t now, memory_now;	   /* datagrams that still wait */
};

struct vp_defragment_counts vp_defragment_counts(const struct vp_defragment *defragment);

#endif
