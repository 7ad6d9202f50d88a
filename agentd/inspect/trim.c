/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP segments that were cut: see trim.h. */
#include "agentd/inspect/trim.h"

#include <netinet/in.h>
#include <string.h>

#include "modules/inspection/checksum.h"

#define TCP_FLAGS    13 /* offsets in the header */
#define TCP_CHECKSUM 16
#define IP4_LENGTH   2
#define IP4_CHECKSUM 10
#define IP6_LENGTH   4
#define IP6_HEADER   40

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* The IP header's length becomes `len`. */
static bool set_length(uint8_t *packet, size_t len)
{
	size_t header = (packet[0] & 15u) * 4u;

	if (len > UINT16_MAX)
		return false;
	if (packet[0] >> 4 == 4 && header >= 20 && header <= len) {
		put16(packet + IP4_LENGTH, len);
		put16(packet + IP4_CHECKSUM, 0);
		put16(packet + IP4_CHECKSUM, vp_checksum((struct vp_slice){ packet, header }));
		return true;
	}
	if (packet[0] >> 4 != 6 || len < IP6_HEADER)
		return false;
	put16(packet + IP6_LENGTH, len - IP6_HEADER);
	return true;
}

bool vp_trim(struct vp_slice cut, uint8_t *out)
{
	struct vp_packet packet;
	uint8_t *tcp;

	if (cut.len < 20)
		return false;
	memcpy(out, cut.data, cut.len);
	if (!set_length(out, cut.len) ||
	    vp_packet_parse((struct vp_slice){ out, cut.len }, false, &packet) !=
		    VP_PACKET_FINE ||
	    packet.protocol != IPPROTO_TCP || !packet.payload.len)
		return false;
	tcp = out + packet.transport;
	tcp[TCP_FLAGS] = (uint8_t)(tcp[TCP_FLAGS] & ~(VP_TCP_FIN | VP_TCP_PSH));
	put16(tcp + TCP_CHECKSUM, 0);
	put16(tcp + TCP_CHECKSUM,
	      vp_checksum_transport(&packet.source, &packet.destination, IPPROTO_TCP,
				    (struct vp_slice){ tcp, cut.len - packet.transport }));
	return true;
}
