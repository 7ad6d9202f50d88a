/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Classic BPF programs as seccomp runs them: the kernel's checks, a run over one
 * system call, a whole stack of filters, and a listing. Pure; the programs may
 * come from anywhere, also from another process (PTRACE_SECCOMP_GET_FILTER).
 */
#ifndef VP_SECCOMP_INTERPRETER_H
#define VP_SECCOMP_INTERPRETER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include "lib/error.h"
#include "lib/strbuf.h"

/* BPF_MAXINSNS of the kernel. */
#define VP_BPF_MAX 4096
/* What the kernel bears on one process: the sum of the translated programs, each plus 4. */
#define VP_BPF_PATH_MAX 32768

/* A program; the instructions belong to whoever made it. */
struct vp_bpf {
	const struct sock_filter *code;
	size_t len;
};

/*
 * Would the kernel accept it for seccomp? 0, or -EINVAL with the instruction and the
 * reason. Only a checked program may be run.
 */
int vp_bpf_check(const struct vp_bpf *program, struct vp_error *err);

/* The word that the program returns: action and data, see seccomp(2). */
uint32_t vp_bpf_run(const struct vp_bpf *program, const struct seccomp_data *data);

/* Would the kernel, under this program alone, make the call as it was asked for, and do
 * nothing else but perhaps log it? False also where it would not take the program. */
bool vp_bpf_allows(const struct sock_filter *code, size_t len,
		   const struct seccomp_data *data);

/*
 * What the kernel does with a call under several filters, the newest first: the strictest
 * action, of equals the newest one's. Each program must have been checked. The index of the
 * deciding program in *which (NULL: not wanted; `count` when no filter speaks). No filter at
 * all: SECCOMP_RET_ALLOW.
 */
uint32_t vp_bpf_run_stack(const struct vp_bpf *programs, size_t count,
			  const struct seccomp_data *data, size_t *which);

/* May `added` be put on the stack with regard to the kernel's bound on its length? */
int vp_bpf_stack_room(const struct vp_bpf *programs, size_t count, const struct vp_bpf *added,
		      struct vp_error *err);

/* One line per instruction: "  12 jeq 0x26, 3, 0". */
void vp_bpf_print(const struct vp_bpf *program, struct vp_strbuf *out);

#endif
