/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IP packets: whatever is taken apart lies within its bytes, and put together
 * again without its payload or urgent flag it is whole.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/memory.h"
#include "modules/inspection/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
	if (!holds)
		abort();
}

static void check_changed(struct vp_slice bytes, const struct vp_packet *packet,
			  size_t change(struct vp_slice, const struct vp_packet *, uint8_t *),
			  size_t payload)
{
	uint8_t *out = vp_alloc(1, bytes.len);
	size_t len = change(bytes, packet, out);
	struct vp_packet again;

	must(len <= bytes.len);
	must(vp_packet_parse((struct vp_slice){ out, len }, true, &again) == VP_PACKET_FINE);
	must(again.payload.len == payload && !(again.flags & VP_TCP_URG));
	must(!payload || !memcmp(again.payload.data, packet->payload.data, payload));
	must(again.sequence == packet->sequence && again.protocol == packet->protocol);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vp_slice bytes = { vp_memdup(data, size), size };
	struct vp_packet packet;

	vp_packet_parse(bytes, true, &packet);
	if (vp_packet_parse(bytes, false, &packet) == VP_PACKET_FINE) {
		const uint8_t *payload = packet.payload.data;

		must(payload >= bytes.data + packet.transport + 8);
		must(packet.payload.len <= (size_t)(bytes.data + bytes.len - payload));
		check_changed(bytes, &packet, vp_packet_without_payload, 0);
		check_changed(bytes, &packet, vp_packet_without_urgent, packet.payload.len);
	}
	free((void *)bytes.data);
	return 0;
}
