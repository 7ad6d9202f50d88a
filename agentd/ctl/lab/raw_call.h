/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One system call with exactly these registers, by exactly this way into the kernel. No
 * C library stands between.
 */
#ifndef VP_LAB_RAW_CALL_H
#define VP_LAB_RAW_CALL_H

#include <stdbool.h>

#include "modules/seccomp/attempts.h"

struct vp_raw_call {
	uint32_t abi; /* enum vp_abi */
	int32_t number;
	uint64_t arguments[VP_CALL_ARGUMENTS];
	uint32_t
		words[VP_CALL_ARGUMENTS]; /* in memory, whose address is the second argument */
	uint32_t count;			  /* of them; 0: all is in registers */
	/* The call makes a thread or a process, which must not go on where this one does: it
	 * would do so on the same stack. */
	uint32_t forks;
};

void vp_raw_call_of(const struct vp_attempt *attempt, struct vp_raw_call *entry);

/*
 * Can this program make calls in that ABI? Of a 32-bit one a kernel may still know nothing:
 * then the call ends by SIGSEGV, or with ENOSYS.
 */
bool vp_raw_call_has(enum vp_abi abi);

/* Memory that 32-bit calls can address; NULL: there is none. Never released. */
void *vp_raw_call_memory(void);

/* Put the words that it has into that memory, for the calling process. */
void vp_raw_call_place(struct vp_raw_call *entry, void *memory);

/*
 * Make it: what the kernel returned, -errno for an error. Between the call and the return
 * nothing is read but registers and the stack. A call that must not return, does not.
 */
long vp_raw_call_make(const struct vp_raw_call *entry);

#endif
