/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The filters that a stopped thread has, and what they would say to calls made in it. */
#ifndef VP_INJECT_PRESENT_H
#define VP_INJECT_PRESENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include "agentd/inject/arch.h"

/* Does a filter let this call be made, and nothing else happen? */
typedef bool vp_present_allows(const struct sock_filter *program, size_t len,
			       const struct seccomp_data *call);

struct vp_present {
	vp_present_allows *allows; /* NULL: nobody can tell; then no filter allows anything */
	const struct sock_filter *program; /* to be looked for */
	size_t len;
	const struct vp_arch_call *calls; /* 32 at most */
	size_t call_count;
	uint64_t ip; /* of these calls, as a filter sees it */

	uint32_t filters; /* found */
	bool found;	  /* `program` is among them */
	uint32_t denied;  /* bits of `calls` that one of them does not allow */
	struct sock_filter buffer[BPF_MAXINSNS];
};

/*
 * Read them all. 0; -ENOENT where `filtered` says that there are some and the kernel does not
 * give them (CONFIG_CHECKPOINT_RESTORE); -EACCES: we are under a filter ourselves, or have no
 * CAP_SYS_ADMIN; or another -errno.
 */
int vp_present_read(struct vp_present *present, pid_t thread, bool filtered);

/* Is filter number `index`, 0 the oldest, this program? 1, 0 or -errno. */
int vp_present_is(struct vp_present *present, pid_t thread, uint32_t index);

#endif
