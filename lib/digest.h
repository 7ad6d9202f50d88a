/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FNV-1a, 64 bits: names content and detects change. Not for security. */
#ifndef VP_LIB_DIGEST_H
#define VP_LIB_DIGEST_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define VP_DIGEST_SEED UINT64_C(0xcbf29ce484222325)

static inline uint64_t vp_digest(uint64_t seed, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		seed = (seed ^ p[i]) * UINT64_C(0x100000001b3);
	return seed;
}

/* The same for long texts: eight bytes a step, and therefore another number. */
static inline uint64_t vp_digest_long(uint64_t seed, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (; len >= 8; p += 8, len -= 8) {
		uint64_t word;

		memcpy(&word, p, 8);
		seed = (seed ^ le64toh(word)) * UINT64_C(0x100000001b3);
		seed ^= seed >> 32; /* the upper bytes must reach the lower ones */
	}
	return vp_digest(seed, p, len);
}

static inline uint64_t vp_digest_text(uint64_t seed, const char *text)
{
	return vp_digest(seed, text, strlen(text) + 1);
}

#endif
