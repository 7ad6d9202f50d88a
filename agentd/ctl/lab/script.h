/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a client does with one message: the same bytes in many ways. Pure.
 *
 * A script is made of operations on the stream of bytes that the server's
 * application is to read. Offsets count from the message's first byte; what
 * came before it on the connection is not the script's business.
 */
#ifndef VP_LAB_SCRIPT_H
#define VP_LAB_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agentd/ctl/lab/packet.h"
#include "lib/memory.h"

#define VP_SEGMENT_MAX 1400u /* bytes of a segment; with all headers below 1,500 */

/* As in RFC 9293, 3.1. */
enum {
	VP_TCP_FIN = 1,
	VP_TCP_SYN = 2,
	VP_TCP_RST = 4,
	VP_TCP_PSH = 8,
	VP_TCP_ACK = 16,
	VP_TCP_URG = 32,
};

enum vp_segment_fault {
	VP_FAULT_CHECKSUM = 1,	/* of TCP: no receiver takes it */
	VP_FAULT_OLD_STAMP = 2, /* a timestamp from before the connection (RFC 7323, 5) */
	VP_FAULT_DUPLICATE = 4, /* a fragment twice */
	VP_FAULT_CONFLICT = 8,	/* a fragment twice, with other bytes at first */
	VP_FAULT_NO_STAMP = 16, /* no timestamp where they were agreed on */
};

struct vp_segment {
	int64_t at;	     /* offset of its first byte in the message */
	const uint8_t *data; /* owned by the script */
	size_t len;
	uint8_t flags;	     /* VP_TCP_ bits */
	uint8_t faults;	     /* enum vp_segment_fault */
	uint16_t urgent;     /* pointer */
	enum vp_shape shape; /* of its packet */
};

enum vp_operation_kind {
	VP_OPERATION_SEGMENT,
	VP_OPERATION_REST,  /* until all that was sent has arrived, or been dropped */
	VP_OPERATION_PAUSE, /* for some milliseconds */
};

struct vp_operation {
	enum vp_operation_kind kind;
	struct vp_segment segment;
	unsigned int milliseconds;
};

/* What scripts have in common: a column of the table. */
enum vp_way {
	VP_WAY_WHOLE,
	VP_WAY_SPLIT,
	VP_WAY_BYTES,
	VP_WAY_ORDER,
	VP_WAY_AGAIN,
	VP_WAY_OVERLAP,
	VP_WAY_FRAGMENTS,
	VP_WAY_DECOY,
	VP_WAY_SLOW,
	VP_WAY_SYN,
	VP_WAY_SERIES, /* behind other messages of the connection */
	VP_WAY_CODING, /* another way to say the same in its protocol */
	VP_WAY_COUNT,
};

/* "whole", "split", ... */
const char *vp_way_name(enum vp_way way);
/* What it is, in a few words. */
const char *vp_way_summary(enum vp_way way);

struct vp_script {
	enum vp_way way;
	char *what; /* owned: "split at 17" */
	/* what the application reads when all goes well for the client; owned */
	uint8_t *message;
	size_t len;
	bool timestamps; /* agreed on */
	size_t in_syn;	 /* so many bytes of the message already in the SYN */
	/*
	 * Something that no client sends: a shield may refuse it for that alone, so that
	 * no rule counts; and it is no way to send what is benign.
	 */
	bool hostile;
	VP_ARRAY(struct vp_operation) operations;
	VP_ARRAY(uint8_t *) owned; /* other bytes that segments carry */
};

VP_ARRAY_TYPE(vp_scripts, struct vp_script);

void vp_script_free(struct vp_script *script);
void vp_scripts_free(struct vp_scripts *scripts);

struct vp_script_order {
	const uint8_t *message;
	size_t len;
	size_t splits; /* at most so many positions */
	bool benign;   /* only what an honest, if odd, client may send */
};

/*
 * All ways to send a message, appended. *positions: at how many of the len - 1
 * positions it was split.
 */
void vp_scripts_make(struct vp_scripts *scripts, const struct vp_script_order *order,
		     size_t *positions);

/* The message in one go, as segments of at most `piece` bytes. Valid until the next append. */
struct vp_script *vp_script_plain(struct vp_scripts *scripts, enum vp_way way,
				  const uint8_t *message, size_t len, size_t piece,
				  char *what);

#endif
