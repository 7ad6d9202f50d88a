/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doc/fields.md is what the condition table says, and doc/language.md names every
 * operator, transform and action. Without arguments the files in the source tree are
 * compared; with one, the page of fields is written there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/file.h"
#include "lib/memory.h"
#include "lib/strbuf.h"
#include "policy/patch.h"

static const char head[] = "# Fields, operators and transforms\n\n"
			   "Made from the condition table in `policy/field.c`. "
			   "[language.md](language.md) says how conditions are written.\n\n";

/* Is the word there as code of its own: `word`, or `word(...)` or `word ...` within backticks?
 */
static bool names(const char *page, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = page; (p = strstr(p, word)); p += len)
		if (p > page && p[-1] == '`' && strchr("`( ", p[len]))
			return true;
	return false;
}

static int missing(const char *page, const char *word)
{
	if (names(page, word))
		return 0;
	fprintf(stderr, "doc/language.md does not name `%s`\n", word);
	return 1;
}

/* doc/language.md names every operator, transform and action. */
static int check_language(const char *page)
{
	int failures = 0;

	for (unsigned int op = 0; op < VP_OP_COUNT; op++)
		failures += missing(page, vp_operator_name(op));
	for (unsigned int kind = 0; kind < VP_TRANSFORM_COUNT; kind++)
		failures += missing(page, vp_transform_types[kind].name);
	for (unsigned int verdict = VP_VERDICT_DROP; verdict <= VP_VERDICT_ANSWER; verdict++)
		failures += missing(page, vp_verdict_name(verdict));
	return failures;
}

static char *read_page(const char *name)
{
	const char *source = getenv("srcdir");
	_cleanup_free_ char *path = vp_format("%s/doc/%s", source ? source : ".", name);
	struct vp_error err = { 0 };
	char *text = NULL;
	size_t len = 0;

	if (vp_file_read(path, 1 << 20, &text, &len, &err))
		fprintf(stderr, "%s\n", err.text);
	return text;
}

int main(int argc, char **argv)
{
	_cleanup_free_ char *found = NULL, *text = NULL, *language = NULL;
	struct vp_strbuf page = { 0 };
	struct vp_error err = { 0 };

	vp_strbuf_adds(&page, head);
	vp_field_reference(&page);
	text = vp_strbuf_take(&page);
	if (argc > 1) {
		if (!vp_file_write(argv[1], text, strlen(text), 0644, &err))
			return EXIT_SUCCESS;
		fprintf(stderr, "%s\n", err.text);
		return EXIT_FAILURE;
	}
	found = read_page("fields.md");
	language = read_page("language.md");
	if (!found || !language || check_language(language))
		return EXIT_FAILURE;
	if (!strcmp(found, text))
		return EXIT_SUCCESS;
	fprintf(stderr,
		"doc/fields.md is not what policy/field.c says: run %s doc/fields.md\n",
		argv[0]);
	return EXIT_FAILURE;
}
