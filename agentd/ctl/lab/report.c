/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The document of vpatchctl test, counted and put into words. Pure. */
#include "agentd/ctl/lab/report.h"

#include <string.h>

#include "agentd/ctl/findings.h"
#include "agentd/ctl/page.h"
#include "agentd/document.h"
#include "modules/seccomp/attempts.h"

static bool is(const json_t *object, const char *key, const char *text)
{
	const char *value = vp_json_get_text(object, key);

	return value && !strcmp(value, text);
}

struct evasion_sums {
	uint64_t tried, counted, failed;
};

static void sum_evasions(const json_t *evasions, struct evasion_sums *sums)
{
	json_t *sample, *way;
	const char *name;
	size_t i;

	json_array_foreach (evasions, i, sample) {
		sums->failed += vp_json_get_number(sample, "failed");
		json_object_foreach (json_object_get(sample, "ways"), name, way) {
			sums->tried += vp_json_get_number(way, "tried");
			sums->counted += vp_json_get_number(way, "counted");
		}
	}
}

enum vp_exit vp_report_summarise(json_t *document)
{
	json_t *summary = json_object(), *patch, *sample;
	size_t good = 0, samples = 0, failed = 0, mutants = 0, refused = 0, survivors = 0;
	struct evasion_sums evasions = { 0 };
	bool unavailable = false;
	size_t i, k, patches = json_array_size(json_object_get(document, "patches"));

	json_array_foreach (json_object_get(document, "patches"), i, patch) {
		const json_t *mutations = json_object_get(patch, "mutations");

		good += is(patch, "result", "passed");
		unavailable |= is(patch, "result", "unavailable");
		json_array_foreach (json_object_get(patch, "samples"), k, sample) {
			samples++;
			failed += !is(sample, "result", "passed");
		}
		sum_evasions(json_object_get(patch, "evasions"), &evasions);
		mutants += vp_json_get_number(mutations, "total");
		refused += vp_json_get_number(mutations, "refused");
		survivors += json_array_size(json_object_get(mutations, "survivors"));
	}
	vp_json_set_number(summary, "patches", patches);
	vp_json_set_number(summary, "patches_passed", good);
	vp_json_set_number(summary, "samples", samples);
	vp_json_set_number(summary, "samples_failed", failed);
	vp_json_set_number(summary, "evasions", evasions.tried);
	vp_json_set_number(summary, "evasions_counted", evasions.counted);
	vp_json_set_number(summary, "evasions_failed", evasions.failed);
	vp_json_set_number(summary, "mutants", mutants);
	vp_json_set_number(summary, "mutants_refused", refused);
	vp_json_set_number(summary, "survivors", survivors);
	json_object_set_new(document, "summary", summary);
	if (unavailable)
		return VP_EXIT_UNREACHABLE;
	return good == patches ? VP_EXIT_GOOD : VP_EXIT_FINDINGS;
}

const char *vp_report_obstacle(const json_t *document)
{
	const json_t *patch;
	size_t i;

	json_array_foreach (json_object_get(document, "patches"), i, patch)
		if (is(patch, "result", "unavailable"))
			return vp_json_get_text(patch, "error");
	return "no lab can be made here";
}

static const struct vp_column columns[] = {
	{ .title = "sample", .shrink = true },
	{ .title = "of" },
	{ .title = "family" },
	{ .title = "shape" },
	{ .title = "expected" },
	{ .title = "seen" },
	{ .title = "result" },
};

static const struct vp_column call_columns[] = {
	{ .title = "sample", .shrink = true },
	{ .title = "of" },
	{ .title = "calls", .right = true },
	{ .title = "made", .right = true },
	{ .title = "expected" },
	{ .title = "seen" },
	{ .title = "result" },
};

static void sample_row(struct vp_table *table, const json_t *sample)
{
	const char *rule = vp_json_get_text(sample, "rule");
	bool good = is(sample, "result", "passed");
	enum vp_tone tone = good ? VP_TONE_GOOD : VP_TONE_BAD;

	vp_table_cell(table, VP_TONE_PLAIN, vp_json_get_text(sample, "name"));
	vp_table_cell(table, VP_TONE_PLAIN, rule ? rule : vp_json_get_text(sample, "service"));
	vp_table_cell(table, VP_TONE_PLAIN, vp_json_get_text(sample, "family"));
	vp_table_cell(table, VP_TONE_PLAIN, vp_json_get_text(sample, "shape"));
	vp_table_cell(table, VP_TONE_PLAIN, vp_json_get_text(sample, "expect"));
	vp_table_cell(table, VP_TONE_PLAIN, vp_json_get_text(sample, "seen"));
	vp_table_cell(table, tone, good ? "good" : "FAILED");
}

static void call_row(struct vp_table *table, const json_t *sample)
{
	bool good = is(sample, "result", "passed");

	vp_table_cell(table, VP_TONE_PLAIN, vp_json_get_text(sample, "name"));
	vp_table_cell(table, VP_TONE_PLAIN, vp_json_get_text(sample, "syscalls"));
	vp_table_cellf(table, VP_TONE_PLAIN, "%llu",
		       (unsigned long long)vp_json_get_number(sample, "calls"));
	vp_table_cellf(table, VP_TONE_PLAIN, "%llu",
		       (unsigned long long)vp_json_get_number(sample, "made"));
	vp_table_cell(table, VP_TONE_PLAIN, vp_json_get_text(sample, "expect"));
	vp_table_cell(table, VP_TONE_PLAIN, vp_json_get_text(sample, "seen"));
	vp_table_cell(table, good ? VP_TONE_GOOD : VP_TONE_BAD, good ? "good" : "FAILED");
}

static bool is_of_calls(const json_t *sample)
{
	return json_object_get(sample, "syscalls");
}

/* Those of traffic in one table, those of calls in another. */
static void render_table(const json_t *samples, bool calls, struct vp_page *page)
{
	struct vp_table table = { .columns = calls ? call_columns : columns,
				  .count =
					  calls ? VP_COUNT(call_columns) : VP_COUNT(columns) };
	const json_t *sample;
	size_t i;

	json_array_foreach (samples, i, sample)
		if (is_of_calls(sample) == calls)
			(calls ? call_row : sample_row)(&table, sample);
	vp_table_print(&table, page);
}

/* Are there some of calls, or some of traffic? */
static bool has(const json_t *samples, bool calls)
{
	const json_t *sample;
	size_t i;

	json_array_foreach (samples, i, sample)
		if (is_of_calls(sample) == calls)
			return true;
	return false;
}

/* Only the first failures of a sample are in the document. */
static void more_failures(const json_t *sample, struct vp_page *page)
{
	unsigned long long all = vp_json_get_number(sample, "failed");
	size_t told = json_array_size(json_object_get(sample, "failures"));

	if (all > told)
		vp_page_tone(page, VP_TONE_BAD, "... and %llu more",
			     all - (unsigned long long)told);
}

/* Behind the reason, which is the first of them. */
static void call_failures(const json_t *patch, const json_t *sample, struct vp_page *page)
{
	const json_t *failures = json_object_get(sample, "failures"), *failure;
	size_t i;

	json_array_foreach (failures, i, failure)
		if (i)
			vp_page_tone(page, VP_TONE_BAD,
				     "%s:%llu: sample %s: %s by %s: expected %s, found %s",
				     vp_json_get_text(patch, "file"),
				     (unsigned long long)vp_json_get_number(sample, "line"),
				     vp_json_get_text(sample, "name"),
				     vp_json_get_text(failure, "call"),
				     vp_json_get_text(failure, "abi"),
				     vp_json_get_text(failure, "expected"),
				     vp_json_get_text(failure, "found"));
	more_failures(sample, page);
}

static void render_samples(const json_t *patch, struct vp_page *page)
{
	const json_t *samples = json_object_get(patch, "samples");
	const char *file = vp_json_get_text(patch, "file");
	const json_t *sample;
	size_t i;

	if (has(samples, false) || !has(samples, true))
		render_table(samples, false, page);
	if (has(samples, true))
		render_table(samples, true, page);
	json_array_foreach (json_object_get(patch, "samples"), i, sample) {
		const char *family = vp_json_get_text(sample, "family");

		if (!is(sample, "result", "passed"))
			vp_page_tone(page, VP_TONE_BAD, "%s:%llu: sample %s%s%s: %s", file,
				     (unsigned long long)vp_json_get_number(sample, "line"),
				     vp_json_get_text(sample, "name"), family ? " over " : "",
				     family ? family : "", vp_json_get_text(sample, "reason"));
		call_failures(patch, sample, page);
	}
}

/* Columns of the evasions: how it was sent. */
static const char *const ways[] = { "whole", "split",	"bytes",     "order",
				    "again", "overlap", "fragments", "decoy",
				    "slow",  "syn",	"series",    "coding" };

static void way_cell(struct vp_table *table, const json_t *way)
{
	unsigned long long counted = vp_json_get_number(way, "counted");
	unsigned long long good = vp_json_get_number(way, "good");

	if (!vp_json_get_number(way, "tried"))
		vp_table_cell(table, VP_TONE_DIM, "-");
	else if (good == counted)
		vp_table_cellf(table, VP_TONE_PLAIN, "%llu", good);
	else
		vp_table_cellf(table, VP_TONE_BAD, "%llu/%llu", good, counted);
}

static void evasion_row(struct vp_table *table, const json_t *sample)
{
	unsigned long long length = vp_json_get_number(sample, "length");
	bool good = is(sample, "result", "passed");

	vp_table_cell(table, VP_TONE_PLAIN, vp_json_get_text(sample, "name"));
	vp_table_cell(table, VP_TONE_PLAIN, vp_json_get_text(sample, "family"));
	vp_table_cell(table, VP_TONE_PLAIN, vp_json_get_text(sample, "expect"));
	vp_table_cellf(table, VP_TONE_PLAIN, "%llu", length);
	for (size_t i = 0; i < VP_COUNT(ways); i++)
		way_cell(table, json_object_get(json_object_get(sample, "ways"), ways[i]));
	vp_table_cell(table, good ? VP_TONE_GOOD : VP_TONE_BAD, good ? "good" : "FAILED");
}

static void evasion_failures(const json_t *patch, const json_t *sample, struct vp_page *page)
{
	const json_t *failures = json_object_get(sample, "failures"), *failure;
	size_t i;

	json_array_foreach (failures, i, failure)
		vp_page_tone(page, VP_TONE_BAD, "%s:%llu: sample %s over %s, %s: %s",
			     vp_json_get_text(patch, "file"),
			     (unsigned long long)vp_json_get_number(sample, "line"),
			     vp_json_get_text(sample, "name"),
			     vp_json_get_text(sample, "family"),
			     vp_json_get_text(failure, "what"),
			     vp_json_get_text(failure, "reason"));
	more_failures(sample, page);
}

/* What was only interpreted is none. */
static void call_way_cell(struct vp_table *table, const json_t *way)
{
	way_cell(table, vp_json_get_number(way, "counted") ? way : NULL);
}

/* Samples x ways into the kernel. What failed is said of the samples themselves. */
static void render_call_evasions(const json_t *evasions, struct vp_page *page)
{
	struct vp_column titles[VP_CALL_WAYS + 4] = {
		{ .title = "ways of", .shrink = true },
		{ .title = "of" },
		{ .title = "expected" },
		[VP_CALL_WAYS + 3] = { .title = "result" },
	};
	struct vp_table table = { .columns = titles, .count = VP_COUNT(titles) };
	const json_t *sample;
	size_t i;

	for (int way = 0; way < VP_CALL_WAYS; way++)
		titles[3 + way] =
			(struct vp_column){ .title = vp_call_way_name((enum vp_call_way)way),
					    .right = true };
	json_array_foreach (evasions, i, sample) {
		const json_t *way = json_object_get(sample, "ways");
		bool good = is(sample, "result", "passed");

		if (!is_of_calls(sample))
			continue;
		vp_table_cell(&table, VP_TONE_PLAIN, vp_json_get_text(sample, "name"));
		vp_table_cell(&table, VP_TONE_PLAIN, vp_json_get_text(sample, "syscalls"));
		vp_table_cell(&table, VP_TONE_PLAIN, vp_json_get_text(sample, "expect"));
		for (size_t k = 3; k < VP_CALL_WAYS + 3; k++)
			call_way_cell(&table, json_object_get(way, titles[k].title));
		vp_table_cell(&table, good ? VP_TONE_GOOD : VP_TONE_BAD,
			      good ? "good" : "FAILED");
	}
	vp_table_print(&table, page);
}

/* Samples x ways: how many were stopped, or passed. */
static void render_evasions(const json_t *patch, struct vp_page *page)
{
	const json_t *evasions = json_object_get(patch, "evasions"), *sample;
	struct vp_column titles[VP_COUNT(ways) + 5] = {
		{ .title = "evasions of", .shrink = true },
		{ .title = "family" },
		{ .title = "expected" },
		{ .title = "bytes", .right = true },
		[VP_COUNT(ways) + 4] = { .title = "result" },
	};
	struct vp_table table = { .columns = titles, .count = VP_COUNT(titles) };
	size_t spread = 0, i;

	if (has(evasions, true))
		render_call_evasions(evasions, page);
	if (!has(evasions, false))
		return;
	for (i = 0; i < VP_COUNT(ways); i++)
		titles[4 + i] = (struct vp_column){ .title = ways[i], .right = true };
	json_array_foreach (evasions, i, sample) {
		if (is_of_calls(sample))
			continue;
		evasion_row(&table, sample);
		spread += vp_json_get_number(sample, "splits") + 1 <
			  vp_json_get_number(sample, "length");
	}
	vp_table_print(&table, page);
	if (spread)
		vp_page_line(page, 0,
			     "%zu of these were split at as many positions as the table says, "
			     "spread over the message; the others at every one",
			     spread);
	json_array_foreach (evasions, i, sample)
		if (!is_of_calls(sample))
			evasion_failures(patch, sample, page);
}

static void render_mutations(const json_t *patch, struct vp_page *page)
{
	const json_t *mutations = json_object_get(patch, "mutations"), *survivor;
	const json_t *survivors = json_object_get(mutations, "survivors");
	size_t i;

	if (!mutations)
		return;
	vp_page_line(page, 2, "mutants: %llu, of them %llu refused, %zu survived",
		     (unsigned long long)vp_json_get_number(mutations, "total"),
		     (unsigned long long)vp_json_get_number(mutations, "refused"),
		     json_array_size(survivors));
	json_array_foreach (survivors, i, survivor)
		vp_page_tone(page, VP_TONE_BAD, "%s:%llu:%llu: no sample notices: %s",
			     vp_json_get_text(survivor, "file"),
			     (unsigned long long)vp_json_get_number(survivor, "line"),
			     (unsigned long long)vp_json_get_number(survivor, "column"),
			     vp_json_get_text(survivor, "what"));
}

static void render_patch(const json_t *patch, struct vp_page *page)
{
	const char *error = vp_json_get_text(patch, "error");
	bool good = is(patch, "result", "passed");

	vp_page_tone(page, good ? VP_TONE_GOOD : VP_TONE_BAD, "%s: %s",
		     vp_json_get_text(patch, "id"), vp_json_get_text(patch, "result"));
	if (error)
		vp_page_line(page, 2, "%s", error);
	render_samples(patch, page);
	render_evasions(patch, page);
	render_mutations(patch, page);
	vp_page_blank(page);
}

/* Mostly the same for every patch of a run: each said once. */
static void render_isolation(const json_t *patches, struct vp_page *page)
{
	_cleanup_json_ json_t *said = json_object();
	json_t *patch, *text;
	bool users = false;
	size_t i, k;

	json_array_foreach (patches, i, patch)
		users |= is(json_object_get(patch, "isolation"), "namespaces",
			    "user and network");
	if (users)
		vp_page_line(page, 0, "In user and network namespaces, without root.");
	json_array_foreach (patches, i, patch)
		json_array_foreach (
			json_object_get(json_object_get(patch, "isolation"), "missing"), k,
			text) {
			if (json_object_get(said, json_string_value(text)))
				continue;
			json_object_set_new(said, json_string_value(text), json_true());
			vp_page_item(page, "not reproduced: %s", json_string_value(text));
		}
}

void vp_render_test(const json_t *document, struct vp_page *page)
{
	const json_t *patches = json_object_get(document, "patches"), *patch;
	const json_t *summary = json_object_get(document, "summary");
	unsigned long long mutants = vp_json_get_number(summary, "mutants");
	bool good;
	size_t i;

	vp_findings_render(json_object_get(document, "findings"), page);
	if (!summary)
		return;
	json_array_foreach (patches, i, patch)
		render_patch(patch, page);
	render_isolation(patches, page);
	good = vp_json_get_number(summary, "patches") ==
	       vp_json_get_number(summary, "patches_passed");
	vp_page_tone(page, good ? VP_TONE_GOOD : VP_TONE_BAD,
		     "%llu of %llu patches proven; %llu samples, %llu failed",
		     (unsigned long long)vp_json_get_number(summary, "patches_passed"),
		     (unsigned long long)vp_json_get_number(summary, "patches"),
		     (unsigned long long)vp_json_get_number(summary, "samples"),
		     (unsigned long long)vp_json_get_number(summary, "samples_failed"));
	if (vp_json_get_number(summary, "evasions"))
		vp_page_line(
			page, 0,
			"%llu ways to send streams and to make calls, %llu of which their "
			"receiver reads as meant, %llu failed",
			(unsigned long long)vp_json_get_number(summary, "evasions"),
			(unsigned long long)vp_json_get_number(summary, "evasions_counted"),
			(unsigned long long)vp_json_get_number(summary, "evasions_failed"));
	if (mutants)
		vp_page_line(
			page, 0, "%llu mutants, %llu of them refused, %llu survived", mutants,
			(unsigned long long)vp_json_get_number(summary, "mutants_refused"),
			(unsigned long long)vp_json_get_number(summary, "survivors"));
}
