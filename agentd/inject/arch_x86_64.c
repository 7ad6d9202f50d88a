/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers and calls of x86-64: see arch.h. Not for 32-bit programs on it. */
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>

#include <linux/audit.h>

#include "agentd/inject/arch.h"

#define USER_CS 0x33 /* of 64-bit code; 32-bit: 0x23 */

const uint32_t vp_arch_audit = AUDIT_ARCH_X86_64;
const uint16_t vp_arch_machine = EM_X86_64;
const uint8_t vp_arch_instruction[] = { 0x0f, 0x05 }; /* syscall */
const size_t vp_arch_instruction_len = sizeof(vp_arch_instruction);
const struct vp_arch_quirks *const vp_arch_quirks = NULL; /* orig_rax tells all */

const uint8_t *vp_arch_find(const uint8_t *code, size_t len, const uint8_t *instructions,
			    size_t instructions_len)
{
	return memmem(code, len, instructions, instructions_len);
}

int vp_arch_read(pid_t thread, struct vp_arch_registers *out)
{
	return ptrace(PTRACE_GETREGS, thread, NULL, &out->user) ? -errno : 0;
}

int vp_arch_write(pid_t thread, const struct vp_arch_registers *registers)
{
	return ptrace(PTRACE_SETREGS, thread, NULL, (void *)&registers->user) ? -errno : 0;
}

bool vp_arch_foreign(const struct vp_arch_registers *registers)
{
	return registers->user.cs != USER_CS;
}

static void set_arguments(struct user_regs_struct *user, const uint64_t arguments[static 6])
{
	user->rdi = arguments[0];
	user->rsi = arguments[1];
	user->rdx = arguments[2];
	user->r10 = arguments[3];
	user->r8 = arguments[4];
	user->r9 = arguments[5];
}

static void get_arguments(const struct user_regs_struct *user, uint64_t arguments[static 6])
{
	arguments[0] = user->rdi;
	arguments[1] = user->rsi;
	arguments[2] = user->rdx;
	arguments[3] = user->r10;
	arguments[4] = user->r8;
	arguments[5] = user->r9;
}

void vp_arch_enter(struct vp_arch_registers *registers, uint64_t instruction,
		   const struct vp_arch_call *call)
{
	registers->user.rip = instruction;
	registers->user.rax = (uint64_t)call->number;
	registers->user.orig_rax = UINT64_MAX; /* no call that the kernel might restart */
	set_arguments(&registers->user, call->arguments);
}

bool vp_arch_left(const struct vp_arch_registers *registers, uint64_t instruction,
		  const struct vp_arch_call *call, int64_t *result)
{
	if (registers->user.rip != instruction + sizeof(vp_arch_instruction) ||
	    registers->user.orig_rax != (uint64_t)call->number)
		return false;
	*result = (int64_t)registers->user.rax;
	return true;
}

void vp_arch_wait(const struct vp_arch_registers *registers, struct vp_arch_wait *out)
{
	out->call.number = (long)registers->user.orig_rax;
	out->result = (int64_t)registers->user.rax;
	get_arguments(&registers->user, out->call.arguments);
}

/* Stopped where signals are delivered: the kernel still looks at rax when it goes on. */
void vp_arch_restart(struct vp_arch_registers *registers, int argument, uint64_t value)
{
	uint64_t arguments[6];

	registers->user.rax = (uint64_t)-VP_RESTART_NOHANDLER;
	if (argument < 0)
		return;
	get_arguments(&registers->user, arguments);
	arguments[argument] = value;
	set_arguments(&registers->user, arguments);
}

uint64_t vp_arch_ip(const struct vp_arch_registers *registers)
{
	return registers->user.rip;
}

void vp_arch_set_ip(struct vp_arch_registers *registers, uint64_t ip)
{
	registers->user.rip = ip;
}
