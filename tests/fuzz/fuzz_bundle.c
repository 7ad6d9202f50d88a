/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stored generations. A digest keeps random damage out, so the fuzzer's bytes
 * are tried both as they are and behind a header with the right digest.
 */
#include <stdint.h>
#include <string.h>

#include "agentd/generation.h"
#include "lib/digest.h"
#include "lib/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try(const void *data, size_t size)
{
	struct vp_generation generation;
	struct vp_error err;

	if (!vp_generation_parse(data, size, "fuzz", &generation, &err))
		vp_generation_free(&generation);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char start[] = "vpatch bundle\n\0\0\0\1";
	size_t head = sizeof(start) - 1 + 8;
	uint64_t digest = vp_digest(VP_DIGEST_SEED, data, size);
	char *whole = vp_alloc(1, head + size);

	try(data, size);
	memcpy(whole, start, sizeof(start) - 1);
	for (size_t i = 0; i < 8; i++)
		whole[sizeof(start) - 1 + i] = (char)(digest >> 8 * (7 - i));
	if (size)
		memcpy(whole + head, data, size);
	try(whole, head + size);
	free(whole);
	return 0;
}
