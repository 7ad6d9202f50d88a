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
	uint32_t sleep_seconds; /* at a message boundary its parsers and windows are freed */
	bool midstream_pass; /* connections whose beginning was not seen: pass, else block */
	struct vp_parser_limits parser;
};

extern const struct vp_engine_options vp_engine_options_default;

/* Why a packet or a connection is treated as it is: stable words for events, see
 * vp_reason_name(). */
enum vp_reason {
	VP_REASON_RULE,
	VP_REASON_CONFLICT,  /* other bytes in a retransmission or overlap */
	VP_REASON_AMBIGUOUS, /* framing that two readers may read differently */
	VP_REASON_BROKEN,    /* not understood by its parser */
	VP_REASON_FOREIGN,   /* another protocol than declared (a blind spot, counted) */
	VP_REASON_BOUND,     /* a memory bound, a hold time */
	VP_REASON_MATCH_LIMIT,
	VP_REASON_MIDSTREAM,
	VP_REASON_WINDOW,
	VP_REASON_COUNT,
};

const char *vp_reason_name(enum vp_reason reason);

enum vp_decision_kind {
	VP_DECISION_PASS,
	VP_DECISION_REPLACE, /* pass `bytes` in its place */
	VP_DECISION_BLOCK,   /* with the verdict of `rule`, or drop without one */
};

struct vp_decision {
	uint64_t packet;
	enum vp_decision_kind kind;
	enum vp_reason reason; /* of a block */
	uint32_t tag;	       /* decisive rule; 0: none */
	enum vp_verdict verdict;
	struct vp_slice bytes; /* REPLACE: valid during the call */
	bool last;	       /* nothing of this connection needs to come here any more */
};

/* A rule that held, or a failure (tag 0), once per unit. */
struct vp_hit {
	uint64_t packet;
	uint32_t tag;
	bool monitor; /* counted and reported only */
	enum vp_reason reason;
	const char *detail;	    /* the parser's word, or NULL */
	struct vp_packet endpoints; /* addresses and ports; no payload */
};

struct vp_engine_user {
	void (*decide)(void *context, const struct vp_decision *decision);
	void (*hit)(void *context, const struct vp_hit *hit);
};

struct vp_engine;

struct vp_engine *vp_engine_new(const struct vp_engine_options *options,
				const struct vp_engine_user *user, void *context);
/* Packets that wait are decided first, by their scopes' failure verdict. */
void vp_engine_free(struct vp_engine *engine);

/*
 * Judge new connections by `scopes`, which must outlive the connections that use
 * them: see vp_engine_uses(). A connection moves to the newest at its next
 * message boundary; until then it is judged by both, and either may block.
 */
void vp_engine_scopes(struct vp_engine *engine, const struct vp_scopes *scopes);
/* Does any connection still use them? */
bool vp_engine_uses(const struct vp_engine *engine, const struct vp_scopes *scopes);

/*
 * A packet. `verify`: its checksums are to be checked (not for packets whose
 * checksum hardware has still to fill in). `milliseconds` never goes back. The
 * decision may come during the call or later, exactly one for each packet.
 */
void vp_engine_packet(struct vp_engine *engine, uint64_t packet, struct vp_slice bytes,
		      bool verify, uint64_t milliseconds);

/* Time passes: waiting packets, sleeping and forgotten connections. */
void vp_engine_tick(struct vp_engine *engine, uint64_t milliseconds);

struct vp_engine_counts {
	uint64_t packets, flows, units;
	uint64_t reasons[VP_REASON_COUNT];
	size_t flows_now, memory_now;
};

struct vp_engine_counts vp_engine_counts(const struct vp_engine *engine);

#endif
