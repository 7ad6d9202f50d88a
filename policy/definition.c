/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sections and entries of a text, unchecked: see definition.h. */
#include "policy/definition.h"

#include <string.h>

#define SECTIONS_MAX 1000 /* bounds the search for duplicates */

struct builder {
	struct vp_definition *definition;
	struct vp_findings *findings;
	bool full;
};

static bool letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool vp_name_is_good(const char *name, size_t length)
{
	if (!length || length > VP_NAME_MAX || !letter_or_digit(*name))
		return false;
	for (size_t i = 1; i < length; i++)
		if (!letter_or_digit(name[i]) && name[i] != '.' && name[i] != '_' &&
		    name[i] != '-')
			return false;
	return true;
}

bool vp_section_is(const struct vp_section *section, const char *kind)
{
	return strlen(kind) == section->kind_len &&
	       !memcmp(section->kind, kind, section->kind_len);
}

struct vp_location vp_entry_at(const struct vp_definition *definition,
			       const struct vp_entry *entry)
{
	return (struct vp_location){ definition->file, entry->line, entry->column };
}

struct vp_location vp_section_at(const struct vp_definition *definition,
				 const struct vp_section *section)
{
	return (struct vp_location){ definition->file, section->line, section->column };
}

const struct vp_entry *vp_section_entry(const struct vp_definition *definition,
					const struct vp_section *section, const char *key)
{
	const struct vp_entry *entry = definition->entries.data + section->first;
	size_t length = strlen(key);

	for (uint32_t i = 0; i < section->count; i++)
		if (entry[i].key_len == length && !memcmp(entry[i].key, key, length))
			return &entry[i];
	return NULL;
}

static void split_name(struct vp_section *section, const struct vp_line *line)
{
	uint32_t i = 0;

	section->kind = section->name = line->name;
	section->column = line->column;
	section->line = line->number;
	while (i < line->name_len && line->name[i] != ' ' && line->name[i] != '\t')
		i++;
	section->kind_len = i;
	while (i < line->name_len && (line->name[i] == ' ' || line->name[i] == '\t'))
		i++;
	section->name_len = line->name_len - i;
	if (section->name_len) {
		section->name = line->name + i;
		section->column += i;
	}
}

/* A file has one [patch], whatever name somebody gives it. */
static bool same_section(const struct vp_section *a, const struct vp_section *b)
{
	if (a->kind_len != b->kind_len || memcmp(a->kind, b->kind, a->kind_len) != 0)
		return false;
	return vp_section_is(a, "patch") ||
	       (a->name_len == b->name_len && !memcmp(a->name, b->name, a->name_len));
}

static void find_duplicate(struct builder *builder, struct vp_section *section)
{
	struct vp_definition *definition = builder->definition;

	for (struct vp_section *other = definition->sections.data; other < section; other++) {
		struct vp_location at;

		if (!same_section(other, section))
			continue;
		at = vp_section_at(definition, section);
		section->duplicate = true;
		vp_find_error(
			builder->findings, &at,
			"expected each section once, found `[%.*s%s%.*s]` again; the first "
			"is in line %u",
			vp_excerpt(section->kind, section->kind_len), section->kind,
			section->name_len ? " " : "",
			vp_excerpt(section->name, section->name_len), section->name,
			other->line);
		return;
	}
}

static void add_section(struct builder *builder, const struct vp_line *line)
{
	struct vp_definition *definition = builder->definition;
	struct vp_section *section;

	if (definition->sections.len >= SECTIONS_MAX) {
		struct vp_location at = { definition->file, line->number, line->column };

		if (!builder->full)
			vp_find_error(builder->findings, &at,
				      "expected at most %d sections in a file, found more",
				      SECTIONS_MAX);
		builder->full = true;
		return;
	}
	section = vp_array_add(&definition->sections);
	split_name(section, line);
	section->first = (uint32_t)definition->entries.len;
	find_duplicate(builder, section);
}

static void add_line(void *context, const struct vp_line *line)
{
	struct builder *builder = context;
	struct vp_definition *definition = builder->definition;

	if (builder->full)
		return;
	if (line->section) {
		add_section(builder, line);
		return;
	}
	if (!definition->sections.len) {
		struct vp_location at = { definition->file, line->number, 1 };

		vp_find_error(builder->findings, &at,
			      "expected a [section] before the first key, found `%.*s`, "
			      "e.g. `[patch]`",
			      vp_excerpt(line->name, line->name_len), line->name);
		return;
	}
	vp_array_push(&definition->entries, ((struct vp_entry){
						    .key = line->name,
						    .key_len = line->name_len,
						    .value = line->value,
						    .value_len = line->value_len,
						    .line = line->number,
						    .column = line->column,
						    .bad = line->bad,
					    }));
	definition->sections.data[definition->sections.len - 1].count++;
}

void vp_definition_read(struct vp_definition *definition, const struct vp_text *text,
			struct vp_findings *findings)
{
	struct builder builder = { .definition = definition, .findings = findings };

	definition->file = text->name;
	definition->sections.len = 0;
	definition->entries.len = 0;
	vp_array_reserve(&definition->entries, 32); /* never NULL: sections point into it */
	vp_source_read(text, findings, add_line, &builder);
}

void vp_definition_free(struct vp_definition *definition)
{
	vp_array_free(&definition->sections);
	vp_array_free(&definition->entries);
}
