/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The TCP connections that the engine knows: found by their endpoints, in either
 * direction, and listed by how long ago their last packet was. Plain data; what
 * happens to it is the engine's.
 */
#ifndef VP_INSPECTION_FLOW_H
#define VP_INSPECTION_FLOW_H

#include "modules/inspection/packet.h"
#include "modules/inspection/reader.h"
#include "modules/inspection/stream.h"

/* Each flow is in one list, the one with the oldest last packet first. */
enum vp_flow_state {
	VP_FLOW_AWAKE,
	VP_FLOW_ASLEEP,	 /* between messages, without parsers */
	VP_FLOW_AWAY,	 /* its packets may go by elsewhere */
	VP_FLOW_CLOSED,	 /* the client has ended it */
	VP_FLOW_SEVERED, /* within a message; what still comes is blocked */
	VP_FLOW_STATES,
};

/* How deep a flow rests: deeper ones give back more. */
enum vp_flow_rest {
	VP_FLOW_DOZE,
	VP_FLOW_SLEEP,
	VP_FLOW_RESTS,
};

struct vp_flow;

/* What goes in one direction. */
struct vp_flow_side {
	struct vp_flow *flow;
	struct vp_stream *stream; /* NULL: nothing was to be read yet */
	uint32_t begin;		  /* sequence number of the first byte */
	bool finished;
	/* bytes that came in the present second, and in the one before */
	uint64_t second;
	size_t bytes, bytes_before;
	/* of leaving (engine_leave.c); positions of the stream */
	uint64_t proved; /* where a skip began that may leave */
	uint64_t bound;	 /* the receiver is not beyond that */
	uint64_t again;	 /* there, or at that time, it may leave again */
};

struct vp_flow {
	struct vp_flow *chain;	       /* of one bucket */
	struct vp_flow *older, *newer; /* of one list */
	enum vp_flow_state state;
	uint64_t hash;
	struct vp_address client, server;
	uint16_t client_port, server_port;
	uint16_t published; /* the service's port, where the server's own is no service's */
	bool local;
	bool midstream; /* its beginning was not seen */
	bool unproven;	/* connection tracking may have lost it */
	bool given_up;	/* nothing of it is read any more */
	bool candidate; /* a SYN asked for another connection in this one's place */
	uint32_t candidate_begin;
	uint64_t last; /* packet, milliseconds */
	size_t waits;  /* its place among those with packets that wait, from 1 */
	uint64_t waits_since;
	uint64_t away;		      /* until then it is VP_FLOW_AWAY */
	struct vp_flow_side sides[2]; /* by enum vp_direction */
	uint64_t serial; /* of the scopes that its readers are of; 0: it has none */
	struct vp_reader *readers;
	struct vp_variables variables;
	size_t reader_count;
	bool enforce; /* some reader's scope is enforced */
	struct vp_engine *engine;
	size_t memory; /* as it was last counted */
	/* once blocked */
	bool blocked;
	uint8_t reason;	 /* enum vp_reason */
	uint8_t verdict; /* enum vp_verdict */
	uint32_t tag;
};

struct vp_flow_table;

/* For at most `most` flows. `seed` is nothing that an attacker knows. */
struct vp_flow_table *vp_flow_table_new(unsigned int most, uint64_t seed);
/* The flows must be gone. */
void vp_flow_table_free(struct vp_flow_table *table);

/* The flow of a packet, or NULL; *direction: the packet's. */
struct vp_flow *vp_flow_find(struct vp_flow_table *table, const struct vp_packet *packet,
			     enum vp_direction *direction);

/* A new one, awake, that the packet goes to in `direction`. Never NULL: the table must not be
 * full. */
struct vp_flow *vp_flow_add(struct vp_flow_table *table, const struct vp_packet *packet,
			    enum vp_direction direction);

/* Take it out and free it; what it owns was released. */
void vp_flow_remove(struct vp_flow_table *table, struct vp_flow *flow);

/* To the end of a list, with its last packet now. */
void vp_flow_touch(struct vp_flow_table *table, struct vp_flow *flow, enum vp_flow_state state,
		   uint64_t now);

/* The flow of a list whose last packet is oldest, or NULL. */
struct vp_flow *vp_flow_oldest(const struct vp_flow_table *table, enum vp_flow_state state);

/* Likewise, of those that do not rest that deep since their last packet. */
struct vp_flow *vp_flow_restless(const struct vp_flow_table *table, enum vp_flow_state state,
				 enum vp_flow_rest rest);
/* That flow does now. */
void vp_flow_rests(struct vp_flow_table *table, struct vp_flow *flow, enum vp_flow_rest rest);

bool vp_flow_table_full(const struct vp_flow_table *table);
size_t vp_flow_count(const struct vp_flow_table *table);

#endif
