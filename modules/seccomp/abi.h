/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ways into the kernel and the numbers of calls in each.
 *
 * A 64-bit x86 process can also enter by int 0x80 (i386) and, where the kernel has
 * it, by x32; an aarch64 kernel runs AArch32 programs. One call of a definition is
 * made there in other forms: under other names, with arguments elsewhere, through a
 * multiplexer. All of them are here.
 */
#ifndef VP_SECCOMP_ABI_H
#define VP_SECCOMP_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/seccomp.h>

enum vp_abi {
	VP_ABI_X86_64,
	VP_ABI_AARCH64,
	VP_ABI_I386,
	VP_ABI_X32,
	VP_ABI_ARM,
	VP_ABI_COUNT
};

/* Above every number of a call that there is; x32 adds VP_X32_BIT. */
#define VP_CALL_NUMBERS 1024
#define VP_X32_BIT	0x40000000u

/* "x86-64", "i386 (int 0x80)", ... */
const char *vp_abi_name(enum vp_abi abi);
/* AUDIT_ARCH_ of struct seccomp_data; x32 has that of x86-64. */
uint32_t vp_abi_audit(enum vp_abi abi);
/* libseccomp's SCMP_ARCH_. */
uint32_t vp_abi_token(enum vp_abi abi);
/* 32-bit registers: the upper half of what struct seccomp_data has does not count. */
bool vp_abi_is_narrow(enum vp_abi abi);
/* The 32-bit ABI that a filter for this 64-bit one can cover; VP_ABI_COUNT: none. */
enum vp_abi vp_abi_companion(enum vp_abi abi);

/* The 64-bit ABI that this program was built for; VP_ABI_COUNT: another machine. */
enum vp_abi vp_abi_native(void);

/* Which ABI a call was made in. False: none that is known. */
bool vp_abi_of(uint32_t audit, int nr, enum vp_abi *abi);

/* Is it in libseccomp's tables, for whatever machine? */
bool vp_abi_knows(const char *call);
/* The call's own number (x32: with VP_X32_BIT), or -ENOENT where this ABI has no such call. */
int vp_abi_number(enum vp_abi abi, const char *call);
/* Name of a number, owned by the caller; NULL: unknown. */
char *vp_abi_call_name(enum vp_abi abi, int nr);

/* One form in which a call is made in an ABI. */
struct vp_abi_form {
	const char *name; /* of libseccomp, for the number below */
	int number;
	/* Arguments from here on are elsewhere or in memory: conditions on them cannot be
	 * checked in this form. VP_CALL_ARGUMENTS: all are where the prototype has them. */
	uint8_t kept;
	/* Through a multiplexer: (first argument & mask) == selector. Mask 0: not so. */
	uint32_t selector_mask, selector;
};

#define VP_ABI_FORMS 6

/*
 * All forms of a call. 64-bit ABIs have at most one. 0: the ABI does not have the call.
 * The names are the caller's `call` or static.
 */
size_t vp_abi_forms(enum vp_abi abi, const char *call,
		    struct vp_abi_form forms[static VP_ABI_FORMS]);

#endif
