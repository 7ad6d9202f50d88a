/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is kept of a stopped thread on x86-64: see arch.h. */
#ifndef VP_INJECT_ARCH_X86_64_H
#define VP_INJECT_ARCH_X86_64_H

#include <sys/user.h>

struct vp_arch_registers {
	struct user_regs_struct user;
};

/* A call loses none. */
struct vp_arch_vectors {
	uint32_t len;
};

#endif
