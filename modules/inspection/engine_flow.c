/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a connection of the engine has: readers of its scopes, streams, memory;
 * how it sleeps, goes over to newer scopes and ends. See engine_layout.h.
 */
#include <netinet/in.h>

#include "modules/inspection/engine_layout.h"

#define FLOW_COST 512u /* about what a connection is besides what it holds */

void vp_flow_drop_readers(struct vp_flow *flow)
{
	for (size_t i = 0; i < flow->reader_count; i++)
		vp_reader_close(&flow->readers[i]);
	free(flow->readers);
	flow->readers = NULL;
	flow->reader_count = 0;
	flow->serial = 0;
}

struct vp_scope_list vp_engine_serving(const struct vp_engine *engine,
				       enum vp_direction direction, uint16_t *published)
{
	const struct vp_engine_packet *given = engine->given;
	const struct vp_packet *packet = &engine->packet;
	bool to_server = direction == VP_TO_SERVER;
	const struct vp_address *server = to_server ? &packet->destination : &packet->source;
	uint16_t port = to_server ? packet->destination_port : packet->source_port;
	bool local = given->local && (to_server || !given->inward);
	struct vp_scope_list found =
		vp_scopes_find(engine->scopes, packet->protocol, server, port, local);
	bool other = !found.count && given->published && given->answer != to_server;

	if (other) /* a service of this host, wherever its server is */
		found = vp_scopes_find(engine->scopes, packet->protocol, server,
				       given->published, true);
	if (published)
		*published = other && found.count ? given->published : 0;
	return found;
}

static struct vp_scope_list scopes_of(const struct vp_engine *engine,
				      const struct vp_flow *flow)
{
	if (flow->published)
		return vp_scopes_find(engine->scopes, engine->packet.protocol, &flow->server,
				      flow->published, true);
	return vp_scopes_find(engine->scopes, engine->packet.protocol, &flow->server,
			      flow->server_port, flow->local);
}

/* The failure verdict of a connection: the strictest of its enforced scopes. */
const struct vp_scope *vp_flow_strictest(const struct vp_flow *flow)
{
	const struct vp_scope *found = NULL;

	for (size_t i = 0; i < flow->reader_count; i++) {
		const struct vp_scope *scope = flow->readers[i].scope;

		if (!found || scope->enforce > found->enforce ||
		    (scope->enforce == found->enforce &&
		     scope->on_failure > found->on_failure))
			found = scope;
	}
	return found;
}

/* What follows from the readers that it has now. */
static void note_readers(struct vp_engine *engine, struct vp_flow *flow)
{
	flow->serial = engine->serial;
	flow->enforce = false;
	for (size_t i = 0; i < flow->reader_count; i++)
		flow->enforce |= flow->readers[i].scope->enforce;
	if (!flow->blocked && flow->reader_count)
		flow->tag = vp_flow_strictest(flow)->tag;
}

void vp_flow_take_readers(struct vp_engine *engine, struct vp_flow *flow)
{
	struct vp_scope_list found;

	vp_flow_drop_readers(flow);
	flow->enforce = false;
	if (!engine->scopes)
		return;
	found = scopes_of(engine, flow);
	flow->readers = vp_alloc(found.count, sizeof(*flow->readers));
	flow->reader_count = found.count;
	for (size_t i = 0; i < found.count; i++)
		vp_reader_open(&flow->readers[i], vp_scope(engine->scopes, found.scopes[i]));
	note_readers(engine, flow);
}

/* Memory */

static size_t memory_of(const struct vp_flow *flow)
{
	size_t memory = FLOW_COST + vp_variables_memory(&flow->variables);

	for (size_t i = 0; i < flow->reader_count; i++)
		memory += sizeof(*flow->readers) + vp_reader_memory(&flow->readers[i]);
	for (int side = 0; side < 2; side++)
		if (flow->sides[side].stream)
			memory += vp_stream_memory(flow->sides[side].stream);
	return memory;
}

void vp_flow_count_memory(struct vp_engine *engine, struct vp_flow *flow)
{
	size_t memory = memory_of(flow);

	engine->counts.memory_now += memory - flow->memory;
	flow->memory = memory;
}

/* The end of reading */

void vp_flow_drop_streams(struct vp_flow *flow)
{
	for (int side = 0; side < 2; side++) {
		struct vp_flow_side *at = &flow->sides[side];

		vp_stream_free(at->stream);
		at->stream = NULL;
		at->proved = at->bound = at->again = 0;
	}
}

/* Hits tell of this connection, where no packet of it is at hand. */
static void point_at(struct vp_engine *engine, const struct vp_flow *flow)
{
	engine->packet.source = flow->client;
	engine->packet.destination = flow->server;
	engine->packet.source_port = flow->client_port;
	engine->packet.destination_port = flow->server_port;
	engine->packet.protocol = IPPROTO_TCP;
}

static bool is_within(const struct vp_reader *reader)
{
	return reader->parser && !reader->boundary && !reader->done;
}

/* Is some reader within a message? */
static bool is_inside(const struct vp_flow *flow)
{
	for (size_t i = 0; i < flow->reader_count; i++)
		if (is_within(&flow->readers[i]))
			return true;
	return false;
}

void vp_engine_doze(struct vp_engine *engine, struct vp_flow *flow)
{
	if (is_inside(flow))
		return;
	for (size_t i = 0; i < flow->reader_count; i++)
		vp_reader_sleep(&flow->readers[i]);
	vp_flow_count_memory(engine, flow);
}

void vp_engine_sleep(struct vp_engine *engine, struct vp_flow *flow)
{
	if (is_inside(flow))
		return;
	vp_engine_doze(engine, flow);
	for (int side = 0; side < 2; side++)
		if (flow->sides[side].stream)
			vp_stream_sleep(flow->sides[side].stream);
	if (flow->state == VP_FLOW_AWAKE)
		vp_flow_touch(engine->flows, flow, VP_FLOW_ASLEEP, flow->last);
	vp_flow_count_memory(engine, flow);
}

/*
 * Whoever may say RST or FIN in vain could have the beginning of a message forgotten and
 * then send its end.
 */
bool vp_engine_sever(struct vp_engine *engine, struct vp_flow *flow)
{
	if (!flow->enforce || flow->given_up || !is_inside(flow))
		return false;
	point_at(engine, flow);
	vp_flow_drop_streams(flow);
	if (!flow->blocked) {
		flow->blocked = true;
		flow->reason = VP_REASON_WINDOW;
		flow->verdict = VP_VERDICT_RESET;
	}
	vp_flow_drop_readers(flow);
	vp_flow_count_memory(engine, flow);
	return true;
}

static void note_waiting(struct vp_engine *engine, struct vp_flow *flow, bool waits)
{
	struct vp_flow *last;

	if (waits == (flow->waits > 0))
		return;
	if (waits) {
		flow->waits_since = engine->now;
		vp_array_push(&engine->waiting, flow);
		flow->waits = engine->waiting.len;
		return;
	}
	last = engine->waiting.data[--engine->waiting.len]; /* goes into its place */
	last->waits = flow->waits;
	engine->waiting.data[last->waits - 1] = last;
	flow->waits = 0;
}

void vp_engine_end(struct vp_engine *engine, struct vp_flow *flow)
{
	if (!engine->given)
		point_at(engine, flow);
	vp_flow_drop_streams(flow);
	vp_flow_drop_readers(flow);
	engine->counts.memory_now -= flow->memory;
	note_waiting(engine, flow, false);
	vp_variables_clear(&flow->variables);
	vp_flow_remove(engine->flows, flow);
}

void vp_flow_begin(struct vp_engine *engine, struct vp_flow *flow, enum vp_direction direction,
		   uint32_t sequence)
{
	struct vp_flow_side *side = &flow->sides[direction];

	vp_stream_free(side->stream);
	side->flow = flow;
	side->begin = sequence;
	side->finished = false;
	side->proved = side->bound = side->again = 0;
	side->stream =
		vp_stream_new(&engine->streams[!flow->enforce], &vp_engine_stream_user, side);
	vp_stream_begin(side->stream, sequence);
}

bool vp_reader_reads(const struct vp_reader *reader, enum vp_direction direction)
{
	return !reader->done && vp_scope_reads(reader->scope, direction);
}

bool vp_flow_is_read(const struct vp_flow *flow, enum vp_direction direction)
{
	for (size_t i = 0; i < flow->reader_count; i++)
		if (vp_reader_reads(&flow->readers[i], direction))
			return true;
	return false;
}

size_t vp_flow_waiting(const struct vp_flow *flow)
{
	size_t count = 0;

	for (int side = 0; side < 2; side++)
		if (flow->sides[side].stream)
			count += vp_stream_waiting(flow->sides[side].stream);
	return count;
}

static bool all_done(const struct vp_flow *flow)
{
	for (size_t i = 0; i < flow->reader_count; i++)
		if (!flow->readers[i].done)
			return false;
	return flow->reader_count;
}

/* Would the newest scopes make the streams treat packets otherwise, in the midst of a skip? */
static bool changes_skip(const struct vp_engine *engine, const struct vp_flow *flow)
{
	struct vp_scope_list found = { 0 };
	struct vp_stream_unread unread;
	bool enforce = false, skips = false;

	if (engine->scopes)
		found = scopes_of(engine, flow);
	for (size_t i = 0; i < found.count; i++)
		enforce |= vp_scope(engine->scopes, found.scopes[i])->enforce;
	for (int side = 0; side < 2; side++)
		skips |= flow->sides[side].stream &&
			 vp_stream_unread(flow->sides[side].stream, &unread);
	return skips && enforce != flow->enforce;
}

/* A raw stream has no messages: who reads it does so to its end. */
static bool is_lifelong(const struct vp_reader *reader)
{
	return reader->scope->protocol == &vp_protocol_stream && !reader->scope->frame &&
	       reader->fed && !reader->done;
}

static bool is_found(const struct vp_engine *engine, struct vp_scope_list found,
		     const struct vp_scope *scope)
{
	for (size_t i = 0; i < found.count; i++)
		if (vp_scope(engine->scopes, found.scopes[i]) == scope)
			return true;
	return false;
}

/* Nothing is in the midst of anything but what goes on as it is. */
static bool may_renew(const struct vp_engine *engine, const struct vp_flow *flow,
		      struct vp_scope_list found)
{
	for (size_t i = 0; i < flow->reader_count; i++) {
		const struct vp_reader *reader = &flow->readers[i];

		if (is_within(reader) && !is_lifelong(reader) &&
		    !is_found(engine, found, reader->scope))
			return false;
	}
	return true;
}

/* Take the reader of a scope over; false: there is none. */
static bool move_reader(struct vp_flow *flow, const struct vp_scope *scope,
			struct vp_reader *to)
{
	for (size_t i = 0; i < flow->reader_count; i++)
		if (flow->readers[i].scope == scope) {
			*to = flow->readers[i];
			flow->readers[i] = flow->readers[--flow->reader_count];
			return true;
		}
	return false;
}

/* Is the stream that the scope would read already somebody's to its end? */
static bool is_taken(const struct vp_flow *flow, const struct vp_scope *scope)
{
	for (size_t i = 0; i < flow->reader_count; i++)
		if (is_lifelong(&flow->readers[i]) &&
		    flow->readers[i].scope->direction == scope->direction &&
		    scope->protocol == &vp_protocol_stream && !scope->frame)
			return true;
	return false;
}

static bool sets(const struct vp_reader *readers, size_t count, uint64_t variable)
{
	for (size_t i = 0; i < count; i++) {
		const struct vp_program *program = readers[i].scope->program;

		for (size_t rule = 0; rule < vp_program_rules(program); rule++)
			if (vp_program_rule(program, rule)->variable == variable)
				return true;
	}
	return false;
}

/* Variables that a new reader of an old connection sets and no reader did before. */
static void begin_variables(struct vp_flow *flow, const struct vp_reader *moved, size_t count,
			    const struct vp_scope *scope)
{
	for (size_t i = 0; i < vp_program_rules(scope->program); i++) {
		uint64_t variable = vp_program_rule(scope->program, i)->variable;

		if (variable && !sets(moved, count, variable) &&
		    !sets(flow->readers, flow->reader_count, variable))
			vp_variable_begin(&flow->variables, variable);
	}
}

static void renew_readers(struct vp_engine *engine, struct vp_flow *flow,
			  struct vp_scope_list found)
{
	struct vp_reader *readers =
		vp_alloc(found.count + flow->reader_count, sizeof(*readers));
	size_t count = 0;

	for (size_t i = 0; i < found.count; i++)
		count += move_reader(flow, vp_scope(engine->scopes, found.scopes[i]),
				     &readers[count]);
	for (size_t i = 0; i < found.count; i++) {
		const struct vp_scope *scope = vp_scope(engine->scopes, found.scopes[i]);
		bool moved = false;

		for (size_t k = 0; k < count; k++)
			moved |= readers[k].scope == scope;
		if (moved || is_taken(flow, scope))
			continue;
		begin_variables(flow, readers, count, scope);
		vp_reader_open(&readers[count++], scope);
	}
	for (size_t i = 0; i < flow->reader_count; i++)
		if (is_lifelong(&flow->readers[i]))
			readers[count++] = flow->readers[i];
		else
			vp_reader_close(&flow->readers[i]);
	free(flow->readers);
	flow->readers = readers;
	flow->reader_count = count;
	note_readers(engine, flow);
}

/*
 * A connection goes over to newer scopes where they are the same as its own, and
 * else between two messages, also within a body that nobody reads. One that cannot
 * be read any more cannot be by others either.
 */
void vp_flow_renew(struct vp_engine *engine, struct vp_flow *flow)
{
	struct vp_scope_list found = { 0 };
	bool enforced = flow->enforce;

	if (flow->serial == engine->serial || !flow->serial)
		return;
	if (all_done(flow)) {
		vp_flow_drop_readers(flow);
		return;
	}
	if (engine->scopes)
		found = scopes_of(engine, flow);
	flow->midstream |= !flow->reader_count && found.count;
	if (!may_renew(engine, flow, found) || vp_flow_waiting(flow) ||
	    changes_skip(engine, flow))
		return;
	renew_readers(engine, flow, found);
	for (int i = 0; i < 2 && flow->enforce != enforced; i++)
		if (flow->sides[i].stream) /* how it treats packets is for life */
			vp_flow_begin(engine, flow, i, vp_stream_next(flow->sides[i].stream));
}

void vp_flow_note_waiting(struct vp_engine *engine, struct vp_flow *flow)
{
	note_waiting(engine, flow, vp_flow_waiting(flow));
}

void vp_engine_expire(struct vp_engine *engine, struct vp_flow *flow)
{
	point_at(engine, flow);
	for (int side = 0; side < 2; side++)
		if (flow->sides[side].stream)
			vp_stream_expire(flow->sides[side].stream);
	vp_flow_note_waiting(engine, flow);
	vp_flow_count_memory(engine, flow);
}
