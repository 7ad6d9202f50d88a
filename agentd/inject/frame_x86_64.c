/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signal frames of x86-64: see frame.h. Their form is that of the kernel's struct rt_sigframe
 * (arch/x86/include/asm/sigframe.h) with struct sigcontext_64 and struct _fpx_sw_bytes of
 * asm/sigcontext.h, which the C library's headers do not bear beside them.
 */
#include <assert.h>
#include <cpuid.h>
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "agentd/inject/frame.h"
#include "agentd/inject/memory.h"

#define RED_ZONE 128	/* below the stack pointer, the program's own */
#define SPARE	 4096u	/* of the stack, below the frame */
#define STATE	 16384u /* bytes of floating point at most */

#define LEGACY	      512 /* bytes of FXSAVE */
#define HEADER	      64  /* of XSAVE, behind them */
#define SOFTWARE      464 /* where struct _fpx_sw_bytes is */
#define MAGIC1	      0x46505853u
#define MAGIC2	      0x46505845u
#define BASIC	      3u /* x87 and SSE: in the legacy area */
#define FLAGS	      7u /* UC_FP_XSTATE, UC_SIGCONTEXT_SS, UC_STRICT_RESTORE_SS */
#define USER_SS	      0x2b
#define XSAVE_LEAF    13
#define XSAVE_BITS    63
#define IN_SUPERVISOR 1u

struct frame {
	uint64_t restorer;
	uint64_t flags, link;
	uint64_t stack, stack_flags, stack_size; /* all 0: the kernel leaves the present one */
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t di, si, bp, bx, dx, ax, cx, sp, ip, eflags;
	uint16_t cs, gs, fs, ss;
	uint64_t err, trapno, oldmask, cr2, state, reserved[8];
	uint64_t mask;
};
static_assert(sizeof(struct frame) == 8 + 40 + 256 + 8, "as the kernel's");

struct software {
	uint32_t magic1, extended_size;
	uint64_t features;
	uint32_t size, padding[7];
};
static_assert(SOFTWARE + sizeof(struct software) == LEGACY, "as the kernel's");

const uint8_t vp_frame_instruction[] = { 0x0f, 0x05, 0xc3 }; /* syscall; ret */
const size_t vp_frame_instruction_len = sizeof(vp_frame_instruction);

const uint8_t *vp_frame_find_restorer(const uint8_t *code, size_t len)
{
	/* mov $15, %rax; syscall  as C libraries have it, and with the shorter mov */
	static const uint8_t wide[] = { 0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05 };
	static const uint8_t narrow[] = { 0xb8, 15, 0, 0, 0, 0x0f, 0x05 };
	const uint8_t *found = vp_arch_find(code, len, wide, sizeof(wide));

	return found ? found : vp_arch_find(code, len, narrow, sizeof(narrow));
}

/* The C library's: its description of the thread is at the top of the very same memory, and
 * begins with its own address (ELF TLS, variant II). */
static const struct vp_stack *find_stack(const struct vp_way *way, pid_t thread,
					 const struct user_regs_struct *user)
{
	const struct vp_stack *stack = vp_way_stack(way, user->rsp);
	uint64_t self;

	if (!stack || stack->main)
		return stack;
	if (user->fs_base <= user->rsp || user->fs_base >= stack->end ||
	    !vp_memory_read(thread, user->fs_base, &self, sizeof(self)) ||
	    self != user->fs_base)
		return NULL;
	return stack;
}

/* Bytes of the form of XSAVE up to the last feature that is in use. */
static size_t state_size(uint64_t features)
{
	size_t size = LEGACY + HEADER;

	for (unsigned int i = 2; i < XSAVE_BITS; i++) {
		unsigned int length, offset, where, unused;

		if (!(features >> i & 1) ||
		    !__get_cpuid_count(XSAVE_LEAF, i, &length, &offset, &where, &unused) ||
		    (where & IN_SUPERVISOR))
			continue;
		if (offset + length > size)
			size = offset + length;
	}
	return size;
}

/* Floating point, as rt_sigreturn(2) wants it. Bytes, 0: none could be read. */
static size_t read_state(pid_t thread, uint8_t state[static STATE])
{
	struct iovec room = { state, STATE };
	struct software software = { .magic1 = MAGIC1 };
	const uint32_t magic2 = MAGIC2;
	uint64_t features;
	size_t size;

	if (ptrace(PTRACE_GETREGSET, thread, (void *)(uintptr_t)NT_X86_XSTATE, &room) ||
	    room.iov_len < LEGACY + HEADER)
		return 0;
	memcpy(&features, state + LEGACY, sizeof(features));
	size = state_size(features);
	if (size > room.iov_len || size + sizeof(magic2) > STATE)
		return 0;
	software.features = features | BASIC;
	software.size = (uint32_t)size;
	software.extended_size = (uint32_t)(size + sizeof(magic2));
	memcpy(state + SOFTWARE, &software, sizeof(software));
	memcpy(state + size, &magic2, sizeof(magic2));
	return size + sizeof(magic2);
}

/* As the kernel would make it where it delivers signals: rt_sigreturn(2) restarts nothing.
 * What it would go on with by restart_syscall(2) begins anew. */
static void settle(struct user_regs_struct *user, bool again)
{
	int64_t result = (int64_t)user->rax;

	if ((int64_t)user->orig_rax < 0)
		return;
	if (again || result == -VP_RESTART_SYS || result == -VP_RESTART_ALWAYS ||
	    result == -VP_RESTART_NOHANDLER || result == -VP_RESTART_BLOCK) {
		user->rax = user->orig_rax;
		user->rip -= vp_arch_instruction_len;
	}
}

static struct frame make(const struct user_regs_struct *user, uint64_t mask, uint64_t restorer,
			 uint64_t state)
{
	return (struct frame){
		.restorer = restorer,
		.flags = FLAGS,
		.r8 = user->r8,
		.r9 = user->r9,
		.r10 = user->r10,
		.r11 = user->r11,
		.r12 = user->r12,
		.r13 = user->r13,
		.r14 = user->r14,
		.r15 = user->r15,
		.di = user->rdi,
		.si = user->rsi,
		.bp = user->rbp,
		.bx = user->rbx,
		.dx = user->rdx,
		.ax = user->rax,
		.cx = user->rcx,
		.sp = user->rsp,
		.ip = user->rip,
		.eflags = user->eflags,
		.cs = (uint16_t)user->cs,
		.ss = USER_SS,
		.state = state,
		.mask = mask,
	};
}

uint64_t vp_frame_put(const struct vp_way *way, pid_t thread,
		      const struct vp_arch_registers *registers, uint64_t mask, bool again)
{
	struct user_regs_struct user = registers->user;
	const struct vp_stack *stack = find_stack(way, thread, &user);
	uint8_t state[STATE];
	size_t len =
		stack && way->instruction && way->restorer ? read_state(thread, state) : 0;
	struct iovec here[2], there[2];
	uint64_t at, begin;
	struct frame frame;

	if (!len || user.rsp - stack->first < RED_ZONE + len + sizeof(frame) + SPARE)
		return 0;
	at = (user.rsp - RED_ZONE - len) & ~UINT64_C(63);
	begin = ((at - sizeof(frame)) & ~UINT64_C(15)) - 8;
	settle(&user, again);
	frame = make(&user, mask, way->restorer, at);
	here[0] = (struct iovec){ &frame, sizeof(frame) };
	here[1] = (struct iovec){ state, len };
	there[0] = (struct iovec){ (void *)(uintptr_t)begin, sizeof(frame) };
	there[1] = (struct iovec){ (void *)(uintptr_t)at, len };
	return process_vm_writev(thread, here, 2, there, 2, 0) ==
			       (ssize_t)(sizeof(frame) + len)
		       ? begin
		       : 0;
}

void vp_frame_enter(struct vp_arch_registers *registers, const struct vp_way *way,
		    uint64_t stack)
{
	(void)way; /* where it returns to is in the frame */
	registers->user.rsp = stack;
}
