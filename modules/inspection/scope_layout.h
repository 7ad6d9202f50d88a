/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What scopes are made of; internal to scope*.c. */
#ifndef VP_INSPECTION_SCOPE_LAYOUT_H
#define VP_INSPECTION_SCOPE_LAYOUT_H

#include "lib/address.h"
#include "lib/memory.h"
#include "modules/inspection/scope.h"

VP_ARRAY_TYPE(vp_numbers, uint32_t);

/* Part of `found`. */
struct vp_scope_span {
	uint32_t first, count;
};

/* The scopes of a range of ports of one protocol: protocol << 16 | port. */
struct vp_port_scopes {
	uint32_t first, last;
	struct vp_scope_span found;
};

struct vp_port_table {
	VP_ARRAY(struct vp_port_scopes) regions;
};

/* What the addresses of some ranks shield; without ports of this host, and with them. */
struct vp_address_scopes {
	uint32_t first, last; /* ranks */
	struct vp_port_table remote, local;
};

struct vp_scopes {
	VP_ARRAY(struct vp_scope *) scopes;
	struct vp_numbers found;
	VP_ARRAY(struct vp_address)
	bounds; /* sorted; rank r is from bounds[r] up to the next */
	VP_ARRAY(struct vp_address_scopes) addresses;
	struct vp_port_table local; /* of addresses that no service names */
};

#endif
