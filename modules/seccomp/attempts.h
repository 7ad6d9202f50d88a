/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A call of a sample in every way in which it can be made: natively, with the halves of
 * registers set that the kernel does not read, by the 32-bit ABI under each of its names and
 * through its multiplexers, by x32. What is asked of an interpreter is so the same
 * as what is done to a kernel. Pure.
 */
#ifndef VP_SECCOMP_ATTEMPTS_H
#define VP_SECCOMP_ATTEMPTS_H

#include "modules/seccomp/filter.h"

enum vp_call_way {
	VP_CALL_WAY_NATIVE,  /* as it is written */
	VP_CALL_WAY_UPPER,   /* natively, with upper halves set */
	VP_CALL_WAY_NARROW,  /* int 0x80, AArch32 */
	VP_CALL_WAY_THROUGH, /* there, through socketcall or ipc */
	VP_CALL_WAY_X32,
	VP_CALL_WAYS
};

/* A word for documents and tables: "native", "upper", "32-bit", "multiplexed", "x32". */
const char *vp_call_way_name(enum vp_call_way way);

struct vp_attempt {
	const struct vp_call_vector *call; /* whoever made the attempts keeps it */
	bool denied;			   /* what is expected */
	enum vp_call_way way;
	enum vp_abi abi;
	struct vp_abi_form form;
	uint64_t upper;		  /* what is above the 32 bits that the kernel reads */
	struct seccomp_data data; /* the registers; the instruction pointer is 0 */
	/* Behind socketcall the arguments are 32-bit words in memory, `count` of them; the
	 * second argument is their address, which is made up here. 0: all is in registers. */
	uint32_t words[VP_CALL_ARGUMENTS];
	size_t count;
};

VP_ARRAY_TYPE(vp_attempts, struct vp_attempt);

/*
 * Append all ways to make a call that a filter must deny, or allow. Denied ones must
 * be denied in every way; allowed ones allowed natively, and by the 32-bit ABI where the
 * filter covers it and the form has all arguments where the prototype has them. None: this
 * architecture has no such call, which can so neither be made nor denied.
 */
void vp_attempts_add(struct vp_attempts *attempts, const struct vp_filter *filter,
		     const struct vp_call_vector *call, bool denied);

/* "socket(domain=16) by int 0x80 as socketcall(1) with upper halves 0xffffffff" */
void vp_attempt_print(const struct vp_attempt *attempt, struct vp_strbuf *out);
/* The same without the call: "int 0x80 as socketcall(1)". */
void vp_attempt_print_way(const struct vp_attempt *attempt, struct vp_strbuf *out);

#endif
