/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of an injection depends on the architecture: registers, numbers of calls, the
 * instruction. One arch_*.c of these is compiled.
 */
#ifndef VP_INJECT_ARCH_H
#define VP_INJECT_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

struct vp_arch_registers {
	struct user_regs_struct user;
};

struct vp_arch_call {
	long number;
	uint64_t arguments[6];
};

/* In which call a thread was stopped, and what the kernel has it return. */
struct vp_arch_wait {
	struct vp_arch_call call; /* number -1: in none, or its outcome is settled */
	int64_t result;		  /* -errno, also the kernel's own ones of restarts */
};

/* The kernel's own errors (include/linux/errno.h): what becomes of an interrupted call. */
#define VP_RESTART_SYS	     512 /* again, or EINTR where a handler runs without SA_RESTART */
#define VP_RESTART_ALWAYS    513
#define VP_RESTART_NOHANDLER 514 /* again, unless a handler runs: then EINTR */
#define VP_RESTART_BLOCK     516 /* by restart_syscall(2), or EINTR where a handler runs */

extern const uint32_t vp_arch_audit; /* AUDIT_ARCH_ of what the calls are made in */
extern const uint8_t vp_arch_instruction[];
extern const size_t vp_arch_instruction_len;

/* Of a stopped thread. 0 or -errno. */
int vp_arch_read(pid_t thread, struct vp_arch_registers *out);
int vp_arch_write(pid_t thread, const struct vp_arch_registers *registers);

/* Does it run in a foreign ABI, as 32-bit programs do? */
bool vp_arch_foreign(const struct vp_arch_registers *registers);

/* Change registers so that the thread makes a call at `instruction` when it runs on. */
void vp_arch_enter(struct vp_arch_registers *registers, uint64_t instruction,
		   const struct vp_arch_call *call);

/* Has exactly this call just ended? Then its result. */
bool vp_arch_left(const struct vp_arch_registers *registers, uint64_t instruction,
		  const struct vp_arch_call *call, int64_t *result);

void vp_arch_wait(const struct vp_arch_registers *registers, struct vp_arch_wait *out);

/* Have the kernel make the interrupted call again, with one argument changed (-1: none),
 * unless a signal's handler is to run. */
void vp_arch_restart(struct vp_arch_registers *registers, int argument, uint64_t value);

uint64_t vp_arch_ip(const struct vp_arch_registers *registers);
void vp_arch_set_ip(struct vp_arch_registers *registers, uint64_t ip);

#endif
