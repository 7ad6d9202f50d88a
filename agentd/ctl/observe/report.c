/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The document of vpatchctl test --observe, and its text: see report.h. */
#include "agentd/ctl/observe/report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "agentd/ctl/findings.h"
#include "agentd/ctl/page.h"
#include "agentd/document.h"
#include "modules/seccomp/action.h"

static bool meets(const struct vp_call_placement *call, const struct vp_call_target *target)
{
	return vp_call_targets_have(&call->syscalls->targets, target);
}

static json_t *patches_of(const struct vp_plan *plan, const struct vp_call_target *target)
{
	json_t *patches = json_array();
	const char *last = "";

	vp_array_each (call, &plan->calls) {
		if (!meets(call, target) || !strcmp(call->patch->id, last))
			continue;
		last = call->patch->id;
		vp_json_append_text(patches, last);
	}
	return patches;
}

static void add_owners(const struct vp_filter *filter, const struct vp_observed *call,
		       const struct vp_plan *plan, json_t *object)
{
	struct vp_filter_tags tags = { 0 };
	json_t *patches = json_array();

	vp_filter_owners(filter, call->audit, call->nr,
			 call->has_arguments ? call->arguments : NULL, &tags);
	vp_array_each (tag, &tags)
		vp_json_append_text(patches, vp_plan_call_name(*tag, (void *)(uintptr_t)plan));
	vp_array_free(&tags);
	json_object_set_new(object, "patches", patches);
}

static void add_arguments(const struct vp_observed *call, const char *name, json_t *object)
{
	const struct vp_call_prototype *prototype =
		name ? vp_call_find(name, strlen(name)) : NULL;
	json_t *arguments = json_object();

	json_object_set_new(object, "arguments", arguments);
	for (size_t i = 0; prototype && call->has_arguments && i < VP_CALL_ARGUMENTS; i++)
		if (prototype->arguments[i].name && !(call->unsaid & 1u << i))
			vp_json_set_number(arguments, prototype->arguments[i].name,
					   call->arguments[i]);
}

/* The line of vp_observed_run(), which asks the filter once more. */
static void add_text(const struct vp_filter *filter, const struct vp_refusal *line,
		     const struct vp_plan *plan, json_t *object)
{
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };
	_cleanup_free_ char *by = NULL, *said = NULL;
	struct vp_observed call = line->call;
	struct vp_bpf program = vp_filter_program(filter);

	by = vp_format("%s[%d]", line->name, (int)line->process);
	call.by = by;
	vp_observed_run(filter, &program, &call, 1, vp_plan_call_name, (void *)(uintptr_t)plan,
			&text);
	said = vp_strbuf_take(&text);
	said[strcspn(said, "\n")] = '\0';
	vp_json_set_text(object, "text", said);
}

static json_t *line_object(const struct vp_filter *filter, const struct vp_refusal *line,
			   const struct vp_plan *plan)
{
	_cleanup_free_ char *name = NULL;
	char outcome[VP_ACTION_TEXT];
	json_t *object = json_object();
	enum vp_abi abi;

	if (vp_abi_of(line->call.audit, line->call.nr, &abi)) {
		name = vp_abi_call_name(abi, line->call.nr);
		vp_json_set_text(object, "abi", vp_abi_name(abi));
	}
	vp_json_set_text(object, "call", name);
	json_object_set_new(object, "number", json_integer(line->call.nr));
	add_arguments(&line->call, name, object);
	vp_json_set_number(object, "count", line->call.count);
	vp_json_set_text(object, "process", line->name);
	json_object_set_new(object, "pid", json_integer(line->process));
	vp_json_set_text(object, "outcome", vp_action_name(line->action, outcome));
	add_owners(filter, &line->call, plan, object);
	add_text(filter, line, plan, object);
	return object;
}

static json_t *lines_of(const struct vp_observation *observation, size_t target,
			const struct vp_plan *plan)
{
	json_t *lines = json_array();

	vp_array_each (line, &observation->refusals.lines)
		if (line->target == target)
			json_array_append_new(
				lines, line_object(observation->filters->data[target].filter,
						   line, plan));
	return lines;
}

static void add_note(json_t *notes, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add_note(json_t *notes, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		abort();
	va_end(args);
	vp_json_append_text(notes, text);
}

/* What was not seen, or not for certain. */
static json_t *notes_of(const struct vp_observation *observation, size_t target)
{
	const struct vp_observation_sums *sums = &observation->sums[target];
	size_t met = observation->lineage.met[target];
	bool unit = observation->filters->data[target].target.kind == VP_CALL_TARGET_UNIT;
	json_t *notes = json_array();

	if (!met)
		add_note(notes, "no process of it ran: nothing is known of what it calls");
	if (sums->narrow)
		add_note(
			notes,
			"processes that run a 32-bit program: %zu; all their calls would be "
			"denied, seen here or not, unless the section has foreign-abi = cover",
			sums->narrow);
	if (sums->filtered)
		add_note(notes,
			 "processes that are under filters already: %zu; calls that those "
			 "deny are not seen here",
			 sums->filtered);
	if (sums->started)
		add_note(notes,
			 "started while it was watched: %zu times; what it called in its "
			 "first half second may have been missed",
			 sums->started);
	if (sums->unsure)
		add_note(notes,
			 "calls whose ABI is not certain: %" PRIu64
			 "; they were taken for the "
			 "machine's own, and in the other the answer would be different",
			 sums->unsure);
	if (unit && met && !sums->by_cgroup)
		add_note(notes, "it has no cgroup v2 of its own that can be watched, so it "
				"was told from "
				"others by its processes: of short-lived ones some may have "
				"been missed");
	return notes;
}

static json_t *target_object(const struct vp_observation *observation, size_t target,
			     const struct vp_plan *plan)
{
	const struct vp_call_target *sought = &observation->filters->data[target].target;
	const struct vp_observation_sums *sums = &observation->sums[target];
	json_t *object = json_object();

	vp_json_set_text(object, sought->kind == VP_CALL_TARGET_UNIT ? "unit" : "process",
			 sought->name);
	json_object_set_new(object, "patches", patches_of(plan, sought));
	vp_json_set_number(object, "processes", observation->lineage.met[target]);
	vp_json_set_number(object, "calls", sums->calls);
	vp_json_set_number(object, "denied", sums->denied);
	json_object_set_new(object, "lines", lines_of(observation, target, plan));
	json_object_set_new(object, "notes", notes_of(observation, target));
	return object;
}

enum vp_exit vp_observe_report(const struct vp_observation *observation,
			       const struct vp_plan *plan, json_t *document)
{
	json_t *targets = json_array();
	bool denied = false, met = false;
	const char *result = "passed";

	for (size_t i = 0; i < observation->filters->len; i++) {
		json_array_append_new(targets, target_object(observation, i, plan));
		denied |= observation->sums[i].denied || observation->sums[i].narrow;
		met |= observation->lineage.met[i] != 0;
	}
	if (denied)
		result = "denied";
	else if (observation->lost)
		result = "incomplete";
	else if (!met)
		result = "nothing";
	vp_json_set_text(document, "result", result);
	json_object_set_new(document, "seconds",
			    json_real((double)observation->milliseconds / 1000));
	json_object_set_new(document, "interrupted", json_boolean(observation->interrupted));
	vp_json_set_number(document, "lost", observation->lost);
	vp_json_set_number(document, "unlisted", observation->refusals.more);
	json_object_set_new(document, "targets", targets);
	return strcmp(result, "passed") ? VP_EXIT_FINDINGS : VP_EXIT_GOOD;
}

static void render_target(const json_t *target, struct vp_page *page)
{
	const char *name = vp_json_get_text(target, "unit");
	char calls[32], denied[32];
	const json_t *item;
	bool bad = vp_json_get_number(target, "denied");
	size_t i;

	if (!name)
		name = vp_json_get_text(target, "process");
	vp_page_tone(
		page, bad ? VP_TONE_BAD : VP_TONE_PLAIN,
		"%s: processes: %llu, calls held against its filter: %s, of these denied: %s",
		name, (unsigned long long)vp_json_get_number(target, "processes"),
		vp_number_text(vp_json_get_number(target, "calls"), calls),
		vp_number_text(vp_json_get_number(target, "denied"), denied));
	json_array_foreach (json_object_get(target, "lines"), i, item)
		vp_page_tone(page, VP_TONE_BAD, "  %s", vp_json_get_text(item, "text"));
	json_array_foreach (json_object_get(target, "notes"), i, item)
		vp_page_item(page, "%s", json_string_value(item));
}

static const char *verdict_of(const char *result)
{
	if (!strcmp(result, "passed"))
		return "Nothing that was seen would be denied.";
	if (!strcmp(result, "incomplete"))
		return "Nothing that was seen would be denied, but not all was seen.";
	if (!strcmp(result, "nothing"))
		return "Nobody was there to be seen.";
	return "Calls that these services make would be denied.";
}

void vp_render_observe(const json_t *document, struct vp_page *page)
{
	const char *result = vp_json_get_text(document, "result");
	unsigned long long lost = vp_json_get_number(document, "lost");
	unsigned long long unlisted = vp_json_get_number(document, "unlisted");
	const json_t *item;
	size_t i;

	vp_findings_render(json_object_get(document, "findings"), page);
	if (!result)
		return;
	json_array_foreach (json_object_get(document, "targets"), i, item)
		render_target(item, page);
	json_array_foreach (json_object_get(document, "notes"), i, item)
		vp_page_line(page, 0, "note: %s", json_string_value(item));
	if (unlisted)
		vp_page_line(page, 0, "Further calls that would be denied, not listed: %llu.",
			     unlisted);
	if (lost)
		vp_page_tone(page, VP_TONE_BAD,
			     "Records lost: %llu. All counts are at least what they say.",
			     lost);
	vp_page_tone(page, strcmp(result, "passed") ? VP_TONE_BAD : VP_TONE_GOOD,
		     "%s Watched for %.1f s%s.", verdict_of(result),
		     json_real_value(json_object_get(document, "seconds")),
		     json_is_true(json_object_get(document, "interrupted")) ? ", interrupted"
									    : "");
}
