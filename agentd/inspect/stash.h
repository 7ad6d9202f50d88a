/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trimmed packets (trim.h) that wait for their decision: a few, few connections have any. */
#ifndef VP_INSPECT_STASH_H
#define VP_INSPECT_STASH_H

#include "modules/inspection/sink.h"

#define VP_STASH_MAX 16

struct vp_stash {
	size_t count;
	struct {
		uint64_t number;
		uint8_t *bytes;
		size_t len;
	} of[VP_STASH_MAX];
};

/* Keep a packet's bytes, which become the stash's. False: there is no room. */
bool vp_stash_put(struct vp_stash *stash, uint64_t number, uint8_t *bytes, size_t len);

/* Take a packet's out, to be freed by the caller; empty: it has none. */
struct vp_slice vp_stash_take(struct vp_stash *stash, uint64_t number);

#endif
