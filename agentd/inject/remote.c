/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stopping a thread and making calls in it by ptrace(2): see remote.h. Never by single
 * steps: their SIGTRAP is forced, and takes away a handler that the program has blocked.
 */
#include "agentd/inject/remote.h"

#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include <linux/ptrace.h>

#define SLICE	     20000000 /* nanoseconds: how often it is looked whether it still is ours */
#define SYSCALL_STOP (SIGTRAP | 0x80)
#define KERNEL_MASK  sizeof(uint64_t)

enum stop { STOP_GROUP, STOP_SYSCALL, STOP_SIGNAL };

uint64_t vp_remote_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* A stopped thread is told by SIGCHLD, which is taken by sigtimedwait(2): it must come. */
void vp_remote_enter(sigset_t *before)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, before);
	signal(SIGCHLD, SIG_DFL);
}

void vp_remote_leave(const sigset_t *before)
{
	sigprocmask(SIG_SETMASK, before, NULL);
}

/* 1: it stopped, *status says how; 0: not yet; -ESRCH: it ended, or is not ours any more. */
static int look(struct vp_remote *remote, int *status)
{
	pid_t found = waitpid(remote->thread, status, __WALL | WNOHANG);

	if (!found)
		return 0;
	if (found == remote->thread && WIFSTOPPED(*status))
		return 1;
	remote->gone = true;
	return -ESRCH;
}

/* `until` in nanoseconds of the clock; 0: however long it takes. */
static int wait_stop(struct vp_remote *remote, uint64_t until, int *status)
{
	const struct timespec slice = { .tv_nsec = SLICE };
	sigset_t child;
	int r;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	while (!(r = look(remote, status))) {
		uint64_t now = vp_remote_clock();
		struct timespec left = slice;

		if (remote->beat.call)
			remote->beat.call(remote->beat.context);
		if (until && now >= until)
			return -ETIMEDOUT;
		if (until && until - now < SLICE)
			left.tv_nsec = (long)(until - now);
		(void)sigtimedwait(&child, NULL, &left);
	}
	return r < 0 ? r : 0;
}

static enum stop kind_of(int status)
{
	if (status >> 16 == PTRACE_EVENT_STOP)
		return STOP_GROUP;
	return WSTOPSIG(status) == SYSCALL_STOP ? STOP_SYSCALL : STOP_SIGNAL;
}

static int resume(struct vp_remote *remote, int how, int signal)
{
	if (!ptrace(how, remote->thread, NULL, (void *)(uintptr_t)signal))
		return 0;
	remote->gone = remote->gone || errno == ESRCH;
	return -errno;
}

static int interrupt(struct vp_remote *remote)
{
	return ptrace(PTRACE_INTERRUPT, remote->thread, NULL, NULL) ? -errno : 0;
}

/*
 * Until it stops where signals are delivered (the trap of PTRACE_INTERRUPT). Signals that
 * come first are delivered first, as they would be; each such stop makes the kernel forget
 * that the trap was asked for.
 */
static int wait_group_stop(struct vp_remote *remote, uint64_t until)
{
	int status, r;

	while (!(r = wait_stop(remote, until, &status))) {
		enum stop kind = kind_of(status);

		if (kind == STOP_GROUP)
			return 0;
		r = interrupt(remote);
		r = r ? r
		      : resume(remote, PTRACE_CONT,
			       kind == STOP_SIGNAL ? WSTOPSIG(status) : 0);
		if (r)
			return r;
	}
	return r;
}

/*
 * Until it enters or leaves a call. All signals are blocked in it but SIGSTOP, which may
 * take effect: the thread runs on only for us. Any other is a fault of its own.
 */
static int wait_syscall_stop(struct vp_remote *remote)
{
	int status, r;

	while (!(r = wait_stop(remote, 0, &status))) {
		enum stop kind = kind_of(status);

		if (kind == STOP_SYSCALL)
			return 0;
		if (kind == STOP_SIGNAL && WSTOPSIG(status) != SIGSTOP)
			return -EFAULT;
		r = resume(remote, PTRACE_SYSCALL, kind == STOP_SIGNAL ? SIGSTOP : 0);
		if (r)
			return r;
	}
	return r;
}

static int read_state(struct vp_remote *remote)
{
	int r = vp_arch_read(remote->thread, &remote->registers);

	if (!r &&
	    ptrace(PTRACE_GETSIGMASK, remote->thread, (void *)KERNEL_MASK, &remote->mask))
		r = -errno;
	remote->gone = r == -ESRCH;
	return r;
}

int vp_remote_stop(struct vp_remote *remote, pid_t thread, uint64_t instruction,
		   unsigned int milliseconds)
{
	int r;

	*remote = (struct vp_remote){ .thread = thread,
				      .beat = remote->beat,
				      .instruction = instruction };
	if (ptrace(PTRACE_SEIZE, thread, NULL, (void *)PTRACE_O_TRACESYSGOOD))
		return -errno;
	remote->began = vp_remote_clock();
	r = interrupt(remote);
	if (!r)
		r = wait_group_stop(remote, remote->began + (uint64_t)milliseconds * 1000000);
	return r ? r : read_state(remote);
}

int vp_remote_hold(struct vp_remote *remote, pid_t thread, uint64_t instruction,
		   unsigned int milliseconds)
{
	int r;

	*remote = (struct vp_remote){ .thread = thread,
				      .beat = remote->beat,
				      .instruction = instruction,
				      .held = true,
				      .began = vp_remote_clock() };
	r = interrupt(remote);
	r = r ? r : resume(remote, PTRACE_CONT, 0);
	if (!r)
		r = wait_group_stop(remote, remote->began + (uint64_t)milliseconds * 1000000);
	return r ? r : read_state(remote);
}

int vp_remote_late(struct vp_remote *remote)
{
	int r = wait_group_stop(remote, 1);

	if (r == -ETIMEDOUT)
		return -EAGAIN;
	return r ? r : read_state(remote);
}

static int set_mask(const struct vp_remote *remote, uint64_t mask)
{
	return ptrace(PTRACE_SETSIGMASK, remote->thread, (void *)KERNEL_MASK, &mask) ? -errno
										     : 0;
}

struct vp_arch_call vp_remote_nothing(const struct vp_remote *remote)
{
	struct vp_arch_wait wait;

	vp_arch_wait(&remote->registers, &wait);
	return (struct vp_arch_call){ SYS_munmap, { wait.call.arguments[0], 0 } };
}

/*
 * Let it go on to the call that it is at: how it enters that tells what it was interrupted
 * in. It leaves another one instead, to the way back.
 */
static int settle(struct vp_remote *remote)
{
	const struct vp_arch_call nothing = vp_remote_nothing(remote);
	struct vp_arch_registers entered;
	int r;

	remote->used = true;
	r = set_mask(remote, UINT64_MAX);
	r = r ? r : resume(remote, PTRACE_SYSCALL, 0);
	r = r ? r : wait_syscall_stop(remote);
	r = r ? r : vp_arch_read(remote->thread, &entered);
	r = r ? r : vp_arch_quirks->settle(&remote->registers, &entered);
	if (r)
		return r;
	vp_arch_quirks->replace(&entered, &nothing);
	if (remote->frame) {
		vp_frame_enter(&entered, remote->way, remote->frame);
		vp_arch_set_ip(&entered, remote->instruction + vp_arch_instruction_len);
	}
	r = vp_arch_write(remote->thread, &entered);
	r = r ? r : resume(remote, PTRACE_SYSCALL, 0);
	return r ? r : wait_syscall_stop(remote);
}

int vp_remote_take(struct vp_remote *remote)
{
	int r = 0;

	if (remote->used)
		return 0;
	if (vp_arch_quirks)
		r = vp_arch_quirks->save(remote->thread, &remote->registers, &remote->vectors);
	if (r)
		return r;
	if (remote->way)
		remote->frame = vp_frame_put(remote->way, remote->thread, &remote->registers,
					     remote->mask, remote->again);
	return vp_arch_quirks && vp_arch_quirks->at_call(&remote->registers) ? settle(remote)
									     : 0;
}

/*
 * From here on the thread is not what its program thinks it is. First the way back, then the
 * registers, then the mask, which the way back restores: in this order there is no moment
 * from which it would not get back.
 */
static int begin(struct vp_remote *remote, struct vp_arch_registers *registers)
{
	bool first = !remote->used;
	int r;

	if (remote->frame)
		vp_frame_enter(registers, remote->way, remote->frame);
	remote->used = true;
	r = vp_arch_write(remote->thread, registers);
	return !r && first ? set_mask(remote, UINT64_MAX) : r;
}

int vp_remote_call(struct vp_remote *remote, const struct vp_arch_call *call, int64_t *result)
{
	struct vp_arch_registers registers = remote->registers;
	int r;

	vp_arch_enter(&registers, remote->instruction, call);
	r = begin(remote, &registers);
	for (int half = 0; !r && half < 2; half++) { /* it enters the call, it leaves it */
		r = resume(remote, PTRACE_SYSCALL, 0);
		r = r ? r : wait_syscall_stop(remote);
	}
	r = r ? r : vp_arch_read(remote->thread, &registers);
	if (!r && !vp_arch_left(&registers, remote->instruction, call, result))
		r = -EPROTO;
	remote->gone = remote->gone || r == -ESRCH;
	return r;
}

/*
 * To a kernel that looks at it before the stop: it is shown it where a call is left. Before
 * any signal that comes with the mask there is the stop.
 */
static int show_interrupted(struct vp_remote *remote)
{
	const struct vp_arch_call nothing = vp_remote_nothing(remote);
	struct vp_arch_registers left = remote->registers;
	int64_t ignored;
	int r = vp_remote_call(remote, &nothing, &ignored);

	vp_arch_quirks->left(&left);
	r = r ? r : interrupt(remote);
	r = r ? r : set_mask(remote, remote->mask);
	return r ? r : vp_arch_write(remote->thread, &left);
}

/*
 * Registers are put back where signals are delivered and nowhere else: the kernel then looks
 * at what the interrupted call returned and makes it again, as after any stop.
 */
static int put_back(struct vp_remote *remote)
{
	bool hidden = vp_arch_quirks && vp_arch_quirks->interrupted(&remote->registers);
	int r = hidden ? show_interrupted(remote) : interrupt(remote);

	r = r ? r : resume(remote, PTRACE_CONT, 0);
	return r ? r : wait_group_stop(remote, 0);
}

int vp_remote_release(struct vp_remote *remote)
{
	int r = remote->used && !remote->gone ? put_back(remote) : 0;

	if (remote->gone)
		return -ESRCH;
	if (remote->used)
		r = set_mask(remote, remote->mask) ?: r;
	if (remote->used && vp_arch_quirks)
		r = vp_arch_quirks->restore(remote->thread, &remote->vectors) ?: r;
	r = vp_arch_write(remote->thread, &remote->registers) ?: r;
	if (!remote->held && ptrace(PTRACE_DETACH, remote->thread, NULL, NULL))
		r = -errno;
	return r;
}
