/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Internet checksums: see checksum.h. Whole sums only, no incremental changes. */
#include "modules/inspection/checksum.h"

#include <arpa/inet.h>
#include <string.h>

/* Add 16-bit words as they lie in memory, four bytes a step; the sum's byte order is theirs.
 */
static uint64_t add(uint64_t sum, const uint8_t *data, size_t len)
{
	uint16_t last = 0;

	for (; len >= 4; data += 4, len -= 4) {
		uint32_t word;

		memcpy(&word, data, 4);
		sum += word;
	}
	if (len >= 2) {
		memcpy(&last, data, 2);
		sum += last;
		data += 2;
		len -= 2;
	}
	last = 0;
	memcpy(&last, data, len); /* an odd byte is followed by a zero */
	return sum + last;
}

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ntohs((uint16_t)~sum);
}

uint16_t vp_checksum(struct vp_slice bytes)
{
	return fold(add(0, bytes.data, bytes.len));
}

uint16_t vp_checksum_transport(const struct vp_address *source,
			       const struct vp_address *destination, uint8_t protocol,
			       struct vp_slice bytes)
{
	size_t size = vp_address_size(source->family);
	uint64_t sum = htonl((uint32_t)bytes.len);

	sum += htons(protocol);
	sum = add(sum, source->bytes, size);
	sum = add(sum, destination->bytes, size);
	return fold(add(sum, bytes.data, bytes.len));
}
