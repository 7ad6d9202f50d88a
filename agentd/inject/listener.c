/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this kernel can, and descriptors of other processes: see listener.h. */
#include "agentd/inject/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/cleanup.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

/* A kernel that knows the flags goes on to look for the program, which is not there. */
static bool is_known(uint64_t flags)
{
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_TSYNC,
		       NULL) < 0 &&
	       errno == EFAULT;
}

uint64_t vp_inject_listener_flags(void)
{
	const uint64_t least = SECCOMP_FILTER_FLAG_SPEC_ALLOW |
			       SECCOMP_FILTER_FLAG_NEW_LISTENER |
			       SECCOMP_FILTER_FLAG_TSYNC_ESRCH;

	if (is_known(least | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV))
		return least | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	return is_known(least) ? least : 0;
}

/* Of the thread where the kernel can (6.9): the first one of the process may have ended. */
int vp_inject_listener_fetch(pid_t process, pid_t thread, int fd)
{
	_cleanup_close_ int handle = (int)syscall(SYS_pidfd_open, thread, PIDFD_THREAD);
	int fetched;

	if (handle < 0 && errno == EINVAL)
		handle = (int)syscall(SYS_pidfd_open, process, 0);
	if (handle < 0)
		return -errno;
	fetched = (int)syscall(SYS_pidfd_getfd, handle, fd, 0);
	return fetched < 0 ? -errno : fetched;
}
