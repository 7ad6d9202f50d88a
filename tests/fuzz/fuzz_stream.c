/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Segments of a stream: the fuzzer's bytes decide what is sent, in what order and
 * with what bytes; no receiver may assemble anything but what was read.
 */
#include <stdint.h>
#include <stdlib.h>

#include "tests/unit/inspection/stream_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w;

	world_play_hostile(&w, 0, (struct vp_slice){ data, size }, 0);
	if (w.wrong)
		abort();
	return 0;
}
