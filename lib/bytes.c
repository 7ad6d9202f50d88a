/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bounds-checked reading of foreign bytes: see bytes.h. */
#include "lib/bytes.h"

const uint8_t *vp_bytes_take(struct vp_bytes *b, size_t count)
{
	const uint8_t *at;

	if (b->failed || count > b->len - b->pos) {
		b->failed = true;
		return NULL;
	}
	at = b->data + b->pos;
	b->pos += count;
	return at;
}

static uint64_t big_endian(struct vp_bytes *b, size_t width)
{
	const uint8_t *at = vp_bytes_take(b, width);
	uint64_t value = 0;

	for (size_t i = 0; at && i < width; i++)
		value = value << 8 | at[i];
	return value;
}

uint8_t vp_bytes_u8(struct vp_bytes *b)
{
	return (uint8_t)big_endian(b, 1);
}

uint16_t vp_bytes_be16(struct vp_bytes *b)
{
	return (uint16_t)big_endian(b, 2);
}

uint32_t vp_bytes_be32(struct vp_bytes *b)
{
	return (uint32_t)big_endian(b, 4);
}

uint64_t vp_bytes_be64(struct vp_bytes *b)
{
	return big_endian(b, 8);
}

static uint64_t little_endian(struct vp_bytes *b, size_t width)
{
	const uint8_t *at = vp_bytes_take(b, width);
	uint64_t value = 0;

	for (size_t i = 0; at && i < width; i++)
		value |= (uint64_t)at[i] << 8 * i;
	return value;
}

uint16_t vp_bytes_le16(struct vp_bytes *b)
{
	return (uint16_t)little_endian(b, 2);
}

uint32_t vp_bytes_le32(struct vp_bytes *b)
{
	return (uint32_t)little_endian(b, 4);
}
