/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes as from an NFQUEUE socket: every packet found lies within them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/inspect/queue.h"
#include "lib/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = vp_memdup(data, size); /* aligned as a receive buffer is */
	volatile uint8_t sink = 0;

	for (size_t at = 0, used; at < size; at += used) {
		struct vp_queued packet;
		int r = vp_queued_parse(copy + at, size - at, &packet, &used);

		if (r < 0 || !used)
			break;
		for (size_t i = 0; r == 1 && i < packet.len; i++)
			sink = (uint8_t)(sink + packet.bytes[i]);
		if (r == 1 && packet.length < packet.len)
			abort();
	}
	free(copy);
	return 0;
}
