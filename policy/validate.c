/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a definition to a patch: the walk over its sections, and its sets. The
 * other kinds of sections have files of their own.
 */
#include "policy/validate.h"

#include <stdlib.h>
#include <string.h>

#include "lib/digest.h"

bool vp_validate_reference(struct vp_validation *v, struct vp_value *value)
{
	struct vp_suggestion suggestion = { 0 };
	ptrdiff_t index;

	if (value->kind != VP_VALUE_SET)
		return true;
	index = vp_index_of(&v->patch->sets, value->reference.name,
			    strlen(value->reference.name));
	if (index >= 0) {
		value->reference.set = &v->patch->sets.data[index];
		return value->reference.set->values.len > 0;
	}
	suggestion.text = value->reference.name;
	suggestion.length = strlen(value->reference.name);
	vp_array_each (set, &v->patch->sets)
		if (set->name)
			vp_suggest(&suggestion, set->name);
	vp_find_error(v->findings, &value->at,
		      "expected the name of a set of this file, found `@%s`%s%s%s",
		      value->reference.name, suggestion.best ? "; did you mean `@" : "",
		      suggestion.best ? suggestion.best : "; add a section `[set NAME]`",
		      suggestion.best ? "`?" : "");
	return false;
}

static void take_site_set(struct vp_validation *v, struct vp_set *set,
			  struct vp_site_set *site)
{
	site->used = true;
	if (site->set.kind != set->kind && set->values.len)
		vp_find_error(
			v->findings, &site->set.at,
			"expected values of the kind that [set %s] in %s has, found others",
			set->name, v->definition->file);
	else
		vp_set_replace(set, &site->set);
}

/* Once: conditions, rules and samples ask for them again and again. */
static void count_families(struct vp_set *set)
{
	vp_array_each (value, &set->values)
		set->families |= vp_value_families(value);
	if (!set->values.len)
		set->families = VP_FAMILY_IPV4 | VP_FAMILY_IPV6; /* an error of its own */
}

void vp_validate_set(struct vp_validation *v, const struct vp_section *section)
{
	struct vp_set *set = vp_array_add(&v->patch->sets);
	struct vp_site_set *site = NULL;

	set->name = vp_read_section_name(v, section);
	vp_set_read(set, v->definition, section, v->files, v->findings);
	if (v->overrides && set->name)
		site = vp_overrides_set(v->overrides, set->name);
	if (site)
		take_site_set(v, set, site);
	count_families(set);
}

/* The kinds of sections, in the order in which they are read. */
enum kind { KIND_PATCH, KIND_SET, KIND_SERVICE, KIND_RULE, KIND_SYSCALLS, KIND_SAMPLE };

static const struct {
	const char *name;
	void (*read)(struct vp_validation *v, const struct vp_section *section);
} kinds[] = {
	[KIND_PATCH] = { "patch", vp_validate_patch },
	[KIND_SET] = { "set", vp_validate_set },
	[KIND_SERVICE] = { "service", vp_validate_service },
	[KIND_RULE] = { "rule", vp_validate_rule },
	[KIND_SYSCALLS] = { "syscalls", vp_validate_syscalls },
	[KIND_SAMPLE] = { "sample", vp_validate_sample },
};

static int kind_of(const struct vp_section *section)
{
	for (size_t i = 0; i < VP_COUNT(kinds); i++)
		if (vp_section_is(section, kinds[i].name))
			return (int)i;
	return -1;
}

static void unknown_section(struct vp_validation *v, const struct vp_section *section)
{
	struct vp_suggestion suggestion = { .text = section->kind,
					    .length = section->kind_len };
	struct vp_location at = vp_section_at(v->definition, section);

	for (size_t i = 0; i < VP_COUNT(kinds); i++)
		vp_suggest(&suggestion, kinds[i].name);
	at.column -= (uint32_t)(section->name - section->kind);
	vp_find_error(
		v->findings, &at,
		"expected a section patch, set, service, rule, syscalls or sample, found "
		"`[%.*s]`%s%s%s",
		vp_excerpt(section->kind, section->kind_len), section->kind,
		suggestion.best ? "; did you mean `" : "",
		suggestion.best ? suggestion.best : "", suggestion.best ? "`?" : "");
}

/* Exact room for what is kept, and findings for sections that are none. */
static void count_sections(struct vp_validation *v)
{
	size_t counts[VP_COUNT(kinds)] = { 0 };

	vp_array_each (section, &v->definition->sections) {
		int kind = kind_of(section);

		if (kind < 0)
			unknown_section(v, section);
		else if (!section->duplicate)
			counts[kind]++;
	}
	if (!counts[KIND_PATCH]) {
		struct vp_location at = { v->definition->file, 1, 1 };

		vp_find_error(
			v->findings, &at,
			"expected a section [patch] with id, title and severity, found none");
	}
	if (counts[KIND_SET])
		vp_array_reserve(&v->patch->sets, counts[KIND_SET]);
	if (counts[KIND_SERVICE])
		vp_array_reserve(&v->patch->services, counts[KIND_SERVICE]);
	if (counts[KIND_RULE])
		vp_array_reserve(&v->patch->rules, counts[KIND_RULE]);
	if (counts[KIND_SYSCALLS])
		vp_array_reserve(&v->patch->syscalls, counts[KIND_SYSCALLS]);
	if (counts[KIND_SAMPLE])
		vp_array_reserve(&v->patch->samples, counts[KIND_SAMPLE]);
}

static void digest(struct vp_patch *patch, struct vp_strbuf *scratch)
{
	scratch->len = 0;
	vp_patch_print(patch, scratch);
	patch->digest = vp_digest_long(VP_DIGEST_SEED, scratch->data, scratch->len);
	patch->digest = vp_digest(patch->digest, &patch->disabled, sizeof(patch->disabled));
}

struct vp_patch *vp_validate(struct vp_definition *definition,
			     const struct vp_set_files *files, struct vp_overrides *overrides,
			     struct vp_strbuf *scratch, size_t errors,
			     struct vp_findings *findings)
{
	struct vp_patch *patch = vp_new(struct vp_patch);
	struct vp_validation v = {
		.definition = definition,
		.files = files,
		.overrides = overrides,
		.findings = findings,
		.patch = patch,
		.errors = errors,
	};

	patch->file = vp_strdup(definition->file);
	patch->mode = VP_MODE_ENFORCE;
	definition->file = patch->file; /* where all locations point to */
	count_sections(&v);
	for (size_t kind = 0; kind < VP_COUNT(kinds); kind++) {
		vp_array_each (section, &definition->sections)
			if (!section->duplicate && vp_section_is(section, kinds[kind].name))
				kinds[kind].read(&v, section);
		if (kind == KIND_SERVICE && overrides)
			vp_overrides_ports(&v);
		if (kind == KIND_SYSCALLS && overrides)
			vp_overrides_targets(&v);
	}
	if (overrides)
		vp_overrides_apply(&v);
	vp_validate_whole(&v);
	if (findings->errors == errors) {
		digest(patch, scratch);
		return patch;
	}
	definition->file = NULL;
	vp_patch_free(patch);
	return NULL;
}
