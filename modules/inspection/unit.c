/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A unit as a sink: sends each value to the inputs that read it. All memory is
 * made when first needed and kept, so a unit in its steady state allocates nothing.
 */
#include "modules/inspection/unit.h"

#include <netinet/in.h>

#include "modules/inspection/unit_layout.h"

static struct vp_unit *unit_of(struct vp_sink *sink)
{
	return (struct vp_unit *)sink;
}

static void part_close(struct vp_unit *unit, enum vp_field_id field)
{
	if (unit->open_group[field] == VP_NONE)
		return;
	unit->open_group[field] = VP_NONE;
	unit->open_count--;
}

/* What is open in parts: its end, when `complete`, else it is forgotten. */
static void parts_close(struct vp_unit *unit, bool complete)
{
	for (unsigned int field = 0; unit->open_count && field < VP_FIELD_COUNT; field++) {
		uint32_t group = unit->open_group[field];

		if (group == VP_NONE)
			continue;
		part_close(unit, field);
		vp_index_each(input, &unit->program->inputs_of, group)
		{
			if (complete)
				vp_reading_part(unit, *input, (struct vp_slice){ NULL, 0 },
						false, true);
			else
				vp_reading_drop(unit, *input);
		}
	}
}

/* A unit that ends leaves its failure behind, until it could be seen. */
static void failure_keep(struct vp_unit *unit)
{
	size_t rule;
	enum vp_unit_failure failure = vp_truth_failure(unit, &rule);

	unit->unknown.len = 0;
	if (failure == VP_UNIT_FINE || unit->failure != VP_UNIT_FINE || unit->told)
		return;
	unit->failure = failure;
	unit->failed_rule = rule;
	unit->failure_seen = false;
}

static void begin(struct vp_sink *sink)
{
	struct vp_unit *unit = unit_of(sink);

	parts_close(unit, false);
	if (unit->failure_seen)
		unit->failure = VP_UNIT_FINE;
	unit->open = true;
	unit->told = false;
	vp_truth_begin(unit);
}

static uint32_t group_of(struct vp_unit *unit, enum vp_field_id field, struct vp_slice name)
{
	if (!vp_program_wants(unit->program, field))
		return VP_NONE;
	if (!unit->open)
		begin(&unit->sink);
	return vp_program_group(unit->program, field, name);
}

static void number(struct vp_sink *sink, enum vp_field_id field, uint64_t value)
{
	struct vp_unit *unit = unit_of(sink);
	uint32_t group = group_of(unit, field, (struct vp_slice){ NULL, 0 });

	if (group == VP_NONE)
		return;
	vp_index_each(input, &unit->program->inputs_of, group)
		vp_reading_number(unit, *input, value);
}

static void bytes(struct vp_sink *sink, enum vp_field_id field, struct vp_slice name,
		  struct vp_slice value, enum vp_part part)
{
	struct vp_unit *unit = unit_of(sink);
	bool first = part == VP_PART_WHOLE || part == VP_PART_FIRST;
	bool last = part == VP_PART_WHOLE || part == VP_PART_LAST;
	uint32_t group = first ? group_of(unit, field, name) : unit->open_group[field];

	if (first)
		part_close(unit, field);
	if (group == VP_NONE)
		return;
	if (part == VP_PART_FIRST) {
		unit->open_group[field] = group;
		unit->open_count++;
	}
	vp_index_each(input, &unit->program->inputs_of, group)
		vp_reading_part(unit, *input, value, first, last);
	if (part == VP_PART_LAST)
		part_close(unit, field);
}

static void final(struct vp_sink *sink, enum vp_phase phase)
{
	struct vp_unit *unit = unit_of(sink);

	if (!unit->open)
		begin(sink);
	if (phase == VP_PHASE_END)
		parts_close(unit, true);
	vp_truth_certain(unit, phase == VP_PHASE_END ? VP_STAGE_END : VP_STAGE_HEAD);
}

static void end(struct vp_sink *sink)
{
	struct vp_unit *unit = unit_of(sink);

	if (!unit->open)
		return;
	parts_close(unit, false);
	failure_keep(unit);
	vp_reading_trim(unit);
	unit->open = false;
}

static bool wants(const struct vp_sink *sink, enum vp_field_id field)
{
	return vp_program_wants(((const struct vp_unit *)sink)->program, field);
}

static bool awaits(const struct vp_sink *sink, enum vp_field_id field)
{
	const struct vp_unit *unit = (const struct vp_unit *)sink;
	const struct vp_program *program = unit->program;

	vp_index_each(group, &program->groups_of, field) vp_index_each(
		input, &program->inputs_of,
		*group) if (!unit->open || vp_truth_awaits(unit, *input)) return true;
	return false;
}

static const struct vp_sink_operations operations = {
	.begin = begin,
	.number = number,
	.bytes = bytes,
	.final = final,
	.end = end,
	.wants = wants,
	.awaits = awaits,
};

struct vp_unit_flow vp_unit_flow_of(const struct vp_packet *packet,
				    enum vp_direction direction)
{
	return (struct vp_unit_flow){
		.source = packet->source,
		.destination = packet->destination,
		.source_port = packet->source_port,
		.destination_port = packet->destination_port,
		.protocol = packet->protocol,
		.version = packet->version,
		.direction = direction,
	};
}

struct vp_unit *vp_unit_new(const struct vp_program *program, size_t bound)
{
	struct vp_unit *unit = vp_new(struct vp_unit);

	unit->sink.operations = &operations;
	unit->program = program;
	unit->bound = bound;
	unit->holds = vp_alloc(vp_bit_words(program->atoms.len), sizeof(*unit->holds));
	unit->present = vp_alloc(vp_bit_words(program->inputs.len), sizeof(*unit->present));
	unit->values = vp_alloc(program->inputs.len + 1, sizeof(*unit->values));
	unit->waiting = vp_alloc(program->atoms.len + 1, sizeof(*unit->waiting));
	unit->next = vp_alloc(program->rules.len + 1, sizeof(*unit->next));
	unit->readings = vp_alloc(program->inputs.len + 1, sizeof(struct vp_reading *));
	unit->sides = vp_alloc(program->relations.len + 1, sizeof(*unit->sides));
	memset(unit->waiting, 0xff, (program->atoms.len + 1) * sizeof(*unit->waiting));
	memset(unit->open_group, 0xff, sizeof(unit->open_group));
	return unit;
}

void vp_unit_free(struct vp_unit *unit)
{
	if (!unit)
		return;
	for (uint32_t i = 0; i < unit->program->inputs.len; i++)
		vp_reading_free(unit, i);
	free(unit->readings);
	free(unit->holds);
	free(unit->present);
	free(unit->values);
	free(unit->waiting);
	free(unit->next);
	vp_array_free(&unit->flow_atoms);
	vp_array_free(&unit->flow_inputs);
	vp_array_free(&unit->flow_numbers);
	vp_relation_free(unit);
	vp_array_free(&unit->moved);
	vp_array_free(&unit->ready);
	vp_array_free(&unit->hits);
	vp_array_free(&unit->taken);
	vp_array_free(&unit->unknown);
	free(unit);
}

/* What a number or an address of the packets' headers is to an atom. */
static void flow_atom(struct vp_unit *unit, uint32_t number, uint64_t value,
		      const struct vp_address *address)
{
	const struct vp_program *program = unit->program;
	const struct vp_atom *atom = &program->atoms.data[number];
	struct vp_extent at = atom->ranges;
	bool holds;

	if (address)
		holds = atom->source == VP_ATOM_ADDRESS &&
			vp_number_address_within(vp_span_of(&program->addresses, at), at.count,
						 address);
	else if (atom->relation != VP_NONE)
		holds = false;
	else
		holds = atom->source == VP_ATOM_VALUE && vp_atom_within(program, atom, value);
	if (holds)
		vp_array_push(&unit->flow_atoms, number);
	if (!address && atom->relation != VP_NONE && atom->source == VP_ATOM_VALUE)
		vp_array_push(&unit->flow_numbers, ((struct vp_flow_number){ number, value }));
}

static void flow_value(struct vp_unit *unit, enum vp_field_id field, uint64_t value,
		       const struct vp_address *address)
{
	const struct vp_program *program = unit->program;

	vp_index_each(group, &program->groups_of, field)
	{
		vp_index_each(input, &program->inputs_of, *group)
		{
			vp_array_push(&unit->flow_inputs, *input);
			vp_index_each(number, &program->compared_of, *input)
				flow_atom(unit, *number, value, address);
		}
	}
}

void vp_unit_flow(struct vp_unit *unit, const struct vp_unit_flow *flow)
{
	parts_close(unit, false);
	unit->open = false;
	unit->hits.len = unit->unknown.len = 0;
	unit->failure = VP_UNIT_FINE;
	unit->flow = *flow;
	unit->flow_atoms.len = unit->flow_inputs.len = unit->flow_numbers.len = 0;
	flow_value(unit, VP_FIELD_IP_SRC, 0, &flow->source);
	flow_value(unit, VP_FIELD_IP_DST, 0, &flow->destination);
	flow_value(unit, VP_FIELD_IP_VERSION, flow->version, NULL);
	flow_value(unit, VP_FIELD_IP_PROTO, flow->protocol, NULL);
	if (flow->protocol == IPPROTO_TCP) {
		flow_value(unit, VP_FIELD_TCP_SRCPORT, flow->source_port, NULL);
		flow_value(unit, VP_FIELD_TCP_DSTPORT, flow->destination_port, NULL);
	}
	if (flow->protocol == IPPROTO_UDP || flow->protocol == IPPROTO_UDPLITE) {
		flow_value(unit, VP_FIELD_UDP_SRCPORT, flow->source_port, NULL);
		flow_value(unit, VP_FIELD_UDP_DSTPORT, flow->destination_port, NULL);
	}
}

const struct vp_unit_flow *vp_unit_flow_now(const struct vp_unit *unit)
{
	return &unit->flow;
}

struct vp_sink *vp_unit_sink(struct vp_unit *unit)
{
	return &unit->sink;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

struct vp_unit_hits vp_unit_take(struct vp_unit *unit)
{
	struct vp_rule_list hits = unit->hits;
	size_t rule;

	unit->hits = unit->taken;
	unit->taken = hits;
	unit->hits.len = 0;
	if (hits.len > 1)
		qsort(hits.data, hits.len, sizeof(*hits.data), compare);
	unit->failure_seen = true;
	unit->told = unit->unknown.len && vp_truth_failure(unit, &rule) != VP_UNIT_FINE;
	return (struct vp_unit_hits){ hits.data, hits.len };
}

enum vp_unit_failure vp_unit_failure(const struct vp_unit *unit, size_t *rule)
{
	if (unit->failure == VP_UNIT_FINE)
		return vp_truth_failure(unit, rule);
	*rule = unit->failed_rule;
	return unit->failure;
}

size_t vp_unit_memory(const struct vp_unit *unit)
{
	return unit->memory;
}
