/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signal frames of aarch64: see frame.h. Their form is that of the kernel's struct
 * rt_sigframe (arch/arm64/kernel/signal.c), whose parts the C library's headers have.
 */
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <ucontext.h>

#include "agentd/inject/frame.h"
#include "agentd/inject/memory.h"

#ifndef NT_ARM_GCS
#define NT_ARM_GCS 0x410
#endif

#define SPARE	    4096u /* of the stack, below the frame */
#define LINK	    30	  /* of the registers: where `ret` goes to */
#define GCS_ENABLED 1u
#define RED_ZONE    128 /* none by the rules of the ABI; some code takes one all the same */

/* What is in the last field of struct sigcontext: records, the last one empty. */
struct records {
	struct fpsimd_context fpsimd;
	struct _aarch64_ctx end;
};

struct frame {
	siginfo_t info;
	ucontext_t context;
};

const uint8_t vp_frame_instruction[] = { 0x01, 0x00, 0x00, 0xd4, 0xc0, 0x03, 0x5f, 0xd6 };
const size_t vp_frame_instruction_len = sizeof(vp_frame_instruction); /* svc #0; ret */

const uint8_t *vp_frame_find_restorer(const uint8_t *code, size_t len)
{
	/* mov x8, #139; svc #0 */
	static const uint8_t restorer[] = { 0x68, 0x11, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4 };

	return vp_arch_find(code, len, restorer, sizeof(restorer));
}

static bool get_set(pid_t thread, int set, void *out, size_t len)
{
	struct iovec vector = { out, len };

	return !ptrace(PTRACE_GETREGSET, thread, (void *)(uintptr_t)set, &vector) &&
	       vector.iov_len == len;
}

/* The C library's: its description of the thread is at the top of the very same memory. */
static const struct vp_stack *find_stack(const struct vp_way *way, pid_t thread, uint64_t sp)
{
	const struct vp_stack *stack = vp_way_stack(way, sp);
	uint64_t description;

	if (!stack || stack->main)
		return stack;
	if (!get_set(thread, NT_ARM_TLS, &description, sizeof(description)) ||
	    description <= sp || description >= stack->end)
		return NULL;
	return stack;
}

/* `ret` would be taken for an attack; and vectors in use have no place in the frame. */
static bool is_hindered(pid_t thread, const struct vp_arch_registers *registers)
{
	struct user_sve_header header = { 0 };
	uint64_t shadow[3] = { 0 };

	if (get_set(thread, NT_ARM_GCS, shadow, sizeof(shadow)) && (shadow[0] & GCS_ENABLED))
		return true;
	return !registers->before && get_set(thread, NT_ARM_SVE, &header, sizeof(header)) &&
	       (header.flags & SVE_PT_REGS_MASK) == SVE_PT_REGS_SVE;
}

static bool fill(struct frame *frame, pid_t thread, const struct user_pt_regs *user,
		 uint64_t mask)
{
	mcontext_t *machine = &frame->context.uc_mcontext;
	struct records records = { .fpsimd.head = { FPSIMD_MAGIC, sizeof(records.fpsimd) } };
	struct user_fpsimd_state state;

	if (!get_set(thread, NT_PRFPREG, &state, sizeof(state)))
		return false;
	records.fpsimd.fpsr = state.fpsr;
	records.fpsimd.fpcr = state.fpcr;
	memcpy(records.fpsimd.vregs, state.vregs, sizeof(records.fpsimd.vregs));
	memcpy(&frame->context.uc_sigmask, &mask, sizeof(mask));
	memcpy(machine->regs, user->regs, sizeof(machine->regs));
	machine->sp = user->sp;
	machine->pc = user->pc;
	machine->pstate = user->pstate;
	memcpy(machine->__reserved, &records, sizeof(records));
	return true;
}

uint64_t vp_frame_put(const struct vp_way *way, pid_t thread,
		      const struct vp_arch_registers *registers, uint64_t mask, bool again)
{
	struct vp_arch_registers thence = *registers;
	uint64_t sp = registers->user.sp;
	const struct vp_stack *stack = find_stack(way, thread, sp);
	struct frame frame = { 0 };
	uint64_t begin;

	if (!stack || !way->instruction || !way->restorer || is_hindered(thread, registers) ||
	    sp - stack->first < RED_ZONE + sizeof(frame) + SPARE)
		return 0;
	if (again)
		vp_arch_restart(&thence, -1, 0);
	if (!fill(&frame, thread, &thence.user, mask))
		return 0;
	begin = (sp - RED_ZONE - sizeof(frame)) & ~UINT64_C(15);
	return vp_memory_write(thread, begin, &frame, sizeof(frame)) ? begin : 0;
}

void vp_frame_enter(struct vp_arch_registers *registers, const struct vp_way *way,
		    uint64_t stack)
{
	registers->user.sp = stack;
	registers->user.regs[LINK] = way->restorer;
}
