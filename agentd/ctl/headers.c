/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules on headers alone: see headers.h. */
#include "agentd/ctl/headers.h"

#include "lib/memory.h"
#include "modules/inspection/rate.h"
#include "modules/inspection/unit.h"

struct vp_headers {
	const struct vp_scopes *scopes;
	struct vp_unit **units; /* by scope */
	struct vp_rates *rates;
	void (*hit)(void *context, const struct vp_hit *hit);
	void *context;
};

/* A packet that is judged. */
struct trial {
	struct vp_headers *headers;
	const struct vp_packet *packet;
	uint64_t number, milliseconds;
	bool local, blocked;
};

struct vp_headers *vp_headers_new(const struct vp_scopes *scopes,
				  void (*hit)(void *context, const struct vp_hit *hit),
				  void *context)
{
	struct vp_headers *headers = vp_new(struct vp_headers);
	size_t count = vp_scopes_count(scopes);

	headers->scopes = scopes;
	headers->units = vp_alloc(count, sizeof(struct vp_unit *));
	for (size_t i = 0; i < count; i++)
		headers->units[i] = vp_unit_new(vp_scope(scopes, i)->program, 0);
	headers->rates = vp_rates_new(0);
	headers->hit = hit;
	headers->context = context;
	return headers;
}

void vp_headers_free(struct vp_headers *headers)
{
	if (!headers)
		return;
	for (size_t i = 0; i < vp_scopes_count(headers->scopes); i++)
		vp_unit_free(headers->units[i]);
	free(headers->units);
	vp_rates_free(headers->rates);
	free(headers);
}

/* A rule that holds; of those that enforce the first decides. */
static void judge_rule(struct trial *trial, const struct vp_program_rule *rule)
{
	const struct vp_packet *packet = trial->packet;
	const struct vp_hit hit = {
		.packet = trial->number,
		.milliseconds = trial->milliseconds,
		.tag = rule->tag,
		.reason = VP_REASON_RULE,
		.verdict = rule->action.verdict,
		.monitor = rule->mode == VP_MODE_MONITOR,
		.source = packet->source,
		.destination = packet->destination,
		.source_port = packet->source_port,
		.destination_port = packet->destination_port,
		.protocol = packet->protocol,
	};
	const struct vp_address *client =
		rule->direction == VP_TO_SERVER ? &packet->source : &packet->destination;

	if (!hit.monitor && trial->blocked)
		return;
	if (hit.verdict == VP_VERDICT_LIMIT &&
	    !vp_rates_over(trial->headers->rates, rule->tag, &rule->action, client,
			   trial->milliseconds))
		return;
	trial->blocked |= !hit.monitor;
	trial->headers->hit(trial->headers->context, &hit);
}

static void judge_scope(struct trial *trial, uint32_t position, enum vp_direction direction)
{
	const struct vp_packet *packet = trial->packet;
	struct vp_unit *unit = trial->headers->units[position];
	struct vp_sink *sink = vp_unit_sink(unit);
	const struct vp_scope *scope = vp_scope(trial->headers->scopes, position);
	const struct vp_unit_flow flow = vp_unit_flow_of(packet, direction);
	struct vp_unit_hits hits;

	vp_unit_flow(unit, &flow);
	sink->operations->begin(sink);
	sink->operations->final(sink, VP_PHASE_END);
	sink->operations->end(sink);
	hits = vp_unit_take(unit);
	for (size_t i = 0; i < hits.count; i++)
		judge_rule(trial, vp_program_rule(scope->program, hits.rules[i]));
}

static void judge_direction(struct trial *trial, enum vp_direction direction)
{
	const struct vp_packet *packet = trial->packet;
	bool to_server = direction == VP_TO_SERVER;
	struct vp_scope_list found = vp_scopes_find(
		trial->headers->scopes, packet->protocol,
		to_server ? &packet->destination : &packet->source,
		to_server ? packet->destination_port : packet->source_port, trial->local);

	for (size_t i = 0; i < found.count; i++)
		if (vp_scope(trial->headers->scopes, found.scopes[i])->direction == direction)
			judge_scope(trial, found.scopes[i], direction);
}

bool vp_headers_judge(struct vp_headers *headers, const struct vp_packet *packet,
		      uint64_t number, uint64_t milliseconds, bool local)
{
	struct trial trial = { .headers = headers,
			       .packet = packet,
			       .number = number,
			       .milliseconds = milliseconds,
			       .local = local };

	judge_direction(&trial, VP_TO_SERVER);
	judge_direction(&trial, VP_TO_CLIENT);
	return trial.blocked;
}
