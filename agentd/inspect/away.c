/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Orders to leave: see away.h. */
#include "agentd/inspect/away.h"

#include <string.h>

static void put_port(uint8_t *at, uint16_t port)
{
	at[0] = (uint8_t)(port >> 8);
	at[1] = (uint8_t)port;
}

bool vp_away_of(const struct vp_leave *leave, struct vp_away *away)
{
	size_t address = vp_address_size(leave->source.family);

	*away = (struct vp_away){ .len = 2 * address + 4 };
	if (leave->source.family != leave->destination.family ||
	    leave->bytes < vp_away_bytes(0))
		return false;
	memcpy(away->key, leave->source.bytes, address);
	memcpy(away->key + address, leave->destination.bytes, address);
	put_port(away->key + 2 * address, leave->source_port);
	put_port(away->key + 2 * address + 2, leave->destination_port);
	if (leave->bytes == UINT64_MAX) {
		away->size = VP_AWAY_ENDING;
		return true;
	}
	while (away->size + 1 < VP_AWAY_ENDING &&
	       vp_away_bytes(away->size + 1) <= leave->bytes)
		away->size++;
	return true;
}

struct vp_ring_verdict vp_away_entry(const struct vp_away *away)
{
	return (struct vp_ring_verdict){
		.leave = true, .mark = away->size, .bytes = away->key, .len = away->len
	};
}

bool vp_away_check(const struct vp_ring_verdict *entry)
{
	const uint8_t *ports;

	if (!entry->leave || !entry->bytes || entry->mark >= VP_AWAY_SIZES ||
	    (entry->len != VP_AWAY_KEY4 && entry->len != VP_AWAY_KEY6))
		return false;
	ports = entry->bytes + entry->len - 4;
	return (ports[0] || ports[1]) && (ports[2] || ports[3]);
}
