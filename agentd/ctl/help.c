/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Usage and --help from the command table: every word of it is in commands.c. */
#include "agentd/ctl/help.h"

#include <string.h>

#include "lib/memory.h"

#define EXIT_STATUSES                                                                         \
	"Exit status: 0 good, 1 findings or a check that failed, 2 wrong usage or input,\n"   \
	"3 daemon unreachable or the kernel refuses, 4 not permitted.\n"

#define USAGE_WIDTH  80
#define USAGE_INDENT 17 /* "Usage: vpatchctl " */

/* A piece of a usage line, on a new line where it would not fit. */
static void add_piece(struct vp_strbuf *out, size_t *column, const char *piece)
{
	size_t len = strlen(piece);

	if (*column + 1 + len > USAGE_WIDTH) {
		vp_strbuf_addf(out, "\n%*s", USAGE_INDENT - 1, "");
		*column = USAGE_INDENT - 1;
	}
	vp_strbuf_addf(out, " %s", piece);
	*column += 1 + len;
}

static void add_option_usage(const struct vp_option *option, bool needed,
			     struct vp_strbuf *out, size_t *column)
{
	_cleanup_free_ char *piece = vp_format(
		"%s--%s%s%s%s", needed ? "" : "[", option->name, option->value ? " " : "",
		option->value ? option->value : "", needed ? "" : "]");

	add_piece(out, column, piece);
}

static void add_operands(const struct vp_command *command, struct vp_strbuf *out,
			 size_t *column)
{
	bool optional = !command->least;
	const char *instead = NULL;

	for (size_t id = 0; id < VP_OPTION_COUNT; id++)
		if (command->instead & VP_OPTION_BIT(id))
			instead = vp_options[id].name;
	for (size_t i = 0; i < VP_OPERANDS_MAX && command->operands[i].name; i++) {
		_cleanup_free_ char *piece = vp_format(
			"%s%s%s%s%s%s", optional ? "[" : "", command->operands[i].name,
			instead ? "|--" : "", instead ? instead : "",
			command->most == SIZE_MAX ? "..." : "", optional ? "]" : "");

		add_piece(out, column, piece);
	}
}

/* The verb with all it takes, as it stands behind "Usage: vpatchctl". */
static void add_usage(const struct vp_command *command, struct vp_strbuf *out)
{
	size_t column = USAGE_INDENT - 1;

	add_piece(out, &column, command->verb);
	for (size_t id = 0; id < VP_OPTION_COUNT; id++)
		if (command->options & ~command->instead & VP_OPTION_BIT(id))
			add_option_usage(&vp_options[id], command->needs & VP_OPTION_BIT(id),
					 out, &column);
	add_operands(command, out, &column);
}

static void add_options(unsigned int options, struct vp_strbuf *out)
{
	for (const struct vp_option *o = vp_options; o < vp_options + VP_OPTION_COUNT; o++) {
		_cleanup_strbuf_ struct vp_strbuf name = { 0 };

		if (!(options & VP_OPTION_BIT(o->id)))
			continue;
		if (o->letter)
			vp_strbuf_addf(&name, "-%c, ", o->letter);
		else
			vp_strbuf_adds(&name, "    ");
		vp_strbuf_addf(&name, "--%s", o->name);
		if (o->value)
			vp_strbuf_addf(&name, " %s", o->value);
		vp_strbuf_addf(out, "  %-24s %s\n", vp_strbuf_text(&name), o->summary);
	}
}

void vp_help_program(struct vp_strbuf *out)
{
	vp_strbuf_adds(
		out, "Usage: vpatchctl [OPTIONS] COMMAND [ARGUMENTS]\n\n"
		     "Shields services against known vulnerabilities until they are fixed.\n\n"
		     "Commands:\n");
	for (const struct vp_command *command = vp_commands; command->verb; command++)
		vp_strbuf_addf(out, "  %-9s %s\n", command->verb, command->summary);
	vp_strbuf_adds(out, "\nOptions of every command:\n");
	add_options(VP_OPTIONS_GLOBAL, out);
	vp_strbuf_adds(out, "\n'vpatchctl COMMAND --help' says more; so does vpatchctl(8).\n");
	vp_strbuf_adds(out, EXIT_STATUSES);
}

static void add_examples(const char *examples, struct vp_strbuf *out)
{
	while (*examples) {
		size_t len = strcspn(examples, "\n");

		vp_strbuf_addf(out, "  %.*s\n", (int)len, examples);
		examples += len + (examples[len] == '\n');
	}
}

static void add_access(const struct vp_command *command, struct vp_strbuf *out)
{
	if (command->daemon)
		vp_strbuf_adds(out, "Needs vpatchd to be running. ");
	if (command->changes)
		vp_strbuf_adds(out, "For root and members of group vpatch-admin.\n");
	else if (command->daemon)
		vp_strbuf_adds(out, "For root and members of groups vpatch-view and\n"
				    "vpatch-admin.\n");
}

void vp_help_command(const struct vp_command *command, struct vp_strbuf *out)
{
	vp_strbuf_adds(out, "Usage: vpatchctl");
	add_usage(command, out);
	vp_strbuf_addf(out, "\n\n%s\n", command->help);
	add_access(command, out);
	if (command->options) {
		vp_strbuf_adds(out, "\nOptions:\n");
		add_options(command->options, out);
	}
	vp_strbuf_adds(out, "\nOptions of every command:\n");
	add_options(VP_OPTIONS_GLOBAL, out);
	vp_strbuf_adds(out, "\nExamples:\n");
	add_examples(command->examples, out);
	vp_strbuf_adds(out, "\n" EXIT_STATUSES);
}
