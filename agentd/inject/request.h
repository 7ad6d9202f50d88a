/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the helper is asked and what it answers: one message over a SOCK_SEQPACKET socket,
 * with a descriptor of a sealed memfd that holds the filter's instructions; then one message
 * for each process, in the order asked. Both ends are of one build. Parsing is pure.
 */
#ifndef VP_INJECT_REQUEST_H
#define VP_INJECT_REQUEST_H

#include <stddef.h>
#include <stdint.h>

#include <linux/filter.h>

#include "agentd/inject/outcome.h"
#include "lib/error.h"

struct vp_injected; /* inject.h: only the helper makes them */

#define VP_REQUEST_MAGIC     0x324a4e49u /* "INJ2" */
#define VP_REQUEST_PROCESSES 1024	 /* at most */
#define VP_REQUEST_DEADLINE  5000	 /* milliseconds, at most */

#define VP_REQUEST_NAME	 4096
#define VP_REQUEST_CHASE 1000 /* milliseconds */

/* Whom to look for besides, for they come and go too fast to be asked for: chase.h. */
enum vp_request_chase { VP_CHASE_NONE, VP_CHASE_UNIT, VP_CHASE_EXECUTABLE };

struct vp_request_process {
	int32_t id; /* as this helper's namespace numbers it */
	uint32_t zero;
	uint64_t start; /* clock ticks after boot, field 22 of /proc/PID/stat; 0: whichever */
};

struct vp_request {
	uint32_t magic;
	uint32_t flags;	   /* VP_INJECT_ */
	uint32_t deadline; /* milliseconds for a thread to stop; 0: the default */
	uint32_t chase;	   /* enum vp_request_chase */
	uint32_t zero;
	uint32_t count;
	uint64_t key; /* of the filter's listener (agentd/answer/message.h); 0: it has none */
	char name[VP_REQUEST_NAME]; /* of the unit or executable; "" where none is chased */
	struct vp_request_process processes[VP_REQUEST_PROCESSES];
};

/* Bytes of a request of that many. */
static inline size_t vp_request_len(uint32_t count)
{
	return offsetof(struct vp_request, processes) +
	       count * sizeof(struct vp_request_process);
}

struct vp_record {
	uint32_t magic;
	int32_t id;
	uint64_t start;
	uint32_t outcome; /* enum vp_inject_outcome */
	uint32_t reason;  /* enum vp_inject_reason */
	int64_t detail;
	uint32_t flags; /* VP_INJECTED_ */
	uint32_t threads;
	uint32_t stops;
	uint32_t zero;
	uint64_t pause; /* nanoseconds */
};

/* Check what came; *out is a copy. 0 or -EPROTO, *out untouched. */
int vp_request_parse(const void *bytes, size_t len, struct vp_request *out,
		     struct vp_error *err);
int vp_record_parse(const void *bytes, size_t len, struct vp_record *out,
		    struct vp_error *err);

/*
 * The instructions in a memfd, which must be sealed against any change. 0 and their count,
 * or -errno.
 */
int vp_request_program(int fd, struct sock_filter program[static BPF_MAXINSNS], size_t *len,
		       struct vp_error *err);

/* The next message, and the one descriptor that must come with it, the caller's. 0 or -errno;
 * -EPIPE: there is none. */
int vp_request_receive(int socket, struct vp_request *out, int *program, struct vp_error *err);

/* Ask: the caller keeps `program`. 0 or -errno. */
int vp_request_send(int socket, const struct vp_request *request, int program,
		    struct vp_error *err);

/* A memfd of instructions, sealed; the caller's. -errno. */
int vp_request_seal(const struct sock_filter *program, size_t len, struct vp_error *err);

void vp_record_fill(struct vp_record *record, const struct vp_request_process *process,
		    const struct vp_injected *injected);

#endif
