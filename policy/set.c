/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Named sets, inline and from files: see set.h. Files were read before, by sources.c. */
#include "policy/set.h"

#include <stdlib.h>
#include <string.h>

#include "policy/lexer.h"
#include "policy/validate.h"

static const char *const kind_names[] = {
	[VP_VALUE_NUMBER] = "numbers", [VP_VALUE_ADDRESS] = "addresses",
	[VP_VALUE_BYTES] = "strings",  [VP_VALUE_REGEX] = "regexes",
	[VP_VALUE_SET] = "sets",
};
_Static_assert(VP_COUNT(kind_names) == VP_VALUE_SET + 1, "every kind of value has a name");

struct set_reader {
	struct vp_set *set;
	const struct vp_set_files *files;
};

char *vp_set_path(const char *naming, const char *file, size_t length)
{
	const char *slash = strrchr(naming, '/');

	if (*file == '/' || !slash)
		return vp_strndup(file, length);
	return vp_format("%.*s/%.*s", (int)(slash - naming), naming, (int)length, file);
}

static bool check_kind(struct vp_lexer *lexer, struct vp_set *set,
		       const struct vp_value *value, const char *at)
{
	if (value->kind == VP_VALUE_REGEX || value->kind == VP_VALUE_SET)
		return vp_lexer_expected(lexer, at, "an address, a number or a string",
					 "192.0.2.1`, `5` or `\"public\"");
	if (!set->values.len)
		set->kind = value->kind;
	if (value->kind == set->kind)
		return true;
	return vp_lexer_fail(lexer, at, "expected only %s in the set, as before, found %s",
			     kind_names[set->kind], kind_names[value->kind]);
}

static bool read_element(struct vp_lexer *lexer, struct vp_set *set)
{
	const char *at;
	struct vp_value value;

	vp_lexer_end(lexer);
	at = lexer->next;
	if (!vp_lexer_value(lexer, &value))
		return false;
	if (!check_kind(lexer, set, &value, at)) {
		vp_value_free(&value);
		return false;
	}
	vp_array_push(&set->values, value);
	return true;
}

static void read_values(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	struct set_reader *reader = object;

	(void)v;
	do {
		if (!read_element(lexer, reader->set))
			return;
	} while (vp_lexer_skip(lexer, ','));
	if (!vp_lexer_end(lexer))
		vp_lexer_expected(lexer, lexer->next, "a comma or the end of the line",
				  "5, 7");
}

struct file_reader {
	const char *file;
	struct vp_set *set;
	struct vp_findings *findings;
};

/* One line of a set file. */
static void read_line(void *context, const struct vp_line *line)
{
	struct file_reader *reader = context;
	struct vp_lexer lexer = {
		.file = reader->file,
		.start = line->value,
		.next = line->value,
		.end = line->value + line->value_len,
		.line = line->number,
		.column = line->column,
		.findings = reader->findings,
	};

	if (!read_element(&lexer, reader->set))
		return;
	if (!vp_lexer_end(&lexer) && *lexer.next != '#')
		vp_lexer_expected(&lexer, lexer.next,
				  "one value a line, and then a comment at most", NULL);
}

static int compare_name(const void *name, const void *file)
{
	return strcmp(name, ((const struct vp_set_file *)file)->name);
}

static void read_file(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	struct set_reader *reader = object;
	_cleanup_free_ char *path = NULL;
	const struct vp_set_file *found = NULL;
	struct vp_text text;

	vp_read_text(lexer, &reader->set->file);
	if (lexer->failed)
		return;
	path = vp_set_path(v->definition->file, reader->set->file, strlen(reader->set->file));
	if (v->files && v->files->len)
		found = bsearch(path, v->files->data, v->files->len, sizeof(*v->files->data),
				compare_name);
	if (!found) {
		vp_lexer_fail(lexer, lexer->start,
			      "expected a set file that exists and can be read, found `%s`",
			      path);
		return;
	}
	text = *found->text;
	text.name = (char *)found->name;
	vp_source_read_list(&text, v->findings, read_line,
			    &(struct file_reader){ found->name, reader->set, v->findings });
}

static void read_site(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	static const char *const words[] = { "required" };
	struct set_reader *reader = object;
	unsigned int index;

	(void)v;
	reader->set->site_required = vp_read_choice(lexer, words, VP_COUNT(words), &index);
}

static const struct vp_key keys[] = {
	{ .name = "values", .example = "192.0.2.0/24", .repeats = true, .read = read_values },
	{ .name = "file", .example = "stations.txt", .read = read_file },
	{ .name = "site", .example = "required", .read = read_site },
};

void vp_set_read(struct vp_set *set, const struct vp_definition *definition,
		 const struct vp_section *section, const struct vp_set_files *files,
		 struct vp_findings *findings)
{
	struct set_reader reader = { .set = set, .files = files };
	struct vp_validation v = {
		.definition = definition,
		.files = files,
		.findings = findings,
	};
	size_t errors = findings->errors;

	set->at = vp_section_at(definition, section);
	vp_validate_keys(&v, section, keys, VP_COUNT(keys), &reader);
	if (!set->values.len && findings->errors == errors)
		vp_find_error(
			findings, &set->at,
			"expected `values` or a `file` with values in [set %s], found none, "
			"e.g. `values = 192.0.2.0/24`",
			set->name);
}

void vp_set_replace(struct vp_set *set, const struct vp_set *site)
{
	vp_values_free(&set->values);
	vp_array_reserve(&set->values, site->values.len);
	vp_array_each (value, &site->values)
		vp_value_copy(vp_array_add(&set->values), value);
	set->kind = site->kind;
	set->from_site = true;
}
