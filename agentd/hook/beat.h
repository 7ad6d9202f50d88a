/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who watches whom: the worker and its keeper each count up in memory that both see, at
 * least once in each tick, and look whether the other has. Ticks are counted and not time: a
 * machine that stood still has not hung.
 */
#ifndef VP_HOOK_BEAT_H
#define VP_HOOK_BEAT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define VP_HOOK_TICK	     100 /* milliseconds */
#define VP_HOOK_WORKER_LIMIT 4	 /* ticks without a beat: its starts wait meanwhile */
#define VP_HOOK_FIRST_LIMIT  50	 /* before it holds any up */
#define VP_HOOK_KEEPER_LIMIT 30

struct vp_hook_beats {
	_Atomic uint32_t worker, keeper;
	atomic_bool holds;     /* starts wait for the worker */
	atomic_bool missed;    /* it had to let one go uncovered, which can be found */
	_Atomic uint32_t lost; /* notes of starts that the keeper did not take */
};

struct vp_hook_watch {
	uint32_t seen;
	unsigned int ticks; /* since it was another */
};

/* Once in a tick: has the other stood still for too long? */
static inline bool vp_hook_stands(struct vp_hook_watch *watch, uint32_t beat,
				  unsigned int limit)
{
	if (beat == watch->seen)
		return ++watch->ticks > limit;
	*watch = (struct vp_hook_watch){ .seen = beat };
	return false;
}

#endif
