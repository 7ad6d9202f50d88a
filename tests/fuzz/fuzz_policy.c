/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target of the definition language. The input is a definition, an
 * overrides file and a set file, separated by lines "%%". Whatever it is must
 * not crash; what is valid must print as a text that is valid and prints the
 * same, and must have a plan that does not differ from itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/plan.h"

#define NOW 1767225600

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_text(struct vp_text_list *list, const char *name, const char *data, size_t len)
{
	struct vp_text *text = vp_array_add(list);

	text->name = vp_strdup(name);
	text->data = vp_alloc(len + 1, 1);
	text->len = len;
	if (len)
		memcpy(text->data, data, len);
}

static void split(struct vp_sources *sources, const char *data, size_t size)
{
	static const char separator[] = "\n%%\n";
	struct vp_text_list *lists[] = { &sources->definitions, &sources->overrides,
					 &sources->set_files };
	static const char *const names[] = { "fuzz.vpatch", "fuzz.conf", "set.txt" };

	for (size_t i = 0; i < VP_COUNT(lists); i++) {
		const char *end = size ? memmem(data, size, separator, 4) : NULL;

		add_text(lists[i], names[i], data, end ? (size_t)(end - data) : size);
		if (!end)
			return;
		size -= (size_t)(end - data) + 4;
		data = end + 4;
	}
}

static void print_all(const struct vp_policy *policy, struct vp_strbuf *out)
{
	vp_array_each (patch, &policy->patches)
		vp_patch_print(*patch, out);
}

/* The canonical text is valid, and prints as itself. */
static void check_fixed_point(const struct vp_strbuf *text)
{
	struct vp_sources sources = { 0 };
	struct vp_policy policy = { 0 };
	struct vp_findings findings = { 0 };
	_cleanup_strbuf_ struct vp_strbuf again = { 0 };

	add_text(&sources.definitions, "again.vpatch", text->data, text->len);
	vp_policy_build(&policy, &sources, NOW, &findings);
	print_all(&policy, &again);
	if (findings.errors || strcmp(vp_strbuf_text(text), vp_strbuf_text(&again)) != 0) {
		_cleanup_strbuf_ struct vp_strbuf out = { 0 };

		vp_findings_print(&findings, &out);
		fprintf(stderr, "first:\n%s\nsecond:\n%s\nfindings:\n%s", vp_strbuf_text(text),
			vp_strbuf_text(&again), vp_strbuf_text(&out));
		abort();
	}
	vp_policy_free(&policy);
	vp_sources_free(&sources);
	vp_findings_free(&findings);
}

static void check_plan(const struct vp_policy *policy)
{
	struct vp_port_range ssh = { .protocol = 6, .first = 22, .last = 22 };
	const struct vp_host host = {
		.management = { .data = &ssh, .len = 1 },
		.examples_allowed = true,
		.clock_synchronised = true,
		.now = NOW,
	};
	struct vp_findings findings = { 0 };
	struct vp_plan plan = { 0 };
	_cleanup_strbuf_ struct vp_strbuf out = { 0 };

	vp_plan_build(&plan, policy, &host, (1u << VP_POINT_COUNT) - 1, &findings);
	vp_plan_print(&plan, &out);
	if (vp_plan_diff(NULL, &plan, &out) > policy->patches.len ||
	    vp_plan_diff(&plan, &plan, &out)) {
		fprintf(stderr, "%s", vp_strbuf_text(&out));
		abort();
	}
	vp_plan_free(&plan);
	vp_findings_free(&findings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vp_sources sources = { 0 };
	struct vp_policy policy = { 0 };
	struct vp_findings findings = { 0 };
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };

	split(&sources, (const char *)data, size);
	vp_policy_build(&policy, &sources, NOW, &findings);
	vp_findings_print(&findings, &text);
	text.len = 0;
	print_all(&policy, &text);
	vp_sources_free(&sources); /* the policy must not need them */
	if (policy.patches.len)
		check_fixed_point(&text);
	check_plan(&policy);
	vp_policy_free(&policy);
	vp_findings_free(&findings);
	return 0;
}
