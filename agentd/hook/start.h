/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One start of a program of the table, by a process that exists for it: the thread is traced,
 * the kernel is told to go on, and the thread stands before its first instruction when its
 * filters are put on it.
 *
 * The kernel holds a lock of the thread's process while it executes (before Linux 6.8 from the
 * beginning, since then for the interpreter of a script), and whoever would trace it sleeps
 * until that is released, when the program is in place. So there the kernel is told first, and
 * the thread is bound to the processor of the waiting process, which goes first there, and so
 * comes before it reaches user mode.
 */
#ifndef VP_HOOK_START_H
#define VP_HOOK_START_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agentd/hook/note.h"
#include "agentd/hook/places.h"

struct vp_hook_start {
	const struct vp_hook_table *table;
	const struct vp_hook_places *places;
	pid_t thread; /* that calls execve(2), and is held up */
	dev_t device;
	ino_t inode;		/* of what it is held up for */
	int group, event;	/* where the kernel is answered, and about which event */
	int notes;		/* socket to the keeper */
	atomic_bool *answered;	/* shared with the worker */
	_Atomic uint32_t *lost; /* notes, shared with the keeper */
};

/* From the answer to the end. Called in a process of its own, with all signals blocked, which
 * ends then. */
void vp_hook_start_run(const struct vp_hook_start *start);

/* Notes that it goes on uncovered, for each entry that means it. `error`: -errno of tracing
 * it, -EAGAIN: too many at once. */
void vp_hook_start_untraced(const struct vp_hook_start *start, int error,
			    struct vp_hook_notes *notes);

/* Let the kernel go on. */
void vp_hook_answer(int group, int event);

#endif
