/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listeners of filters (seccomp_unotify(2)), fetched from the thread that made them. */
#ifndef VP_INJECT_LISTENER_H
#define VP_INJECT_LISTENER_H

#include <stdint.h>
#include <sys/types.h>

#include <linux/seccomp.h>

/* The flags of seccomp(2) for a filter with a listener, but SECCOMP_FILTER_FLAG_TSYNC; 0: this
 * kernel has not what is needed (Linux 5.7). Where it can be (5.19), only a signal that kills
 * interrupts a call once it is being answered. */
uint64_t vp_inject_listener_flags(void);

/* A copy of descriptor `fd` of a stopped thread of `process`, the caller's, or -errno. */
int vp_inject_listener_fetch(pid_t process, pid_t thread, int fd);

#endif
