/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See rules.h. */
#include "tests/unit/inspection/rules.h"

#include <netinet/in.h>

const struct vp_unit_flow test_flow = {
	.source = { 4, { 192, 0, 2, 1 } },
	.destination = { 4, { 198, 51, 100, 7 } },
	.source_port = 40000,
	.destination_port = 80,
	.protocol = IPPROTO_TCP,
	.version = 4,
	.direction = VP_TO_SERVER,
};

/* Sections of a definition are bounded: many rules are spread over several patches. */
static void add_definition(struct test_rules *t, const char *service, const char *const *rules,
			   size_t first, size_t end, const char *more)
{
	struct vp_strbuf text = { 0 };
	size_t number = t->sources.definitions.len, len;

	vp_strbuf_addf(&text,
		       "[patch]\nid = T%zu\ntitle = t\nseverity = low\nmode = monitor\n"
		       "[service s]\n%s%s",
		       number, service, more ? more : "");
	for (size_t i = first; i < end; i++)
		vp_strbuf_addf(&text, "[rule r%zu]\nservice = s\naction = drop\n%s", i,
			       rules[i]);
	len = text.len;
	vp_array_push(&t->sources.definitions,
		      ((struct vp_text){ vp_format("t%zu.vpatch", number),
					 vp_strbuf_take(&text), len }));
}

void test_rules_plan(struct test_rules *t, const char *service, const char *const *rules,
		     size_t count, const char *more)
{
	_cleanup_strbuf_ struct vp_strbuf found = { 0 };

	*t = (struct test_rules){ 0 };
	for (size_t i = 0; i < count; i += 500)
		add_definition(t, service, rules, i, i + 500 < count ? i + 500 : count, more);
	vp_policy_build(&t->policy, &t->sources, 0, &t->findings);
	vp_plan_build(&t->plan, &t->policy, &t->host, VP_POINT_BIT(VP_POINT_INSPECTION),
		      &t->findings);
	vp_findings_print(&t->findings, &found);
	if (t->findings.errors)
		fail_msg("%s", vp_strbuf_text(&found));
	assert_int_equal(t->plan.placements.len, count);
}

bool test_rules_compile(struct test_rules *t)
{
	size_t count = t->plan.placements.len;
	const struct vp_placement **list = vp_alloc(count, sizeof(struct vp_placement *));

	for (size_t i = 0; i < count; i++)
		list[i] = &t->plan.placements.data[i];
	t->program = vp_program_compile(list, count, &t->error);
	free(list);
	return t->program;
}

void test_rules_unit(struct test_rules *t, size_t bound)
{
	vp_unit_free(t->unit);
	t->unit = vp_unit_new(t->program, bound);
	t->sink = vp_unit_sink(t->unit);
	vp_unit_flow(t->unit, &test_flow);
}

void test_rules_open(struct test_rules *t, const char *service, const char *const *rules,
		     size_t count, const char *more)
{
	test_rules_plan(t, service, rules, count, more);
	if (!test_rules_compile(t))
		fail_msg("%s", t->error.text);
	test_rules_unit(t, TEST_BOUND);
}

void test_rules_free(struct test_rules *t)
{
	vp_unit_free(t->unit);
	vp_program_free(t->program);
	vp_plan_free(&t->plan);
	vp_host_free(&t->host);
	vp_policy_free(&t->policy);
	vp_findings_free(&t->findings);
	vp_sources_free(&t->sources);
	*t = (struct test_rules){ 0 };
}

void test_begin(struct test_rules *t)
{
	t->sink->operations->begin(t->sink);
}

void test_part(struct test_rules *t, enum vp_field_id field, const char *name,
	       const void *data, size_t len, enum vp_part part)
{
	/* a copy of just that size, so that reading past it is seen */
	uint8_t *copy = len ? vp_memdup(data, len) : NULL;

	t->sink->operations->bytes(
		t->sink, field,
		(struct vp_slice){ (const uint8_t *)name, name ? strlen(name) : 0 },
		(struct vp_slice){ copy, len }, part);
	free(copy);
}

void test_value(struct test_rules *t, enum vp_field_id field, const char *name,
		const void *data, size_t len)
{
	test_part(t, field, name, data, len, VP_PART_WHOLE);
}

void test_text(struct test_rules *t, enum vp_field_id field, const char *name,
	       const char *text)
{
	test_value(t, field, name, text, strlen(text));
}

void test_final(struct test_rules *t, enum vp_phase phase)
{
	t->sink->operations->final(t->sink, phase);
}

void test_end(struct test_rules *t)
{
	t->sink->operations->end(t->sink);
}

void test_hits_(struct test_rules *t, const char *text, const char *file, int line)
{
	_cleanup_strbuf_ struct vp_strbuf out = { 0 };
	struct vp_unit_hits hits = vp_unit_take(t->unit);

	for (size_t i = 0; i < hits.count; i++)
		vp_strbuf_addf(&out, "%s%u", i ? " " : "", hits.rules[i]);
	if (strcmp(vp_strbuf_text(&out), text) != 0) {
		print_error("%s:%d: hits `%s`, expected `%s`\n", file, line,
			    vp_strbuf_text(&out), text);
		fail();
	}
}

uint32_t test_chance(uint32_t below)
{
	static uint32_t seed = 7;

	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}
