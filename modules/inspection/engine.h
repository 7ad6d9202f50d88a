/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine: packets in, decisions out. It finds a packet's connection, puts
 * its streams in order, lets the parsers of its scopes read them, and the
 * programs judge what they found. The worker feeds it from the queue, the replay
 * from a capture, the lab and the fuzzers from memory; all get the same verdicts.
 *
 * Pure: time is what the caller says, packets are numbers of the caller's. Memory
 * is bounded in all and per connection.
 */
#ifndef VP_INSPECTION_ENGINE_H
#define VP_INSPECTION_ENGINE_H

#include "modules/inspection/packet.h"
#include "modules/inspection/scope.h"

struct vp_engine_options {
	size_t memory;		    /* bytes for all connections */
	size_t flow_memory;	    /* bytes for one */
	unsigned int flows;	    /* connections at once */
	uint32_t hold_milliseconds; /* out-of-order packets may wait so long */
	uint32_t idle_seconds;	    /* a connection without packets is forgotten */
	uint32_t sleep_seconds; /* between messages what it keeps for comparison is freed */
	/* Reset connections whose beginning was not seen, where rules are enforced; else they
	 * are read from the first segment on that begins a message. Told in both cases. */
	bool midstream_block;
	/*
	 * No receiver on this host ever offers a larger window, and no sender on it has more
	 * bytes under way; 0: not known, and nothing leaves. It must be 0 where connection
	 * tracking lets pass what is beyond a window, or forgets idle connections within
	 * VP_ENGINE_GAP seconds.
	 */
	uint64_t window;
	struct vp_parser_limits parser;
};

extern const struct vp_engine_options vp_engine_options_default;

/* Why a packet is treated as it is: stable words for events, see vp_reason_name(). */
enum vp_reason {
	VP_REASON_RULE,
	VP_REASON_CONFLICT,    /* other bytes in a retransmission or overlap */
	VP_REASON_AMBIGUOUS,   /* framing that two readers may read differently */
	VP_REASON_BROKEN,      /* not understood by its parser */
	VP_REASON_FOREIGN,     /* another protocol than declared: a blind spot, counted */
	VP_REASON_UNREADABLE,  /* encrypted from here on, upgraded: a blind spot, counted */
	VP_REASON_BOUND,       /* a memory bound, a hold time */
	VP_REASON_MATCH_LIMIT, /* a pattern could not be decided within its limit */
	VP_REASON_MIDSTREAM,   /* the connection's beginning was not seen */
	VP_REASON_WINDOW,      /* off the stream, or of a connection that does not exist */
	VP_REASON_MALFORMED,   /* no packet that a receiver would take */
	VP_REASON_COUNT,
};

const char *vp_reason_name(enum vp_reason reason);

enum vp_decision_kind {
	VP_DECISION_PASS,
	VP_DECISION_REPLACE, /* `bytes` go on in its place */
	VP_DECISION_BLOCK,
};

struct vp_decision {
	uint64_t packet;
	enum vp_decision_kind kind;
	enum vp_reason reason;	 /* of a block */
	uint32_t tag;		 /* of a block: whose it is, never 0 */
	enum vp_verdict verdict; /* of a block: DROP, REJECT, RESET or BAN */
	struct vp_slice bytes;	 /* of a replacement; valid during the call */
};

/* A rule that holds, or something else that is told, with the packet that made it so. */
struct vp_hit {
	uint64_t packet;
	uint64_t milliseconds;
	uint32_t tag; /* the rule; of a failure, the one it is reported for */
	enum vp_reason reason;
	enum vp_verdict verdict; /* what is done, or in monitor mode would be; PASS: nothing */
	bool monitor;
	const char *detail;		       /* the parser's word, or NULL */
	struct vp_address source, destination; /* of the packet */
	uint16_t source_port, destination_port;
	uint8_t protocol;
	/* of that packet, when it is a segment at hand; else 0 */
	uint32_t sequence, acknowledgement, payload;
	uint8_t flags; /* VP_TCP_ bits */
};

/* Behind such a pause nothing is concluded any more from what connection tracking lets pass.
 */
#define VP_ENGINE_GAP 240u

/* The least that leaves; others are this times a power of two. */
#define VP_LEAVE_LEAST (UINT64_C(256) << 10)

/*
 * Packets from one end to the other need not come here for a while: their connection has
 * nothing that a rule could read in so many bytes. What comes all the same is judged as
 * ever, and packets with SYN, FIN, RST or URG have to come. See engine_leave.c.
 */
struct vp_leave {
	uint64_t packet;		       /* the one that made it so, decided before */
	struct vp_address source, destination; /* of the packets that may go by */
	uint16_t source_port, destination_port;
	uint64_t bytes; /* of IP packets at most; UINT64_MAX: for good */
};

struct vp_engine_user {
	void (*decide)(void *context, const struct vp_decision *decision);
	void (*hit)(void *context, const struct vp_hit *hit);
	/* NULL: everything comes here. */
	void (*leave)(void *context, const struct vp_leave *leave);
};

struct vp_engine;

/* Options are copied; `user` and `context` outlive it. Owned by the caller. */
struct vp_engine *vp_engine_new(const struct vp_engine_options *options,
				const struct vp_engine_user *user, void *context);
/* Packets that wait are decided first, as when a bound is reached. */
void vp_engine_free(struct vp_engine *engine);

/*
 * Judge by these scopes from now on; NULL: by none. They may be freed once others are
 * used: a connection holds what it needs of them. A connection goes over at once where its
 * scope is the same (vp_scopes_share), else between two messages; a raw stream, which has
 * none, is judged to its end by the scope that it began with.
 */
void vp_engine_scopes(struct vp_engine *engine, const struct vp_scopes *scopes);

/* What the caller knows of a packet. */
struct vp_engine_packet {
	uint64_t number;       /* the caller's */
	uint64_t milliseconds; /* never goes back */
	struct vp_slice bytes; /* from the IP header on */
	bool verify; /* check checksums: not where hardware has still to fill them in */
	bool local;  /* one end is this host */
	bool inward; /* this host is its destination alone: no service of this host sent it,
			whatever port it comes from */
	/*
	 * Of a published port: the one that the connection was sent to before its
	 * destination was translated, which is the service's, and whether the packet is an
	 * answer. Rules of the port that packets have come first. 0: it was not.
	 */
	uint16_t published;
	bool answer;
};

/* The decision comes during the call or later, exactly one for each packet. */
void vp_engine_packet(struct vp_engine *engine, const struct vp_engine_packet *packet);

/* Time passes: waiting packets, sleeping and forgotten connections. */
void vp_engine_tick(struct vp_engine *engine, uint64_t milliseconds);

struct vp_engine_counts {
	uint64_t packets, flows, hits, leaves;
	uint64_t reasons[VP_REASON_COUNT];
	size_t flows_now, memory_now;
};

struct vp_engine_counts vp_engine_counts(const struct vp_engine *engine);

#endif
