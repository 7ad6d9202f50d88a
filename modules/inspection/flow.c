/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of connections: see flow.h. A hash of the endpoints, lower one first. */
#include "modules/inspection/flow.h"

#include <netinet/in.h>

#include "lib/digest.h"
#include "lib/memory.h"

struct list {
	struct vp_flow *oldest, *newest;
	struct vp_flow *restless[VP_FLOW_RESTS]; /* all older ones rest that deep */
};

struct vp_flow_table {
	struct vp_flow **buckets;
	size_t mask;
	size_t count;
	unsigned int most;
	uint64_t seed;
	struct list lists[VP_FLOW_STATES];
};

struct vp_flow_table *vp_flow_table_new(unsigned int most, uint64_t seed)
{
	struct vp_flow_table *table = vp_new(struct vp_flow_table);
	size_t buckets = 64;

	while (buckets < most)
		buckets *= 2;
	table->buckets = vp_alloc(buckets, sizeof(struct vp_flow *));
	table->mask = buckets - 1;
	table->most = most;
	table->seed = seed;
	return table;
}

void vp_flow_table_free(struct vp_flow_table *table)
{
	if (!table)
		return;
	free(table->buckets);
	free(table);
}

static uint64_t hash_end(uint64_t digest, const struct vp_address *address, uint16_t port)
{
	digest = vp_digest(digest, address->bytes, vp_address_size(address->family));
	return vp_digest(digest, &port, sizeof(port));
}

static bool source_is_lower(const struct vp_packet *packet)
{
	int order = vp_address_compare(&packet->source, &packet->destination);

	return order ? order < 0 : packet->source_port < packet->destination_port;
}

static uint64_t hash_of(const struct vp_flow_table *table, const struct vp_packet *packet)
{
	bool lower = source_is_lower(packet);
	uint64_t digest = table->seed;

	digest = hash_end(digest, lower ? &packet->source : &packet->destination,
			  lower ? packet->source_port : packet->destination_port);
	digest = hash_end(digest, lower ? &packet->destination : &packet->source,
			  lower ? packet->destination_port : packet->source_port);
	return digest ^ digest >> 29;
}

static bool is_end(const struct vp_address *a, uint16_t a_port, const struct vp_address *b,
		   uint16_t b_port)
{
	return a_port == b_port && !vp_address_compare(a, b);
}

static bool goes(const struct vp_flow *flow, const struct vp_packet *packet,
		 enum vp_direction direction)
{
	bool to_server = direction == VP_TO_SERVER;

	return is_end(&flow->client, flow->client_port,
		      to_server ? &packet->source : &packet->destination,
		      to_server ? packet->source_port : packet->destination_port) &&
	       is_end(&flow->server, flow->server_port,
		      to_server ? &packet->destination : &packet->source,
		      to_server ? packet->destination_port : packet->source_port);
}

struct vp_flow *vp_flow_find(struct vp_flow_table *table, const struct vp_packet *packet,
			     enum vp_direction *direction)
{
	uint64_t hash = hash_of(table, packet);

	for (struct vp_flow *flow = table->buckets[hash & table->mask]; flow;
	     flow = flow->chain) {
		if (flow->hash != hash)
			continue;
		*direction = goes(flow, packet, VP_TO_SERVER) ? VP_TO_SERVER : VP_TO_CLIENT;
		if (goes(flow, packet, *direction))
			return flow;
	}
	return NULL;
}

static void link_newest(struct list *list, struct vp_flow *flow)
{
	flow->older = list->newest;
	flow->newer = NULL;
	*(list->newest ? &list->newest->newer : &list->oldest) = flow;
	list->newest = flow;
	for (int rest = 0; rest < VP_FLOW_RESTS; rest++)
		if (!list->restless[rest])
			list->restless[rest] = flow;
}

static void unlink_flow(struct list *list, struct vp_flow *flow)
{
	for (int rest = 0; rest < VP_FLOW_RESTS; rest++)
		if (list->restless[rest] == flow)
			list->restless[rest] = flow->newer;
	*(flow->older ? &flow->older->newer : &list->oldest) = flow->newer;
	*(flow->newer ? &flow->newer->older : &list->newest) = flow->older;
}

struct vp_flow *vp_flow_add(struct vp_flow_table *table, const struct vp_packet *packet,
			    enum vp_direction direction)
{
	struct vp_flow *flow = vp_new(struct vp_flow), **bucket;
	bool to_server = direction == VP_TO_SERVER;

	flow->hash = hash_of(table, packet);
	flow->client = to_server ? packet->source : packet->destination;
	flow->client_port = to_server ? packet->source_port : packet->destination_port;
	flow->server = to_server ? packet->destination : packet->source;
	flow->server_port = to_server ? packet->destination_port : packet->source_port;
	bucket = &table->buckets[flow->hash & table->mask];
	flow->chain = *bucket;
	*bucket = flow;
	link_newest(&table->lists[VP_FLOW_AWAKE], flow);
	table->count++;
	return flow;
}

void vp_flow_remove(struct vp_flow_table *table, struct vp_flow *flow)
{
	struct vp_flow **at = &table->buckets[flow->hash & table->mask];

	while (*at != flow)
		at = &(*at)->chain;
	*at = flow->chain;
	unlink_flow(&table->lists[flow->state], flow);
	table->count--;
	free(flow);
}

void vp_flow_touch(struct vp_flow_table *table, struct vp_flow *flow, enum vp_flow_state state,
		   uint64_t now)
{
	unlink_flow(&table->lists[flow->state], flow);
	flow->state = state;
	flow->last = now;
	link_newest(&table->lists[state], flow);
}

struct vp_flow *vp_flow_oldest(const struct vp_flow_table *table, enum vp_flow_state state)
{
	return table->lists[state].oldest;
}

struct vp_flow *vp_flow_restless(const struct vp_flow_table *table, enum vp_flow_state state,
				 enum vp_flow_rest rest)
{
	return table->lists[state].restless[rest];
}

void vp_flow_rests(struct vp_flow_table *table, struct vp_flow *flow, enum vp_flow_rest rest)
{
	table->lists[flow->state].restless[rest] = flow->newer;
}

bool vp_flow_table_full(const struct vp_flow_table *table)
{
	return table->count >= table->most;
}

size_t vp_flow_count(const struct vp_flow_table *table)
{
	return table->count;
}
