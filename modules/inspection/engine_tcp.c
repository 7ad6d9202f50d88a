/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Segments: which connection they are of, whether that is a new one, and whether
 * anything has to be done with them. See engine_layout.h.
 */
#include "modules/inspection/engine_layout.h"

#define SAVE_TRIES 64u /* connections looked at for memory to be saved, a packet */

/* Make room: connections that are over go first, then those that sleep. */
static void make_room(struct vp_engine *engine)
{
	static const enum vp_flow_state order[] = { VP_FLOW_CLOSED, VP_FLOW_SEVERED,
						    VP_FLOW_ASLEEP, VP_FLOW_AWAKE,
						    VP_FLOW_AWAY };

	for (size_t i = 0; i < VP_COUNT(order) && vp_flow_table_full(engine->flows); i++) {
		struct vp_flow *oldest = vp_flow_oldest(engine->flows, order[i]);

		if (oldest)
			vp_engine_end(engine, oldest);
	}
}

/* Whose server a packet's receiver, or else its sender, is; false: of no service. */
static bool find_server(const struct vp_engine *engine, enum vp_direction *direction)
{
	*direction = VP_TO_SERVER;
	if (!engine->scopes)
		return false;
	if (vp_engine_serving(engine, VP_TO_SERVER, NULL).count)
		return true;
	*direction = VP_TO_CLIENT;
	return vp_engine_serving(engine, VP_TO_CLIENT, NULL).count;
}

/* Its beginning was not seen: ended on both sides, or read from the first message that can be
 * found. */
static void judge_midstream(struct vp_engine *engine, struct vp_flow *flow)
{
	bool block = flow->enforce && engine->options.midstream_block;
	enum vp_verdict verdict = block ? VP_VERDICT_RESET : VP_VERDICT_PASS;

	vp_engine_hit(engine, flow->tag, VP_REASON_MIDSTREAM, verdict, !flow->enforce, NULL);
	flow->blocked = block;
	flow->reason = VP_REASON_MIDSTREAM;
	flow->verdict = (uint8_t)verdict;
}

static struct vp_flow *new_flow(struct vp_engine *engine, enum vp_direction direction)
{
	const struct vp_packet *packet = &engine->packet;
	struct vp_flow *flow;

	make_room(engine);
	flow = vp_flow_add(engine->flows, packet, direction);
	flow->engine = engine;
	flow->local = engine->given->local;
	(void)vp_engine_serving(engine, direction, &flow->published);
	flow->sides[0].flow = flow->sides[1].flow = flow;
	flow->midstream = !(packet->flags & VP_TCP_SYN);
	engine->counts.flows++;
	vp_flow_take_readers(engine, flow);
	if (flow->midstream && flow->reader_count)
		judge_midstream(engine, flow);
	return flow;
}

static void replace_connection(struct vp_engine *engine, struct vp_flow *flow)
{
	vp_flow_drop_streams(flow);
	flow->candidate = flow->blocked = flow->given_up = flow->midstream = false;
	vp_variables_clear(&flow->variables);
	flow->unproven = false;
	flow->away = 0;
	vp_flow_take_readers(engine, flow);
	vp_flow_begin(engine, flow, VP_TO_SERVER, flow->candidate_begin);
	engine->counts.flows++;
}

/*
 * A SYN for endpoints that have a connection: the server may take it, or may
 * have an opinion of its own on whether the old one is over. Nothing changes
 * before the first byte of the new one, which must not fit the old one too.
 */
static void again(struct vp_engine *engine, struct vp_flow *flow, uint32_t begin)
{
	const struct vp_flow_side *side = &flow->sides[VP_TO_SERVER];

	if (side->stream && side->begin == begin)
		return; /* sent again */
	flow->candidate = flow->unproven = true;
	flow->candidate_begin = begin;
	if (!side->stream) /* nothing of the old one is read */
		replace_connection(engine, flow);
}

/* True: the segment, which begins the new connection, is for the old one too. */
static bool fits_both(const struct vp_engine *engine, const struct vp_flow *flow)
{
	const struct vp_flow_side *side = &flow->sides[VP_TO_SERVER];
	uint32_t begin = flow->candidate_begin;
	struct vp_stream_unread unread;
	uint64_t reach = vp_engine_reach(engine), to;

	if (!side->stream)
		return false;
	if (!vp_stream_unread(side->stream, &unread))
		return vp_stream_next(side->stream) - begin <= engine->packet.payload.len;
	if (unread.end == INT64_MAX) /* nothing of the old one matters */
		return false;
	/* the server may be anywhere around what was seen of the unread bytes */
	to = (unread.seen > side->bound ? unread.seen : side->bound) + 2 * reach;
	to = to < unread.end ? to : unread.end;
	if (unread.seen - unread.begin > 2 * reach)
		unread.begin = unread.seen - 2 * reach;
	return begin - (uint32_t)unread.begin <= to - unread.begin;
}

/*
 * True: the segment may be of the new connection, whose first byte has not come, and would
 * go on unread as one of the old one.
 */
static bool is_early(const struct vp_engine *engine, const struct vp_flow *flow)
{
	const struct vp_packet *packet = &engine->packet;
	const struct vp_stream *old = flow->sides[VP_TO_SERVER].stream;
	struct vp_stream_unread unread;

	return flow->enforce && old && vp_stream_unread(old, &unread) &&
	       packet->sequence - flow->candidate_begin - 1 < vp_engine_reach(engine);
}

/* Segments */

static void pass(struct vp_engine *engine)
{
	vp_engine_decide(engine, engine->given->number, VP_DECISION_PASS, NULL,
			 (struct vp_slice){ 0 });
}

static size_t recent_bytes(const struct vp_engine *engine, struct vp_flow_side *side)
{
	uint64_t second = engine->now / 1000;

	if (side->second != second) {
		side->bytes_before = side->second + 1 == second ? side->bytes : 0;
		side->bytes = 0;
		side->second = second;
	}
	side->bytes += engine->packet.payload.len;
	return side->bytes + side->bytes_before;
}

/*
 * How much of a stream that is enforced is kept, with the memory that there is now. In steps:
 * what is kept is copied when there is room for more.
 */
static size_t kept_of(const struct vp_engine *engine, struct vp_flow_side *side)
{
	size_t most = engine->options.memory / 8, recent = recent_bytes(engine, side);
	size_t kept = VP_ENGINE_KEPT_LEAST;

	if (most > VP_ENGINE_KEPT_MOST)
		most = VP_ENGINE_KEPT_MOST;
	if (engine->counts.memory_now > engine->options.memory / 2)
		return kept;
	while (kept < recent && kept < most)
		kept *= 2;
	return kept < most || most < VP_ENGINE_KEPT_LEAST ? kept : most;
}

static void put_in_order(struct vp_engine *engine, struct vp_flow *flow,
			 enum vp_direction direction)
{
	const struct vp_packet *packet = &engine->packet;
	bool syn = packet->flags & VP_TCP_SYN, fin = packet->flags & VP_TCP_FIN;
	struct vp_flow_side *side = &flow->sides[direction];

	if (!side->stream)
		vp_flow_begin(engine, flow, direction, packet->sequence + syn);
	engine->streams[0].kept = kept_of(engine, side);
	vp_stream_segment(side->stream, engine->given->number, packet->sequence + syn,
			  packet->payload, fin, packet->flags & VP_TCP_URG);
}

/* A segment of a connection with a candidate for its place. False: it was settled. */
static bool choose(struct vp_engine *engine, struct vp_flow *flow)
{
	const struct vp_packet *packet = &engine->packet;
	uint32_t sequence = packet->sequence + !!(packet->flags & VP_TCP_SYN);

	if (flow->candidate && is_early(engine, flow)) {
		vp_engine_hit(engine, flow->tag, VP_REASON_WINDOW, VP_VERDICT_DROP, false,
			      NULL);
		vp_engine_settle_block(flow, engine->given->number, VP_REASON_WINDOW);
		return false;
	}
	if (!flow->candidate || sequence != flow->candidate_begin || !packet->payload.len)
		return true;
	if (!fits_both(engine, flow) || !flow->enforce) {
		replace_connection(engine, flow);
		return true;
	}
	vp_engine_hit(engine, flow->tag, VP_REASON_CONFLICT, VP_VERDICT_DROP, false, NULL);
	vp_engine_settle_block(flow, engine->given->number, VP_REASON_CONFLICT);
	return false;
}

/* Does anything have to be done with segments of that direction? */
static bool matters(const struct vp_flow *flow, enum vp_direction direction)
{
	/* what was read is compared with what comes again, for as long as there is a stream */
	return !flow->given_up && (flow->blocked || vp_flow_is_read(flow, direction) ||
				   flow->sides[direction].stream);
}

static void to_flow(struct vp_engine *engine, struct vp_flow *flow,
		    enum vp_direction direction)
{
	const struct vp_packet *packet = &engine->packet;
	struct vp_flow_side *side = &flow->sides[direction];
	bool syn = packet->flags & VP_TCP_SYN;

	if (syn && direction == VP_TO_SERVER && flow->last)
		again(engine, flow, packet->sequence + 1);
	if (packet->flags & VP_TCP_RST ||
	    (!packet->payload.len &&
	     !(packet->flags & (VP_TCP_FIN | VP_TCP_SYN | VP_TCP_URG)))) {
		pass(engine);
		return;
	}
	if (direction == VP_TO_SERVER && !choose(engine, flow))
		return;
	if (!matters(flow, direction)) {
		vp_stream_free(side->stream);
		side->stream = NULL;
		pass(engine);
	} else if (flow->blocked && !side->stream && !syn) {
		if (flow->state == VP_FLOW_SEVERED)
			vp_engine_hit(engine, flow->tag, VP_REASON_WINDOW, flow->verdict,
				      false, NULL);
		vp_engine_settle_block(flow, engine->given->number, VP_REASON_RULE);
	} else {
		put_in_order(engine, flow, direction);
	}
}

/* What ended as it should needs no parsers any more. */
static void rest(struct vp_engine *engine, struct vp_flow *flow)
{
	if (!flow->sides[VP_TO_SERVER].finished || vp_flow_is_read(flow, VP_TO_CLIENT))
		return;
	for (size_t i = 0; i < flow->reader_count; i++) {
		vp_reader_sleep(&flow->readers[i]);
		flow->readers[i].done = true;
	}
	vp_flow_count_memory(engine, flow);
}

/* What connections hold that are over goes first, then what those can do without that are
 * between two messages. */
static void save_memory(struct vp_engine *engine, const struct vp_flow *flow)
{
	struct vp_flow *oldest, *newer;
	unsigned int tries = SAVE_TRIES;

	while (engine->counts.memory_now > engine->options.memory &&
	       (oldest = vp_flow_oldest(engine->flows, VP_FLOW_CLOSED)) && oldest != flow)
		vp_engine_end(engine, oldest);
	oldest = vp_flow_oldest(engine->flows, VP_FLOW_AWAKE);
	for (; engine->counts.memory_now > engine->options.memory && oldest && tries--;
	     oldest = newer) {
		newer = oldest->newer;
		if (oldest != flow)
			vp_engine_doze(engine, oldest);
	}
}

/* More memory than allowed: as when any other bound is reached. */
static void check_memory(struct vp_engine *engine, struct vp_flow *flow)
{
	vp_flow_count_memory(engine, flow);
	save_memory(engine, flow);
	if (flow->memory <= engine->options.flow_memory + VP_ENGINE_KEPT_MOST &&
	    engine->counts.memory_now <= engine->options.memory)
		return;
	if (vp_engine_bound(engine, flow, VP_REASON_BOUND)) {
		flow->blocked = true;
		flow->reason = VP_REASON_BOUND;
		flow->verdict = VP_VERDICT_DROP;
	}
	vp_flow_drop_streams(flow);
	vp_flow_drop_readers(flow);
	vp_flow_count_memory(engine, flow);
}

/* May the connection be over? A FIN among bytes that are not read counts too. */
static bool is_closing(const struct vp_engine *engine, const struct vp_flow *flow,
		       enum vp_direction direction)
{
	const struct vp_packet *packet = &engine->packet;
	const struct vp_stream *stream = flow->sides[direction].stream;
	struct vp_stream_unread unread;

	if (packet->flags & VP_TCP_RST || flow->sides[VP_TO_SERVER].finished)
		return true;
	return packet->flags & VP_TCP_FIN && direction == VP_TO_SERVER && !flow->waits &&
	       (!stream || vp_stream_unread(stream, &unread));
}

/* Behind these, connection tracking may have forgotten the connection. */
static void note_proof(const struct vp_engine *engine, struct vp_flow *flow)
{
	if (engine->packet.flags & (VP_TCP_RST | VP_TCP_FIN) ||
	    (flow->last && engine->now - flow->last > VP_ENGINE_GAP * UINT64_C(1000)))
		flow->unproven = true;
}

static enum vp_flow_state state_of(const struct vp_engine *engine, const struct vp_flow *flow,
				   enum vp_direction direction)
{
	if (flow->state == VP_FLOW_SEVERED && flow->blocked)
		return VP_FLOW_SEVERED;
	if (is_closing(engine, flow, direction))
		return VP_FLOW_CLOSED;
	return flow->away > engine->now ? VP_FLOW_AWAY : VP_FLOW_AWAKE;
}

void vp_engine_segment(struct vp_engine *engine)
{
	const struct vp_packet *packet = &engine->packet;
	enum vp_direction direction;
	struct vp_flow *flow = vp_flow_find(engine->flows, packet, &direction);

	if (!flow && (packet->flags & VP_TCP_RST || !find_server(engine, &direction))) {
		pass(engine);
		return;
	}
	if (!flow)
		flow = new_flow(engine, direction);
	note_proof(engine, flow);
	to_flow(engine, flow, direction);
	rest(engine, flow);
	vp_flow_renew(engine, flow);
	vp_flow_note_waiting(engine, flow);
	check_memory(engine, flow);
	vp_engine_leave(engine, flow, direction);
	vp_flow_touch(engine->flows, flow, state_of(engine, flow, direction), engine->now);
}
