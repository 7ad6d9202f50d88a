/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Coverage as a JSON document and back, so that a daemon knows what the one before it has
 * done. The filters themselves are not in it: a generation has them, and what no generation
 * wants any more needs only its name.
 */
#include <errno.h>
#include <string.h>

#include "agentd/document.h"
#include "agentd/syscalls/coverage.h"

#define SCHEMA "vpatch.coverage/1"

static json_t *filter_document(const struct vp_cover_filter *filter)
{
	json_t *document = json_object();

	vp_json_set_hex(document, "digest", filter->digest);
	vp_json_set_number(document, "generation", filter->generation);
	vp_json_set_text(document,
			 filter->target.kind == VP_CALL_TARGET_UNIT ? "unit" : "process",
			 filter->target.name);
	vp_json_set_text(document, "patches", filter->patches);
	vp_json_set_number(document, "injection", filter->injection);
	if (filter->since)
		vp_json_set_number(document, "since", filter->since);
	json_object_set_new(document, "revocable", json_boolean(filter->key));
	return document;
}

static json_t *cover_document(const struct vp_cover *cover)
{
	json_t *document = json_object();

	vp_json_set_hex(document, "filter", cover->digest);
	vp_json_set_number(document, "outcome", cover->outcome);
	vp_json_set_number(document, "reason", cover->reason);
	json_object_set_new(document, "detail", json_integer(cover->detail));
	vp_json_set_number(document, "flags", cover->flags);
	json_object_set_new(document, "inherited", json_boolean(cover->inherited));
	vp_json_set_number(document, "at", cover->at);
	return document;
}

/* Only what is known for good: what was refused is tried again by the next daemon. */
static json_t *process_document(const struct vp_covered_process *process)
{
	json_t *document, *covers = json_array();

	vp_array_each (cover, &process->covers)
		if (vp_cover_is_on(cover))
			json_array_append_new(covers, cover_document(cover));
	if (!json_array_size(covers)) {
		json_decref(covers);
		return NULL;
	}
	document = json_object();
	vp_json_set_number(document, "pid", (uint64_t)process->id);
	vp_json_set_number(document, "parent", (uint64_t)process->parent);
	vp_json_set_number(document, "start", process->start);
	vp_json_set_text(document, "unit", process->unit);
	vp_json_set_text(document, "executable", process->executable);
	json_object_set_new(document, "filters", covers);
	return document;
}

json_t *vp_coverage_document(const struct vp_coverage *coverage)
{
	json_t *document = vp_json_document(SCHEMA), *filters = json_array();
	json_t *processes = json_array();

	vp_array_each (filter, &coverage->filters)
		json_array_append_new(filters, filter_document(filter));
	vp_array_each (process, &coverage->processes) {
		json_t *one = process_document(process);

		if (one)
			json_array_append_new(processes, one);
	}
	json_object_set_new(document, "filters", filters);
	json_object_set_new(document, "processes", processes);
	if (coverage->answerer)
		vp_json_set_hex(document, "answerer", coverage->answerer);
	return document;
}

static bool read_filter(const json_t *document, struct vp_coverage *coverage)
{
	const char *unit = vp_json_get_text(document, "unit");
	const char *process = vp_json_get_text(document, "process");
	const char *name = unit ? unit : process;
	struct vp_cover_filter *filter;

	if (!name)
		return false;
	filter = vp_array_add(&coverage->filters);
	filter->digest = vp_json_get_hex(document, "digest");
	filter->generation = vp_json_get_number(document, "generation");
	filter->target.kind = unit ? VP_CALL_TARGET_UNIT : VP_CALL_TARGET_PROCESS;
	filter->target.name = vp_strdup(name);
	filter->patches = vp_strdup(vp_json_get_text(document, "patches"));
	filter->since = vp_json_get_number(document, "since");
	filter->injection =
		(unsigned int)vp_json_get_number(document, "injection") & VP_INJECT_FLAGS;
	if (json_is_true(json_object_get(document, "revocable")))
		filter->key = vp_call_target_key(&filter->target);
	return true;
}

/* What was only reached in part is tried again. */
static bool read_cover(const json_t *document, const struct vp_coverage *coverage,
		       struct vp_covers *covers)
{
	struct vp_cover cover = {
		.digest = vp_json_get_hex(document, "filter"),
		.outcome = (enum vp_inject_outcome)vp_json_get_number(document, "outcome"),
		.reason = (enum vp_inject_reason)vp_json_get_number(document, "reason"),
		.detail = json_integer_value(json_object_get(document, "detail")),
		.flags = (unsigned int)vp_json_get_number(document, "flags"),
		.inherited = json_is_true(json_object_get(document, "inherited")),
		.at = vp_json_get_number(document, "at"),
	};

	if (!vp_coverage_filter(coverage, cover.digest) || !vp_cover_is_on(&cover) ||
	    cover.reason >= VP_REASONS)
		return false;
	cover.again =
		cover.reason == VP_REASON_THREADS || cover.reason == VP_REASON_UNANSWERED;
	vp_array_push(covers, cover);
	return true;
}

/* By number, as they were written: each above the one before. */
static bool read_process(const json_t *document, struct vp_coverage *coverage)
{
	const json_t *covers = json_object_get(document, "filters"), *cover;
	uint64_t id = vp_json_get_number(document, "pid");
	struct vp_covered_process *process;
	size_t i;

	if (id <= 1 || id > INT32_MAX ||
	    (coverage->processes.len &&
	     (pid_t)id <= coverage->processes.data[coverage->processes.len - 1].id))
		return false;
	process = vp_array_add(&coverage->processes);
	process->id = (pid_t)id;
	process->parent = (pid_t)vp_json_get_number(document, "parent");
	process->start = vp_json_get_number(document, "start");
	process->unit = vp_strdup(vp_json_get_text(document, "unit"));
	process->executable = vp_strdup(vp_json_get_text(document, "executable"));
	json_array_foreach (covers, i, cover)
		if (!read_cover(cover, coverage, &process->covers))
			return false;
	return process->covers.len;
}

int vp_coverage_read(struct vp_coverage *coverage, const json_t *document)
{
	const char *schema = vp_json_get_text(document, "schema");
	const json_t *one;
	bool good = schema && !strcmp(schema, SCHEMA);
	size_t i;

	json_array_foreach (json_object_get(document, "filters"), i, one)
		good = good && read_filter(one, coverage);
	json_array_foreach (json_object_get(document, "processes"), i, one)
		good = good && read_process(one, coverage);
	coverage->answerer = vp_json_get_hex(document, "answerer");
	if (good)
		return 0;
	vp_coverage_free(coverage);
	return -EINVAL;
}
