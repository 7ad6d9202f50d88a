/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Readers: see reader.h. They join a parser and a unit and decide nothing. */
#include "modules/inspection/reader.h"

#include "lib/memory.h"

/* About what a parser and a unit are besides what they hold. */
#define READER_COST 1024u

void vp_reader_open(struct vp_reader *reader, const struct vp_scope *scope)
{
	*reader = (struct vp_reader){ .scope = vp_scope_hold(scope) };
}

void vp_reader_close(struct vp_reader *reader)
{
	vp_reader_sleep(reader);
	vp_scope_release(reader->scope);
	reader->scope = NULL;
}

/* Of raw bytes each direction is a stream of its own; of a protocol the answers are read
 * together with what they answer. */
bool vp_scope_reads(const struct vp_scope *scope, enum vp_direction direction)
{
	if (scope->direction == direction)
		return true;
	return scope->direction == VP_TO_CLIENT && *scope->protocol->application;
}

static struct vp_reading_result result_of(struct vp_reader *reader, struct vp_parsed parsed)
{
	struct vp_reading_result result = { .parsed = parsed };

	reader->boundary = parsed.state == VP_PARSE_BOUNDARY;
	result.failure = vp_unit_failure(reader->unit, &result.failed_rule);
	result.hits = vp_unit_take(reader->unit);
	return result;
}

static void wake(struct vp_reader *reader, const struct vp_parser_limits *limits,
		 const struct vp_unit_flow *flow)
{
	const struct vp_scope *scope = reader->scope;

	if (!reader->unit)
		reader->unit =
			vp_unit_pool_take(scope->units, scope->program, limits->memory, flow);
	if (!reader->parser)
		reader->parser = scope->protocol->open(limits, scope->frame,
						       vp_unit_sink(reader->unit));
}

/* Of a raw stream, behind how many bytes everything is certain. */
static uint64_t reach_of(const struct vp_scope *scope)
{
	if (scope->protocol != &vp_protocol_stream || scope->frame)
		return UINT64_MAX;
	return vp_program_reach(scope->program, VP_FIELD_STREAM);
}

struct vp_reading_result vp_reader_feed(struct vp_reader *reader,
					const struct vp_parser_limits *limits,
					const struct vp_unit_flow *flow,
					enum vp_direction direction, struct vp_slice bytes)
{
	struct vp_parsed parsed;

	wake(reader, limits, flow);
	if (!reader->parser) /* its frame is of no form: validation has let it pass */
		return (struct vp_reading_result){ .parsed = { .state = VP_PARSE_BROKEN,
							       .reason = "frame" } };
	parsed = reader->scope->protocol->feed(reader->parser, direction, bytes);
	reader->fed += bytes.len;
	if (reader->fed >= reach_of(reader->scope)) {
		reader->scope->protocol->finish(reader->parser, direction);
		parsed = (struct vp_parsed){ .state = VP_PARSE_DONE };
	}
	return result_of(reader, parsed);
}

struct vp_reading_result vp_reader_finish(struct vp_reader *reader,
					  enum vp_direction direction)
{
	const struct vp_protocol *protocol = reader->scope->protocol;

	if (!reader->parser || !protocol->finish)
		return (struct vp_reading_result){ 0 };
	return result_of(reader, protocol->finish(reader->parser, direction));
}

void vp_reader_skip(struct vp_reader *reader, enum vp_direction direction, uint64_t count)
{
	const struct vp_protocol *protocol = reader->scope->protocol;
	const struct vp_slice nothing = { (const uint8_t *)"", 0 };

	protocol->skipped(reader->parser, direction, count);
	reader->boundary =
		protocol->feed(reader->parser, direction, nothing).state == VP_PARSE_BOUNDARY;
}

void vp_reader_sleep(struct vp_reader *reader)
{
	if (reader->parser)
		reader->scope->protocol->close(reader->parser);
	if (reader->unit)
		vp_unit_pool_give(reader->scope->units, reader->unit);
	reader->parser = NULL;
	reader->unit = NULL;
}

size_t vp_reader_memory(const struct vp_reader *reader)
{
	size_t memory = 0;

	if (reader->parser)
		memory += READER_COST + reader->scope->protocol->memory(reader->parser);
	if (reader->unit)
		memory += READER_COST + vp_unit_memory(reader->unit);
	return memory;
}
