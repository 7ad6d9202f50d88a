/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way back of a thread whose tracer dies. While calls are made in a thread, its stack
 * pointer points to what the kernel itself would push for a signal: registers, signal mask
 * and floating point as they were. The instruction behind the one that makes our calls is
 * `ret`, and what it returns to is where the C library (the vDSO, or Go's runtime) calls
 * rt_sigreturn(2): a thread that nobody stops any more ends the call it is in and goes on as
 * it was. Nothing of this is ever run while the tracer lives.
 *
 * The frame is below the thread's stack pointer and red zone, where the kernel puts its own.
 * That there is nothing else is known of stacks that the C library has made, and of that of
 * the first thread; coroutines may have others, which are left alone.
 */
#ifndef VP_INJECT_FRAME_H
#define VP_INJECT_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "agentd/inject/arch.h"
#include "lib/memory.h"

/* Memory of a process that looks like a thread's stack. */
struct vp_stack {
	uint64_t first, end;
	bool main; /* of the first thread; else with an unreadable page below */
};
VP_ARRAY_TYPE(vp_stacks, struct vp_stack);

/* What of a process makes a way back. */
struct vp_way {
	uint64_t instruction; /* of a system call, with `ret` behind it; 0: none was found */
	uint64_t restorer;    /* code that calls rt_sigreturn(2); 0: none was found */
	struct vp_stacks stacks;
};

extern const uint8_t vp_frame_instruction[]; /* to be looked for: of vp_way.instruction */
extern const size_t vp_frame_instruction_len;

/* Where in code a restorer is; NULL: nowhere. */
const uint8_t *vp_frame_find_restorer(const uint8_t *code, size_t len);

/* Is this address in a stack of the way's? NULL: in none. */
const struct vp_stack *vp_way_stack(const struct vp_way *way, uint64_t address);

/*
 * Put a frame into the stack of a stopped thread that has these registers and this mask.
 * `again`: the call it was stopped in has returned EINTR because of that, and is to be made
 * again. Returns the stack pointer with which calls are to be made; 0: there is no way back.
 */
uint64_t vp_frame_put(const struct vp_way *way, pid_t thread,
		      const struct vp_arch_registers *registers, uint64_t mask, bool again);

/* Have a call be made with that stack pointer, and be left to the way back. */
void vp_frame_enter(struct vp_arch_registers *registers, const struct vp_way *way,
		    uint64_t stack);

#endif
