/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tracepoint of the kernel's entry, raw_syscalls:sys_enter, as tracefs describes it. */
#ifndef VP_OBSERVE_TRACEPOINT_H
#define VP_OBSERVE_TRACEPOINT_H

#include "agentd/ctl/observe/trace.h"
#include "lib/error.h"

struct vp_tracepoint {
	uint64_t id;		   /* perf_event_attr.config */
	struct vp_trace_form form; /* `registers` is left alone */
};

/*
 * Where tracefs is mounted nowhere, an instance is made that nobody else sees and that is gone
 * with the descriptor. 0; -EPERM or -EACCES: no right to; -EOPNOTSUPP: this kernel cannot
 * trace calls. With the cure.
 */
int vp_tracepoint_find(struct vp_tracepoint *tracepoint, struct vp_error *err);

#endif
