/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doc/fields.md is what the condition table says. Without arguments the file in
 * the source tree is compared; with one, the page is written there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/file.h"
#include "lib/memory.h"
#include "lib/strbuf.h"
#include "policy/field.h"

static const char head[] = "# Fields, operators and transforms\n\n"
			   "Made from the condition table in `policy/field.c`. "
			   "[language.md](language.md) says how conditions are written.\n\n";

int main(int argc, char **argv)
{
	const char *source = getenv("srcdir");
	_cleanup_free_ char *path = vp_format("%s/doc/fields.md", source ? source : ".");
	_cleanup_free_ char *found = NULL;
	_cleanup_free_ char *text = NULL;
	struct vp_strbuf page = { 0 };
	struct vp_error err = { 0 };
	size_t len = 0;
	int r;

	vp_strbuf_adds(&page, head);
	vp_field_reference(&page);
	text = vp_strbuf_take(&page);
	if (argc > 1)
		r = vp_file_write(argv[1], text, strlen(text), 0644, &err);
	else
		r = vp_file_read(path, 1 << 20, &found, &len, &err);
	if (r < 0) {
		fprintf(stderr, "%s\n", err.text);
		return EXIT_FAILURE;
	}
	if (found && strcmp(found, text)) {
		fprintf(stderr, "%s is not what policy/field.c says: run %s doc/fields.md\n",
			path, argv[0]);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
