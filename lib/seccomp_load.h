/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A seccomp filter put on the calling thread, by the bare call. */
#ifndef VP_LIB_SECCOMP_LOAD_H
#define VP_LIB_SECCOMP_LOAD_H

#include <stddef.h>

#include <linux/filter.h>

/*
 * `flags` are SECCOMP_FILTER_FLAG_... 0 or -errno: -EACCES without CAP_SYS_ADMIN and
 * no_new_privs, -EINVAL for a program or flags that this kernel does not take. Nothing is
 * allocated; there is no way back.
 */
int vp_seccomp_load(const struct sock_filter *program, size_t count, unsigned long flags);

#endif
