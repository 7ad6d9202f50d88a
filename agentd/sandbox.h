/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a process of ours gives up what it does not need, before it reads its
 * first foreign byte. Used by every unprivileged helper.
 */
#ifndef VP_AGENTD_SANDBOX_H
#define VP_AGENTD_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/* What was achieved. The first three always are, or vp_sandbox_enter fails. */
#define VP_CONFINED_PRIVILEGES 1u /* no_new_privs, no capability but those to be kept */
#define VP_CONFINED_SECCOMP    2u
#define VP_CONFINED_LIMITS     4u  /* no new files, processes, core dumps */
#define VP_CONFINED_IDENTITY   8u  /* an unprivileged uid and gid */
#define VP_CONFINED_FILES      16u /* an empty, read-only file system */
#define VP_CONFINED_NAMESPACES 32u /* network, IPC and host name of its own */
#define VP_CONFINED_ALWAYS     7u
#define VP_CONFINED_GOOD                                                                      \
	31u /* namespaces are one more wall: seccomp keeps from sockets anyway */
#define VP_CONFINED_ALL 63u

/* One allowed system call; with `argument` >= 0 only with that value (low 32 bits). */
struct vp_sandbox_call {
	int number; /* SCMP_SYS(...) */
	int argument;
	uint32_t value;
};

struct vp_sandbox {
	const char *user; /* name; when there is no such user: uid and gid 65534 */
	int keep_below;	  /* descriptors from this one on are closed */
	int files;	  /* that it may have later, as far as the system allows; 0: those */
	bool orphan;	  /* it ends by itself after its parent: no signal then */
	uint32_t capabilities; /* bits 1u << CAP_..., of the first 32, that are kept */
	const struct vp_sandbox_call *calls;
	size_t call_count;
};

/*
 * Confine the calling, single-threaded process. Any system call that is not in
 * `calls` kills it from then on. Where the system does not let us change the
 * identity or the file system (no root, no such right in a user namespace) the
 * rest is done all the same, and *achieved says so. Root that cannot give up
 * its uid outside a user namespace is an error. Returns 0 or -errno.
 */
int vp_sandbox_enter(const struct vp_sandbox *sandbox, unsigned int *achieved,
		     struct vp_error *err);

#endif
