/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpatch-exec: becomes a command with the system-call filter of a unit on, for
 * services that containers and init systems other than systemd start. It needs no
 * daemon and asks none; the filter is a file that vpatchd wrote. It is not, and must
 * not be, set-user-ID.
 */
#include <config.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agentd/exec/command.h"
#include "agentd/exec/filter.h"
#include "lib/cleanup.h"
#include "lib/log.h"

/* As of env(1) and the shell: those of the command are its own. */
enum { EXIT_NOT_SHIELDED = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NO_COMMAND = 127 };

static const char usage[] =
	"usage: vpatch-exec [--filters FOLDER] [--require] UNIT [--] COMMAND [ARGUMENT...]\n"
	"\n"
	"Becomes COMMAND with the system-call filter of UNIT on; see vpatch-exec(8).\n"
	"\n"
	"  --filters FOLDER  where UNIT.filter is, instead of " VP_STATEDIR "/seccomp\n"
	"  --require         do not start COMMAND when there is no filter of UNIT\n"
	"  --help, --version\n";

struct arguments {
	const char *folder, *unit;
	char **command; /* NULL: nothing is to be started */
	bool require;
};

static int refuse_usage(void)
{
	fputs(usage, stderr);
	return EXIT_NOT_SHIELDED;
}

/* The exit status, which means something unless there is a command. */
static int take_operands(int argc, char **argv, struct arguments *arguments)
{
	char **rest = argv + optind;

	if (argc - optind < 2)
		return refuse_usage();
	arguments->unit = *rest++;
	if (!strcmp(*rest, "--"))
		rest++;
	if (!*rest)
		return refuse_usage();
	if (!vp_seccomp_file_names_unit(arguments->unit)) {
		vp_log_error("vpatch-exec: expected the name of a unit, such as "
			     "nginx.service, found \"%s\"",
			     arguments->unit);
		return EXIT_NOT_SHIELDED;
	}
	arguments->command = rest;
	return 0;
}

/* What is behind the first operand is the command's. */
static int take_arguments(int argc, char **argv, struct arguments *arguments)
{
	static const struct option options[] = {
		{ "filters", required_argument, NULL, 'f' },
		{ "require", no_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 },
	};
	int option;

	*arguments = (struct arguments){ .folder = VP_STATEDIR "/seccomp" };
	while ((option = getopt_long(argc, argv, "+f:rhv", options, NULL)) != -1) {
		if (option == 'f')
			arguments->folder = optarg;
		else if (option == 'r')
			arguments->require = true;
		else if (option == 'h')
			return fputs(usage, stdout), 0;
		else if (option == 'v')
			return puts(PACKAGE_STRING), 0;
		else
			return refuse_usage();
	}
	return take_operands(argc, argv, arguments);
}

/* A filter that is gone is a patch that is not needed any more: its service must start. */
static bool put_filter_on(const struct arguments *arguments)
{
	vp_cleanup(vp_seccomp_file_free) struct vp_seccomp_file filter = { 0 };
	struct vp_error err = { 0 };
	int r = vp_filter_read(arguments->folder, arguments->unit, &filter, &err);

	if (r == -ENOENT && !arguments->require) {
		vp_log_warning("vpatch-exec: there is no filter of %s (%s): %s is started "
			       "without one",
			       arguments->unit, err.text, arguments->command[0]);
		return true;
	}
	if (!r)
		r = vp_filter_install(&filter, &err);
	if (r)
		vp_log_error("vpatch-exec: %s is not started: %s", arguments->command[0],
			     err.text);
	return !r;
}

int main(int argc, char **argv)
{
	_cleanup_free_ char *file = NULL;
	struct arguments arguments;
	struct vp_error err = { 0 };
	int status = take_arguments(argc, argv, &arguments), r;

	if (!arguments.command)
		return status;
	r = vp_command_file(arguments.command[0], getenv("PATH"), &file, &err);
	if (r) {
		vp_log_error("vpatch-exec: %s", err.text);
		return r == -ENOENT ? EXIT_NO_COMMAND : EXIT_NOT_EXECUTABLE;
	}
	if (!put_filter_on(&arguments))
		return EXIT_NOT_SHIELDED;
	execvp(file, arguments.command);
	r = errno;
	vp_log_error("vpatch-exec: %s: cannot be executed: %s", file, strerror(r));
	return r == ENOENT ? EXIT_NO_COMMAND : EXIT_NOT_EXECUTABLE;
}
