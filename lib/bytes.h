/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bounds-checked reader over foreign bytes.
 *
 * Reading past the end sets `failed`, returns zero, and every later read fails
 * too, so a parser may read a whole record and check once.
 */
#ifndef VP_LIB_BYTES_H
#define VP_LIB_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vp_bytes {
	const uint8_t *data;
	size_t len; /* all bytes */
	size_t pos; /* next byte to read */
	bool failed;
};

static inline struct vp_bytes vp_bytes_of(const void *data, size_t len)
{
	return (struct vp_bytes){ .data = data, .len = len };
}

static inline size_t vp_bytes_left(const struct vp_bytes *b)
{
	return b->failed ? 0 : b->len - b->pos;
}

/* The next `count` bytes in place, or NULL with `failed` set. */
const uint8_t *vp_bytes_take(struct vp_bytes *b, size_t count);

/* The value of a hexadecimal digit, or -1. */
static inline int vp_byte_hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

uint8_t vp_bytes_u8(struct vp_bytes *b);
uint16_t vp_bytes_be16(struct vp_bytes *b);
uint32_t vp_bytes_be32(struct vp_bytes *b);
uint64_t vp_bytes_be64(struct vp_bytes *b);
uint16_t vp_bytes_le16(struct vp_bytes *b);
uint32_t vp_bytes_le32(struct vp_bytes *b);

#endif
