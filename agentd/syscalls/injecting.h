/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One request to vpatchd-inject under way: asked without waiting, answered process by
 * process. The other end is a process with rights of its own; what it says is checked.
 */
#ifndef VP_SYSCALLS_INJECTING_H
#define VP_SYSCALLS_INJECTING_H

#include "agentd/inject/request.h"
#include "modules/seccomp/interpreter.h"

struct vp_injecting {
	int socket; /* -1: nothing is under way */
	uint64_t digest;
	uint64_t until; /* milliseconds after boot: no answer came by then */
	struct vp_request request;
	uint32_t answered;
};

/*
 * Ask. `request` has processes, count and flags. 0: to be read when `socket` is readable;
 * -errno with the reason, and nothing is under way: -ENOENT, -ECONNREFUSED: nobody
 * listens at `path`; -EAGAIN: too many ask.
 */
int vp_injecting_start(struct vp_injecting *injecting, const char *path,
		       const struct vp_bpf *program, uint64_t digest,
		       const struct vp_request *request, uint64_t now, struct vp_error *err);

/*
 * The next answer. 1: in *record; 0: none yet; -ENODATA: that was all; else -errno: no more
 * will come, those not answered are the last of the request.
 */
int vp_injecting_read(struct vp_injecting *injecting, struct vp_record *record, uint64_t now,
		      struct vp_error *err);

void vp_injecting_end(struct vp_injecting *injecting);

#endif
