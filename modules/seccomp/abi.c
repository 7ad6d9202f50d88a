/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names and numbers of ABIs and of calls in them: see abi.h. */
#include "modules/seccomp/abi.h"

#include <errno.h>

#include <linux/audit.h>

#include <seccomp.h>

#include "lib/cleanup.h"
#include "lib/memory.h"

static const struct {
	const char *name;
	uint32_t audit, token;
	bool narrow;
	enum vp_abi companion;
} abis[VP_ABI_COUNT] = {
	[VP_ABI_X86_64] = { "x86-64", AUDIT_ARCH_X86_64, SCMP_ARCH_X86_64, false,
			    VP_ABI_I386 },
	[VP_ABI_AARCH64] = { "aarch64", AUDIT_ARCH_AARCH64, SCMP_ARCH_AARCH64, false,
			     VP_ABI_ARM },
	[VP_ABI_I386] = { "int 0x80", AUDIT_ARCH_I386, SCMP_ARCH_X86, true, VP_ABI_COUNT },
	[VP_ABI_X32] = { "x32", AUDIT_ARCH_X86_64, SCMP_ARCH_X32, false, VP_ABI_COUNT },
	[VP_ABI_ARM] = { "AArch32", AUDIT_ARCH_ARM, SCMP_ARCH_ARM, true, VP_ABI_COUNT },
};

const char *vp_abi_name(enum vp_abi abi)
{
	return abis[abi].name;
}

uint32_t vp_abi_audit(enum vp_abi abi)
{
	return abis[abi].audit;
}

uint32_t vp_abi_token(enum vp_abi abi)
{
	return abis[abi].token;
}

bool vp_abi_is_narrow(enum vp_abi abi)
{
	return abis[abi].narrow;
}

enum vp_abi vp_abi_companion(enum vp_abi abi)
{
	return abis[abi].companion;
}

enum vp_abi vp_abi_native(void)
{
	uint32_t token = seccomp_arch_native();

	return token == SCMP_ARCH_X86_64    ? VP_ABI_X86_64
	       : token == SCMP_ARCH_AARCH64 ? VP_ABI_AARCH64
					    : VP_ABI_COUNT;
}

bool vp_abi_of(uint32_t audit, int nr, enum vp_abi *abi)
{
	for (int i = 0; i < VP_ABI_COUNT; i++) {
		if (abis[i].audit != audit)
			continue;
		/* -1 is what a tracer writes to skip a call */
		*abi = i == VP_ABI_X86_64 && (uint32_t)nr >= VP_X32_BIT && nr != -1
			       ? VP_ABI_X32
			       : (enum vp_abi)i;
		return true;
	}
	return false;
}

bool vp_abi_knows(const char *call)
{
	return seccomp_syscall_resolve_name(call) != __NR_SCMP_ERROR;
}

char *vp_abi_call_name(enum vp_abi abi, int nr)
{
	if (nr < 0)
		return NULL;
	return seccomp_syscall_resolve_num_arch(abis[abi].token, nr);
}

/*
 * libseccomp gives a pseudo number for calls that i386 has both by itself and through a
 * multiplexer; the real one is found by its name. They came late, between recvmmsg (337) and
 * msgctl (402).
 */
static int find_by_name(enum vp_abi abi, const char *call)
{
	for (int nr = 337; nr <= 402; nr++) {
		_cleanup_free_ char *name = vp_abi_call_name(abi, nr);

		if (name && !strcmp(name, call))
			return nr;
	}
	return -ENOENT;
}

int vp_abi_number(enum vp_abi abi, const char *call)
{
	int nr = seccomp_syscall_resolve_name_arch(abis[abi].token, call);

	if (nr >= 0)
		return nr;
	if (nr == __NR_SCMP_ERROR || abi != VP_ABI_I386 || nr > -100 || nr < -300)
		return -ENOENT;
	return find_by_name(abi, call);
}
