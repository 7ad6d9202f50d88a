/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One stopped thread of a foreign process, and system calls made in it. Nothing of the
 * process is written that its program may look at: not its code, of its stack only what is
 * below the red zone; registers and signal mask are as they were when it goes on.
 *
 * Between vp_remote_take and vp_remote_release the thread is not what its program thinks it
 * is. Should the caller die there, the kernel lets the thread run on with the registers of
 * that call. With a way back (frame.h) it ends the call and goes on as it was; without one the
 * process most likely dies. So: no allocation, all signals blocked (vp_remote_enter), no
 * way out but vp_remote_release.
 */
#ifndef VP_INJECT_REMOTE_H
#define VP_INJECT_REMOTE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agentd/inject/arch.h"
#include "agentd/inject/frame.h"

/* Told, at least every 20 milliseconds, that a thread is still waited for. */
struct vp_beat {
	void (*call)(void *context); /* NULL: nobody is */
	void *context;
};

struct vp_remote {
	pid_t thread;
	struct vp_beat beat;  /* set before it is stopped */
	uint64_t instruction; /* where the instruction of a system call is */
	/* as it was stopped; what is written here is what it goes on with */
	struct vp_arch_registers registers;
	struct vp_arch_vectors vectors; /* registers that its calls lose */
	uint64_t mask;			/* of signals */
	bool used;			/* registers and mask were changed: to be put back */
	bool gone;			/* the thread has ended */
	bool held;		  /* the caller traces it, and lets it go: it stays stopped */
	const struct vp_way *way; /* back; NULL: none. To be set before it is taken */
	bool again;		  /* likewise: see vp_frame_put() */
	uint64_t frame;		  /* stack pointer of the calls; 0: the thread's own */
	uint64_t began;		  /* nanoseconds, CLOCK_MONOTONIC: when it was told to stop */
};

uint64_t vp_remote_clock(void);

/* Block all signals, so that nothing comes between; *before is given back by leave. */
void vp_remote_enter(sigset_t *before);
void vp_remote_leave(const sigset_t *before);

/*
 * Stop a thread within `milliseconds`. 0; -ETIMEDOUT: it is attached and will stop later
 * (vp_remote_late); -EPERM: not allowed, or traced by another; -ESRCH: gone.
 */
int vp_remote_stop(struct vp_remote *remote, pid_t thread, uint64_t instruction,
		   unsigned int milliseconds);

/*
 * Likewise of a thread that the caller traces already, with PTRACE_O_TRACESYSGOOD, and that is
 * stopped. -ETIMEDOUT: it runs, and is still the caller's.
 */
int vp_remote_hold(struct vp_remote *remote, pid_t thread, uint64_t instruction,
		   unsigned int milliseconds);

/* Has a late one stopped meanwhile? 0: now; -EAGAIN; -ESRCH: gone. */
int vp_remote_late(struct vp_remote *remote);

/*
 * Make it ready for calls, which may take a call: vp_remote_nothing. Once; no end in time. 0;
 * -EBUSY: calls would harm it where it is now; or -errno.
 */
int vp_remote_take(struct vp_remote *remote);

/* The call by which it is made ready and left, and which does nothing. */
struct vp_arch_call vp_remote_nothing(const struct vp_remote *remote);

/* Make a call in the thread that was taken; no end in time. 0: *result has what it returned;
 * -errno. */
int vp_remote_call(struct vp_remote *remote, const struct vp_arch_call *call, int64_t *result);

/* Let it go on as it was; one that is held stays stopped, to be detached. 0, -ESRCH: it is
 * gone; otherwise what could not be put back. */
int vp_remote_release(struct vp_remote *remote);

#endif
