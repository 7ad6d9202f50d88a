/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Named sets of call rules: what an attacker would use for one purpose. The
 * members are written in the language itself, so they are read and checked as any
 * other rule is.
 */
#include <string.h>

#include "policy/call.h"

static const struct vp_call_set sets[] = {
	{ "userns",
	  "new user namespaces; clone3 is answered ENOSYS",
	  {
		  "unshare(flags has CLONE_NEWUSER)",
		  /* brings the rule that answers clone3 */
		  "clone(flags has CLONE_NEWUSER)",
	  } },
	{ "io-uring",
	  "io_uring, which does without further calls what other rules deny",
	  {
		  "io_uring_setup",
		  "io_uring_enter",
		  "io_uring_register",
	  } },
	{ "exec", "starting other programs", { "execve", "execveat" } },
	{ "raw-sockets",
	  "packets of one's own making, and everybody's packets",
	  {
		  "socket(domain = AF_PACKET)",
		  "socket(domain = AF_INET, type in (SOCK_RAW, SOCK_PACKET))",
		  "socket(domain = AF_INET6, type = SOCK_RAW)",
	  } },
	{ "kernel-modules",
	  "loading and removing kernel modules by hand",
	  { "init_module", "finit_module", "delete_module" } },
	{ "bpf", "the bpf call: programs, maps, links", { "bpf" } },
	{ "keyring", "the kernel's keyrings", { "add_key", "request_key", "keyctl" } },
	{ "ptrace",
	  "reading and changing other processes",
	  {
		  "ptrace",
		  "process_vm_readv",
		  "process_vm_writev",
		  "pidfd_getfd",
	  } },
};

const struct vp_call_set *vp_call_set_find(const char *name, size_t len)
{
	for (size_t i = 0; i < VP_COUNT(sets); i++)
		if (!strncmp(sets[i].name, name, len) && !sets[i].name[len])
			return &sets[i];
	return NULL;
}

const struct vp_call_set *vp_call_set_all(size_t *count)
{
	*count = VP_COUNT(sets);
	return sets;
}
