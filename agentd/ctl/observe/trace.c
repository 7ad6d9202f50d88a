/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records of perf_event_open(2), as linux/perf_event.h describes them (PERF_RECORD_...), and
 * the description of a tracepoint's fields. Opens nothing.
 */
#include "agentd/ctl/observe/trace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/perf_event.h>

#include "lib/bytes.h"

/* In this machine's order of bytes; untouched where too few are left. */
static void take(struct vp_bytes *bytes, void *value, size_t size)
{
	const uint8_t *at = vp_bytes_take(bytes, size);

	if (at)
		memcpy(value, at, size);
}

static uint32_t take32(struct vp_bytes *bytes)
{
	uint32_t value = 0;

	take(bytes, &value, sizeof(value));
	return value;
}

static uint64_t take64(struct vp_bytes *bytes)
{
	uint64_t value = 0;

	take(bytes, &value, sizeof(value));
	return value;
}

/* The kernel's -1 means nobody of this PID namespace, as 0 does. */
static pid_t take_pid(struct vp_bytes *bytes)
{
	int32_t value = (int32_t)take32(bytes);

	return value > 0 ? value : 0;
}

static void take_tracepoint(const struct vp_trace_form *form, struct vp_bytes *bytes,
			    struct vp_trace *record)
{
	uint32_t size = take32(bytes);
	const uint8_t *raw = vp_bytes_take(bytes, size);
	struct vp_bytes fields = vp_bytes_of(raw, raw ? size : 0);

	vp_bytes_take(&fields, form->number);
	record->number = (int64_t)take64(&fields);
	fields.pos = 0;
	vp_bytes_take(&fields, form->arguments);
	for (size_t i = 0; i < VP_TRACE_ARGUMENTS; i++)
		record->arguments[i] = take64(&fields);
	if (fields.failed)
		bytes->failed = true;
}

static void take_call(const struct vp_trace_form *form, struct vp_bytes *bytes,
		      struct vp_trace *record)
{
	record->kind = VP_TRACE_CALL;
	record->process = take_pid(bytes);
	record->thread = take_pid(bytes);
	record->time = take64(bytes);
	take_tracepoint(form, bytes, record);
	record->width = take64(bytes);
	if (record->width == PERF_SAMPLE_REGS_ABI_NONE)
		return;
	for (size_t i = 0; i < form->registers && i < VP_TRACE_REGISTERS; i++)
		record->registers[i] = take64(bytes);
}

/* A text that ends within what is left; NULL: it does not. */
static const char *take_text(struct vp_bytes *bytes)
{
	size_t left = vp_bytes_left(bytes);
	const uint8_t *at = vp_bytes_take(bytes, left);

	if (at && memchr(at, 0, left))
		return (const char *)at;
	bytes->failed = true;
	return NULL;
}

static void take_task(uint32_t type, struct vp_bytes *bytes, struct vp_trace *record)
{
	record->kind = type == PERF_RECORD_FORK ? VP_TRACE_FORK : VP_TRACE_EXIT;
	record->process = take_pid(bytes);
	record->parent = take_pid(bytes);
	record->thread = take_pid(bytes);
	take_pid(bytes);
}

static void take_name(const struct perf_event_header *header, struct vp_bytes *bytes,
		      struct vp_trace *record)
{
	const char *name;

	record->kind = VP_TRACE_NAME_IS;
	record->executed = header->misc & PERF_RECORD_MISC_COMM_EXEC;
	record->process = take_pid(bytes);
	record->thread = take_pid(bytes);
	name = take_text(bytes);
	if (name)
		memcpy(record->name, name, strnlen(name, sizeof(record->name) - 1));
}

static void take_mapping(struct vp_bytes *bytes, struct vp_trace *record)
{
	record->kind = VP_TRACE_MAPPING;
	record->process = take_pid(bytes);
	record->thread = take_pid(bytes);
	/* address, length, offset; device and inode, or the build's id; protection, flags */
	vp_bytes_take(bytes, 3 * sizeof(uint64_t) + 3 * sizeof(uint64_t) + sizeof(uint64_t));
	record->path = take_text(bytes);
}

static void take_lost(uint32_t type, struct vp_bytes *bytes, struct vp_trace *record)
{
	record->kind = VP_TRACE_LOST;
	if (type == PERF_RECORD_LOST)
		take64(bytes); /* which event */
	record->lost = type == PERF_RECORD_THROTTLE ? 1 : take64(bytes);
	if (!record->lost)
		record->lost = 1;
}

/* Who and when, behind every record that is no call (sample_id_all). */
static void take_trailer(const void *data, size_t len, struct vp_trace *record)
{
	if (len >= sizeof(struct perf_event_header) + 2 * sizeof(uint64_t))
		memcpy(&record->time, (const char *)data + len - sizeof(uint64_t),
		       sizeof(uint64_t));
}

int vp_trace_parse(const struct vp_trace_form *form, const void *data, size_t len,
		   struct vp_trace *record)
{
	struct vp_bytes bytes = vp_bytes_of(data, len);
	struct perf_event_header header;
	const uint8_t *at = vp_bytes_take(&bytes, sizeof(header));

	memset(record, 0, sizeof(*record));
	record->kind = VP_TRACE_OTHER;
	if (!at)
		return -EINVAL;
	memcpy(&header, at, sizeof(header));
	if (header.size != len)
		return -EINVAL;
	if (header.type == PERF_RECORD_SAMPLE) {
		take_call(form, &bytes, record);
		return bytes.failed ? -EINVAL : 0;
	}
	take_trailer(data, len, record);
	if (header.type == PERF_RECORD_FORK || header.type == PERF_RECORD_EXIT)
		take_task(header.type, &bytes, record);
	else if (header.type == PERF_RECORD_COMM)
		take_name(&header, &bytes, record);
	else if (header.type == PERF_RECORD_MMAP2)
		take_mapping(&bytes, record);
	else if (header.type == PERF_RECORD_LOST || header.type == PERF_RECORD_LOST_SAMPLES ||
		 header.type == PERF_RECORD_THROTTLE)
		take_lost(header.type, &bytes, record);
	return bytes.failed ? -EINVAL : 0;
}

/* "	field:unsigned long args[6];	offset:16;	size:48;	signed:0;" */
static int find_field(const char *text, const char *field, size_t size, size_t *offset)
{
	const char *at = strstr(text, field);
	unsigned int found_offset, found_size;

	if (!at || sscanf(at + strlen(field), " offset:%4u; size:%4u;", &found_offset,
			  &found_size) != 2)
		return -EINVAL;
	if (found_size != size)
		return -EINVAL;
	*offset = found_offset;
	return 0;
}

int vp_trace_form_parse(const char *text, struct vp_trace_form *form)
{
	size_t number, arguments;

	if (find_field(text, "long id;", sizeof(uint64_t), &number) ||
	    find_field(text, "unsigned long args[6];", VP_TRACE_ARGUMENTS * sizeof(uint64_t),
		       &arguments))
		return -EINVAL;
	form->number = number;
	form->arguments = arguments;
	return 0;
}
