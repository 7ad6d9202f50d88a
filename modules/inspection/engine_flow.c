/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a connection of the engine has: readers of its scopes, streams, memory;
 * how it sleeps, goes over to newer scopes and ends. See engine_layout.h.
 */
#include <netinet/in.h>

#include "modules/inspection/engine_layout.h"

#define FLOW_COST 512u /* about what a connection is besides what it holds */

/* Scopes and how many connections they judge */

static void count_use(struct vp_engine *engine, const struct vp_scopes *scopes, int change)
{
	struct vp_engine_use *unused = NULL;

	vp_array_each (use, &engine->uses) {
		if (use->scopes == scopes) {
			use->flows += (size_t)change;
			return;
		}
		if (!use->flows)
			unused = use;
	}
	if (!unused)
		unused = vp_array_add(&engine->uses);
	*unused = (struct vp_engine_use){ scopes, (size_t)change };
}

void vp_flow_drop_readers(struct vp_engine *engine, struct vp_flow *flow)
{
	for (size_t i = 0; i < flow->reader_count; i++)
		vp_reader_sleep(&flow->readers[i]);
	free(flow->readers);
	flow->readers = NULL;
	flow->reader_count = 0;
	if (flow->scopes)
		count_use(engine, flow->scopes, -1);
	flow->scopes = NULL;
}

static struct vp_scope_list scopes_of(const struct vp_engine *engine,
				      const struct vp_flow *flow)
{
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

/* Judge the connection by the newest scopes. */
void vp_flow_take_readers(struct vp_engine *engine, struct vp_flow *flow)
{
	struct vp_scope_list found;

	vp_flow_drop_readers(engine, flow);
	flow->enforce = false;
	if (!engine->scopes)
		return;
	found = scopes_of(engine, flow);
	flow->scopes = engine->scopes;
	count_use(engine, flow->scopes, 1);
	flow->readers = vp_alloc(found.count, sizeof(*flow->readers));
	flow->reader_count = found.count;
	for (size_t i = 0; i < found.count; i++) {
		flow->readers[i].scope = vp_scope(flow->scopes, found.scopes[i]);
		flow->enforce |= flow->readers[i].scope->enforce;
	}
	if (!flow->blocked && found.count)
		flow->tag = vp_flow_strictest(flow)->tag;
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

/* Is some reader within a message? */
static bool is_inside(const struct vp_flow *flow)
{
	for (size_t i = 0; i < flow->reader_count; i++)
		if (flow->readers[i].parser && !flow->readers[i].boundary &&
		    !flow->readers[i].done)
			return true;
	return false;
}

void vp_engine_sleep(struct vp_engine *engine, struct vp_flow *flow)
{
	if (is_inside(flow))
		return;
	for (size_t i = 0; i < flow->reader_count; i++)
		vp_reader_sleep(&flow->readers[i]);
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
	vp_flow_drop_readers(engine, flow);
	vp_flow_count_memory(engine, flow);
	return true;
}

void vp_engine_end(struct vp_engine *engine, struct vp_flow *flow)
{
	if (!engine->given)
		point_at(engine, flow);
	vp_flow_drop_streams(flow);
	vp_flow_drop_readers(engine, flow);
	engine->counts.memory_now -= flow->memory;
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

/*
 * Between two messages a connection goes over to newer scopes, also within a body that
 * nobody reads. One that cannot be read any more cannot be by others either.
 */
void vp_flow_renew(struct vp_engine *engine, struct vp_flow *flow)
{
	bool enforced = flow->enforce;

	if (flow->scopes == engine->scopes || !flow->scopes)
		return;
	if (all_done(flow)) {
		vp_flow_drop_readers(engine, flow);
		return;
	}
	if (is_inside(flow) || vp_flow_waiting(flow) || changes_skip(engine, flow))
		return;
	vp_flow_take_readers(engine, flow);
	for (int i = 0; i < 2 && flow->enforce != enforced; i++)
		if (flow->sides[i].stream) /* how it treats packets is for life */
			vp_flow_begin(engine, flow, i, vp_stream_next(flow->sides[i].stream));
}

void vp_flow_note_waiting(struct vp_engine *engine, struct vp_flow *flow)
{
	bool waits = vp_flow_waiting(flow);

	if (waits && !flow->waits)
		flow->waits_since = engine->now;
	flow->waits = waits;
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
