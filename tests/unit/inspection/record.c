/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The recording sink of the parsers' tests and fuzz targets: see record.h. It
 * judges nothing but the order of the calls.
 */
#include "tests/unit/inspection/record.h"

static struct vp_record *record_of(struct vp_sink *sink)
{
	return (struct vp_record *)sink;
}

static void check(struct vp_record *record, bool holds, const char *fault)
{
	if (!holds && !record->fault)
		record->fault = fault;
}

static void add_escaped(struct vp_strbuf *out, const struct vp_strbuf *bytes)
{
	for (size_t i = 0; i < bytes->len; i++) {
		unsigned char c = (unsigned char)bytes->data[i];

		if (c >= ' ' && c < 0x7f && c != '\\')
			vp_strbuf_addc(out, (char)c);
		else
			vp_strbuf_addf(out, "\\x%02x", c);
	}
}

static void write_value(struct vp_strbuf *out, const struct vp_record_value *value)
{
	vp_strbuf_adds(out, vp_fields[value->field].name);
	if (value->name.len) {
		vp_strbuf_addc(out, '(');
		add_escaped(out, &value->name);
		vp_strbuf_addc(out, ')');
	}
	vp_strbuf_adds(out, ": ");
	add_escaped(out, &value->bytes);
	vp_strbuf_addc(out, '\n');
}

/* In order of fields, and within one in order of appearance. */
static void write_values(struct vp_record *record, struct vp_strbuf *out)
{
	for (size_t field = 0; field < VP_FIELD_COUNT; field++)
		vp_array_each (value, &record->values)
			if (value->field == field)
				write_value(out, value);
}

static void drop_values(struct vp_record *record)
{
	vp_array_each (value, &record->values) {
		vp_strbuf_free(&value->name);
		vp_strbuf_free(&value->bytes);
	}
	record->values.len = 0;
}

static void add_to(struct vp_strbuf *out, struct vp_slice slice)
{
	if (slice.len)
		vp_strbuf_add(out, (const char *)slice.data, slice.len);
}

static struct vp_record_value *open_value(struct vp_record *record, enum vp_field_id field)
{
	vp_array_each (value, &record->values)
		if (value->field == field && value->open)
			return value;
	return NULL;
}

static void record_begin(struct vp_sink *sink)
{
	struct vp_record *record = record_of(sink);

	check(record, !record->inside, "begin within a unit");
	record->inside = true;
	record->ended = false;
	record->units++;
	vp_strbuf_adds(&record->text, "unit\n");
}

static void record_number(struct vp_sink *sink, enum vp_field_id field, uint64_t number)
{
	struct vp_record *record = record_of(sink);
	struct vp_record_value *value = vp_array_add(&record->values);

	check(record, record->inside && !record->ended, "a number outside a unit");
	check(record, vp_fields[field].type == VP_TYPE_NUMBER,
	      "a number for a string's field");
	value->field = field;
	vp_strbuf_addf(&value->bytes, "%llu", (unsigned long long)number);
}

static void record_bytes(struct vp_sink *sink, enum vp_field_id field, struct vp_slice name,
			 struct vp_slice bytes, enum vp_part part)
{
	struct vp_record *record = record_of(sink);
	struct vp_record_value *value = open_value(record, field);
	bool begins = part == VP_PART_WHOLE || part == VP_PART_FIRST;

	check(record, record->inside && !record->ended, "a value outside a unit");
	check(record, vp_fields[field].type != VP_TYPE_NUMBER, "bytes for a number's field");
	check(record, !begins || !value, "a value begins while one of its field is open");
	check(record, begins || value, "a part of no value");
	if (begins || !value) {
		value = vp_array_add(&record->values);
		value->field = field;
		add_to(&value->name, name);
	}
	add_to(&value->bytes, bytes);
	value->open = part == VP_PART_FIRST || part == VP_PART_MORE;
}

static void record_final(struct vp_sink *sink, enum vp_phase phase)
{
	struct vp_record *record = record_of(sink);

	check(record, record->inside && !record->ended, "a final phase outside a unit");
	vp_array_each (value, &record->values)
		check(record, !value->open, "a value is open in a final phase");
	write_values(record, &record->text);
	drop_values(record);
	if (phase == VP_PHASE_HEAD)
		vp_strbuf_adds(&record->text, "head\n");
	else
		record->ended = true;
}

static void record_end(struct vp_sink *sink)
{
	struct vp_record *record = record_of(sink);

	check(record, record->inside, "end outside a unit");
	check(record, record->ended, "end before its phase is final");
	record->inside = false;
	vp_strbuf_adds(&record->text, "end\n");
}

static bool record_wants(const struct vp_sink *sink, enum vp_field_id field)
{
	return !((const struct vp_record *)sink)->unwanted[field];
}

static const struct vp_sink_operations operations = {
	.begin = record_begin,
	.number = record_number,
	.bytes = record_bytes,
	.final = record_final,
	.end = record_end,
	.wants = record_wants,
};

void vp_record_open(struct vp_record *record)
{
	*record = (struct vp_record){ .sink.operations = &operations };
}

void vp_record_close(struct vp_record *record)
{
	drop_values(record);
	vp_array_free(&record->values);
	vp_strbuf_free(&record->text);
}

void vp_record_clear(struct vp_record *record)
{
	drop_values(record);
	vp_strbuf_free(&record->text);
	record->inside = record->ended = false;
	record->units = 0;
	record->fault = NULL;
}

const char *vp_record_text(struct vp_record *record)
{
	if (record->inside && record->values.len) {
		vp_strbuf_adds(&record->text, "open\n");
		write_values(record, &record->text);
		drop_values(record);
	}
	return vp_strbuf_text(&record->text);
}
