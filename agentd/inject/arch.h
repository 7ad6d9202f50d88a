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

struct vp_arch_call {
	long number;
	uint64_t arguments[6];
};

/* struct vp_arch_registers and vp_arch_vectors */
#ifdef __aarch64__
#include "agentd/inject/arch_aarch64.h"
#else
#include "agentd/inject/arch_x86_64.h"
#endif

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

extern const uint32_t vp_arch_audit;   /* AUDIT_ARCH_ of what the calls are made in */
extern const uint16_t vp_arch_machine; /* EM_ of its programs */
extern const uint8_t vp_arch_instruction[];
extern const size_t vp_arch_instruction_len;

/* Where in code, which begins where an instruction may, these instructions are; NULL. */
const uint8_t *vp_arch_find(const uint8_t *code, size_t len, const uint8_t *instructions,
			    size_t instructions_len);

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

/*
 * What is lost where a thread is stopped, or by the calls made in it, on architectures where
 * anything is. Those that are not given a thread are pure.
 */
struct vp_arch_quirks {
	/* Keep what a call would lose. 0; -EBUSY: that cannot be kept; or -errno. */
	int (*save)(pid_t thread, const struct vp_arch_registers *registers,
		    struct vp_arch_vectors *vectors);
	int (*restore)(pid_t thread, const struct vp_arch_vectors *vectors);

	/* Is it before the instruction of a call, interrupted in it or about to make it? */
	bool (*at_call)(const struct vp_arch_registers *registers);
	/* It went on and enters that call: what this tells of it. 0 or -EPROTO. */
	int (*settle)(struct vp_arch_registers *registers,
		      const struct vp_arch_registers *entered);
	/* It shall make another call in the place of that one, with the same first argument.
	 */
	void (*replace)(struct vp_arch_registers *entered, const struct vp_arch_call *call);

	/* The number of the call that may have ended by EINTR right where it is; -1: none. */
	long (*after_call)(const struct vp_arch_registers *registers);
	/* Have the kernel show (in /proc/PID/syscall) what it keeps of that call; -1: not. */
	int (*show)(pid_t thread, int number);
	/* It was in the call `seen` before, and `kept` is what the kernel keeps. */
	void (*recall)(struct vp_arch_registers *registers, const struct vp_arch_call *seen,
		       const struct vp_arch_call *kept);

	/* Was it interrupted in a call that the kernel is to decide on? Then it is told again:
	 * by what that call returned, where another with the same first argument returns. */
	bool (*interrupted)(const struct vp_arch_registers *registers);
	void (*left)(struct vp_arch_registers *registers);
};

extern const struct vp_arch_quirks *const vp_arch_quirks; /* NULL: nothing is lost */

uint64_t vp_arch_ip(const struct vp_arch_registers *registers);
void vp_arch_set_ip(struct vp_arch_registers *registers, uint64_t ip);

#endif
