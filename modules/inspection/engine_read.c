/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the streams of a connection call: bytes in order for its readers, and the
 * fates of packets, which become decisions. See engine_layout.h.
 */
#include "modules/inspection/engine_layout.h"

#define SKIP_LEAST 4096u /* a skip of less is not worth its trouble */

static enum vp_direction direction_of(const struct vp_flow_side *side)
{
	return side == &side->flow->sides[VP_TO_SERVER] ? VP_TO_SERVER : VP_TO_CLIENT;
}

static void keep_block(struct vp_flow *flow, const struct vp_judgement *judgement)
{
	if (!judgement->blocked || flow->blocked)
		return;
	flow->blocked = true;
	flow->tag = judgement->tag;
	flow->reason = (uint8_t)judgement->reason;
	flow->verdict = (uint8_t)judgement->verdict;
}

static struct vp_judgement judgement_of(const struct vp_flow *flow)
{
	return (struct vp_judgement){ .blocked = flow->blocked,
				      .tag = flow->tag,
				      .reason = flow->reason,
				      .verdict = flow->verdict };
}

/*
 * A bound is reached. True: the packets are not to pass. Else nothing of the
 * connection is read any more, which is told.
 */
bool vp_engine_bound(struct vp_engine *engine, struct vp_flow *flow, enum vp_reason reason)
{
	const struct vp_scope *scope = vp_flow_strictest(flow);

	if (scope && scope->enforce && scope->on_failure == VP_FAILURE_BLOCK) {
		vp_engine_hit(engine, scope->tag, reason, VP_VERDICT_DROP, false, NULL);
		return true;
	}
	if (!flow->given_up)
		vp_engine_hit(engine, flow->tag, reason, VP_VERDICT_PASS, !flow->enforce,
			      NULL);
	flow->given_up = true;
	return false;
}

/* Reading */

static struct vp_unit_flow unit_flow(const struct vp_engine *engine, struct vp_flow *flow,
				     const struct vp_scope *scope)
{
	bool to_server = scope->direction == VP_TO_SERVER;

	flow->variables.partial = flow->midstream;
	return (struct vp_unit_flow){
		.source = to_server ? flow->client : flow->server,
		.destination = to_server ? flow->server : flow->client,
		.source_port = to_server ? flow->client_port : flow->server_port,
		.destination_port = to_server ? flow->server_port : flow->client_port,
		.protocol = engine->packet.protocol,
		.version = flow->client.family,
		.direction = scope->direction,
		.variables = &flow->variables,
	};
}

/* Bytes that no reader of the direction needs. */
static void skip(struct vp_flow_side *side, uint64_t count)
{
	enum vp_direction direction = direction_of(side);
	struct vp_flow *flow = side->flow;

	for (size_t i = 0; i < flow->reader_count; i++) {
		struct vp_reader *reader = &flow->readers[i];

		if (vp_reader_reads(reader, direction))
			vp_reader_skip(reader, direction, count);
	}
	vp_stream_skip(side->stream, count);
}

static bool read_side(void *context, struct vp_slice bytes)
{
	struct vp_flow_side *side = context;
	struct vp_flow *flow = side->flow;
	struct vp_engine *engine = flow->engine;
	enum vp_direction direction = direction_of(side);
	struct vp_judgement judgement = { 0 };
	uint64_t skippable = UINT64_MAX;

	for (size_t i = 0; i < flow->reader_count; i++) {
		struct vp_reader *reader = &flow->readers[i];
		const struct vp_trial trial = { .engine = engine,
						.reader = reader,
						.judgement = &judgement,
						.lenient = flow->midstream };
		struct vp_unit_flow endpoints = unit_flow(engine, flow, reader->scope);
		struct vp_reading_result result;

		if (!vp_reader_reads(reader, direction))
			continue;
		result = vp_reader_feed(reader, &engine->options.parser, &endpoints, direction,
					bytes);
		vp_judge(&trial, &result);
		if (!reader->done && result.parsed.skippable < skippable)
			skippable = result.parsed.skippable;
	}
	keep_block(flow, &judgement);
	if (judgement.blocked)
		return false;
	if (!vp_flow_is_read(flow, direction))
		vp_stream_skip(side->stream, UINT64_MAX);
	else if (skippable >= SKIP_LEAST && skippable != UINT64_MAX)
		skip(side, skippable);
	return true;
}

static void finish_side(void *context)
{
	struct vp_flow_side *side = context;
	struct vp_flow *flow = side->flow;
	struct vp_judgement judgement = { 0 };

	side->finished = true;
	for (size_t i = 0; i < flow->reader_count; i++) {
		struct vp_reader *reader = &flow->readers[i];
		const struct vp_trial trial = { .engine = flow->engine,
						.reader = reader,
						.judgement = &judgement,
						.lenient = flow->midstream };
		struct vp_reading_result result;

		if (!vp_reader_reads(reader, direction_of(side)))
			continue;
		result = vp_reader_finish(reader, direction_of(side));
		if (reader->parser)
			vp_judge(&trial, &result);
	}
	keep_block(flow, &judgement);
	if (judgement.blocked)
		vp_stream_block(side->stream);
}

/* What becomes of packets */

static void replace(struct vp_engine *engine, uint64_t number, enum vp_fate fate)
{
	struct vp_judgement lost = { .blocked = true,
				     .reason = VP_REASON_WINDOW,
				     .verdict = VP_VERDICT_DROP };
	struct vp_slice bytes = { 0 };

	if (!engine->given || engine->given->number != number) {
		/* it waited, and its bytes are gone: the sender repeats it */
		vp_engine_decide(engine, number, VP_DECISION_BLOCK, &lost, bytes);
		return;
	}
	bytes = engine->given->bytes;
	if (engine->room_len < bytes.len) {
		engine->room = vp_realloc(engine->room, bytes.len, 1);
		engine->room_len = bytes.len;
	}
	bytes.len = (fate == VP_FATE_EMPTY
			     ? vp_packet_without_payload
			     : vp_packet_without_urgent)(bytes, &engine->packet, engine->room);
	bytes.data = engine->room;
	vp_engine_decide(engine, number, VP_DECISION_REPLACE, NULL, bytes);
}

void vp_engine_settle_block(struct vp_flow *flow, uint64_t number, enum vp_reason reason)
{
	struct vp_judgement judgement = {
		.blocked = true, .tag = flow->tag, .reason = reason, .verdict = VP_VERDICT_DROP
	};

	if (reason == VP_REASON_RULE)
		judgement = judgement_of(flow);
	vp_engine_decide(flow->engine, number, VP_DECISION_BLOCK, &judgement,
			 (struct vp_slice){ 0 });
}

static void settle_side(void *context, uint64_t number, enum vp_fate fate)
{
	struct vp_flow *flow = ((struct vp_flow_side *)context)->flow;
	struct vp_engine *engine = flow->engine;

	switch (fate) {
	case VP_FATE_EMPTY:
	case VP_FATE_NO_URGENT:
		replace(engine, number, fate);
		return;
	case VP_FATE_BLOCK:
		vp_engine_settle_block(flow, number, VP_REASON_RULE);
		return;
	case VP_FATE_CONFLICT:
		vp_engine_hit(engine, flow->tag, VP_REASON_CONFLICT, VP_VERDICT_DROP, false,
			      NULL);
		vp_engine_settle_block(flow, number, VP_REASON_CONFLICT);
		return;
	case VP_FATE_WINDOW:
		vp_engine_hit(engine, flow->tag, VP_REASON_WINDOW, VP_VERDICT_DROP, false,
			      NULL);
		vp_engine_settle_block(flow, number, VP_REASON_WINDOW);
		return;
	case VP_FATE_BOUND:
		if (vp_engine_bound(engine, flow, VP_REASON_BOUND)) {
			vp_engine_settle_block(flow, number, VP_REASON_BOUND);
			return;
		}
		break;
	case VP_FATE_PASS:
		break;
	}
	vp_engine_decide(engine, number, VP_DECISION_PASS, NULL, (struct vp_slice){ 0 });
}

/* Of a connection that is only watched. */
static void note_side(void *context, uint64_t number, enum vp_fate fate)
{
	struct vp_flow *flow = ((struct vp_flow_side *)context)->flow;

	(void)number;
	if (fate == VP_FATE_CONFLICT || fate == VP_FATE_BOUND)
		vp_engine_hit(flow->engine, flow->tag,
			      fate == VP_FATE_BOUND ? VP_REASON_BOUND : VP_REASON_CONFLICT,
			      VP_VERDICT_DROP, true, NULL);
}

const struct vp_stream_user vp_engine_stream_user = {
	.read = read_side,
	.settle = settle_side,
	.finished = finish_side,
	.note = note_side,
};
