/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From values to atoms: slice, transforms, patterns, numbers. A value goes to the
 * pattern matcher where it lies when it is whole and nothing changes it; parts
 * are streamed to it, or held up to the unit's bound where only the whole decides.
 */
#include <errno.h>

#include "modules/inspection/unit_layout.h"

static const struct vp_input *input_of(const struct vp_reading *r)
{
	return &r->unit->program->inputs.data[r->input];
}

static struct vp_reading *reading_of(struct vp_unit *unit, uint32_t number)
{
	const struct vp_input *input = &unit->program->inputs.data[number];
	struct vp_reading *r = unit->readings[number];

	if (r)
		return r;
	r = vp_new(struct vp_reading);
	r->unit = unit;
	r->input = number;
	r->marked = vp_alloc(vp_bit_words(input->patterns.count), sizeof(*r->marked));
	unit->memory += sizeof(*r) + vp_bit_words(input->patterns.count) * sizeof(*r->marked);
	if (input->transforms.count) {
		r->transformer = vp_transformer_new(unit->program->transforms.data +
							    input->transforms.first,
						    input->transforms.count, unit->bound);
		unit->memory += vp_transformer_memory(r->transformer);
	}
	if (input->anchor) {
		r->place = vp_alloc(vp_anchor_place_size(input->anchor), 1);
		unit->memory += vp_anchor_place_size(input->anchor);
	}
	if (input->from == VP_FROM_NUMBER) {
		r->ahead = vp_alloc(input->start.offset + input->start.length, 1);
		unit->memory += input->start.offset + input->start.length;
	}
	unit->readings[number] = r;
	return r;
}

/* It may yet turn out to be missing: a slice of a value that is too short, text that is no
 * number. */
static bool is_provisional(const struct vp_input *input)
{
	return input->base ||
	       (input->sliced && input->length && input->from != VP_FROM_STRING);
}

static void on_match(void *context, unsigned int number)
{
	struct vp_reading *r = context;
	const struct vp_input *input = input_of(r);
	const struct vp_program_pattern *pattern;

	if (number >= input->patterns.count)
		return;
	pattern = &r->unit->program->patterns.data[input->patterns.first + number];
	if (pattern->decider == VP_DECIDED && !is_provisional(input))
		vp_truth_hold(r->unit, pattern->atom);
	else
		vp_bit_set(r->marked, number);
	if (pattern->decider == VP_CONFIRMED && r->dropped)
		vp_truth_unknown(r->unit, pattern->atom, VP_UNIT_BOUND);
}

static void unknown_all(struct vp_reading *r, enum vp_unit_failure failure)
{
	vp_truth_unknown_input(r->unit, r->input, failure);
}

/* Does the database take the value as it comes? */
static bool streams(const struct vp_input *input)
{
	return input->scan && input->streaming;
}

/* The value is longer than may be held: what does need all of it stays unknown. */
static void overflow(struct vp_reading *r)
{
	const struct vp_input *input = input_of(r);
	const struct vp_program_pattern *patterns =
		vp_span_of(&r->unit->program->patterns, input->patterns);

	r->dropped = true;
	r->held = 0;
	for (uint32_t i = 0; i < input->patterns.count; i++)
		if (!streams(input) || patterns[i].decider == VP_UNSCANNED ||
		    (patterns[i].decider == VP_CONFIRMED && vp_bit(r->marked, i)))
			vp_truth_unknown(r->unit, patterns[i].atom, VP_UNIT_BOUND);
}

static void hold(struct vp_reading *r, struct vp_slice bytes)
{
	if (r->dropped || !bytes.len)
		return;
	if (bytes.len > r->unit->bound - r->held) {
		overflow(r);
		return;
	}
	if (bytes.len > r->room - r->held) {
		size_t room = r->room ? r->room : 256;

		while (room - r->held < bytes.len)
			room *= 2;
		r->buffer = vp_realloc(r->buffer, room, 1);
		r->unit->memory += room - r->room;
		r->room = room;
		r->unit->large |= room > VP_UNIT_KEEP;
	}
	memcpy(r->buffer + r->held, bytes.data, bytes.len);
	r->held += bytes.len;
}

/* A number for an atom that compares it, or for the relation that the atom is a side of. */
static void give(struct vp_unit *unit, uint32_t number, uint64_t value)
{
	const struct vp_atom *atom = &unit->program->atoms.data[number];

	if (atom->relation != VP_NONE)
		vp_relation_give(unit, number, value);
	else if (vp_atom_within(unit->program, atom, value))
		vp_truth_hold(unit, number);
}

/* A length that only grows is above a bound as soon as it passes it. */
static void compare_early(struct vp_reading *r)
{
	const struct vp_program *program = r->unit->program;

	vp_index_each(number, &program->compared_of, r->input)
	{
		const struct vp_atom *atom = &program->atoms.data[*number];
		const struct vp_number_range *ranges =
			vp_span_of(&program->numbers, atom->ranges);

		if (atom->source != VP_ATOM_LENGTH || !ranges || atom->steps.count)
			continue;
		ranges += atom->ranges.count - 1; /* the highest */
		if (ranges->last == UINT64_MAX && r->length >= ranges->first)
			vp_truth_hold(r->unit, *number);
	}
}

static void compare(struct vp_reading *r)
{
	const struct vp_program *program = r->unit->program;
	struct vp_slice head = { r->head, r->length < 8 ? (size_t)r->length : 8 };

	vp_index_each(number, &program->compared_of, r->input)
	{
		const struct vp_atom *atom = &program->atoms.data[*number];
		uint64_t value = r->length;

		if (atom->source == VP_ATOM_ADDRESS || r->place)
			continue; /* of what stands behind a string each was told */
		if (atom->source == VP_ATOM_VALUE)
			value = input_of(r)->base ? r->number
						  : vp_number_read(head, atom->little_endian);
		give(r->unit, *number, value);
	}
}

/* What matched, or could not be scanned, is put to the backtracking matcher. */
static void confirm(struct vp_reading *r, struct vp_slice value)
{
	const struct vp_input *input = input_of(r);
	const struct vp_program_pattern *patterns =
		vp_span_of(&r->unit->program->patterns, input->patterns);

	for (uint32_t i = 0; i < input->patterns.count; i++) {
		bool marked = vp_bit(r->marked, i);
		int result = 1;

		if (!marked && patterns[i].decider != VP_UNSCANNED)
			continue;
		if (patterns[i].decider != VP_DECIDED) {
			if (r->dropped || vp_bit(r->unit->holds, patterns[i].atom))
				continue; /* unknown already, or known */
			result = vp_confirm_match(patterns[i].confirm, value);
		}
		if (result > 0)
			vp_truth_hold(r->unit, patterns[i].atom);
		else if (result < 0)
			vp_truth_unknown(r->unit, patterns[i].atom,
					 result == -E2BIG ? VP_UNIT_MATCH_LIMIT
							  : VP_UNIT_MATCHER);
	}
}

static struct vp_database_watcher watcher_of(struct vp_reading *r)
{
	return (struct vp_database_watcher){ on_match, r };
}

static void value_present(struct vp_reading *r)
{
	uint32_t presence = input_of(r)->presence;

	vp_bit_set(r->unit->present, r->input);
	if (presence != VP_NONE)
		vp_truth_hold(r->unit, presence);
}

/* The value is complete, and `value` is all of it unless it was dropped or streamed. */
static void complete(struct vp_reading *r, struct vp_slice value)
{
	const struct vp_input *input = input_of(r);
	struct vp_database_watcher watcher = watcher_of(r);
	struct vp_scanner *scanner = r->unit->program->scanner;
	int code = 0;

	r->unit->values[r->input]++;
	if (!r->place)
		value_present(r);
	if (streams(input)) {
		if (r->stream)
			code = vp_database_rewind(r->stream, scanner, &watcher);
	} else if (input->scan && !r->dropped) {
		code = vp_database_scan(input->scan, scanner, value, &watcher);
	}
	if (code)
		unknown_all(r, VP_UNIT_MATCHER);
	if (input->confirms || is_provisional(input))
		confirm(r, value);
	compare(r);
	r->open = false;
}

static void stream_feed(struct vp_reading *r, struct vp_slice bytes)
{
	const struct vp_input *input = input_of(r);
	struct vp_database_watcher watcher = watcher_of(r);

	if (!r->stream) {
		r->stream = vp_database_open(input->scan);
		r->unit->memory += vp_database_stream_size(input->scan);
	}
	if (!r->stream ||
	    vp_database_feed(r->stream, r->unit->program->scanner, bytes, &watcher))
		unknown_all(r, VP_UNIT_MATCHER);
}

static int digit_of(uint8_t byte, uint32_t base)
{
	uint8_t small = byte | 0x20;

	if (byte >= '0' && byte <= '9')
		return byte - '0';
	return base == 16 && small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

/* More of a number's text; one that is too large is the largest. */
static void read_digits(struct vp_reading *r, struct vp_slice bytes)
{
	uint32_t base = input_of(r)->base;

	for (size_t i = 0; i < bytes.len && r->digits != VP_DIGITS_BAD; i++) {
		int digit = digit_of(bytes.data[i], base);

		if (base == 16 && r->digits == VP_DIGITS_ZERO &&
		    (bytes.data[i] | 0x20) == 'x') {
			r->digits = VP_DIGITS_PREFIX;
			continue;
		}
		if (digit < 0) {
			r->digits = VP_DIGITS_BAD;
			continue;
		}
		r->digits = r->digits == VP_DIGITS_NONE && !digit ? VP_DIGITS_ZERO
								  : VP_DIGITS_SOME;
		if (__builtin_mul_overflow(r->number, base, &r->number) ||
		    __builtin_add_overflow(r->number, (uint64_t)digit, &r->number))
			r->number = UINT64_MAX;
	}
}

/* A slice behind a string, of which these are the last bytes. */
static void on_anchor(void *context, uint64_t last)
{
	struct vp_reading *r = context;
	const struct vp_program *program = r->unit->program;
	uint32_t len = input_of(r)->length < 8 ? input_of(r)->length : 8;
	uint8_t bytes[8];

	value_present(r);
	for (uint32_t i = len; i--; last >>= 8)
		bytes[i] = (uint8_t)last;
	vp_index_each(number, &program->compared_of, r->input)
	{
		const struct vp_atom *atom = &program->atoms.data[*number];

		if (atom->source == VP_ATOM_VALUE)
			give(r->unit, *number,
			     vp_number_read((struct vp_slice){ bytes, len },
					    atom->little_endian));
	}
}

/* Bytes behind the slice and the transforms. */
static void take(void *context, struct vp_slice bytes, bool last)
{
	struct vp_reading *r = context;
	const struct vp_input *input = input_of(r);
	bool in_place = last && !r->held && !r->dropped && !r->length;
	struct vp_slice value = bytes;

	for (size_t i = 0; input->number && i < bytes.len && r->length + i < 8; i++)
		r->head[r->length + i] = bytes.data[i];
	r->length += bytes.len;
	if (input->base)
		read_digits(r, bytes);
	if (r->place)
		vp_anchor_feed(input->anchor, r->place, bytes, on_anchor, r);
	if (!is_provisional(input) && !r->place)
		compare_early(r);
	if (streams(input))
		stream_feed(r, bytes);
	if (!in_place && (input->confirms || (input->scan && !input->streaming))) {
		hold(r, bytes);
		value = (struct vp_slice){ r->buffer, r->held };
	}
	if (last && input->base && r->digits != VP_DIGITS_ZERO && r->digits != VP_DIGITS_SOME)
		vp_reading_drop(r->unit, r->input); /* no number: missing */
	else if (last)
		complete(r, value);
}

static void transform(struct vp_reading *r, struct vp_slice bytes, bool last)
{
	size_t before;

	if (!r->transformer) {
		take(r, bytes, last);
		return;
	}
	before = vp_transformer_memory(r->transformer);
	if (vp_transformer_feed(r->transformer, bytes, last, take, r)) {
		value_present(r);
		r->unit->values[r->input]++;
		unknown_all(r, VP_UNIT_BOUND);
		vp_reading_drop(r->unit, r->input);
	}
	r->unit->memory += vp_transformer_memory(r->transformer) - before;
}

static void begin(struct vp_reading *r)
{
	const struct vp_input *input = input_of(r);

	if (r->open)
		vp_reading_drop(r->unit, r->input);
	r->open = true;
	r->dropped = false;
	r->raw = r->length = 0;
	r->held = 0;
	r->number = 0;
	r->digits = VP_DIGITS_NONE;
	r->offset = input->offset;
	r->started = input->from != VP_FROM_NUMBER;
	r->waited = 0;
	if (r->place)
		memset(r->place, 0, vp_anchor_place_size(input->anchor));
	memset(r->marked, 0, vp_bit_words(input->patterns.count) * sizeof(*r->marked));
	if (r->transformer)
		vp_transformer_reset(r->transformer);
	if (!input->sliced && !input->base)
		value_present(r);
}

/* The next bytes of a value of which a slice is read. */
static void slice(struct vp_reading *r, struct vp_slice bytes, bool last)
{
	const struct vp_input *input = input_of(r);
	uint64_t begins = r->raw, ends = begins + bytes.len;

	r->raw = ends;
	if (ends <= r->offset) {
		if (last)
			vp_reading_drop(r->unit, r->input); /* too short: missing */
		return;
	}
	if (begins < r->offset) {
		bytes.data += r->offset - begins;
		bytes.len -= (size_t)(r->offset - begins);
		begins = r->offset;
	}
	if (!input->length) {
		if (!input->base)
			value_present(r);
		transform(r, bytes, last);
		return;
	}
	if (ends >= r->offset + input->length) {
		bytes.len = (size_t)(r->offset + input->length - begins);
		transform(r, bytes, true);
	} else if (last) {
		vp_reading_drop(r->unit, r->input);
	} else {
		transform(r, bytes, false);
	}
}

/* The bytes up to the number that is the offset: which may be among them. */
static void find_start(struct vp_reading *r, struct vp_slice bytes, bool last)
{
	const struct vp_slice_start *start = &input_of(r)->start;
	struct vp_slice ahead = { r->ahead, start->offset + start->length };
	size_t used = ahead.len - r->waited;
	uint64_t offset;

	used = used < bytes.len ? used : bytes.len;
	if (used) {
		memcpy(r->ahead + r->waited, bytes.data, used);
		r->waited += (uint32_t)used;
		bytes.data += used;
		bytes.len -= used;
	}
	if (r->waited < ahead.len) {
		if (last)
			vp_reading_drop(r->unit, r->input);
		return;
	}
	offset = vp_number_step(
		vp_span_of(&r->unit->program->steps, start->steps), start->steps.count,
		vp_number_read((struct vp_slice){ r->ahead + start->offset, start->length },
			       start->little_endian));
	/* no value is that long, and sums stay in 64 bits */
	r->offset = offset < INT64_MAX ? offset : INT64_MAX;
	r->started = true;
	slice(r, ahead, last && !bytes.len);
	if (r->open && (bytes.len || last))
		slice(r, bytes, last);
}

void vp_reading_part(struct vp_unit *unit, uint32_t number, struct vp_slice bytes, bool first,
		     bool last)
{
	struct vp_reading *r = reading_of(unit, number);
	const struct vp_input *input = input_of(r);

	if (first)
		begin(r);
	if (!r->open)
		return; /* the slice is complete, or the value was dropped */
	if (!r->started)
		find_start(r, bytes, last);
	else if (input->sliced && !r->place)
		slice(r, bytes, last);
	else
		transform(r, bytes, last);
}

void vp_reading_number(struct vp_unit *unit, uint32_t input, uint64_t number)
{
	const struct vp_program *program = unit->program;
	uint32_t presence = program->inputs.data[input].presence;

	vp_bit_set(unit->present, input);
	unit->values[input]++;
	if (presence != VP_NONE)
		vp_truth_hold(unit, presence);
	vp_index_each(atom, &program->compared_of,
		      input) if (program->atoms.data[*atom].source == VP_ATOM_VALUE)
		give(unit, *atom, number);
}

void vp_reading_drop(struct vp_unit *unit, uint32_t input)
{
	struct vp_reading *r = unit->readings[input];

	if (!r)
		return;
	r->open = false;
	if (r->stream)
		vp_database_rewind(r->stream, unit->program->scanner, NULL);
}

void vp_reading_trim(struct vp_unit *unit)
{
	if (!unit->large)
		return;
	unit->large = false;
	for (size_t i = 0; i < unit->program->inputs.len; i++) {
		struct vp_reading *r = unit->readings[i];

		if (!r || r->room <= VP_UNIT_KEEP)
			continue;
		unit->memory -= r->room;
		free(r->buffer);
		r->buffer = NULL;
		r->room = r->held = 0;
	}
}

void vp_reading_free(struct vp_unit *unit, uint32_t input)
{
	struct vp_reading *r = unit->readings[input];

	if (!r)
		return;
	vp_database_close(r->stream);
	vp_transformer_free(r->transformer);
	free(r->buffer);
	free(r->marked);
	free(r->place);
	free(r->ahead);
	free(r);
}
