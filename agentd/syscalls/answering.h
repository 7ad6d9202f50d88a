/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keeper's side of vpatchd-answer: it is given the answers that hold whenever they change,
 * so that what is withdrawn is let through at once, and tells what it denied.
 */
#ifndef VP_SYSCALLS_ANSWERING_H
#define VP_SYSCALLS_ANSWERING_H

#include "agentd/answer/message.h"
#include "agentd/syscalls/coverage.h"

struct vp_answering;

/* `socket`: of vpatchd-answer. `poll`: an epoll that the connection is watched by, the
 * caller's.
 */
struct vp_answering *vp_answering_new(const char *socket, int poll);
/* NULL-safe; the answers that were given last hold on. */
void vp_answering_free(struct vp_answering *answering);

/*
 * Connect where that is due, give the answers of the filters that are wanted when they differ
 * from those given last, and see whether it lives. Nothing is done where no filter has a
 * listener. Milliseconds after boot when it wants to be called again; 0: when something
 * changes.
 */
uint64_t vp_answering_keep(struct vp_answering *answering, struct vp_coverage *coverage,
			   uint64_t now);

/* The next that it tells of denials. 1: in *note; 0: none now. */
int vp_answering_read(struct vp_answering *answering, struct vp_coverage *coverage,
		      struct vp_answer_note *note, uint64_t now);

/* Does it hold what was given last, or is there nobody to give it to? */
bool vp_answering_is_settled(const struct vp_answering *answering);

/* Why denials are not answered as they should be; NULL: they are, or there are none. A text
 * that is the answering's. */
const char *vp_answering_problem(const struct vp_answering *answering);

#endif
