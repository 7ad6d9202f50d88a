/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keeper's side of vpatchd-hook: it is given what the filters and the programs that start
 * with them are, and what it tells of starts comes back by filter.
 */
#ifndef VP_SYSCALLS_HOOKING_H
#define VP_SYSCALLS_HOOKING_H

#include "agentd/hook/note.h"
#include "agentd/syscalls/coverage.h"

struct vp_hooking;

/*
 * `socket`: of vpatchd-hook; `answers`: of vpatchd-answer. `poll`: an epoll that the
 * connection is watched by, the caller's. `used`: the hook may have a table of before; else
 * nothing is asked of it, so that it need not be started, until something is wanted.
 */
struct vp_hooking *vp_hooking_new(const char *socket, const char *answers, int poll,
				  bool used);
void vp_hooking_free(struct vp_hooking *hooking); /* NULL-safe; the hook keeps its table */

/* Only connect, if there is no connection. 0 or -errno. */
int vp_hooking_connect(struct vp_hooking *hooking, struct vp_error *err);

/*
 * Connect where that is due, and give the hook the filters that are wanted with their
 * programs, when these differ from what it has. Milliseconds after boot when it wants to be
 * called again; 0: when something changes.
 */
uint64_t vp_hooking_keep(struct vp_hooking *hooking, const struct vp_coverage *coverage,
			 uint64_t now);

/*
 * The next that it tells. 1: in *note; of a start or find *digest says which filter it is
 * about. 0: none now. That one hook ended and another has its table is told as a gap.
 */
int vp_hooking_read(struct vp_hooking *hooking, struct vp_hook_note *note, uint64_t *digest);

/* Has it answered what it was given, if it was? */
bool vp_hooking_is_settled(const struct vp_hooking *hooking);

/* Are the starts of everything that is wanted seen? Else why not: a text that is the
 * hooking's.
 */
const char *vp_hooking_problem(const struct vp_hooking *hooking);

#endif
