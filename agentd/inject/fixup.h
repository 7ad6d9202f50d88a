/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that end early when a thread is merely stopped. Most are made again by the kernel and
 * the program sees nothing; a few return EINTR (signal(7), "Interruption of system calls
 * ... by stop signals"). These are put right before the thread goes on, so that it sees
 * nothing either. Pure.
 */
#ifndef VP_INJECT_FIXUP_H
#define VP_INJECT_FIXUP_H

#include "agentd/inject/arch.h"

enum vp_fixup_timeout {
	VP_FIXUP_UNTIMED,      /* it has none, or begins anew without harm */
	VP_FIXUP_MILLISECONDS, /* an int argument, below 0: none */
	VP_FIXUP_TIMESPEC,     /* a pointer to a relative one, NULL: none */
	VP_FIXUP_SOCKET, /* SO_RCVTIMEO or SO_SNDTIMEO: begins anew, the end may be late */
};

/* A call that returns EINTR; not one that changes anything before it waits. */
struct vp_fixup {
	long number;
	enum vp_fixup_timeout timeout;
	int argument; /* of the timeout */
};

extern const struct vp_fixup vp_fixups[];
extern const size_t vp_fixup_count;

struct vp_fixup_table {
	const struct vp_fixup *fixups;
	size_t count;
};

/* NULL: the call never returns EINTR by itself, or must not be made again. */
const struct vp_fixup *vp_fixup_find(const struct vp_fixup_table *table, long number);

/* The row by which `wait` must be put right; NULL: it needs nothing. */
const struct vp_fixup *vp_fixup_needed(const struct vp_fixup_table *table,
				       const struct vp_arch_wait *wait);

/* Has this call, of that row, an end in time? */
bool vp_fixup_timed(const struct vp_fixup *fixup, const uint64_t arguments[static 6]);

/*
 * What is left, in nanoseconds, of `timeout` after `elapsed` ones. All of it where `elapsed`
 * is below 0, which means that nobody knows; and where it is up already: that wait has ended
 * then, and this is the one after it.
 */
int64_t vp_fixup_left(int64_t timeout, int64_t elapsed);

/* How well a thread blocked so can be stopped: the lower the better. */
enum vp_fixup_rank {
	VP_RANK_RESTARTED, /* by the kernel */
	VP_RANK_REPEATED,  /* by a row of the table, without a trace */
	VP_RANK_RUNNING,   /* in user mode, or about to be */
	VP_RANK_TIMED,	   /* by a row, with what is left of its timeout */
	VP_RANK_UNKNOWN,   /* it is not known what this call does */
	VP_RANK_HARMED,	   /* EINTR, and it cannot be made again */
};

enum vp_fixup_rank vp_fixup_rank(const struct vp_fixup_table *table,
				 const struct vp_arch_call *call);

/* A critical section of rseq(2): where a thread must go on that was stopped at `ip`. */
struct vp_fixup_rseq {
	uint32_t version, flags;
	uint64_t first, len, abort; /* struct rseq_cs of linux/rseq.h */
};

uint64_t vp_fixup_rseq_ip(const struct vp_fixup_rseq *section, uint64_t ip);

#endif
