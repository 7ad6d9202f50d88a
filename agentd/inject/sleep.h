/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The call that a thread waits in when it is stopped: which one, and for how long already. It
 * is looked at before the stop, which ends it.
 */
#ifndef VP_INJECT_SLEEP_H
#define VP_INJECT_SLEEP_H

#include "agentd/inject/fixup.h"
#include "agentd/inject/remote.h"
#include "agentd/inject/target.h"

struct vp_sleep {
	const struct vp_fixup_table *table;
	const struct vp_target *target;
	pid_t thread;
	struct vp_arch_call call; /* seen before it was stopped */
	int64_t slept;		  /* nanoseconds in that call, at `looked`; -1: nobody knows */
	uint64_t looked;
	uint64_t waits; /* how often it had gone to sleep then */
	bool unsure;	/* it may have slept longer */
	bool stopped;	/* it was stopped in the very wait that was seen */
};

/* table, target and thread are given. Takes a quarter of a second where the end of the wait is
 * so near, or so little known, that it is better stopped in another. */
void vp_sleep_look(struct vp_sleep *sleep);

/* It stands, and has gone to sleep so often by now, the stop included. */
void vp_sleep_stop(struct vp_sleep *sleep, uint64_t waits);

/* Where only the kernel keeps which wait it is that has ended: by the stop, if it was in that
 * one before, or if nothing else can have ended it. */
void vp_sleep_recall(const struct vp_sleep *sleep, struct vp_remote *remote);

/* For how long, in nanoseconds, the call has lasted in which it was stopped; -1: nobody knows.
 * A call that was not seen before has only just begun. */
int64_t vp_sleep_elapsed(const struct vp_sleep *sleep);

/* The timeout of a call, in nanoseconds; -1: none that is known. `fixup` may be NULL. */
int64_t vp_sleep_timeout(const struct vp_fixup *fixup, pid_t thread,
			 const struct vp_arch_call *call);

#endif
