/* SPDX-License-Identifier: GPL-2.0-or-later */
/* [patch]: what the patch is about, and how it lives. */
#include <string.h>

#include "policy/validate.h"

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

void vp_validate_patch(struct vp_validation *v, const struct vp_section *section)
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
