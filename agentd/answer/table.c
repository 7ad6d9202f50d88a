/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers as bytes, checked, and found: see table.h. */
#include "agentd/answer/table.h"

#include <errno.h>
#include <stdbool.h>

#include "agentd/answer/message.h"
#include "modules/seccomp/interpreter.h"

#define MOST_ERRNO 4095

struct header {
	uint32_t magic, count;
};

struct row {
	uint64_t key;
	uint32_t answers, len;
};

/* What is left to be read. */
struct reading {
	const uint8_t *at;
	size_t left;
};

/* NULL: there are not so many. */
static const void *take(struct reading *reading, size_t size, size_t count)
{
	const void *taken = reading->at;

	if (reading->left / size < count)
		return NULL;
	reading->at += size * count;
	reading->left -= size * count;
	return taken;
}

static bool is_known(const struct vp_answer_table *table, uint64_t key)
{
	for (uint32_t i = 0; i < table->count; i++)
		if (table->targets[i].key == key)
			return true;
	return false;
}

static bool are_errors(const struct vp_answer_target *target)
{
	for (uint32_t i = 0; i < target->answer_count; i++)
		if (target->answers[i].error < 0 || target->answers[i].error > MOST_ERRNO)
			return false;
	return true;
}

static int parse_target(struct reading *reading, struct vp_answer_table *table,
			struct vp_error *err)
{
	struct vp_answer_target *target = &table->targets[table->count];
	const struct row *row = take(reading, sizeof(*row), 1);
	struct vp_bpf program;

	if (!row || !row->key || !row->answers || row->answers > VP_ANSWER_RULES ||
	    row->len > VP_BPF_MAX || is_known(table, row->key))
		return vp_fail(err, -EPROTO, "target %u of the answers is none", table->count);
	*target = (struct vp_answer_target){ .key = row->key,
					     .answer_count = row->answers,
					     .len = row->len };
	target->answers = take(reading, sizeof(*target->answers), row->answers);
	target->program = take(reading, sizeof(*target->program), row->len);
	if (!target->answers || !target->program || !are_errors(target))
		return vp_fail(err, -EPROTO, "the answers of target %u are none",
			       table->count);
	program = (struct vp_bpf){ target->program, target->len };
	if (vp_bpf_check(&program, err))
		return -EPROTO;
	table->count++;
	return 0;
}

int vp_answer_table_parse(const void *bytes, size_t len, struct vp_answer_table *out,
			  struct vp_error *err)
{
	struct reading reading = { bytes, len };
	const struct header *header = take(&reading, sizeof(*header), 1);
	static struct vp_answer_table table; /* large */
	int r = 0;

	if (!header || header->magic != VP_ANSWER_MAGIC || header->count > VP_ANSWER_TARGETS)
		return vp_fail(err, -EPROTO, "no answers, or of another version");
	table.count = 0;
	while (!r && table.count < header->count)
		r = parse_target(&reading, &table, err);
	if (!r && reading.left)
		r = vp_fail(err, -EPROTO, "bytes behind the answers");
	if (!r)
		*out = table;
	return r;
}

static void put(struct vp_strbuf *out, const void *data, size_t len)
{
	vp_strbuf_add(out, data, len);
}

void vp_answer_table_begin(struct vp_strbuf *out, uint32_t count)
{
	const struct header header = { VP_ANSWER_MAGIC, count };

	put(out, &header, sizeof(header));
}

void vp_answer_table_add(struct vp_strbuf *out, const struct vp_answer_target *target)
{
	const struct row row = { target->key, target->answer_count, target->len };

	put(out, &row, sizeof(row));
	put(out, target->answers, target->answer_count * sizeof(*target->answers));
	put(out, target->program, target->len * sizeof(*target->program));
}

static const struct vp_answer_target *find(const struct vp_answer_table *table, uint64_t key)
{
	for (uint32_t i = 0; i < table->count; i++)
		if (table->targets[i].key == key)
			return &table->targets[i];
	return NULL;
}

/* A program that returns what it has no answer for is none of ours: nothing passes by it. */
const struct vp_answer *vp_answer_find(const struct vp_answer_table *table, uint64_t key,
				       const struct seccomp_data *call)
{
	const struct vp_answer_target *target = find(table, key);
	struct vp_bpf program;
	uint32_t word;

	if (!target)
		return NULL;
	program = (struct vp_bpf){ target->program, target->len };
	word = vp_bpf_run(&program, call);
	if ((word & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ALLOW)
		return NULL;
	word &= SECCOMP_RET_DATA;
	return &target->answers[word < target->answer_count ? word : 0];
}
