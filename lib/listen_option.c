/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where to listen, as the command line has it: see listen_option.h. */
#include "lib/listen_option.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static int usage(const char *program, FILE *out)
{
	fprintf(out,
		"usage: %s [--listen PATH]\n"
		"Without a path: the socket that a service manager passes.\n",
		program);
	return out == stderr ? EXIT_FAILURE : EXIT_SUCCESS;
}

int vp_listen_option(int argc, char **argv, const char *program, const char **path)
{
	static const struct option options[] = {
		{ "listen", required_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option;

	*path = NULL;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'l')
			return usage(program, option == 'h' ? stdout : stderr);
		*path = optarg;
	}
	return optind < argc ? usage(program, stderr) : -1;
}
