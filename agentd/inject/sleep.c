/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The call that a thread waits in when it is stopped: see sleep.h. */
#include "agentd/inject/sleep.h"

#include <sys/syscall.h>
#include <time.h>

#include "agentd/inject/memory.h"

#define C_LIBRARY (UINT64_C(3) << 31) /* its own signals, 32 and 33: nobody awaits them */
#define MARGIN	  10000000	      /* nanoseconds: a wait that ends so soon is let end */
#define PATIENCE  250000000	      /* nanoseconds, for a better moment */

/* Nanoseconds; below 0: none. */
static int64_t read_timespec(pid_t thread, uint64_t address)
{
	struct timespec left;

	if (!vp_memory_read(thread, address, &left, sizeof(left)) || left.tv_sec < 0 ||
	    left.tv_sec > INT32_MAX)
		return -1;
	return left.tv_sec * INT64_C(1000000000) + left.tv_nsec;
}

int64_t vp_sleep_timeout(const struct vp_fixup *fixup, pid_t thread,
			 const struct vp_arch_call *call)
{
	uint64_t argument;

	if (!fixup || !vp_fixup_timed(fixup, call->arguments))
		return -1;
	argument = call->arguments[fixup->argument];
	return fixup->timeout == VP_FIXUP_MILLISECONDS ? (int32_t)argument * INT64_C(1000000)
						       : read_timespec(thread, argument);
}

int64_t vp_sleep_elapsed(const struct vp_sleep *sleep)
{
	if (!sleep->stopped)
		return 0;
	if (sleep->slept < 0)
		return -1;
	return sleep->slept + (int64_t)(vp_remote_clock() - sleep->looked);
}

void vp_sleep_stop(struct vp_sleep *sleep, uint64_t waits)
{
	sleep->stopped = waits == sleep->waits + 1;
}

/* There is no handler that could have run: so it is the stop that has ended this call. One
 * with a signal mask of its own was in none that is known. */
static bool only_stopped(const struct vp_sleep *sleep, uint64_t mask,
			 const struct vp_arch_call *kept)
{
	bool masked = kept->number == SYS_epoll_pwait;
	struct vp_thread now;

#ifdef SYS_epoll_pwait2
	masked |= kept->number == SYS_epoll_pwait2;
#endif
	return !(masked && kept->arguments[4]) &&
	       !vp_target_thread(sleep->target, sleep->thread, &now) &&
	       !(now.handled & ~(mask | C_LIBRARY));
}

void vp_sleep_recall(const struct vp_sleep *sleep, struct vp_remote *remote)
{
	long number = vp_arch_quirks ? vp_arch_quirks->after_call(&remote->registers) : -1;
	struct vp_arch_call kept;
	int r;

	if (!vp_fixup_find(sleep->table, number) ||
	    vp_arch_quirks->show(sleep->thread, (int)number))
		return;
	r = vp_target_call(sleep->target, sleep->thread, &kept, NULL);
	(void)vp_arch_quirks->show(sleep->thread, -1);
	if (!r)
		vp_arch_quirks->recall(&remote->registers,
				       only_stopped(sleep, remote->mask, &kept) ? &kept
										: &sleep->call,
				       &kept);
}

/*
 * What it waits in, and for how long already. False where that has an end in time of which
 * it cannot be told how near it is: not at all (the scheduler's note is of another
 * processor), or so near that it may be the next wait in which the thread is stopped.
 */
static bool look_once(struct vp_sleep *sleep)
{
	int64_t timeout;

	sleep->slept = -1;
	sleep->looked = vp_remote_clock();
	if (vp_target_call(sleep->target, sleep->thread, &sleep->call, NULL) ||
	    vp_fixup_rank(sleep->table, &sleep->call) != VP_RANK_TIMED)
		return true;
	sleep->slept = vp_target_slept(sleep->target, sleep->thread);
	sleep->looked = vp_remote_clock();
	timeout = vp_sleep_timeout(vp_fixup_find(sleep->table, sleep->call.number),
				   sleep->thread, &sleep->call);
	return timeout < 2 * MARGIN || (sleep->slept >= 0 && timeout - sleep->slept > MARGIN);
}

/*
 * Until it was seen in one and the same wait before and after, and its end is not near. After
 * a while with what is known: it has waited since it was first seen in this wait.
 */
void vp_sleep_look(struct vp_sleep *sleep)
{
	const struct timespec pause = { .tv_nsec = MARGIN / 2 };
	uint64_t now = vp_remote_clock(), until = now + PATIENCE, since = now;
	bool sure = false, first = true;
	struct vp_thread thread;

	do {
		uint64_t before = sleep->waits;

		if (!first && !sure)
			nanosleep(&pause, NULL);
		now = vp_remote_clock();
		if (vp_target_thread(sleep->target, sleep->thread, &thread))
			return;
		sleep->waits = thread.waits;
		if (first || sleep->waits != before)
			since = now;
		else if (sure)
			return;
		sure = look_once(sleep);
		first = false;
	} while (now < until);
	sleep->unsure = true;
	sleep->slept = (int64_t)(sleep->looked - since);
}
