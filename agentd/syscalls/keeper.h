/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps every process that a generation's filters are meant for covered: looks for them,
 * has vpatchd-inject put the filters on, tries again what may go better, and tells of what
 * came of it. What it knows outlives it in a file.
 *
 *	poll vp_keeper_fd() for POLLIN: vp_keeper_read()
 *	vp_keeper_tick() says in how many milliseconds it wants to be called again
 */
#ifndef VP_SYSCALLS_KEEPER_H
#define VP_SYSCALLS_KEEPER_H

#include "agentd/answer/message.h"
#include "agentd/syscalls/coverage.h"

struct vp_keeper;

/* What came of one request: processes by outcome, and what went wrong first. */
struct vp_keeper_result {
	const struct vp_cover_filter *filter;
	bool started; /* before its first instruction */
	size_t covered, partial, refused;
	pid_t worst; /* of those not covered, the first; 0: none */
	const char *why;
	uint64_t pause; /* nanoseconds, the longest that a thread was stopped */
	pid_t late;    /* of those that started without it, the one that ran so for longest; 0:
			  none */
	uint64_t bare; /* milliseconds that it did */
	bool lacked;   /* some had it not, or had ended before they were asked */
	unsigned int flags; /* VP_INJECTED_, of any */
};

/* Receivers may be NULL. They must not call the keeper. */
struct vp_keeper_listener {
	void (*result)(void *context, const struct vp_keeper_result *result);
	/* The helper cannot be asked, or can again (NULL). */
	void (*helper)(void *context, const char *problem);
	/* Starts were not seen for so many milliseconds. */
	void (*gap)(void *context, const char *why, uint64_t milliseconds);
	/* Calls that vpatchd-answer denied. */
	void (*denied)(void *context, const struct vp_answer_note *denied);
	void *context;
};

/*
 * `helper`, `hook`, `answer`: paths of the sockets of vpatchd-inject, vpatchd-hook and
 * vpatchd-answer; `file`: where coverage is kept, NULL: nowhere. What that file says is taken
 * over. NULL with the reason when this system has no epoll.
 */
struct vp_keeper *vp_keeper_new(const char *helper, const char *hook, const char *answer,
				const char *file, struct vp_error *err);
void vp_keeper_free(struct vp_keeper *keeper); /* NULL-safe; filters stay on processes */

void vp_keeper_listen(struct vp_keeper *keeper, const struct vp_keeper_listener *listener);

/* From now on these filters are wanted; the first look is at once. */
void vp_keeper_want(struct vp_keeper *keeper, const struct vp_target_filters *filters,
		    uint64_t generation);

int vp_keeper_fd(const struct vp_keeper *keeper);
void vp_keeper_read(struct vp_keeper *keeper);
/* Milliseconds until it is to be called again; 0: not by the passing of time. */
unsigned int vp_keeper_tick(struct vp_keeper *keeper);

/* Take what the exec hook has to tell, until it says nothing for so many milliseconds, and
 * look at all processes. For who has not said what is wanted. */
void vp_keeper_hear(struct vp_keeper *keeper, unsigned int quiet);

/* Work until everything that could be asked was answered, that many milliseconds at most.
 * False: something is still under way. */
bool vp_keeper_wait(struct vp_keeper *keeper, unsigned int milliseconds);

const struct vp_coverage *vp_keeper_coverage(const struct vp_keeper *keeper);
/* Why the helper cannot be asked; NULL: it can, or nobody had to. */
const char *vp_keeper_problem(const struct vp_keeper *keeper);
/* Why denials that can be taken back are not answered as they should be; NULL: they are. */
const char *vp_keeper_answers_problem(const struct vp_keeper *keeper);
/* Why services that start are not covered from their first instruction; NULL: they are. */
const char *vp_keeper_starts_problem(const struct vp_keeper *keeper);

#endif
