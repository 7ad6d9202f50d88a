/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The generations of rules that a worker has: at most a few at once. Which one
 * judges is said by the parent, or by the slot of the queue that a packet comes
 * in; the engine moves its connections over by itself.
 */
#ifndef VP_INSPECT_PROGRAMS_H
#define VP_INSPECT_PROGRAMS_H

#include "agentd/inspect/note.h"
#include "modules/inspection/engine.h"

#define VP_PROGRAMS_MAX 8

struct vp_generation {
	uint64_t number;
	uint8_t slot;
	bool pending; /* judges from its slot's first packet on */
	struct vp_scopes *scopes;
};

struct vp_programs {
	struct vp_engine *engine; /* not owned */
	struct vp_generation of[VP_PROGRAMS_MAX];
	size_t count;
	const struct vp_scopes *active;
	bool pending; /* some generation is */
};

/* Take over a program; `fd` is the caller's. 0 or -errno with *err for the parent. */
int vp_programs_load(struct vp_programs *programs, const struct vp_note *note, int fd,
		     struct vp_error *err);
void vp_programs_activate(struct vp_programs *programs, uint64_t number);
/*
 * Its memory is given back; connections keep what they are still judged by. False:
 * there is none of that number.
 */
bool vp_programs_forget(struct vp_programs *programs, uint64_t number);

/* A packet comes by a queue of this slot. */
void vp_programs_packet(struct vp_programs *programs, uint8_t slot);

#endif
