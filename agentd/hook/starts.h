/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads that are about to execute a program of the table: traced from before the kernel was
 * told to go on until they stand before the first instruction, or have failed. Any number at
 * once; nothing here waits.
 *
 * Nothing is asked of a thread before it stands there: an interruption might make its
 * execve(2) fail.
 */
#ifndef VP_HOOK_STARTS_H
#define VP_HOOK_STARTS_H

#include <stdbool.h>

#include "agentd/inject/inject.h"
#include "lib/memory.h"

#define VP_HOOK_STARTS 512

struct vp_hook_start {
	pid_t thread;	/* as it called execve(2); its process has one thread afterwards */
	uint64_t since; /* nanoseconds, CLOCK_MONOTONIC */
	bool leaving;	/* it was told to stop, to be let go */
};

struct vp_hook_starts {
	VP_ARRAY(struct vp_hook_start) list;
	const struct vp_injector *injector; /* for what it knows of interrupted calls */
};

/* Trace a thread that the kernel holds up. 0, also where it is traced already; -EAGAIN: too
 * many; or -errno of PTRACE_SEIZE. */
int vp_hook_start_begin(struct vp_hook_starts *starts, pid_t thread);

/* One that stands before its program's first instruction: its process; 0: none does now. */
pid_t vp_hook_starts_next(struct vp_hook_starts *starts);

/* Let it go. */
void vp_hook_start_end(struct vp_hook_starts *starts, pid_t process);

/* It was not let go in time, and runs: let it go when it next stops. */
void vp_hook_start_leave(struct vp_hook_starts *starts, pid_t process);

/* Now and then: let those go that take too long, or have failed. */
void vp_hook_starts_tick(struct vp_hook_starts *starts);

#endif
