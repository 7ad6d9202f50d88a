/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of a section by its table, and the values that several sections
 * have: text, words of a list, dates, names.
 */
#include <string.h>
#include <time.h>

#include "policy/validate.h"

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

size_t vp_read_unit_name(struct vp_lexer *lexer, const char **name)
{
	size_t length = vp_lexer_word(lexer, ":@\\", name);

	if (length <= 255 && memchr(*name, '.', length))
		return length;
	vp_lexer_expected(lexer, *name, "the full name of a systemd unit", "php-fpm.service");
	return 0;
}

void vp_read_unit(struct vp_lexer *lexer, char **out)
{
	const char *name;
	size_t length = vp_read_unit_name(lexer, &name);

	if (length && vp_read_end(lexer))
		*out = vp_strndup(name, length);
}

void vp_read_process(struct vp_lexer *lexer, char **out)
{
	if (!vp_lexer_end(lexer) && *lexer->next != '/')
		vp_lexer_expected(lexer, lexer->next, "the path of an executable",
				  "/usr/sbin/nginx");
	else
		vp_read_text(lexer, out);
}

bool vp_read_short(struct vp_lexer *lexer, const char *more, char text[static VP_SHORT_MAX],
		   const char **at)
{
	size_t length = vp_lexer_word(lexer, more, at);

	if (!length || length >= VP_SHORT_MAX)
		return false;
	memcpy(text, *at, length);
	text[length] = '\0';
	return true;
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

bool vp_time_of(const struct tm *tm, time_t *time)
{
	struct tm back = *tm;

	*time = timegm(&back);
	return tm->tm_year >= 70 && back.tm_mon == tm->tm_mon && back.tm_mday == tm->tm_mday;
}

bool vp_read_date(struct vp_lexer *lexer, time_t *after)
{
	struct tm tm = { 0 };
	const char *word;
	size_t length = vp_lexer_word(lexer, "", &word);
	time_t start;

	if (length != 10 || word[4] != '-' || word[7] != '-' ||
	    !digits(word, 4, &tm.tm_year) || !digits(word + 5, 2, &tm.tm_mon) ||
	    !digits(word + 8, 2, &tm.tm_mday))
		return vp_lexer_expected(lexer, word, "a date YYYY-MM-DD", "2027-02-28");
	tm.tm_year -= 1900;
	tm.tm_mon--;
	if (!vp_time_of(&tm, &start))
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
	}
	if (meant) {
		vp_find_error(v->findings, &at,
			      "expected a key of [%.*s], found `%.*s`; did you mean `%s`?",
			      (int)section->kind_len, section->kind,
			      vp_excerpt(entry->key, entry->key_len), entry->key, meant->name);
		return meant;
	}
	for (size_t i = 0; i < count; i++) {
		vp_strbuf_adds(&all, i ? ", " : "");
		vp_strbuf_adds(&all, keys[i].name);
		vp_strbuf_adds(&all, keys[i].prefix ? ".NAME" : "");
	}
	vp_find_error(v->findings, &at, "expected a key of [%.*s] (%s), found `%.*s`",
		      (int)section->kind_len, section->kind, vp_strbuf_text(&all),
		      vp_excerpt(entry->key, entry->key_len), entry->key);
	return NULL;
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
