/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parent and the two processes of inspection tell each other: messages
 * of one size over a SOCK_SEQPACKET pair each. All are of one build. A process
 * that parses foreign bytes may send anything: nothing is believed that
 * vp_note_check did not check.
 */
#ifndef VP_INSPECT_NOTE_H
#define VP_INSPECT_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/address.h"
#include "lib/error.h"
#include "modules/netfilter/queue.h"

#define VP_NOTE_MAGIC 0x3149u /* "I1" */
#define VP_QUEUES_MAX 16

enum vp_note_kind {
	/* from the parent, the first one to each process */
	VP_NOTE_SETUP = 1,
	/* to the worker; `number` is a generation */
	VP_NOTE_PROGRAM,  /* `program`, with a descriptor of its bytes */
	VP_NOTE_ACTIVATE, /* judge by it from now on */
	VP_NOTE_FORGET,	  /* it will not be used, or not again */
	/* to the writer */
	VP_NOTE_SETTLE, /* settle what waits, and leave */
	VP_NOTE_BEAT,	/* renew the leases now: rules with new ones were committed */

	/* from both, once confined: `number` has VP_CONFINED_ bits */
	VP_NOTE_READY,
	/* from the worker; `number` is a generation */
	VP_NOTE_LOADED,
	VP_NOTE_REFUSED, /* with `text` */
	VP_NOTE_GONE,	 /* it was forgotten */
	VP_NOTE_HIT,
	/* from the writer */
	VP_NOTE_LATE, /* the worker is given up: `number` is an enum vp_lateness */
	VP_NOTE_KINDS,
};

/* Why a worker is given up. */
enum vp_lateness {
	VP_LATE_DEAD = 1, /* it is gone */
	VP_LATE_BUSY,	  /* with one batch of packets for too long */
	VP_LATE_DEAF,	  /* it does not read what waits */
	VP_LATE_BROKEN,	  /* the ring does not hold verdicts */
	VP_LATE_TOLD,	  /* by the parent */
	VP_LATENESS_COUNT,
};

const char *vp_lateness_name(enum vp_lateness lateness);

/* A queue of the kernel's. */
struct vp_queue {
	uint16_t number;
	uint8_t class; /* enum vp_queue_class */
	uint8_t slot;  /* of generations: 0 or 1 */
	bool gso; /* several TCP segments may come in one; never where datagrams are read */
	uint8_t zero[3];
	uint32_t length; /* packets at most */
};

struct vp_setup {
	char user[32];		 /* whom to become; "": nobody */
	uint64_t memory;	 /* of the engine; 0: the default */
	uint64_t window;	 /* of the engine; 0: no connection leaves the queue */
	uint32_t deadline;	 /* milliseconds, of the lease */
	uint32_t flows;		 /* of the engine; 0: the default */
	uint32_t lease_mark;	 /* with the class added */
	uint8_t midstream_block; /* of the engine */
	uint8_t zero[3];
	uint32_t queue_count;
	struct vp_queue queues[VP_QUEUES_MAX];
};

struct vp_note_program {
	uint64_t size;
	uint8_t slot;
	uint8_t active; /* judge by it at once; else with its slot's first packet */
	uint8_t zero[6];
};

/* A hit of a rule, or something else that is told: modules/inspection/engine.h. */
struct vp_note_hit {
	uint64_t milliseconds;
	uint32_t tag;
	uint16_t queue;
	uint8_t reason, verdict, monitor, protocol;
	uint16_t source_port, destination_port;
	uint8_t hook;			      /* NF_INET_LOCAL_IN, ... */
	uint8_t flags;			      /* TCP; 0: no segment was at hand */
	uint32_t in_interface, out_interface; /* indices, 0: none */
	uint32_t sequence, acknowledgement;   /* of the segment */
	uint32_t payload;		      /* its bytes */
	struct vp_address source, destination;
	char detail[64];
};

struct vp_note {
	uint16_t magic, kind;
	uint32_t zero;
	uint64_t number;
	union {
		struct vp_setup setup;
		struct vp_note_program program;
		struct vp_note_hit hit;
		char text[128];
	};
};

/* A note of this kind, else zero. */
struct vp_note vp_note_make(enum vp_note_kind kind, uint64_t number);

/* Who sends a note. */
enum vp_note_sender { VP_NOTE_PARENT, VP_NOTE_WORKER, VP_NOTE_WRITER };

/* Is the message a well-formed note that this sender may send? 0, or -EPROTO. Pure. */
int vp_note_check(const void *data, size_t len, enum vp_note_sender sender,
		  struct vp_error *err);

/*
 * Receive one. 1: *note is filled and checked, *fd (when asked for) a descriptor
 * that came with it, or -1. 0: none now. -EPIPE: the other side is gone. -EPROTO:
 * it is not to be trusted. `wait`: until there is one.
 */
int vp_note_receive(int socket, enum vp_note_sender sender, bool wait, struct vp_note *note,
		    int *fd, struct vp_error *err);

/* Send one, with a descriptor unless it is -1, without waiting. 0 or -errno. */
int vp_note_send(int socket, const struct vp_note *note, int fd);

#endif
