/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The allowances of limit rules: of a rule as a whole, or of each of its sources. */
#ifndef VP_INSPECTION_RATE_H
#define VP_INSPECTION_RATE_H

#include "lib/address.h"
#include "policy/patch.h"

struct vp_rates;

/* Bounded: with very many sources the one that was quiet longest is forgotten. */
struct vp_rates *vp_rates_new(uint64_t seed);
void vp_rates_free(struct vp_rates *rates);

/*
 * One more match of the limit rule `tag`, from `source` (of an IPv6 address, its
 * /64). True when it is over the rate: a token bucket of `burst` beyond one, refilled
 * at the rate, as the kernel's limit expression has it.
 */
bool vp_rates_over(struct vp_rates *rates, uint32_t tag, const struct vp_action *action,
		   const struct vp_address *source, uint64_t milliseconds);

/* The ends of what holds, as far as a threshold tells them apart. */
struct vp_rate_ends {
	struct vp_address client, server;
	uint16_t client_port, server_port;
};

/* One more time that the rule `tag` holds. True when it is above its threshold. */
bool vp_rates_above(struct vp_rates *rates, uint32_t tag, const struct vp_threshold *threshold,
		    const struct vp_rate_ends *ends, uint64_t milliseconds);

#endif
