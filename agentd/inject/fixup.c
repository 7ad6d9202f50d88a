/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The calls that a mere stop ends, as a table: see fixup.h. A call that had an effect before
 * it waited (connect, close) is never a row: it would have it twice.
 */
#include "agentd/inject/fixup.h"

#include <errno.h>
#include <sys/syscall.h>

#include "lib/memory.h"

const struct vp_fixup vp_fixups[] = {
#ifdef SYS_epoll_wait
	{ SYS_epoll_wait, VP_FIXUP_MILLISECONDS, 3 },
#endif
	{ SYS_epoll_pwait, VP_FIXUP_MILLISECONDS, 3 },
#ifdef SYS_epoll_pwait2
	{ SYS_epoll_pwait2, VP_FIXUP_TIMESPEC, 3 },
#endif
	{ SYS_rt_sigtimedwait, VP_FIXUP_TIMESPEC, 2 },
	{ SYS_semop, VP_FIXUP_UNTIMED, 0 },
	{ SYS_semtimedop, VP_FIXUP_TIMESPEC, 3 },
	{ SYS_io_getevents, VP_FIXUP_TIMESPEC, 4 },
	/* they return EINTR only where nothing was transferred */
	{ SYS_read, VP_FIXUP_SOCKET, 0 },
	{ SYS_readv, VP_FIXUP_SOCKET, 0 },
	{ SYS_write, VP_FIXUP_SOCKET, 0 },
	{ SYS_writev, VP_FIXUP_SOCKET, 0 },
	{ SYS_accept, VP_FIXUP_SOCKET, 0 },
	{ SYS_accept4, VP_FIXUP_SOCKET, 0 },
	{ SYS_recvfrom, VP_FIXUP_SOCKET, 0 },
	{ SYS_recvmsg, VP_FIXUP_SOCKET, 0 },
	{ SYS_sendto, VP_FIXUP_SOCKET, 0 },
	{ SYS_sendmsg, VP_FIXUP_SOCKET, 0 },
};
const size_t vp_fixup_count = VP_COUNT(vp_fixups);

/* What the kernel makes again by itself, with what is left of a timeout. */
static const long restarted[] = {
#ifdef SYS_poll
	SYS_poll,   SYS_select,		 SYS_pause,
#endif
	SYS_futex,  SYS_ppoll,		 SYS_pselect6, SYS_nanosleep, SYS_clock_nanosleep,
	SYS_wait4,  SYS_waitid,		 SYS_flock,    SYS_msgrcv,    SYS_rt_sigsuspend,
	SYS_splice, SYS_restart_syscall,
};

/* What may return EINTR and must not be made again. */
static const long harmed[] = { SYS_connect, SYS_close, SYS_execve, SYS_execveat, SYS_ioctl };

static bool among(const long *numbers, size_t count, long number)
{
	size_t i = 0;

	while (i < count && numbers[i] != number)
		i++;
	return i < count;
}

const struct vp_fixup *vp_fixup_find(const struct vp_fixup_table *table, long number)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->fixups[i].number == number)
			return &table->fixups[i];
	return NULL;
}

const struct vp_fixup *vp_fixup_needed(const struct vp_fixup_table *table,
				       const struct vp_arch_wait *wait)
{
	return wait->result == -EINTR ? vp_fixup_find(table, wait->call.number) : NULL;
}

bool vp_fixup_timed(const struct vp_fixup *fixup, const uint64_t arguments[static 6])
{
	switch (fixup->timeout) {
	case VP_FIXUP_MILLISECONDS:
		return (int32_t)arguments[fixup->argument] >= 0;
	case VP_FIXUP_TIMESPEC:
		return arguments[fixup->argument] != 0;
	case VP_FIXUP_UNTIMED:
	case VP_FIXUP_SOCKET:
		break;
	}
	return false;
}

int64_t vp_fixup_left(int64_t timeout, int64_t elapsed)
{
	return elapsed < 0 || elapsed >= timeout ? timeout : timeout - elapsed;
}

enum vp_fixup_rank vp_fixup_rank(const struct vp_fixup_table *table,
				 const struct vp_arch_call *call)
{
	const struct vp_fixup *fixup = vp_fixup_find(table, call->number);

	if (call->number < 0)
		return VP_RANK_RUNNING;
	if (fixup)
		return vp_fixup_timed(fixup, call->arguments) ? VP_RANK_TIMED
							      : VP_RANK_REPEATED;
	if (among(restarted, VP_COUNT(restarted), call->number))
		return VP_RANK_RESTARTED;
	return among(harmed, VP_COUNT(harmed), call->number) ? VP_RANK_HARMED
							     : VP_RANK_UNKNOWN;
}

/*
 * The kernel would have sent it to `abort`, for it was interrupted there. But it forgets the
 * section as soon as the thread is seen elsewhere, as when it makes our calls.
 */
uint64_t vp_fixup_rseq_ip(const struct vp_fixup_rseq *section, uint64_t ip)
{
	return ip - section->first < section->len ? section->abort : ip;
}
