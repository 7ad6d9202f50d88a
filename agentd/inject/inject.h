/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A seccomp filter put on a running process, which loses nothing by it: one of its threads
 * is stopped for about a millisecond, and made to install the filter for all of them. This
 * library knows nothing of definitions: a filter is an array of instructions.
 *
 * A filter never leaves a process again.
 */
#ifndef VP_INJECT_INJECT_H
#define VP_INJECT_INJECT_H

#include "agentd/inject/fixup.h"
#include "agentd/inject/outcome.h"
#include "agentd/inject/present.h"
#include "agentd/inject/remote.h"
#include "agentd/inject/target.h"

/* Takes the listener of a filter that was put on a process, which stays the caller's to close.
 * False: nobody has it. */
typedef bool vp_inject_take(void *context, int listener, pid_t process);

struct vp_injection {
	const struct sock_filter *program;
	size_t len;
	unsigned int flags;    /* VP_INJECT_ */
	unsigned int deadline; /* milliseconds for a thread to stop */
	vp_present_allows *allows;
	struct vp_fixup_table fixups;
	vp_inject_take *take; /* NULL: the filter has no listener */
	void *taker;   /* its context; NULL: nobody would take them, and nothing is put on */
	pid_t through; /* only by this thread; 0: whichever is best */
};

#define VP_INJECT_DEADLINE 300

/* One of `program`, which must outlive it, with the mending of waits that there is; `allows`
 * judges the filters that are there. */
struct vp_injection vp_injection_of(const struct sock_filter *program, size_t len,
				    unsigned int flags, unsigned int deadline,
				    vp_present_allows *allows);

struct vp_injected {
	enum vp_inject_outcome outcome;
	enum vp_inject_reason reason;
	int64_t detail;
	unsigned int flags; /* VP_INJECTED_ */
	uint32_t threads;   /* that the filter is on */
	uint32_t stops;	    /* threads that were stopped */
	uint64_t pause;	    /* nanoseconds, the longest of one thread */
};

#define VP_INJECT_LATE_MAX 16

/* Threads that did not stop in time. They are let go as soon as they do. */
struct vp_inject_late {
	struct vp_remote remotes[VP_INJECT_LATE_MAX];
	size_t count;
};

struct vp_injector {
	struct vp_injection injection;
	struct vp_inject_late late;
	struct vp_present present;
	struct vp_beat beat; /* while a process is worked at */
};

/* One process. Signals are blocked meanwhile. */
void vp_inject(struct vp_injector *injector, pid_t process, uint64_t start,
	       struct vp_injected *out);

/*
 * A process that the caller traces and that is stopped with its only thread, as execve(2) ends
 * (PTRACE_EVENT_EXEC): before its first instruction. It stays stopped, unless it was too late
 * for the deadline (VP_REASON_BUSY); either way it is the caller's, who lets it go.
 */
void vp_inject_held(struct vp_injector *injector, pid_t process, struct vp_injected *out);

/* Let late threads go, waiting `milliseconds` for them at most. How many are left: the
 * kernel lets them go when this process ends. */
size_t vp_inject_settle(struct vp_injector *injector, unsigned int milliseconds);

#endif
