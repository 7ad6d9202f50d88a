/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client's end of TCP connections, segment by segment: what goes onto the link
 * is exactly what was meant, wrong or right. It keeps no timers and sends nothing
 * again; a script says what is sent (script.h). The other end is the kernel's TCP.
 *
 * The client's own kernel must not answer for it: vp_lab_detach().
 */
#ifndef VP_LAB_WIRE_H
#define VP_LAB_WIRE_H

#include "agentd/ctl/lab/script.h"
#include "agentd/ctl/lab/transport.h"
#include "lib/strbuf.h"

struct vp_wire {
	struct vp_lab *lab;
	int tap;	   /* sees what reaches the client's link */
	uint16_t port;	   /* of the last connection */
	uint32_t fragment; /* identification of the last fragmented packet */
};

struct vp_wire_end {
	const struct vp_path *path;
	uint16_t port;
	bool timestamps;
	uint32_t first; /* sequence number of the stream's first byte */
	uint32_t next;	/* of the server's: what we acknowledge */
	uint32_t stamp; /* our last timestamp */
	uint32_t echo;	/* the server's last one */
	bool answered, reset;
	struct vp_strbuf got; /* what the server sent, in order */
};

int vp_wire_open(struct vp_wire *wire, struct vp_lab *lab, struct vp_error *err);
void vp_wire_close(struct vp_wire *wire);

/* Ports of the next `count` ends follow each other. */
void vp_wire_reserve(struct vp_wire *wire, size_t count);

/* A new end with a port that no other of this lab had for long. Nothing is sent. */
void vp_wire_begin(struct vp_wire *wire, const struct vp_path *path, bool timestamps,
		   struct vp_wire_end *end);
void vp_wire_end_free(struct vp_wire_end *end);

/* Send a segment. 0 or -errno. */
int vp_wire_send(struct vp_wire *wire, struct vp_wire_end *end,
		 const struct vp_segment *segment, struct vp_error *err);

/*
 * Take what has come; each segment goes to the end that has its port. Ends
 * are in order of their ports, without gaps. Data is acknowledged. 0 or -errno.
 */
int vp_wire_take(struct vp_wire *wire, struct vp_wire_end *ends, size_t count,
		 struct vp_error *err);

#endif
