/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the steps of a sample get from one side of a lab to the other, and what
 * arrived. Three ways with the same meaning: a TCP stream and UDP datagrams
 * between real sockets, and IP packets that a raw socket behind the shield sees.
 *
 * Nothing waits for a timeout to know that bytes did not arrive: after each
 * step the lab settles (vp_lab_settle()), and then what is not there was dropped.
 */
#ifndef VP_LAB_TRANSPORT_H
#define VP_LAB_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "agentd/ctl/lab/lab.h"
#include "agentd/ctl/lab/packet.h"
#include "policy/patch.h"

/* Who talks to whom. */
struct vp_path {
	enum vp_lab_side client_side; /* the client; the host for loopback addresses */
	enum vp_lab_side side;	      /* where the service is: host or endpoint */
	struct vp_address client, server;
	uint16_t protocol; /* VP_PROTOCOL_ANY: samples without packets use UDP */
	uint16_t port;
	enum vp_shape shape; /* of datagrams and packets to the server */
};

struct vp_delivery {
	bool arrived; /* byte for byte, as often as sent */
	bool differs; /* something else arrived in its place */
};

/* TCP. All connections stay open until the end, so that closing them moves no counter in
 * between. */
struct vp_stream {
	int listener;
	VP_ARRAY(int) connections; /* ends of earlier ones */
	int client, server;	   /* -1: not connected */
};

int vp_stream_open(struct vp_stream *stream, struct vp_lab *lab, const struct vp_path *path,
		   struct vp_error *err);
/* A new connection. 0 also when it does not come about (client and server stay -1). */
int vp_stream_connect(struct vp_stream *stream, struct vp_lab *lab, const struct vp_path *path,
		      struct vp_error *err);
int vp_stream_carry(struct vp_stream *stream, struct vp_lab *lab, enum vp_direction direction,
		    const uint8_t *data, size_t len, struct vp_delivery *delivery,
		    struct vp_error *err);
void vp_stream_close(struct vp_stream *stream);

/* UDP. */
struct vp_datagrams {
	int client, server;
};

int vp_datagrams_open(struct vp_datagrams *datagrams, struct vp_lab *lab,
		      const struct vp_path *path, struct vp_error *err);
int vp_datagrams_carry(struct vp_datagrams *datagrams, struct vp_lab *lab,
		       const struct vp_path *path, enum vp_direction direction,
		       const uint8_t *data, size_t len, struct vp_delivery *delivery,
		       struct vp_error *err);
void vp_datagrams_close(struct vp_datagrams *datagrams);

/* A raw socket of one protocol: it sees what has passed every hook up to local delivery. */
struct vp_witness {
	enum vp_lab_side side;
	uint8_t family, protocol;
	int fd;
};

/* Kept for all samples of a lab. */
struct vp_witnesses {
	VP_ARRAY(struct vp_witness) list;
	int sender[VP_LAB_SIDES][2]; /* raw sockets that send whole packets; 0: not made yet */
};

/* IP packets of one author's step, or the fragments of one packet. */
int vp_packets_carry(struct vp_witnesses *witnesses, struct vp_lab *lab,
		     const struct vp_path *path, enum vp_direction direction,
		     const struct vp_packet_bytes *packets, size_t count,
		     struct vp_delivery *delivery, struct vp_error *err);

/* Socket name of an address; `index` is used for link-local ones. Returns its length. */
struct sockaddr_storage;
unsigned int vp_socket_name(const struct vp_address *address, uint16_t port,
			    unsigned int index, struct sockaddr_storage *name);

#endif
