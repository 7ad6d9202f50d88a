/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What vpatchd-answer is told and what it tells: messages of fixed size over a SOCK_SEQPACKET
 * socket, each way one kind of them. All sides are of one build. Parsing is pure.
 *
 *	VP_ANSWER_PING		answered with a state
 *	VP_ANSWER_LISTENER	with a descriptor: the listener of a filter that was just put
 *on (seccomp_unotify(2)); answered likewise
 *	VP_ANSWER_TABLE		with a descriptor: a sealed memfd with the answers that hold
 *from now on (table.h); answered likewise. Who gave the last one is told what was denied.
 */
#ifndef VP_ANSWER_MESSAGE_H
#define VP_ANSWER_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

#define VP_ANSWER_MAGIC 0x31534e41u /* "ANS1" */
#define VP_ANSWER_NAME	"answer.sock"
#define VP_ANSWER_UNIT	"vpatchd-answer.socket"

enum vp_answer_order_kind {
	VP_ANSWER_PING = 1,
	VP_ANSWER_LISTENER,
	VP_ANSWER_TABLE,
	VP_ANSWER_ORDERS,
};

struct vp_answer_order {
	uint32_t magic;
	uint32_t kind;
	uint64_t key;	 /* of a listener: whose answers it is given (vp_call_target_key) */
	int32_t process; /* of a listener: that it was made in */
	uint32_t number; /* of a table, the sender's */
};

enum vp_answer_note_kind {
	VP_ANSWER_STATE = 1, /* in answer to an order */
	VP_ANSWER_DENIED,
	VP_ANSWER_NOTES,
};

#define VP_ANSWER_PROCESSES 0x1u /* of several: `process` is 0 */

/* Fixed widths, no padding. What is not of its kind is 0. */
struct vp_answer_note {
	uint32_t magic;
	uint32_t kind;
	/* of a state */
	uint64_t instance;    /* another one after each start */
	uint64_t lost;	      /* denials that there was no room to count, so far */
	int32_t result;	      /* of the order: 0 or -errno */
	uint32_t number;      /* of the table that holds; 0: none */
	uint32_t listeners;   /* that are held */
	uint32_t confinement; /* VP_CONFINED_ bits (agentd/sandbox.h) */
	/* of denials */
	uint64_t count;
	uint64_t first, last; /* microseconds since the epoch */
	uint32_t tag;	      /* whose rule it was; 0: the ABI of the call is closed */
	uint32_t flags;	      /* VP_ANSWER_PROCESSES */
	int32_t process;
	uint32_t architecture; /* AUDIT_ARCH_ */
	int32_t call;
	int32_t error;
};

/* Check what came; *out is a copy. 0 or -EPROTO, *out untouched. */
int vp_answer_order_parse(const void *bytes, size_t len, struct vp_answer_order *out,
			  struct vp_error *err);
int vp_answer_note_parse(const void *bytes, size_t len, struct vp_answer_note *out,
			 struct vp_error *err);

#endif
