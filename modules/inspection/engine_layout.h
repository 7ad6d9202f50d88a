/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the engine is made of; internal to engine*.c and judge.c. */
#ifndef VP_INSPECTION_ENGINE_LAYOUT_H
#define VP_INSPECTION_ENGINE_LAYOUT_H

#include "modules/inspection/engine.h"
#include "modules/inspection/flow.h"
#include "modules/inspection/rate.h"

/*
 * Bytes that were read and are kept for comparison. A receiver that could not take a packet
 * asks for it again when others of its window were read behind it: 6 MiB is the most that
 * Linux offers by itself. Of a slow stream as much as came in the last second or two; while
 * half of the memory is in use, the least has to do.
 */
#define VP_ENGINE_KEPT_LEAST (256u << 10)
#define VP_ENGINE_KEPT_MOST  (8u << 20)

struct vp_engine {
	struct vp_engine_options options;
	const struct vp_engine_user *user;
	void *context;
	const struct vp_scopes *scopes;	      /* newest, or NULL */
	uint64_t serial;		      /* of these: how many there were */
	VP_ARRAY(struct vp_reader) datagrams; /* by scope of the newest */
	struct vp_flow_table *flows;
	struct vp_rates *rates;
	struct vp_stream_options streams[2]; /* enforced, watched */
	struct vp_engine_counts counts;
	VP_ARRAY(struct vp_flow *) waiting; /* connections of which packets wait */
	uint64_t now;
	/* the packet at hand */
	const struct vp_engine_packet *given;
	struct vp_packet packet;
	uint8_t *room; /* for a packet to go on in another's place */
	size_t room_len;
};

/* What is decided of a connection or a datagram; the first block stays. */
struct vp_judgement {
	bool blocked;
	uint32_t tag;
	enum vp_reason reason;
	enum vp_verdict verdict;
};

/* What is judged, and by what. */
struct vp_trial {
	struct vp_engine *engine;
	struct vp_reader *reader;
	struct vp_judgement *judgement;
	bool lenient; /* midstream: what is not understood is nobody's fault */
};

/* judge.c: from what was read to a judgement, with its hits told. */
void vp_judge(const struct vp_trial *trial, const struct vp_reading_result *result);

/* Tell a hit of the packet at hand. `verdict`: what is done, PASS for nothing. */
void vp_engine_hit(struct vp_engine *engine, uint32_t tag, enum vp_reason reason,
		   enum vp_verdict verdict, bool monitor, const char *detail);

/* engine.c */
void vp_engine_decide(struct vp_engine *engine, uint64_t number, enum vp_decision_kind kind,
		      const struct vp_judgement *judgement, struct vp_slice bytes);

/* engine_tcp.c: the packet at hand is a segment. */
void vp_engine_segment(struct vp_engine *engine);

/* engine_leave.c: may what follows in the direction of the packet at hand go by unread? */
void vp_engine_leave(struct vp_engine *engine, struct vp_flow *flow,
		     enum vp_direction direction);
/* So far off where a stream is can its sender and its receiver be. */
uint64_t vp_engine_reach(const struct vp_engine *engine);

/* engine_read.c */

/* What a connection's streams call. */
extern const struct vp_stream_user vp_engine_stream_user;

/*
 * A bound is reached. True: the packets are not to pass. Else nothing of the
 * connection is read any more, which is told.
 */
bool vp_engine_bound(struct vp_engine *engine, struct vp_flow *flow, enum vp_reason reason);

/* Block a packet, for a reason of its own or (VP_REASON_RULE) that of its connection's block.
 */
void vp_engine_settle_block(struct vp_flow *flow, uint64_t number, enum vp_reason reason);

/* engine_flow.c */

/*
 * The newest scopes of a server that the packet at hand, in that direction, goes to or comes
 * from. *published (or NULL): the port by which they were found, where the packet does not
 * have it, else 0.
 */
struct vp_scope_list vp_engine_serving(const struct vp_engine *engine,
				       enum vp_direction direction, uint16_t *published);
/* Give the readers back, or take those of the newest scopes. */
void vp_flow_drop_readers(struct vp_flow *flow);
void vp_flow_take_readers(struct vp_engine *engine, struct vp_flow *flow);
/* Between two messages a connection goes over to newer scopes. */
void vp_flow_renew(struct vp_engine *engine, struct vp_flow *flow);
/* The scope with the strictest failure verdict, or NULL without scopes. */
const struct vp_scope *vp_flow_strictest(const struct vp_flow *flow);
bool vp_reader_reads(const struct vp_reader *reader, enum vp_direction direction);
bool vp_flow_is_read(const struct vp_flow *flow, enum vp_direction direction);

/* A stream whose first byte has that sequence number. */
void vp_flow_begin(struct vp_engine *engine, struct vp_flow *flow, enum vp_direction direction,
		   uint32_t sequence);
void vp_flow_drop_streams(struct vp_flow *flow);
size_t vp_flow_waiting(const struct vp_flow *flow);
void vp_flow_note_waiting(struct vp_engine *engine, struct vp_flow *flow);

void vp_flow_count_memory(struct vp_engine *engine, struct vp_flow *flow);

/*
 * Give back what it does not need between messages; nothing happens within one. First the
 * parsers; later also what was kept to be compared with what is sent again.
 */
void vp_engine_doze(struct vp_engine *engine, struct vp_flow *flow);
void vp_engine_sleep(struct vp_engine *engine, struct vp_flow *flow);
/* True: it seemed to end within a message, and what would still come of it is blocked. */
bool vp_engine_sever(struct vp_engine *engine, struct vp_flow *flow);
/* Its packets waited too long. */
void vp_engine_expire(struct vp_engine *engine, struct vp_flow *flow);
/* It is no more; packets that wait are decided as when a bound is reached. */
void vp_engine_end(struct vp_engine *engine, struct vp_flow *flow);

#endif
