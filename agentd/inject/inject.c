/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which thread of a process is stopped, and whether the filter goes on all threads at once
 * or on each: see inject.h. What happens to the stopped thread is in visit.c.
 */
#include "agentd/inject/inject.h"

#include <errno.h>
#include <limits.h>
#include <time.h>

#include "agentd/inject/visit.h"

#define TRIES	   8	    /* threads that do not stop, or end, before we give a process up */
#define PATIENCE   12	    /* looks for a better moment */
#define BETWEEN	   2000000  /* nanoseconds, between them */
#define ENDING	   20000000 /* nanoseconds that a killed process takes to end */
#define PROGRAMS   4	    /* that a process executes one after the other while we try */
#define PASSES	   32	    /* over threads that begin meanwhile */
#define GOOD_RANK  VP_RANK_RUNNING
#define LOOKED_MAX 256 /* threads, in search of a better one */

static void end(struct vp_injected *out, enum vp_inject_outcome outcome,
		enum vp_inject_reason reason, int64_t detail)
{
	out->outcome = outcome;
	out->reason = reason;
	out->detail = detail;
}

/* May this thread be stopped? One in an uninterruptible sleep would not stop; one being
 * traced cannot be traced. */
static bool may_visit(const struct vp_injector *injector, const struct vp_thread *thread)
{
	pid_t only = injector->injection.through;

	return !thread->helper && !thread->tracer && thread->state != 'D' &&
	       (!only || only == thread->id);
}

static bool was_tried(const pid_t *tried, size_t count, pid_t id)
{
	size_t i = 0;

	while (i < count && tried[i] != id)
		i++;
	return i < count;
}

/* May its stack bear a way back? Where none of this process's does, that is no matter. */
static bool has_way(const struct vp_target *target, uint64_t stack)
{
	return !target->way.instruction || vp_way_stack(&target->way, stack);
}

/* The lower the better: one that notices nothing and has a way back, one that notices nothing,
 * one that notices least, of several such one that has a way back. */
static unsigned int cost_of(enum vp_fixup_rank rank, bool way)
{
	unsigned int unnoticed = VP_RANK_REPEATED + 1;

	if (rank < unnoticed)
		return rank + (way ? 0 : unnoticed);
	return 2 * rank + !way;
}

/* The thread of the lowest cost; NULL: none. Looking costs time: the first that is best. */
static const struct vp_thread *choose(const struct vp_injector *injector,
				      const struct vp_target *target, const pid_t *tried,
				      size_t count, enum vp_fixup_rank *rank)
{
	const struct vp_thread *best = NULL;
	unsigned int least = UINT_MAX;
	size_t looked = 0;

	vp_array_each (thread, &target->threads) {
		struct vp_arch_call call;
		enum vp_fixup_rank this;
		unsigned int cost;
		uint64_t at = 0;

		if (!may_visit(injector, thread) || was_tried(tried, count, thread->id))
			continue;
		(void)vp_target_call(target, thread->id, &call, &at);
		this = vp_fixup_rank(&injector->injection.fixups, &call);
		cost = cost_of(this, has_way(target, at));
		if (cost < least) {
			least = cost;
			*rank = this;
			best = thread;
		}
		if (!cost || ++looked == LOOKED_MAX)
			break;
	}
	return best;
}

/* Likewise, waiting a little where all of them are in the middle of something. */
static const struct vp_thread *choose_patiently(const struct vp_injector *injector,
						const struct vp_target *target,
						const pid_t *tried, size_t count)
{
	const struct timespec between = { .tv_nsec = BETWEEN };
	const struct vp_thread *thread;
	enum vp_fixup_rank rank;

	thread = choose(injector, target, tried, count, &rank);
	for (int i = 0; thread && rank > GOOD_RANK && i < PATIENCE; i++) {
		nanosleep(&between, NULL);
		thread = choose(injector, target, tried, count, &rank);
	}
	return thread;
}

/* Of no thread that may be stopped: why. */
static void end_without_thread(const struct vp_target *target, struct vp_injected *out)
{
	vp_array_each (thread, &target->threads)
		if (thread->tracer) {
			end(out, VP_INJECT_REFUSED, VP_REASON_TRACED, thread->tracer);
			return;
		}
	end(out, VP_INJECT_REFUSED, VP_REASON_BUSY, 0);
}

/* Every thread has as many filters as the one that installed ours; how many do? */
static void count_threads(struct vp_target *target, pid_t by, struct vp_injected *out)
{
	uint32_t filters = 0, missing = 0;

	if (vp_target_threads(target))
		return; /* it ended, covered */
	vp_array_each (thread, &target->threads)
		if (thread->id == by || thread->filters > filters)
			filters = thread->filters;
	out->threads = 0;
	vp_array_each (thread, &target->threads) {
		if (thread->seccomp == 2 && thread->filters >= filters)
			out->threads++;
		else
			missing++;
	}
	if (missing)
		end(out, VP_INJECT_PARTIAL, VP_REASON_THREADS, missing);
}

static void end_visit(const struct vp_visit *visit, struct vp_injected *out)
{
	bool on = visit->reason == VP_REASON_UNLIKE || visit->reason == VP_REASON_UNANSWERED ||
		  visit->reason == VP_REASON_KEPT;

	end(out, on ? VP_INJECT_PARTIAL : VP_INJECT_REFUSED, visit->reason, visit->detail);
}

/*
 * One thread, for all of them. 0: it is decided; 1: each thread for itself; 2: likewise, by
 * prctl(2).
 */
static int inject_together(struct vp_injector *injector, struct vp_target *target,
			   struct vp_injected *out)
{
	pid_t tried[TRIES];

	for (size_t i = 0; i < TRIES; i++) {
		struct vp_visit visit = { .target = target,
					  .together = true,
					  .injected = out };
		enum vp_visit_end ended;

		visit.thread = choose_patiently(injector, target, tried, i);
		if (!visit.thread)
			break;
		tried[i] = visit.thread->id;
		ended = vp_visit(injector, &visit);
		switch (ended) {
		case VP_VISIT_PRESENT: /* here: as many filters elsewhere may be others */
			return 1;
		case VP_VISIT_DONE:
			end(out, VP_INJECT_COVERED, VP_REASON_NONE, 0);
			count_threads(target, tried[i], out);
			return 0;
		case VP_VISIT_DIVERGED:
			return 1;
		case VP_VISIT_PRCTL:
			return 2;
		case VP_VISIT_REFUSED:
			end_visit(&visit, out);
			return 0;
		case VP_VISIT_LATE:
		case VP_VISIT_GONE:
			break;
		}
		if (vp_target_threads(target)) {
			end(out, VP_INJECT_GONE, VP_REASON_NONE, 0);
			return 0;
		}
	}
	end_without_thread(target, out);
	return 0;
}

VP_ARRAY_TYPE(
	visited, struct {
		pid_t id;
		uint64_t start;
		bool done;
		unsigned int tries;
	});

static size_t find_visited(struct visited *visited, const struct vp_thread *thread)
{
	size_t i = 0;

	while (i < visited->len &&
	       (visited->data[i].id != thread->id || visited->data[i].start != thread->start))
		i++;
	if (i == visited->len) {
		(void)vp_array_add(visited);
		visited->data[i].id = thread->id;
		visited->data[i].start = thread->start;
	}
	return i;
}

/* One thread for itself, by whichever call it is allowed. */
static enum vp_visit_end visit_alone(struct vp_injector *injector, struct vp_visit *visit)
{
	enum vp_visit_end ended = vp_visit(injector, visit);

	if (ended != VP_VISIT_PRCTL)
		return ended;
	visit->prctl = true;
	visit->injected->flags |= VP_INJECTED_PRCTL;
	return vp_visit(injector, visit);
}

/* Each thread that still needs it, once. How many do; below 0: the process is refused. */
static int pass(struct vp_injector *injector, struct vp_target *target, bool prctl,
		struct visited *visited, struct vp_injected *out)
{
	int missing = 0;

	vp_array_each (thread, &target->threads) {
		struct vp_visit visit = {
			.target = target, .thread = thread, .prctl = prctl, .injected = out
		};
		size_t i = find_visited(visited, thread);
		enum vp_visit_end ended;

		if (visited->data[i].done || thread->helper)
			continue;
		missing++;
		if (!may_visit(injector, thread) || visited->data[i].tries++ >= 3)
			continue;
		ended = visit_alone(injector, &visit);
		visited->data[i].done = ended == VP_VISIT_DONE || ended == VP_VISIT_PRESENT;
		if (ended == VP_VISIT_DONE)
			out->flags &= ~VP_INJECTED_PRESENT;
		if (visited->data[i].done)
			out->threads++;
		if (ended == VP_VISIT_REFUSED)
			end_visit(&visit, out);
	}
	return missing;
}

/* Threads that begin meanwhile have the filter when their maker has: until a pass finds none
 * that lacks it. */
static void inject_each(struct vp_injector *injector, struct vp_target *target, bool prctl,
			struct vp_injected *out)
{
	struct visited visited = { 0 };
	int missing = 1;

	out->flags |= VP_INJECTED_EACH | (prctl ? VP_INJECTED_PRCTL : 0);
	out->flags |= VP_INJECTED_PRESENT; /* until a thread lacks it */
	for (int i = 0; i < PASSES && missing; i++) {
		uint32_t stops = out->stops;

		if (vp_target_threads(target))
			break;
		missing = pass(injector, target, prctl, &visited, out);
		if (out->stops == stops) /* none of those that are missing can be stopped */
			break;
	}
	vp_array_free(&visited);
	if (!out->threads)
		out->flags &= ~VP_INJECTED_PRESENT;
	if (!target->threads.len && !out->threads)
		end(out, VP_INJECT_GONE, VP_REASON_NONE, 0);
	else if (missing && out->threads)
		end(out, VP_INJECT_PARTIAL, VP_REASON_THREADS, missing);
	else if (missing && !out->outcome)
		end_without_thread(target, out);
	else if (!missing)
		end(out, VP_INJECT_COVERED, VP_REASON_NONE, 0);
}

/* What is seen without touching it; 0: nothing speaks against it. */
static enum vp_inject_reason object(const struct vp_target *target)
{
	if (target->kernel)
		return VP_REASON_KERNEL;
	if (target->foreign)
		return VP_REASON_FOREIGN;
	if (!target->instruction)
		return VP_REASON_CODE;
	vp_array_each (thread, &target->threads)
		if (thread->seccomp == 1)
			return VP_REASON_STRICT;
	return VP_REASON_NONE;
}

static void inject_target(struct vp_injector *injector, struct vp_target *target,
			  struct vp_injected *out)
{
	enum vp_inject_reason reason = object(target);
	int each = 1;

	if (reason) {
		end(out, VP_INJECT_REFUSED, reason, 0);
		return;
	}
	if (vp_target_uniform(target))
		each = inject_together(injector, target, out);
	if (each)
		inject_each(injector, target, each == 2, out);
	if (out->outcome == VP_INJECT_COVERED && target->rings)
		end(out, VP_INJECT_PARTIAL, VP_REASON_RINGS, 0);
}

/* Did it fail because the process was about to end? One that is killed has no memory any
 * more before its last thread is gone. */
static bool was_ending(struct vp_target *target, const struct vp_injected *out)
{
	const struct timespec pause = { .tv_nsec = ENDING };

	if (out->outcome != VP_INJECT_REFUSED ||
	    (out->reason != VP_REASON_CODE && out->reason != VP_REASON_UNREAD &&
	     out->reason != VP_REASON_MEMORY && out->reason != VP_REASON_LOST &&
	     out->reason != VP_REASON_BUSY && out->reason != VP_REASON_FORBIDDEN))
		return false;
	nanosleep(&pause, NULL);
	return vp_target_threads(target) != 0;
}

struct vp_injection vp_injection_of(const struct sock_filter *program, size_t len,
				    unsigned int flags, unsigned int deadline,
				    vp_present_allows *allows)
{
	return (struct vp_injection){
		.program = program,
		.len = len,
		.flags = flags,
		.deadline = deadline,
		.allows = allows,
		.fixups = { vp_fixups, vp_fixup_count },
	};
}

/* False: it is gone, or may not be looked at, and *out says so. To be closed either way. */
static bool open_target(struct vp_target *target, pid_t process, uint64_t start,
			struct vp_injected *out)
{
	int r = vp_target_open(target, process, start);

	*out = (struct vp_injected){ 0 };
	if (r == -ESRCH)
		end(out, VP_INJECT_GONE, VP_REASON_NONE, 0);
	else if (r)
		end(out, VP_INJECT_REFUSED, VP_REASON_FORBIDDEN, -r);
	return !r;
}

/* False: it executes another program by now, and nothing was done about that. */
static bool inject_once(struct vp_injector *injector, pid_t process, uint64_t start,
			struct vp_injected *out)
{
	bool replaced = false;
	struct vp_target target;
	sigset_t before;

	if (open_target(&target, process, start, out)) {
		vp_remote_enter(&before);
		inject_target(injector, &target, out);
		if (was_ending(&target, out))
			end(out, VP_INJECT_GONE, VP_REASON_NONE, 0);
		else
			replaced = out->outcome == VP_INJECT_REFUSED &&
				   vp_target_is_replaced(&target);
		vp_inject_settle(injector, 0);
		vp_remote_leave(&before);
	}
	vp_target_close(&target);
	return !replaced;
}

void vp_inject(struct vp_injector *injector, pid_t process, uint64_t start,
	       struct vp_injected *out)
{
	for (int i = 0; i < PROGRAMS && !inject_once(injector, process, start, out);)
		i++;
}

static void inject_held(struct vp_injector *injector, struct vp_target *target,
			struct vp_injected *out)
{
	enum vp_inject_reason reason = object(target);
	struct vp_visit visit = {
		.target = target, .thread = target->threads.data, .held = true, .injected = out
	};

	if (reason) {
		end(out, VP_INJECT_REFUSED, reason, 0);
		return;
	}
	switch (visit_alone(injector, &visit)) {
	case VP_VISIT_PRESENT:
		out->flags |= VP_INJECTED_PRESENT;
		__attribute__((fallthrough));
	case VP_VISIT_DONE:
		out->threads = 1;
		end(out, VP_INJECT_COVERED, VP_REASON_NONE, 0);
		break;
	case VP_VISIT_GONE:
		end(out, VP_INJECT_GONE, VP_REASON_NONE, 0);
		return;
	case VP_VISIT_LATE:
		end(out, VP_INJECT_REFUSED, VP_REASON_BUSY, 0);
		return;
	case VP_VISIT_DIVERGED: /* only where there are several */
	case VP_VISIT_PRCTL:	/* it was done so */
	case VP_VISIT_REFUSED:
		end_visit(&visit, out);
		return;
	}
	if (target->rings)
		end(out, VP_INJECT_PARTIAL, VP_REASON_RINGS, 0);
}

void vp_inject_held(struct vp_injector *injector, pid_t process, struct vp_injected *out)
{
	struct vp_target target;
	sigset_t before;

	if (open_target(&target, process, 0, out)) {
		vp_remote_enter(&before);
		inject_held(injector, &target, out);
		vp_remote_leave(&before);
	}
	vp_target_close(&target);
}

size_t vp_inject_settle(struct vp_injector *injector, unsigned int milliseconds)
{
	const struct timespec between = { .tv_nsec = BETWEEN };
	uint64_t until = vp_remote_clock() + (uint64_t)milliseconds * 1000000;
	struct vp_inject_late *late = &injector->late;
	struct vp_injected ignored = { 0 };

	for (;;) {
		size_t left = 0;

		for (size_t i = 0; i < late->count; i++) {
			int r = vp_remote_late(&late->remotes[i]);

			if (!r)
				(void)vp_visit_let_go(injector, &late->remotes[i], -1, true,
						      &ignored);
			if (r == -EAGAIN)
				late->remotes[left++] = late->remotes[i];
		}
		late->count = left;
		if (!left || vp_remote_clock() >= until)
			return left;
		nanosleep(&between, NULL);
	}
}
