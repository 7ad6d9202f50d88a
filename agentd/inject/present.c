/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filters of a stopped thread, read by PTRACE_SECCOMP_GET_FILTER: see present.h. */
#include "agentd/inject/present.h"

#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>

#include <linux/ptrace.h>

/* Into the buffer: its length in instructions, or -errno. -ENOENT: there is none. */
static int read_filter(struct vp_present *present, pid_t thread, uint32_t index)
{
	long len = ptrace((int)PTRACE_SECCOMP_GET_FILTER, thread, (void *)(uintptr_t)index,
			  present->buffer);

	if (len < 0)
		return -errno;
	return len <= BPF_MAXINSNS ? (int)len : -E2BIG;
}

static bool is_program(const struct vp_present *present, int len)
{
	return (size_t)len == present->len &&
	       !memcmp(present->buffer, present->program,
		       present->len * sizeof(*present->program));
}

static void judge(struct vp_present *present, size_t len)
{
	for (size_t i = 0; i < present->call_count; i++) {
		struct seccomp_data data = {
			.nr = (int)present->calls[i].number,
			.arch = vp_arch_audit,
			.instruction_pointer = present->ip,
		};

		for (size_t k = 0; k < 6; k++)
			data.args[k] = present->calls[i].arguments[k];
		if (!present->allows || !present->allows(present->buffer, len, &data))
			present->denied |= 1u << i;
	}
}

int vp_present_read(struct vp_present *present, pid_t thread, bool filtered)
{
	int len;

	present->filters = 0;
	present->found = false;
	present->denied = 0;
	while ((len = read_filter(present, thread, present->filters)) >= 0) {
		present->filters++;
		present->found |= is_program(present, len);
		judge(present, (size_t)len);
	}
	if (len == -ENOENT && present->filters)
		return 0;
	if (len == -EINVAL && !present->filters) /* in filter mode it is none, or unknown */
		return filtered ? -ENOENT : 0;
	return len;
}

int vp_present_is(struct vp_present *present, pid_t thread, uint32_t index)
{
	int len = read_filter(present, thread, index);

	return len < 0 ? len : is_program(present, len);
}
