/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is kept of a stopped thread on aarch64: see arch.h.
 *
 * Where a thread is stopped that was interrupted in a call, the kernel has already decided
 * that the call is made again: pc is before the instruction, x0 is the first argument, the
 * number of the call is forgotten, and what the call returned is in no register. The kernel
 * still needs that, and has it as long as the thread just goes on (do_signal() of
 * arch/arm64/kernel/signal.c). Calls made in the thread make it forget.
 */
#ifndef VP_INJECT_ARCH_AARCH64_H
#define VP_INJECT_ARCH_AARCH64_H

#include <asm/ptrace.h>

struct vp_arch_registers {
	struct user_pt_regs user; /* as they are where it is stopped */
	int32_t number;		  /* of the call that it is in; -1: none, or forgotten */
	bool foreign;		  /* AArch32: nothing else here is true */
	bool before, after;	  /* pc is before, behind the instruction of a call */

	/* the call it was interrupted in, as far as that is known */
	long call;	/* -1: not known */
	int64_t result; /* of it, -errno */
	uint64_t first; /* its first argument: x0 may be its result */
};

/* SVE: no call preserves more than the lower 128 bits. 32 of 2048 bits, 17 of 256, and what
 * says how many. */
struct vp_arch_vectors {
	uint32_t len; /* 0: nothing to be preserved */
	uint8_t data[9216] __attribute__((aligned(16)));
};

#endif
