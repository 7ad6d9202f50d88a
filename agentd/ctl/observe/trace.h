/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records of perf_event_open(2) about calls of the kernel and about processes, parsed. Pure;
 * nothing is allocated. They come from the kernel, with texts in them that processes chose.
 */
#ifndef VP_OBSERVE_TRACE_H
#define VP_OBSERVE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define VP_TRACE_ARGUMENTS 6
#define VP_TRACE_REGISTERS 16
#define VP_TRACE_NAME	   16

enum vp_trace_kind {
	VP_TRACE_CALL,	  /* a process enters the kernel */
	VP_TRACE_FORK,	  /* a new process or thread */
	VP_TRACE_EXIT,	  /* a thread has ended */
	VP_TRACE_NAME_IS, /* a new name, by starting a program or otherwise */
	VP_TRACE_MAPPING, /* a file was mapped to be executed */
	VP_TRACE_LOST,	  /* records that had no room */
	VP_TRACE_OTHER,	  /* nothing of these */
};

struct vp_trace {
	enum vp_trace_kind kind;
	uint64_t time;	       /* nanoseconds of CLOCK_MONOTONIC */
	pid_t process, thread; /* 0: of another PID namespace */
	pid_t parent;	       /* FORK: process that it comes from; of a thread its own */
	int64_t number;	       /* CALL */
	uint64_t arguments[VP_TRACE_ARGUMENTS];
	uint64_t width; /* CALL: PERF_SAMPLE_REGS_ABI_ of the code that made it */
	uint64_t registers[VP_TRACE_REGISTERS]; /* CALL: of user mode, as many as asked for */
	char name[VP_TRACE_NAME];		/* NAME_IS */
	bool executed;				/* NAME_IS: by starting a program */
	const char *path;			/* MAPPING; within the record */
	uint64_t lost;				/* LOST: how many, at least 1 */
};

/* What records look like: where the tracepoint has its fields, and what was asked for. */
struct vp_trace_form {
	size_t number;	  /* byte offset of `id` (64 bits) in the tracepoint's data */
	size_t arguments; /* of `args` (six of 64 bits) */
	size_t registers; /* how many were asked for, at most VP_TRACE_REGISTERS */
};

/*
 * The events must have been opened with PERF_SAMPLE_TID, _TIME, _RAW and _REGS_USER, with
 * sample_id_all, and read nothing else. `data` is one whole record with its header. 0, or
 * -EINVAL where it is none.
 */
int vp_trace_parse(const struct vp_trace_form *form, const void *data, size_t len,
		   struct vp_trace *record);

/*
 * The text of .../events/raw_syscalls/sys_enter/format: offsets into *form. 0, or -EINVAL
 * where the fields are not there or have another size.
 */
int vp_trace_form_parse(const char *text, struct vp_trace_form *form);

#endif
