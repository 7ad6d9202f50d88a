/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts of /proc about one process or thread (proc(5)), parsed. Pure; nothing is allocated. */
#ifndef VP_LIB_PROC_H
#define VP_LIB_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* /proc/PID/status. What a kernel does not tell is 0. */
struct vp_proc_status {
	pid_t process; /* Tgid */
	pid_t tracer;  /* 0: none */
	uid_t uid;     /* effective */
	uint64_t capabilities;
	bool no_new_privs;
	uint8_t seccomp;  /* 0 none, 1 strict, 2 filters */
	uint32_t filters; /* how many; Linux 5.9 */
	uint64_t waits;	  /* how often it has gone to sleep */
	uint64_t
		handled; /* bits of signals that have a handler, 1 the lowest; not told: all */
};

/* 0, or -EINVAL where a line that every kernel has is missing or is no number. */
int vp_proc_status_parse(const char *text, struct vp_proc_status *out);

/* /proc/PID/stat. Its id and start name a process for good. */
struct vp_proc_stat {
	char state;	/* R S D T t Z X I ... */
	pid_t parent;	/* 0 at the top */
	uint32_t flags; /* PF_ of include/linux/sched.h */
	uint64_t start; /* of the process or thread: clock ticks after boot */
	int processor;	/* on which it ran last */
};

#define VP_PF_EXITING	  0x00000004u
#define VP_PF_IO_WORKER	  0x00000010u /* a helper of io_uring: never in user mode */
#define VP_PF_FORKNOEXEC  0x00000040u /* forked, and nothing executed since */
#define VP_PF_USER_WORKER 0x00004000u /* a helper of vhost: likewise */
#define VP_PF_KTHREAD	  0x00200000u

int vp_proc_stat_parse(const char *text, struct vp_proc_stat *out);

/* A line of /proc/PID/maps. */
struct vp_proc_mapping {
	uint64_t first, end;
	bool readable, writable, executable;
	const char *name; /* "" where it has none; within `line` */
};

int vp_proc_mapping_parse(const char *line, struct vp_proc_mapping *out);

/* /proc/PID/syscall: the call that a thread is blocked in. */
struct vp_proc_call {
	bool running; /* it is not blocked: the rest is 0 */
	long number;  /* -1: blocked, but in no system call */
	uint64_t arguments[6];
	uint64_t stack; /* pointer */
};

int vp_proc_call_parse(const char *text, struct vp_proc_call *out);

/*
 * /proc/PID/sched: when the thread was last seen running, in nanoseconds of its processor's
 * own clock (se.exec_start; where the thread sleeps: since when). -EINVAL where it is missing.
 */
int64_t vp_proc_sched_parse(const char *text);

#endif
