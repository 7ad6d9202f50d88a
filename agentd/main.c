/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpatchd: options, and then agentd/supervisor.c. */
#include <config.h> /* of the build; agentd/config.h is another */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

#include "agentd/message.h"
#include "agentd/supervisor.h"
#include "lib/log.h"

static const char usage[] = "usage: vpatchd [--config FILE] [--boot] [--debug]\n"
			    "\n"
			    "The agent of vpatch. Stays in the foreground; see vpatchd(8).\n"
			    "\n"
			    "  --config FILE  instead of /etc/vpatch/vpatchd.conf\n"
			    "  --boot         install the last good generation and leave\n"
			    "  --debug        say more\n"
			    "  --help, --version\n";

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' }, { "boot", no_argument, NULL, 'b' },
		{ "debug", no_argument, NULL, 'd' },	    { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },	    { 0 },
	};
	const char *config = NULL;
	bool boot = false;
	int option;

	while ((option = getopt_long(argc, argv, "c:bdhv", options, NULL)) != -1) {
		if (option == 'c')
			config = optarg;
		else if (option == 'b')
			boot = true;
		else if (option == 'd')
			vp_log_set_level(VP_LOG_DEBUG);
		else if (option == 'h')
			return fputs(usage, stdout), VP_EXIT_GOOD;
		else if (option == 'v')
			return puts(PACKAGE_STRING), VP_EXIT_GOOD;
		else
			return fputs(usage, stderr), VP_EXIT_USAGE;
	}
	if (optind < argc)
		return fputs(usage, stderr), VP_EXIT_USAGE;
	return boot ? vp_boot_run(config, vp_modules) : vp_supervisor_run(config, vp_modules);
}
