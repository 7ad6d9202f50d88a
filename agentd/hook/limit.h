/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last resort for who holds others up: a process that does not say in time that it goes on
 * is killed by the kernel, also when it and all that watch it were stopped at once.
 */
#ifndef VP_HOOK_LIMIT_H
#define VP_HOOK_LIMIT_H

#include <stdbool.h>
#include <time.h>

#define VP_HOOK_LIMIT_WORKER 700  /* milliseconds; the keeper is at it sooner */
#define VP_HOOK_LIMIT_KEEPER 5000 /* likewise the worker */
/* Of who sees to a start: until it traces it, which waits for the disk; then between looks at
 * it, above any other wait, and above the worker's, whose end lets it go on. */
#define VP_HOOK_LIMIT_SEIZE 15000
#define VP_HOOK_LIMIT_START 900

struct vp_hook_limit {
	timer_t timer;
	bool open;
};

/* From now on so many milliseconds, in place of what was left; 0: as many as it likes. Of the
 * calling process alone. Where there is no timer, the watchers have to do. */
void vp_hook_limit(struct vp_hook_limit *limit, unsigned int milliseconds);

#endif
