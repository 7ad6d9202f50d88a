/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Children that make calls: see maker.h. What a child has to say it writes to shared
 * memory: it may have no descriptors, and under its filter no other call may be possible.
 */
#include "agentd/ctl/lab/maker.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/seccomp.h>

#include "lib/seccomp_load.h"

#define FIRST_FD   3
#define BEGIN_WAIT 10000 /* milliseconds for a child to come to its call, on a busy machine   \
			  */

enum stage { UNBORN, REFUSED, CALLING, RETURNED };

struct vp_making {
	volatile uint32_t stage;
	volatile int64_t value;
};

int vp_maker_open(struct vp_maker *maker, struct vp_error *err)
{
	sigset_t set;

	maker->making = mmap(NULL, sizeof(*maker->making), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (maker->making == MAP_FAILED)
		return vp_fail(err, -errno, "lab: memory: %s", strerror(errno));
	maker->memory = vp_raw_call_memory();
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return 0;
}

/* Does the kernel give the child what it gives a service, and no more: no descriptors, no
 * terminal, signals as they are at the start of a program. */
static void strip(void)
{
	sigset_t none;

	for (int signal_number = 1; signal_number < NSIG; signal_number++)
		signal(signal_number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	if (syscall(SYS_close_range, FIRST_FD, ~0u, 0))
		for (int fd = FIRST_FD; fd < 1024; fd++)
			close(fd);
}

static _Noreturn void be_child(struct vp_making *making, const struct vp_raw_call *entry,
			       const struct vp_bpf *program)
{
	strip();
	if (program) {
		/* what it denies is told to nobody: these are no attacks */
		int r = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
				? -errno
				: vp_seccomp_load(program->code, program->len,
						  SECCOMP_FILTER_FLAG_SPEC_ALLOW);

		if (r) {
			making->value = r;
			making->stage = REFUSED;
			_exit(1);
		}
	}
	making->stage = CALLING;
	making->value = vp_raw_call_make(entry);
	making->stage = RETURNED;
	_exit(0);
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* Reap what has ended. True: the child has, with *status. */
static bool reap(pid_t child, int *status)
{
	int any;
	pid_t pid;

	while ((pid = waitpid(-1, &any, WNOHANG | __WALL)) > 0) {
		if (WIFSTOPPED(any)) { /* it is traced, by us: it asked for that */
			kill(pid, SIGKILL);
			continue;
		}
		if (pid != child)
			continue; /* what a call has left behind */
		*status = any;
		return true;
	}
	return false;
}

/* Wait for it. False: its time was over, and it was ended. */
static bool await(const struct vp_making *making, pid_t child, unsigned int milliseconds,
		  int *status)
{
	uint64_t end = now() + BEGIN_WAIT * 1000000ull;
	bool begun = false;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	while (!reap(child, status)) {
		uint64_t time = now(), left;
		struct timespec wait;

		if (!begun && making->stage != UNBORN) {
			begun = true;
			end = time + milliseconds * 1000000ull;
		}
		if (time >= end) {
			kill(child, SIGKILL);
			while (waitpid(child, status, __WALL) < 0 && errno == EINTR)
				;
			return making->stage == RETURNED;
		}
		left = end - time;
		if (!begun && left > 1000000)
			left = 1000000;
		wait = (struct timespec){ (time_t)(left / 1000000000),
					  (long)(left % 1000000000) };
		(void)sigtimedwait(&set, NULL, &wait);
	}
	return true;
}

static struct vp_outcome judge(const struct vp_making *making, bool ended, int status)
{
	if (making->stage == RETURNED)
		return (struct vp_outcome){ VP_OUTCOME_RETURNED, 0, making->value };
	if (making->stage == REFUSED)
		return (struct vp_outcome){ VP_OUTCOME_UNMADE, 0, -making->value };
	if (!ended)
		return (struct vp_outcome){ VP_OUTCOME_BLOCKED, 0, 0 };
	if (WIFSIGNALED(status))
		return (struct vp_outcome){ VP_OUTCOME_KILLED, 0, WTERMSIG(status) };
	return (struct vp_outcome){ VP_OUTCOME_EXITED, 0, WEXITSTATUS(status) };
}

int vp_maker_make(struct vp_maker *maker, const struct vp_raw_call *entry,
		  const struct vp_bpf *program, unsigned int milliseconds,
		  struct vp_outcome *outcome)
{
	struct vp_raw_call placed = *entry;
	int status = 0;
	bool ended;
	pid_t child;

	if (placed.count && !maker->memory)
		return -ENOMEM;
	vp_raw_call_place(&placed, maker->memory);
	*maker->making = (struct vp_making){ .stage = UNBORN };
	child = fork();
	if (child < 0)
		return -errno;
	if (!child)
		be_child(maker->making, &placed, program);
	ended = await(maker->making, child, milliseconds, &status);
	*outcome = judge(maker->making, ended, status);
	return 0;
}

void vp_maker_make_here(struct vp_maker *maker, const struct vp_raw_call *entry,
			struct vp_outcome *outcome)
{
	struct vp_raw_call placed = *entry;

	vp_raw_call_place(&placed, maker->memory);
	*outcome = (struct vp_outcome){ VP_OUTCOME_RETURNED, 0, vp_raw_call_make(&placed) };
}
