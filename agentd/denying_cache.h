/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes that were denied calls, with the unit and the program that they were seen in
 * while they lived. A bounded number; the one asked for least recently makes room.
 */
#ifndef VP_AGENTD_DENYING_CACHE_H
#define VP_AGENTD_DENYING_CACHE_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/memory.h"

#define VP_DENYING_CACHE 1024

struct vp_denying_process {
	pid_t id;
	uint64_t start; /* clock ticks after boot */
	char *unit;	/* NULL: in none */
	char *program;	/* NULL: unknown */
	uint64_t asked; /* the higher, the later */
};

struct vp_denying_cache {
	VP_ARRAY(struct vp_denying_process) processes; /* by id */
	uint64_t asked;
};

/*
 * What is known of a process with that number. One that lives is looked up, unless it has
 * been; one that has ended is as it was seen last. NULL: it ended before anybody looked.
 * Valid until the next call.
 */
const struct vp_denying_process *vp_denying_cache_find(struct vp_denying_cache *cache,
						       pid_t id);

/* One that was seen to run that program, whichever; NULL: none. */
const struct vp_denying_process *vp_denying_cache_program(const struct vp_denying_cache *cache,
							  const char *program);

void vp_denying_cache_free(struct vp_denying_cache *cache);

#endif
