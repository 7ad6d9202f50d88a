/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs every group of tests about the definition language, and holds what they share. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/policy/policy_tests.h"

static void add_text(struct vp_text_list *list, const char *name, const char *data, size_t len)
{
	struct vp_text *text = vp_array_add(list);

	text->name = vp_strdup(name);
	text->data = vp_alloc(len + 1, 1);
	memcpy(text->data, data, len);
	text->len = len;
}

static void build_sources(struct built *built, struct vp_sources *sources)
{
	memset(built, 0, sizeof(*built));
	vp_policy_build(&built->policy, sources, NOW, &built->findings);
	vp_sources_free(sources); /* the policy must not need them any more */
	vp_findings_print(&built->findings, &built->text);
}

void build(struct built *built, const char *definition, const char *const *overrides,
	   size_t overrides_count, const char *set_file)
{
	struct vp_sources sources = { 0 };

	add_text(&sources.definitions, "test.vpatch", definition, strlen(definition));
	for (size_t i = 0; i < overrides_count; i++) {
		_cleanup_free_ char *name = vp_format("%zu.conf", i);

		add_text(&sources.overrides, name, overrides[i], strlen(overrides[i]));
	}
	if (set_file)
		add_text(&sources.set_files, "set.txt", set_file, strlen(set_file));
	build_sources(built, &sources);
}

void build_bytes(struct built *built, const char *definition, size_t len)
{
	struct vp_sources sources = { 0 };

	add_text(&sources.definitions, "test.vpatch", definition, len);
	build_sources(built, &sources);
}

void built_free(struct built *built)
{
	vp_policy_free(&built->policy);
	vp_findings_free(&built->findings);
	vp_strbuf_free(&built->text);
}

const struct vp_patch *only_patch(struct built *built)
{
	if (built->findings.errors)
		print_error("%s", vp_strbuf_text(&built->text));
	assert_int_equal(built->findings.errors, 0);
	assert_int_equal(built->policy.patches.len, 1);
	return built->policy.patches.data[0];
}

char *with_condition(const char *ports, const char *condition)
{
	return vp_format("[patch]\nid = T\ntitle = T\nseverity = low\nmode = monitor\n"
			 "[service s]\nports = %s\n"
			 "[rule r]\nservice = s\nwhen = %s\naction = drop\n",
			 ports, condition);
}

int main(void)
{
	int failed = 0;

	failed += run_value_tests();
	failed += run_regex_tests();
	failed += run_field_tests();
	failed += run_source_tests();
	failed += run_validate_tests();
	failed += run_override_tests();
	failed += run_sources_tests();
	failed += run_print_tests();
	failed += run_call_tests();
	return failed ? 1 : 0;
}
