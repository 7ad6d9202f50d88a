/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doc/fields.md and doc/calls.md are what the tables say, and doc/language.md names
 * every operator, transform, action and set of calls. Without arguments the files in
 * the source tree are compared; with one, the page of that name is written there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/file.h"
#include "lib/memory.h"
#include "lib/strbuf.h"
#include "policy/patch.h"

static const struct page {
	const char *name, *head, *source;
	void (*print)(struct vp_strbuf *out);
} pages[] = {
	{ "fields.md",
	  "# Fields, operators and transforms\n\n"
	  "Made from the condition table in `policy/field.c`. "
	  "[language.md](language.md) says how conditions are written.\n\n",
	  "policy/field.c says", vp_field_reference },
	{ "calls.md",
	  "# System calls, their arguments and constants\n\n"
	  "Made from the tables in `policy/call_*.c`. "
	  "[language.md](language.md#syscalls-name) says how rules are written.\n\n",
	  "policy/call_*.c say", vp_call_reference },
};

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

/* doc/language.md names every operator, transform, action and set of calls. */
static int check_language(const char *page)
{
	const struct vp_call_set *sets;
	size_t count;
	int failures = 0;

	for (unsigned int op = 0; op < VP_OP_COUNT; op++)
		failures += missing(page, vp_operator_name(op));
	for (unsigned int kind = 0; kind < VP_TRANSFORM_COUNT; kind++)
		failures += missing(page, vp_transform_types[kind].name);
	for (unsigned int verdict = VP_VERDICT_DROP; verdict <= VP_VERDICT_ANSWER; verdict++)
		failures += missing(page, vp_verdict_name(verdict));
	sets = vp_call_set_all(&count);
	for (size_t i = 0; i < count; i++)
		failures += missing(page, sets[i].name);
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

static char *print_page(const struct page *page)
{
	struct vp_strbuf out = { 0 };

	vp_strbuf_adds(&out, page->head);
	page->print(&out);
	return vp_strbuf_take(&out);
}

static int write_page(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	struct vp_error err = { 0 };

	for (size_t i = 0; i < VP_COUNT(pages); i++) {
		_cleanup_free_ char *text = print_page(&pages[i]);

		if (strcmp(name, pages[i].name) != 0)
			continue;
		if (!vp_file_write(path, text, strlen(text), 0644, &err))
			return EXIT_SUCCESS;
		fprintf(stderr, "%s\n", err.text);
		return EXIT_FAILURE;
	}
	fprintf(stderr, "no page is called %s\n", name);
	return EXIT_FAILURE;
}

static bool page_is_good(const struct page *page, const char *program)
{
	_cleanup_free_ char *text = print_page(page), *found = read_page(page->name);

	if (found && !strcmp(found, text))
		return true;
	fprintf(stderr, "doc/%s is not what %s: run %s doc/%s\n", page->name, page->source,
		program, page->name);
	return false;
}

int main(int argc, char **argv)
{
	_cleanup_free_ char *language = NULL;
	bool good;

	if (argc > 1)
		return write_page(argv[1]);
	language = read_page("language.md");
	good = language && !check_language(language);
	for (size_t i = 0; i < VP_COUNT(pages); i++)
		good &= page_is_good(&pages[i], argv[0]);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
