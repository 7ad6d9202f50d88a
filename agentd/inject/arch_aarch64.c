/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers and calls of aarch64: see arch.h, arch_aarch64.h. Not for AArch32 programs. */
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <linux/audit.h>
#include <linux/futex.h>

#include "agentd/inject/arch.h"
#include "agentd/inject/memory.h"
#include "lib/memory.h"

#ifndef NT_ARM_SSVE
#define NT_ARM_SSVE 0x40b
#endif

#define FORGOTTEN (-1)
#define NUMBER	  8 /* of the registers: where a call's number is */
#define SVC	  UINT32_C(0xd4000001)

const uint32_t vp_arch_audit = AUDIT_ARCH_AARCH64;
const uint16_t vp_arch_machine = EM_AARCH64;
const uint8_t vp_arch_instruction[] = { 0x01, 0x00, 0x00, 0xd4 }; /* svc #0 */
const size_t vp_arch_instruction_len = sizeof(vp_arch_instruction);

/* Four bytes each, and so aligned. */
const uint8_t *vp_arch_find(const uint8_t *code, size_t len, const uint8_t *instructions,
			    size_t instructions_len)
{
	for (size_t at = 0; at + instructions_len <= len; at += sizeof(SVC))
		if (!memcmp(code + at, instructions, instructions_len))
			return code + at;
	return NULL;
}

/* A set of registers; *len is how much there is of it. */
static int get_set(pid_t thread, int set, void *out, size_t *len)
{
	struct iovec vector = { out, *len };

	if (ptrace(PTRACE_GETREGSET, thread, (void *)(uintptr_t)set, &vector))
		return -errno;
	*len = vector.iov_len;
	return 0;
}

static int put_set(pid_t thread, int set, const void *data, size_t len)
{
	struct iovec vector = { (void *)(uintptr_t)data, len };

	return ptrace(PTRACE_SETREGSET, thread, (void *)(uintptr_t)set, &vector) ? -errno : 0;
}

static int put_number(pid_t thread, int32_t number)
{
	return put_set(thread, NT_ARM_SYSTEM_CALL, &number, sizeof(number));
}

static bool is_call(pid_t thread, uint64_t address)
{
	uint32_t code = 0;

	return vp_memory_read(thread, address, &code, sizeof(code)) && code == SVC;
}

int vp_arch_read(pid_t thread, struct vp_arch_registers *out)
{
	struct vp_arch_registers read = { .number = FORGOTTEN, .call = FORGOTTEN };
	size_t len = sizeof(read.user), number_len = sizeof(read.number);
	int r = get_set(thread, NT_PRSTATUS, &read.user, &len);

	if (!r && len == sizeof(read.user) && !(read.user.pstate & PSR_MODE32_BIT)) {
		r = get_set(thread, NT_ARM_SYSTEM_CALL, &read.number, &number_len);
		read.before = is_call(thread, read.user.pc);
		read.after = is_call(thread, read.user.pc - sizeof(SVC));
	} else {
		read.foreign = true; /* it has other registers, and fewer */
	}
	if (!r)
		*out = read;
	return r;
}

int vp_arch_write(pid_t thread, const struct vp_arch_registers *registers)
{
	int r;

	if (registers->foreign)
		return 0; /* nothing was changed in it */
	r = put_set(thread, NT_PRSTATUS, &registers->user, sizeof(registers->user));
	return r ? r : put_number(thread, registers->number);
}

bool vp_arch_foreign(const struct vp_arch_registers *registers)
{
	return registers->foreign;
}

void vp_arch_enter(struct vp_arch_registers *registers, uint64_t instruction,
		   const struct vp_arch_call *call)
{
	struct user_pt_regs *user = &registers->user;

	user->pc = instruction;
	user->pstate &= ~(uint64_t)PSR_BTYPE_MASK; /* not as if it had branched there */
	user->regs[NUMBER] = (uint64_t)call->number;
	memcpy(user->regs, call->arguments, sizeof(call->arguments));
	registers->number = FORGOTTEN;
	registers->call = FORGOTTEN;
}

bool vp_arch_left(const struct vp_arch_registers *registers, uint64_t instruction,
		  const struct vp_arch_call *call, int64_t *result)
{
	if (registers->user.pc != instruction + sizeof(vp_arch_instruction) ||
	    registers->user.regs[NUMBER] != (uint64_t)call->number ||
	    registers->number != call->number)
		return false;
	*result = (int64_t)registers->user.regs[0];
	return true;
}

void vp_arch_wait(const struct vp_arch_registers *registers, struct vp_arch_wait *out)
{
	out->call.number = registers->call;
	out->result = registers->result;
	memcpy(out->call.arguments, registers->user.regs, sizeof(out->call.arguments));
	if (registers->call >= 0)
		out->call.arguments[0] = registers->first;
}

/* As the kernel would have left it: before the instruction, with all arguments. */
void vp_arch_restart(struct vp_arch_registers *registers, int argument, uint64_t value)
{
	if (registers->call >= 0 && registers->result == -EINTR) {
		registers->user.pc -= sizeof(vp_arch_instruction);
		registers->user.regs[0] = registers->first;
	}
	registers->result = -VP_RESTART_NOHANDLER;
	if (argument >= 0)
		registers->user.regs[argument] = value;
}

uint64_t vp_arch_ip(const struct vp_arch_registers *registers)
{
	return registers->user.pc;
}

void vp_arch_set_ip(struct vp_arch_registers *registers, uint64_t ip)
{
	registers->user.pc = ip;
}

/* What a call loses */

/*
 * A thread in a call, or about to make one, has nothing that another would lose. In streaming
 * mode (SME) it would lose that too; a compute loop in it ends.
 */
static int save(pid_t thread, const struct vp_arch_registers *registers,
		struct vp_arch_vectors *vectors)
{
	struct user_sve_header header = { 0 };
	size_t len = sizeof(header);

	vectors->len = 0;
	if (registers->before)
		return 0;
	if (!get_set(thread, NT_ARM_SSVE, &header, &len) && (header.flags & SVE_PT_REGS_MASK))
		return -EBUSY;
	len = sizeof(header);
	if (get_set(thread, NT_ARM_SVE, &header, &len) ||
	    (header.flags & SVE_PT_REGS_MASK) != SVE_PT_REGS_SVE)
		return 0;
	len = header.size;
	if (len > sizeof(vectors->data))
		return -EBUSY;
	if (get_set(thread, NT_ARM_SVE, vectors->data, &len))
		return -errno;
	vectors->len = (uint32_t)len;
	return 0;
}

static int restore(pid_t thread, const struct vp_arch_vectors *vectors)
{
	return vectors->len ? put_set(thread, NT_ARM_SVE, vectors->data, vectors->len) : 0;
}

/* Calls that were interrupted */

static bool at_call(const struct vp_arch_registers *registers)
{
	return registers->before && !registers->foreign;
}

/* What such a call returns when a signal comes. Of those that are not here: that it is made
 * again, whatever comes; it may not have begun. */
static const struct {
	long number;
	int result;
} interrupted_calls[] = {
	{ SYS_accept, VP_RESTART_SYS },
	{ SYS_accept4, VP_RESTART_SYS },
	{ SYS_clock_nanosleep, VP_RESTART_NOHANDLER },
	{ SYS_connect, VP_RESTART_SYS },
	{ SYS_fcntl, VP_RESTART_SYS },
	{ SYS_flock, VP_RESTART_SYS },
	{ SYS_futex, VP_RESTART_SYS },
	{ SYS_getrandom, VP_RESTART_SYS },
	{ SYS_ioctl, VP_RESTART_SYS },
	{ SYS_mq_timedreceive, VP_RESTART_SYS },
	{ SYS_mq_timedsend, VP_RESTART_SYS },
	{ SYS_msgrcv, VP_RESTART_NOHANDLER },
	{ SYS_msgsnd, VP_RESTART_NOHANDLER },
	{ SYS_openat, VP_RESTART_SYS },
	{ SYS_ppoll, VP_RESTART_NOHANDLER },
	{ SYS_pselect6, VP_RESTART_NOHANDLER },
	{ SYS_read, VP_RESTART_SYS },
	{ SYS_readv, VP_RESTART_SYS },
	{ SYS_recvfrom, VP_RESTART_SYS },
	{ SYS_recvmmsg, VP_RESTART_SYS },
	{ SYS_recvmsg, VP_RESTART_SYS },
	{ SYS_rt_sigsuspend, VP_RESTART_NOHANDLER },
	{ SYS_sendfile, VP_RESTART_SYS },
	{ SYS_sendmmsg, VP_RESTART_SYS },
	{ SYS_sendmsg, VP_RESTART_SYS },
	{ SYS_sendto, VP_RESTART_SYS },
	{ SYS_splice, VP_RESTART_SYS },
	{ SYS_wait4, VP_RESTART_SYS },
	{ SYS_waitid, VP_RESTART_SYS },
	{ SYS_write, VP_RESTART_SYS },
	{ SYS_writev, VP_RESTART_SYS },
};

/* The C library does not expect EINTR of a lock with priority inheritance. */
static bool locks(long number, uint64_t second)
{
	int operation = (int)second & FUTEX_CMD_MASK;

	return number == SYS_futex && operation != FUTEX_WAIT &&
	       operation != FUTEX_WAIT_BITSET;
}

static int result_of(long number, uint64_t second)
{
	for (size_t i = 0; i < VP_COUNT(interrupted_calls); i++)
		if (interrupted_calls[i].number == number && !locks(number, second))
			return -interrupted_calls[i].result;
	return -VP_RESTART_ALWAYS;
}

/* The kernel itself says when it is restart_syscall(2) by which a call is made again. */
static int settle(struct vp_arch_registers *registers, const struct vp_arch_registers *entered)
{
	const struct user_pt_regs *now = &entered->user, *before = &registers->user;
	long number = (long)(int32_t)before->regs[NUMBER];

	if (now->pc != before->pc + sizeof(vp_arch_instruction) ||
	    memcmp(now->regs, before->regs, 6 * sizeof(now->regs[0])) != 0 ||
	    (entered->number != number && entered->number != SYS_restart_syscall))
		return -EPROTO;
	registers->call = number;
	registers->first = before->regs[0];
	registers->result = entered->number == SYS_restart_syscall
				    ? -VP_RESTART_BLOCK
				    : result_of(number, before->regs[1]);
	return 0;
}

/* The first argument stays: filters are shown the one that it came with. */
static void replace(struct vp_arch_registers *entered, const struct vp_arch_call *call)
{
	for (size_t i = 1; i < 6; i++)
		entered->user.regs[i] = call->arguments[i];
	entered->number = (int32_t)call->number;
}

static long after_call(const struct vp_arch_registers *registers)
{
	if (registers->foreign || !registers->after || registers->call >= 0 ||
	    registers->user.regs[0] != (uint64_t)-EINTR)
		return -1;
	return (int32_t)registers->user.regs[NUMBER];
}

/* What the kernel keeps, and what it would keep had a signal's handler run meanwhile, is the
 * first argument of the last call made. */
static void recall(struct vp_arch_registers *registers, const struct vp_arch_call *seen,
		   const struct vp_arch_call *kept)
{
	const struct user_pt_regs *user = &registers->user;

	if (seen->number < 0 || after_call(registers) != seen->number ||
	    memcmp(user->regs + 1, seen->arguments + 1, 5 * sizeof(user->regs[0])) != 0 ||
	    kept->arguments[0] != seen->arguments[0])
		return;
	registers->call = seen->number;
	registers->result = -EINTR;
	registers->first = seen->arguments[0];
}

static bool interrupted(const struct vp_arch_registers *registers)
{
	return registers->call >= 0 && registers->result <= -VP_RESTART_SYS &&
	       registers->result >= -VP_RESTART_BLOCK;
}

static void left(struct vp_arch_registers *registers)
{
	registers->user.pc += sizeof(vp_arch_instruction);
	registers->user.regs[0] = (uint64_t)registers->result;
	registers->number = (int32_t)registers->call;
}

static const struct vp_arch_quirks quirks = {
	.save = save,
	.restore = restore,
	.at_call = at_call,
	.settle = settle,
	.replace = replace,
	.after_call = after_call,
	.show = put_number,
	.recall = recall,
	.interrupted = interrupted,
	.left = left,
};
const struct vp_arch_quirks *const vp_arch_quirks = &quirks;
