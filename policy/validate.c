/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a definition to a patch: the walk over its sections, the [patch] section
 * and the readers of common values. Every section kind has a file of its own.
 */
#include "policy/validate.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/digest.h"
#include "policy/suggest.h"

bool vp_read_end(struct vp_lexer *lexer)
{
	if (!vp_lexer_end(lexer))
		return vp_lexer_expected(lexer, lexer->next, "the end of the line", NULL);
	return !lexer->failed;
}

void vp_read_text(struct vp_lexer *lexer, char **out)
{
	const char *text;
	size_t length = vp_lexer_text(lexer, &text);

	if (!length)
		vp_lexer_fail(lexer, text, "expected text behind the `=`, found nothing");
	else
		*out = vp_strndup(text, length);
}

bool vp_read_choice(struct vp_lexer *lexer, const char *const *names, size_t count,
		    unsigned int *index)
{
	struct vp_suggestion suggestion = { 0 };
	_cleanup_strbuf_ struct vp_strbuf all = { 0 };
	const char *word;

	suggestion.length = vp_lexer_word(lexer, "", &word);
	for (unsigned int i = 0; i < count; i++) {
		if (strlen(names[i]) == suggestion.length &&
		    !memcmp(names[i], word, suggestion.length)) {
			*index = i;
			return vp_read_end(lexer);
		}
	}
	suggestion.text = word;
	for (size_t i = 0; i < count; i++) {
		vp_suggest(&suggestion, names[i]);
		vp_strbuf_addf(&all, "%s`%s`",
			       !i	       ? ""
			       : i + 1 < count ? ", "
					       : " or ",
			       names[i]);
	}
	if (suggestion.best && count > 1)
		return vp_lexer_fail(lexer, word,
				     "expected %s, found `%.*s`; did you mean `%s`?",
				     vp_strbuf_text(&all), vp_excerpt(word, suggestion.length),
				     word, suggestion.best);
	return vp_lexer_expected(lexer, word, vp_strbuf_text(&all), NULL);
}

static bool digits(const char *text, size_t count, int *number)
{
	for (*number = 0; count--; text++) {
		if (*text < '0' || *text > '9')
			return false;
		*number = *number * 10 + (*text - '0');
	}
	return true;
}

bool vp_read_date(struct vp_lexer *lexer, time_t *after)
{
	struct tm tm = { 0 }, back;
	const char *word;
	size_t length = vp_lexer_word(lexer, "", &word);
	time_t start;

	if (length != 10 || word[4] != '-' || word[7] != '-' ||
	    !digits(word, 4, &tm.tm_year) || !digits(word + 5, 2, &tm.tm_mon) ||
	    !digits(word + 8, 2, &tm.tm_mday))
		return vp_lexer_expected(lexer, word, "a date YYYY-MM-DD", "2027-02-28");
	tm.tm_year -= 1900;
	tm.tm_mon--;
	back = tm;
	start = timegm(&back);
	if (tm.tm_year < 70 || back.tm_mon != tm.tm_mon || back.tm_mday != tm.tm_mday)
		return vp_lexer_expected(lexer, word, "a day that the calendar has",
					 "2027-02-28");
	*after = start + 86400;
	return vp_read_end(lexer);
}

void vp_unknown_name_(struct vp_lexer *lexer, const char *at, size_t length, const char *what,
		      const struct vp_suggestion *suggestion)
{
	if (!length)
		vp_lexer_expected(lexer, at, what, NULL);
	else if (suggestion->best)
		vp_lexer_fail(lexer, at, "expected %s, found `%.*s`; did you mean `%s`?", what,
			      vp_excerpt(at, length), at, suggestion->best);
	else
		vp_lexer_fail(lexer, at, "expected %s, found `%.*s`", what,
			      vp_excerpt(at, length), at);
}

static const struct vp_key *find_key(const struct vp_entry *entry, const struct vp_key *keys,
				     size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t length;

		if (*keys[i].name != *entry->key)
			continue;
		length = strlen(keys[i].name);
		if (keys[i].prefix ? entry->key_len > length + 1 && entry->key[length] == '.'
				   : entry->key_len == length)
			if (!memcmp(keys[i].name, entry->key, length))
				return &keys[i];
	}
	return NULL;
}

/* Returns the key that was probably meant, or NULL. */
static const struct vp_key *unknown_key(struct vp_validation *v,
					const struct vp_section *section,
					const struct vp_entry *entry,
					const struct vp_key *keys, size_t count)
{
	const struct vp_key *meant = NULL;
	struct vp_location at = { v->definition->file, entry->line, 1 };
	struct vp_suggestion suggestion = { .text = entry->key, .length = entry->key_len };
	_cleanup_strbuf_ struct vp_strbuf all = { 0 };

	for (size_t i = 0; i < count; i++) {
		vp_suggest(&suggestion, keys[i].name);
		if (suggestion.best == keys[i].name)
			meant = &keys[i];
		vp_strbuf_addf(&all, "%s%s%s", i ? ", " : "", keys[i].name,
			       keys[i].prefix ? ".NAME" : "");
	}
	if (suggestion.best)
		vp_find_error(v->findings, &at,
			      "expected a key of [%.*s], found `%.*s`; did you mean `%s`?",
			      (int)section->kind_len, section->kind,
			      vp_excerpt(entry->key, entry->key_len), entry->key,
			      suggestion.best);
	else
		vp_find_error(v->findings, &at, "expected a key of [%.*s] (%s), found `%.*s`",
			      (int)section->kind_len, section->kind, vp_strbuf_text(&all),
			      vp_excerpt(entry->key, entry->key_len), entry->key);
	return meant;
}

static void missing_key(struct vp_validation *v, const struct vp_section *section,
			const struct vp_key *key)
{
	struct vp_location at = vp_section_at(v->definition, section);

	vp_find_error(v->findings, &at,
		      "expected `%s` in [%.*s%s%.*s], found none, e.g. `%s = %s`", key->name,
		      (int)section->kind_len, section->kind, section->name_len ? " " : "",
		      vp_excerpt(section->name, section->name_len), section->name, key->name,
		      key->example);
}

void vp_validate_keys(struct vp_validation *v, const struct vp_section *section,
		      const struct vp_key *keys, size_t count, void *object)
{
	const struct vp_entry *entries = v->definition->entries.data + section->first;
	uint32_t seen[24] = { 0 }; /* line of the first one */

	for (uint32_t i = 0; i < section->count; i++) {
		const struct vp_key *key = find_key(&entries[i], keys, count);
		struct vp_location at = { v->definition->file, entries[i].line, 1 };
		struct vp_lexer lexer;

		if (!key) {
			if (!entries[i].bad)
				key = unknown_key(v, section, &entries[i], keys, count);
			if (key && !seen[key - keys])
				seen[key - keys] = entries[i].line;
			continue;
		}
		if (seen[key - keys] && !key->repeats && !key->prefix) {
			vp_find_error(
				v->findings, &at,
				"expected `%s` once, found it again; the first is in line %u",
				key->name, seen[key - keys]);
			continue;
		}
		seen[key - keys] = entries[i].line;
		if (entries[i].bad)
			continue;
		lexer = vp_lexer_of(v->definition, &entries[i], v->findings);
		v->entry = &entries[i];
		key->read(v, object, &lexer);
	}
	for (size_t i = 0; i < count; i++)
		if (keys[i].required && !seen[i])
			missing_key(v, section, &keys[i]);
}

char *vp_read_section_name(struct vp_validation *v, const struct vp_section *section)
{
	struct vp_location at = vp_section_at(v->definition, section);

	if (vp_name_is_good(section->name, section->name_len))
		return vp_strndup(section->name, section->name_len);
	if (!section->name_len)
		vp_find_error(v->findings, &at,
			      "expected a name behind `%.*s`, found none, e.g. `[%.*s %s]`",
			      (int)section->kind_len, section->kind, (int)section->kind_len,
			      section->kind, v->patch ? "web" : "CVE-2013-5211");
	else
		vp_find_error(
			v->findings, &at,
			"expected a name (a letter or digit, then letters, digits, `.`, `_` "
			"or `-`, at most 64), found `%.*s`",
			vp_excerpt(section->name, section->name_len), section->name);
	return NULL;
}

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

void vp_validate_set(struct vp_validation *v, const struct vp_section *section)
{
	struct vp_set *set = vp_array_add(&v->patch->sets);
	struct vp_site_set *site = NULL;

	set->name = vp_read_section_name(v, section);
	vp_set_read(set, v->definition, section, v->files, v->findings);
	if (v->overrides && set->name)
		site = vp_overrides_set(v->overrides, set->name);
	if (!site)
		return;
	site->used = true;
	if (site->set.kind != set->kind && set->values.len)
		vp_find_error(
			v->findings, &site->set.at,
			"expected values of the kind that [set %s] in %s has, found others",
			set->name, v->definition->file);
	else
		vp_set_replace(set, &site->set);
}

/* [patch] */

static void read_id(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	struct vp_patch *patch = object;
	const char *text;
	size_t length = vp_lexer_text(lexer, &text);

	(void)v;
	patch->at = vp_lexer_at(lexer, text);
	if (vp_name_is_good(text, length))
		patch->id = vp_strndup(text, length);
	else
		vp_lexer_fail(
			lexer, text,
			"expected an id (a letter or digit, then letters, digits, `.`, `_` "
			"or `-`, at most 64), found `%.*s`, e.g. `CVE-2013-5211`",
			vp_excerpt(text, length), text);
}

static void read_title(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	(void)v;
	vp_read_text(lexer, &((struct vp_patch *)object)->title);
}

static void read_owner(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	(void)v;
	vp_read_text(lexer, &((struct vp_patch *)object)->owner);
}

static void read_reason(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	(void)v;
	vp_read_text(lexer, &((struct vp_patch *)object)->reason);
}

static void read_blind_spot(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	char *text = NULL;

	(void)v;
	vp_read_text(lexer, &text);
	if (text)
		vp_array_push(&((struct vp_patch *)object)->blind_spots, text);
}

/* Each reader of one word of an enumeration, which has a name function. */
#define CHOICE(NAME, MEMBER, TYPE, COUNT, NAME_OF)                                            \
	static void NAME(struct vp_validation *v, void *object, struct vp_lexer *lexer)       \
	{                                                                                     \
		const char *names[COUNT];                                                     \
		unsigned int index;                                                           \
                                                                                              \
		(void)v;                                                                      \
		for (index = 0; index < (COUNT); index++)                                     \
			names[index] = NAME_OF((enum TYPE)index);                             \
		if (vp_read_choice(lexer, names, COUNT, &index))                              \
			((struct vp_patch *)object)->MEMBER = (enum TYPE)index;               \
	}

CHOICE(read_severity, severity, vp_severity, VP_SEVERITY_CRITICAL + 1, vp_severity_name)
CHOICE(read_mode, mode, vp_mode, VP_MODE_ENFORCE + 1, vp_mode_name)
CHOICE(read_on_expiry, on_expiry, vp_on_expiry, VP_EXPIRY_REMOVE + 1, vp_on_expiry_name)
CHOICE(read_on_failure, on_failure, vp_on_failure, VP_FAILURE_BLOCK + 1, vp_on_failure_name)

static void read_expires(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	(void)v;
	vp_read_date(lexer, &((struct vp_patch *)object)->expires);
}

/* URLs have no blanks and no commas. */
static void read_references(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	struct vp_patch *patch = object;
	const char *p, *end, *start;
	size_t length = vp_lexer_text(lexer, &p);

	(void)v;
	end = p + length;
	do {
		while (p < end && (*p == ' ' || *p == '\t'))
			p++;
		start = p;
		while (p < end && *p != ' ' && *p != '\t' && *p != ',')
			p++;
		if ((p - start < 9 || strncmp(start, "https://", 8) != 0) &&
		    (p - start < 8 || strncmp(start, "http://", 7) != 0)) {
			vp_lexer_expected(lexer, start, "a URL",
					  "https://nvd.nist.gov/vuln/detail/CVE-2013-5211");
			return;
		}
		if (!patch->references.len)
			vp_array_reserve(&patch->references, 1);
		vp_array_push(&patch->references, vp_strndup(start, (size_t)(p - start)));
		while (p < end && (*p == ' ' || *p == '\t'))
			p++;
	} while (p < end && *p == ',' && p++);
	if (p < end)
		vp_lexer_expected(lexer, p, "a comma between URLs", NULL);
}

static bool package_word(struct vp_lexer *lexer, const char *more, const char *what,
			 struct vp_strbuf *out)
{
	const char *word;
	size_t length = vp_lexer_word(lexer, more, &word);

	if (!length)
		return vp_lexer_expected(lexer, word, what, "deb:ntp << 1:4.2.8p3");
	vp_strbuf_add(out, word, length);
	return true;
}

/* deb:NAME << VERSION */
static bool read_package(struct vp_lexer *lexer, struct vp_texts *out)
{
	static const char *const operators[] = { "<<", "<=", "=", ">=", ">>" };
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };
	const char *word;
	size_t length, op = 0;

	vp_lexer_end(lexer);
	word = lexer->next;
	if (lexer->end - word < 5 || (memcmp(word, "deb:", 4) && memcmp(word, "rpm:", 4)))
		return vp_lexer_expected(lexer, word, "`deb:NAME` or `rpm:NAME`",
					 "deb:ntp << 1:4.2.8p3");
	if (!package_word(lexer, ":+", "the name of a package", &text))
		return false;
	length = vp_lexer_end(lexer) ? 0 : strspn(lexer->next, "<=>");
	while (op < VP_COUNT(operators) && (strlen(operators[op]) != length ||
					    memcmp(operators[op], lexer->next, length) != 0))
		op++;
	if (op == VP_COUNT(operators))
		return vp_lexer_expected(lexer, lexer->next,
					 "`<<`, `<=`, `=`, `>=` or `>>` behind the package",
					 "deb:ntp << 1:4.2.8p3");
	lexer->next += length;
	vp_strbuf_addf(&text, " %s ", operators[op]);
	if (!package_word(lexer, ":+~^", "a version", &text))
		return false;
	if (!out->len)
		vp_array_reserve(out, 1);
	vp_array_push(out, vp_strbuf_take(&text));
	return true;
}

static void read_packages(struct vp_lexer *lexer, struct vp_texts *out)
{
	do {
		if (!read_package(lexer, out))
			return;
	} while (vp_lexer_skip(lexer, ','));
	vp_read_end(lexer);
}

static void read_affects(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	(void)v;
	read_packages(lexer, &((struct vp_patch *)object)->affects);
}

static void read_fixed_by(struct vp_validation *v, void *object, struct vp_lexer *lexer)
{
	(void)v;
	read_packages(lexer, &((struct vp_patch *)object)->fixed_by);
}

static const struct vp_key patch_keys[] = {
	{ .name = "id", .example = "CVE-2013-5211", .required = true, .read = read_id },
	{ .name = "title",
	  .example = "NTP mode 7 amplification",
	  .required = true,
	  .read = read_title },
	{ .name = "severity", .example = "high", .required = true, .read = read_severity },
	{ .name = "references", .repeats = true, .read = read_references },
	{ .name = "affects", .repeats = true, .read = read_affects },
	{ .name = "fixed-by", .repeats = true, .read = read_fixed_by },
	{ .name = "owner", .read = read_owner },
	{ .name = "reason", .read = read_reason },
	{ .name = "expires", .read = read_expires },
	{ .name = "on-expiry", .read = read_on_expiry },
	{ .name = "mode", .read = read_mode },
	{ .name = "on-failure", .read = read_on_failure },
	{ .name = "blind-spot", .repeats = true, .read = read_blind_spot },
};

static void validate_patch(struct vp_validation *v, const struct vp_section *section)
{
	if (section->name_len) {
		struct vp_location at = vp_section_at(v->definition, section);

		vp_find_error(v->findings, &at,
			      "expected `[patch]` without a name, found `%.*s`; the name of a "
			      "patch is its `id`",
			      vp_excerpt(section->name, section->name_len), section->name);
	}
	v->patch->at = vp_section_at(v->definition, section);
	vp_validate_keys(v, section, patch_keys, VP_COUNT(patch_keys), v->patch);
}

/* The kinds of sections, in the order in which they are read. */
static const struct {
	const char *name;
	void (*read)(struct vp_validation *v, const struct vp_section *section);
} kinds[] = {
	{ "patch", validate_patch },	      { "set", vp_validate_set },
	{ "service", vp_validate_service },   { "rule", vp_validate_rule },
	{ "syscalls", vp_validate_syscalls }, { "sample", vp_validate_sample },
};

#define KIND_PATCH   0
#define KIND_SET     1
#define KIND_SERVICE 2
#define KIND_RULE    3
#define KIND_SAMPLE  5

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
	if (counts[KIND_SAMPLE])
		vp_array_reserve(&v->patch->samples, counts[KIND_SAMPLE]);
}

static void digest(struct vp_patch *patch, struct vp_strbuf *scratch)
{
	scratch->len = 0;
	vp_patch_print(patch, scratch);
	patch->digest = vp_digest(VP_DIGEST_SEED, scratch->data, scratch->len);
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
