/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trimmed packets that wait: see stash.h. */
#include "agentd/inspect/stash.h"

bool vp_stash_put(struct vp_stash *stash, uint64_t number, uint8_t *bytes, size_t len)
{
	if (stash->count == VP_STASH_MAX)
		return false;
	stash->of[stash->count].number = number;
	stash->of[stash->count].bytes = bytes;
	stash->of[stash->count++].len = len;
	return true;
}

struct vp_slice vp_stash_take(struct vp_stash *stash, uint64_t number)
{
	for (size_t i = 0; i < stash->count; i++) {
		struct vp_slice found = { stash->of[i].bytes, stash->of[i].len };

		if (stash->of[i].number != number)
			continue;
		stash->of[i] = stash->of[--stash->count];
		return found;
	}
	return (struct vp_slice){ NULL, 0 };
}
