/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine: see engine.h. Here are packets as such, datagrams, and time;
 * engine_tcp.c has connections, judge.c the verdicts.
 */
#include "modules/inspection/engine.h"

#include <netinet/in.h>
#include <sys/random.h>

#include "modules/inspection/engine_layout.h"

#define STREAM_HELD	  (512u << 10)
#define STREAM_PACKETS	  512u
#define DOZE_MILLISECONDS 1000u
#define CLOSED_SECONDS	  60u
#define SEVERED_SECONDS	  3600u

const struct vp_engine_options vp_engine_options_default = {
	.memory = 512u << 20,
	.flow_memory = 4u << 20,
	.flows = 200000,
	.hold_milliseconds = 2000,
	.idle_seconds = 5 * 24 * 3600, /* as connection tracking has it */
	.sleep_seconds = 10,
	.parser = { .memory = 1u << 20, .header = 128u << 10, .depth = 64 },
};

const char *vp_reason_name(enum vp_reason reason)
{
	static const char *const names[] = {
		[VP_REASON_RULE] = "rule",	     [VP_REASON_CONFLICT] = "conflict",
		[VP_REASON_AMBIGUOUS] = "ambiguous", [VP_REASON_BROKEN] = "broken",
		[VP_REASON_FOREIGN] = "foreign",     [VP_REASON_UNREADABLE] = "unreadable",
		[VP_REASON_BOUND] = "bound",	     [VP_REASON_MATCH_LIMIT] = "match-limit",
		[VP_REASON_MIDSTREAM] = "midstream", [VP_REASON_WINDOW] = "window",
		[VP_REASON_MALFORMED] = "malformed",
	};
	_Static_assert(VP_COUNT(names) == VP_REASON_COUNT, "every reason has a name");

	return names[reason];
}

struct vp_engine *vp_engine_new(const struct vp_engine_options *options,
				const struct vp_engine_user *user, void *context)
{
	struct vp_engine *engine = vp_new(struct vp_engine);
	uint64_t seed = 0;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = (uint64_t)(uintptr_t)engine; /* only the speed depends on it */
	engine->options = *options;
	engine->user = user;
	engine->context = context;
	engine->flows = vp_flow_table_new(options->flows, seed);
	engine->rates = vp_rates_new(seed);
	for (int monitor = 0; monitor < 2; monitor++)
		engine->streams[monitor] = (struct vp_stream_options){
			.kept = VP_ENGINE_KEPT_LEAST,
			.held = STREAM_HELD,
			.packets = STREAM_PACKETS,
			.monitor = monitor,
		};
	return engine;
}

static void free_datagrams(struct vp_engine *engine)
{
	vp_array_each (reader, &engine->datagrams)
		vp_reader_close(reader);
	vp_array_free(&engine->datagrams);
}

void vp_engine_free(struct vp_engine *engine)
{
	struct vp_flow *flow;

	if (!engine)
		return;
	for (int state = 0; state < VP_FLOW_STATES; state++)
		while ((flow = vp_flow_oldest(engine->flows, state)))
			vp_engine_end(engine, flow);
	vp_flow_table_free(engine->flows);
	vp_rates_free(engine->rates);
	vp_array_free(&engine->waiting);
	free_datagrams(engine);
	free(engine->room);
	free(engine);
}

void vp_engine_scopes(struct vp_engine *engine, const struct vp_scopes *scopes)
{
	free_datagrams(engine);
	engine->scopes = scopes;
	engine->serial++;
	for (size_t i = 0; scopes && i < vp_scopes_count(scopes); i++)
		vp_reader_open(vp_array_add(&engine->datagrams), vp_scope(scopes, i));
}

void vp_engine_hit(struct vp_engine *engine, uint32_t tag, enum vp_reason reason,
		   enum vp_verdict verdict, bool monitor, const char *detail)
{
	const struct vp_packet *packet = &engine->packet;
	struct vp_hit hit = {
		.packet = engine->given ? engine->given->number : 0,
		.milliseconds = engine->now,
		.tag = tag,
		.reason = reason,
		.verdict = verdict,
		.monitor = monitor,
		.detail = detail,
		.source = packet->source,
		.destination = packet->destination,
		.source_port = packet->source_port,
		.destination_port = packet->destination_port,
		.protocol = packet->protocol,
	};

	if (engine->given && packet->protocol == IPPROTO_TCP) {
		hit.sequence = packet->sequence;
		hit.acknowledgement = packet->acknowledgement;
		hit.payload = (uint32_t)packet->payload.len;
		hit.flags = packet->flags;
	}
	engine->counts.hits++;
	engine->counts.reasons[reason]++;
	engine->user->hit(engine->context, &hit);
}

void vp_engine_decide(struct vp_engine *engine, uint64_t number, enum vp_decision_kind kind,
		      const struct vp_judgement *judgement, struct vp_slice bytes)
{
	struct vp_decision decision = { .packet = number, .kind = kind, .bytes = bytes };

	if (kind == VP_DECISION_BLOCK) {
		decision.reason = judgement->reason;
		decision.tag = judgement->tag;
		decision.verdict = judgement->verdict;
	}
	engine->user->decide(engine->context, &decision);
}

static void judge_datagram(struct vp_engine *engine, uint32_t scope,
			   enum vp_direction direction, struct vp_judgement *judgement)
{
	struct vp_reader *reader = &engine->datagrams.data[scope];
	const struct vp_packet *packet = &engine->packet;
	const struct vp_trial trial = { .engine = engine,
					.reader = reader,
					.judgement = judgement };
	const struct vp_unit_flow flow = vp_unit_flow_of(packet, direction);
	struct vp_reading_result result;

	if (reader->unit)
		vp_unit_flow(reader->unit, &flow);
	result = vp_reader_feed(reader, &engine->options.parser, &flow, direction,
				packet->payload);
	vp_judge(&trial, &result);
	if (reader->done) /* with this datagram, not with the next */
		vp_reader_sleep(reader);
	reader->done = false;
}

static void judge_datagrams(struct vp_engine *engine, enum vp_direction direction,
			    struct vp_judgement *judgement)
{
	struct vp_scope_list found = vp_engine_serving(engine, direction, NULL);

	for (size_t i = 0; i < found.count; i++)
		if (vp_scope(engine->scopes, found.scopes[i])->direction == direction)
			judge_datagram(engine, found.scopes[i], direction, judgement);
}

static void datagram(struct vp_engine *engine)
{
	struct vp_judgement judgement = { 0 };

	if (engine->scopes) {
		judge_datagrams(engine, VP_TO_SERVER, &judgement);
		judge_datagrams(engine, VP_TO_CLIENT, &judgement);
	}
	vp_engine_decide(engine, engine->given->number,
			 judgement.blocked ? VP_DECISION_BLOCK : VP_DECISION_PASS, &judgement,
			 (struct vp_slice){ 0 });
}

/*
 * What does not reach an application is nobody's to judge: whoever receives it
 * drops it, or reassembly comes first and it is here by mistake.
 */
static void undecidable(struct vp_engine *engine)
{
	engine->counts.reasons[VP_REASON_MALFORMED]++;
	vp_engine_decide(engine, engine->given->number, VP_DECISION_PASS, NULL,
			 (struct vp_slice){ 0 });
}

void vp_engine_packet(struct vp_engine *engine, const struct vp_engine_packet *packet)
{
	enum vp_packet_fault fault;

	engine->now = packet->milliseconds;
	engine->given = packet;
	engine->counts.packets++;
	fault = vp_packet_parse(packet->bytes, packet->verify, &engine->packet);
	if (fault != VP_PACKET_FINE)
		undecidable(engine);
	else if (engine->packet.protocol == IPPROTO_TCP)
		vp_engine_segment(engine);
	else
		datagram(engine);
	engine->given = NULL;
}

static bool oldest_before(const struct vp_engine *engine, enum vp_flow_state state,
			  uint64_t age, struct vp_flow **flow)
{
	*flow = vp_flow_oldest(engine->flows, state);
	return *flow && (*flow)->last + age <= engine->now;
}

/* Packets that wait for too long. */
static void expire(struct vp_engine *engine)
{
	uint64_t hold = engine->options.hold_milliseconds;

	for (size_t i = engine->waiting.len; i-- > 0;) {
		struct vp_flow *flow = engine->waiting.data[i];

		if (flow->waits_since + hold <= engine->now)
			vp_engine_expire(engine, flow);
	}
}

/* Connections that can do with less, each once behind its last packet. */
static void rest(struct vp_engine *engine, enum vp_flow_state state, enum vp_flow_rest depth)
{
	uint64_t idle = depth == VP_FLOW_DOZE ? DOZE_MILLISECONDS
					      : engine->options.sleep_seconds * UINT64_C(1000);
	struct vp_flow *flow;

	while ((flow = vp_flow_restless(engine->flows, state, depth)) &&
	       flow->last + idle <= engine->now) {
		vp_flow_rests(engine->flows, flow, depth);
		if (depth == VP_FLOW_DOZE)
			vp_engine_doze(engine, flow);
		else
			vp_engine_sleep(engine, flow);
	}
}

static void look_after(struct vp_engine *engine)
{
	static const enum vp_flow_state states[] = { VP_FLOW_AWAKE, VP_FLOW_AWAY,
						     VP_FLOW_CLOSED };

	expire(engine);
	for (size_t i = 0; i < VP_COUNT(states); i++)
		for (int depth = 0; depth < VP_FLOW_RESTS; depth++)
			rest(engine, states[i], (enum vp_flow_rest)depth);
}

/* Connections that are over; those that only seemed so within a message are kept longer. */
static void forget_closed(struct vp_engine *engine)
{
	struct vp_flow *flow;

	while (oldest_before(engine, VP_FLOW_CLOSED, CLOSED_SECONDS * UINT64_C(1000), &flow))
		if (vp_engine_sever(engine, flow))
			vp_flow_touch(engine->flows, flow, VP_FLOW_SEVERED, flow->last);
		else
			vp_engine_end(engine, flow);
	while (oldest_before(engine, VP_FLOW_SEVERED, SEVERED_SECONDS * UINT64_C(1000), &flow))
		vp_engine_end(engine, flow);
}

void vp_engine_tick(struct vp_engine *engine, uint64_t milliseconds)
{
	static const enum vp_flow_state open[] = { VP_FLOW_AWAKE, VP_FLOW_AWAY,
						   VP_FLOW_ASLEEP };
	struct vp_flow *flow;

	engine->now = milliseconds;
	look_after(engine);
	forget_closed(engine);
	for (size_t i = 0; i < VP_COUNT(open); i++)
		while (oldest_before(engine, open[i],
				     engine->options.idle_seconds * UINT64_C(1000), &flow))
			vp_engine_end(engine, flow);
}

struct vp_engine_counts vp_engine_counts(const struct vp_engine *engine)
{
	struct vp_engine_counts counts = engine->counts;

	counts.flows_now = vp_flow_count(engine->flows);
	return counts;
}
