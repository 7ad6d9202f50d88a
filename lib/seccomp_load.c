/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The call seccomp(2): see seccomp_load.h. */
#include "lib/seccomp_load.h"

#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/seccomp.h>

int vp_seccomp_load(const struct sock_filter *program, size_t count, unsigned long flags)
{
	struct sock_fprog bpf = { (unsigned short)count,
				  (struct sock_filter *)(uintptr_t)program };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &bpf) ? -errno : 0;
}
