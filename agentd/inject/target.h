/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a process is, before anything of it is touched. */
#ifndef VP_INJECT_TARGET_H
#define VP_INJECT_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agentd/inject/arch.h"
#include "agentd/inject/frame.h"
#include "lib/memory.h"

struct vp_thread {
	pid_t id;
	uint64_t start; /* clock ticks after boot */
	char state;	/* as in /proc/PID/stat */
	bool ending;
	bool helper; /* of io_uring or vhost: the kernel's, never in user mode */
	bool no_new_privs;
	bool admin;	 /* CAP_SYS_ADMIN in its own user namespace */
	uint8_t seccomp; /* 0 none, 1 strict, 2 filters */
	uint32_t filters;
	pid_t tracer;	  /* 0: none */
	uint64_t waits;	  /* how often it has gone to sleep */
	uint64_t handled; /* bits of signals that have a handler, number 1 the lowest */
};
VP_ARRAY_TYPE(vp_threads, struct vp_thread);

struct vp_target {
	pid_t id;
	uint64_t start;
	int folder;   /* /proc/PID: names this process for good, whatever becomes of its number
		       */
	int memory;   /* its memory as it was found; below 0: nobody may read it */
	bool kernel;  /* a thread of the kernel's */
	bool foreign; /* its program is not of this architecture's 64-bit ABI */
	bool rings;   /* io_uring in use: what it does, no filter sees */
	bool listener;		   /* a listener of some filter is open in it */
	uint64_t instruction;	   /* where the instruction of a system call is; 0: nowhere */
	struct vp_way way;	   /* back, should we die */
	struct vp_threads threads; /* those that have not ended */
};

/*
 * Look at a process. `start`: of the process that is meant, 0: whichever has the number.
 * 0, -ESRCH: it is gone, or another has its number; or -errno. Released by
 * vp_target_close in any case.
 */
int vp_target_open(struct vp_target *target, pid_t id, uint64_t start);
void vp_target_close(struct vp_target *target);

/* Has it executed another program since, or ended? Then what is known of its memory is void.
 */
bool vp_target_is_replaced(const struct vp_target *target);

/* Look at its threads anew. */
int vp_target_threads(struct vp_target *target);

/* Is it still a thread of this process's, the same? Then *thread is as it is now. */
int vp_target_thread(const struct vp_target *target, pid_t id, struct vp_thread *thread);

/* In which call a thread is blocked; -1: it runs, or nobody knows. `stack`: its stack pointer,
 * where it is wanted. */
int vp_target_call(const struct vp_target *target, pid_t id, struct vp_arch_call *call,
		   uint64_t *stack);

/* Nanoseconds that a sleeping thread has slept, to a few milliseconds; -1: nobody knows. */
int64_t vp_target_slept(const struct vp_target *target, pid_t id);

/* The same number of filters on every thread, as far as this kernel tells: they most likely
 * have the same ones. */
bool vp_target_uniform(const struct vp_target *target);

#endif
