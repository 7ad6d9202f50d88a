/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System calls of the two processes of inspection: see confine.h. */
#include "agentd/inspect/confine.h"

#include <sys/mman.h>

#include <linux/capability.h>
#include <linux/futex.h>

#include <seccomp.h>

#include "lib/memory.h"
#include "modules/netfilter/queue.h"

/* Memory is never executable: PCRE2 interprets, where it is needed at all. */
static const struct vp_sandbox_call worker_calls[] = {
	{ SCMP_SYS(recvmmsg), 0, VP_FD_QUEUE },
	{ SCMP_SYS(recvmsg), 0, VP_FD_CONTROL },
	{ SCMP_SYS(sendmsg), 0, VP_FD_CONTROL },
	{ SCMP_SYS(write), 0, VP_FD_WAKE },
	{ SCMP_SYS(epoll_wait), 0, VP_FD_EPOLL },
	{ SCMP_SYS(epoll_pwait), 0, VP_FD_EPOLL },
	{ SCMP_SYS(poll), -1, 0 }, /* for room in the ring */
	{ SCMP_SYS(ppoll), -1, 0 },
	{ SCMP_SYS(close), 0, VP_FD_PROGRAM },
	{ SCMP_SYS(mmap), 2, PROT_READ },
	{ SCMP_SYS(mmap), 2, PROT_READ | PROT_WRITE },
	{ SCMP_SYS(mremap), -1, 0 },
	{ SCMP_SYS(munmap), -1, 0 },
	/* never MADV_REMOVE: the counts are a file, whose pages are all there */
	{ SCMP_SYS(madvise), 2, MADV_DONTNEED },
	{ SCMP_SYS(madvise), 2, MADV_FREE },
	{ SCMP_SYS(madvise), 2, MADV_HUGEPAGE },
	{ SCMP_SYS(madvise), 2, MADV_NOHUGEPAGE },
	{ SCMP_SYS(madvise), 2, MADV_DONTDUMP },
	{ SCMP_SYS(brk), -1, 0 },
	{ SCMP_SYS(clock_gettime), -1, 0 },
	{ SCMP_SYS(getrandom), -1, 0 },		    /* expat: what salts its tables */
	{ SCMP_SYS(futex), 1, FUTEX_WAKE_PRIVATE }, /* the end of pthread_once() */
	{ SCMP_SYS(restart_syscall), -1, 0 },
	{ SCMP_SYS(rt_sigreturn), -1, 0 },
	{ SCMP_SYS(exit_group), -1, 0 },
};

static const struct vp_sandbox_call writer_calls[] = {
	{ SCMP_SYS(sendto), 0, VP_FD_QUEUE },
	{ SCMP_SYS(read), 0, VP_FD_WAKE },
	{ SCMP_SYS(recvfrom), 0, VP_FD_QUEUE }, /* when the worker is given up */
	{ SCMP_SYS(recvmsg), 0, VP_FD_CONTROL },
	{ SCMP_SYS(sendmsg), 0, VP_FD_CONTROL },
	{ SCMP_SYS(sendto), 0, VP_FD_LEASE + VP_QUEUE_PASS },
	{ SCMP_SYS(sendto), 0, VP_FD_LEASE + VP_QUEUE_BLOCK },
	{ SCMP_SYS(sendto), 0, VP_FD_LEASE + VP_QUEUE_WATCH },
	{ SCMP_SYS(sendmsg), 0, VP_FD_AWAY },
	{ SCMP_SYS(epoll_wait), 0, VP_FD_EPOLL },
	{ SCMP_SYS(epoll_pwait), 0, VP_FD_EPOLL },
	{ SCMP_SYS(epoll_ctl), 0, VP_FD_EPOLL },
	{ SCMP_SYS(poll), -1, 0 },
	{ SCMP_SYS(ppoll), -1, 0 },
	{ SCMP_SYS(clock_gettime), -1, 0 },
	{ SCMP_SYS(timer_settime), -1, 0 },
	{ SCMP_SYS(restart_syscall), -1, 0 },
	{ SCMP_SYS(rt_sigreturn), -1, 0 },
	{ SCMP_SYS(exit_group), -1, 0 },
};

int vp_confine_worker(const char *user, unsigned int *achieved, struct vp_error *err)
{
	const struct vp_sandbox sandbox = {
		.user = user,
		.keep_below = VP_FD_WORKER_END,
		.calls = worker_calls,
		.call_count = VP_COUNT(worker_calls),
	};

	return vp_sandbox_enter(&sandbox, achieved, err);
}

int vp_confine_writer(const char *user, unsigned int *achieved, struct vp_error *err)
{
	const struct vp_sandbox sandbox = {
		.user = user,
		.keep_below = VP_FD_WRITER_END,
		.orphan = true, /* what waits gets its verdicts first */
		.capabilities = 1u << CAP_NET_ADMIN,
		.calls = writer_calls,
		.call_count = VP_COUNT(writer_calls),
	};

	return vp_sandbox_enter(&sandbox, achieved, err);
}
