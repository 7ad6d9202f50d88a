/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FNV-1a, 64 bits: names content and detects change. Not for security. */
#ifndef VP_LIB_DIGEST_H
#define VP_LIB_DIGEST_H

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

static inline uint64_t vp_digest_text(uint64_t seed, const char *text)
{
	return vp_digest(seed, text, strlen(text) + 1);
}

#endif
