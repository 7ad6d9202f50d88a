/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bash and zsh completion scripts as text, from the command table. They are
 * shipped as files; a test keeps those equal to what this makes. Ids are
 * completed from the definitions on disk, so completion needs no daemon.
 */
#include <string.h>

#include "agentd/ctl/help.h"
#include "lib/memory.h"

#define LIST_IDS                                                                              \
	"sed -n 's/^id[[:blank:]]*=[[:blank:]]*\\([A-Za-z0-9._-]*\\).*/\\1/p' "               \
	"/etc/vpatch/policy.d/*.vpatch /usr/share/vpatch/patches/*.vpatch 2>/dev/null"

static void add_names(unsigned int options, struct vp_strbuf *out)
{
	const char *before = "";

	for (const struct vp_option *o = vp_options; o < vp_options + VP_OPTION_COUNT; o++) {
		if (!(options & VP_OPTION_BIT(o->id)))
			continue;
		vp_strbuf_addf(out, "%s--%s", before, o->name);
		before = " ";
	}
}

/* What completes a value of each form; forms that are not here have nothing to offer. */
static const struct {
	const char *bash, *zsh;
} actions[] = {
	[VP_FORM_FOLDER] = { "compgen -d", "_files -/" },
	[VP_FORM_FILE] = { "compgen -f", "_files" },
	[VP_FORM_PATH] = { "compgen -f", "_files" },
	[VP_FORM_ID] = { "compgen -W \"$(_vpatchctl_ids)\"", "_vpatchctl_ids" },
	[VP_FORM_PATH_OR_ID] = { "compgen -f -W \"$(_vpatchctl_ids)\"",
				 "_alternative 'files:file:_files' "
				 "'ids:patch:_vpatchctl_ids'" },
};

static bool offers(enum vp_value_form form)
{
	return form == VP_FORM_WORD || (form < VP_COUNT(actions) && actions[form].bash);
}

static void add_bash_action(enum vp_value_form form, const char *words, struct vp_strbuf *out)
{
	vp_strbuf_adds(out, "COMPREPLY=($(");
	if (form == VP_FORM_WORD)
		vp_strbuf_addf(out, "compgen -W '%s'", words);
	else
		vp_strbuf_adds(out, actions[form].bash);
	vp_strbuf_adds(out, " -- \"$cur\"))\n");
}

/* The option as a pattern of `case`. */
static void add_bash_pattern(const struct vp_option *option, struct vp_strbuf *out)
{
	vp_strbuf_addf(out, "--%s", option->name);
	if (option->letter)
		vp_strbuf_addf(out, "|-%c", option->letter);
}

static void add_bash_values(struct vp_strbuf *out)
{
	const char *before = "\t";

	vp_strbuf_adds(out, "\tcase $prev in\n");
	for (const struct vp_option *o = vp_options; o < vp_options + VP_OPTION_COUNT; o++) {
		if (!o->value || !offers(o->form))
			continue;
		vp_strbuf_addc(out, '\t');
		add_bash_pattern(o, out);
		vp_strbuf_adds(out, ")\n\t\t");
		add_bash_action(o->form, o->words, out);
		vp_strbuf_adds(out, "\t\treturn ;;\n");
	}
	for (const struct vp_option *o = vp_options; o < vp_options + VP_OPTION_COUNT; o++) {
		if (!o->value || offers(o->form))
			continue;
		vp_strbuf_adds(out, before);
		add_bash_pattern(o, out);
		before = "|";
	}
	vp_strbuf_adds(out, ")\n\t\treturn ;;\n\tesac\n");
}

static void add_bash_operands(const struct vp_operand *operands, struct vp_strbuf *out)
{
	if (operands[1].name) {
		vp_strbuf_adds(out, "\t\tif ((operands > 0)); then\n\t\t\t");
		add_bash_action(operands[1].form, operands[1].words, out);
		vp_strbuf_adds(out, "\t\telse\n\t\t\t");
		add_bash_action(operands[0].form, operands[0].words, out);
		vp_strbuf_adds(out, "\t\tfi\n");
	} else if (operands[0].name && offers(operands[0].form)) {
		vp_strbuf_adds(out, "\t\t");
		add_bash_action(operands[0].form, operands[0].words, out);
	}
}

/* What only this verb has; every one has the global options. */
static void add_bash_verb(const struct vp_command *command, struct vp_strbuf *out)
{
	if (!command->options && !command->operands[0].name)
		return;
	vp_strbuf_addf(out, "\t%s)\n", command->verb);
	if (command->options) {
		vp_strbuf_adds(out, "\t\toptions+=' ");
		add_names(command->options, out);
		vp_strbuf_adds(out, "'\n");
	}
	add_bash_operands(command->operands, out);
	vp_strbuf_adds(out, "\t\t;;\n");
}

/* The loop that finds the verb must know which options take the next word. */
static void add_bash_takers(struct vp_strbuf *out)
{
	const char *before = "";

	for (const struct vp_option *o = vp_options; o < vp_options + VP_OPTION_COUNT; o++) {
		if (!o->value)
			continue;
		vp_strbuf_adds(out, before);
		add_bash_pattern(o, out);
		before = "|";
	}
}

void vp_completion_bash(struct vp_strbuf *out)
{
	const char *before = "";

	vp_strbuf_adds(
		out, "# SPDX-License-Identifier: GPL-2.0-or-later\n"
		     "# bash completion of vpatchctl; made from its command table.\n\n"
		     "_vpatchctl_ids()\n{\n\t" LIST_IDS "\n}\n\n"
		     "_vpatchctl()\n{\n"
		     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
		     "\tlocal verb= operands=0 i options='");
	add_names(VP_OPTIONS_GLOBAL, out);
	vp_strbuf_adds(out, "'\n\n\tCOMPREPLY=()\n");
	add_bash_values(out);
	vp_strbuf_adds(out, "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
			    "\t\tcase ${COMP_WORDS[i]} in\n\t\t");
	add_bash_takers(out);
	vp_strbuf_adds(out, ") ((i++)) ;;\n\t\t-*) ;;\n"
			    "\t\t*) if [[ $verb ]]; then ((operands++)); else "
			    "verb=${COMP_WORDS[i]}; fi ;;\n"
			    "\t\tesac\n\tdone\n\tcase $verb in\n\t'')\n"
			    "\t\tCOMPREPLY=($(compgen -W '");
	for (const struct vp_command *command = vp_commands; command->verb; command++) {
		vp_strbuf_addf(out, "%s%s", before, command->verb);
		before = " ";
	}
	vp_strbuf_adds(out, "' -- \"$cur\"))\n\t\t;;\n");
	for (const struct vp_command *command = vp_commands; command->verb; command++)
		add_bash_verb(command, out);
	vp_strbuf_adds(out, "\tesac\n"
			    "\tif [[ $cur == -* ]]; then\n"
			    "\t\tCOMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
			    "\tfi\n}\n\n"
			    "complete -o filenames -F _vpatchctl vpatchctl\n");
}

/* Inside a zsh spec in double quotes: what the shell, _arguments and the quotes would eat. */
static void add_zsh_text(const char *text, struct vp_strbuf *out)
{
	for (; *text; text++) {
		if (strchr("\"$`\\", *text))
			vp_strbuf_addc(out, '\\');
		else if (strchr("[]:", *text))
			vp_strbuf_adds(out, "\\\\");
		vp_strbuf_addc(out, *text);
	}
}

static void add_zsh_value(const char *name, enum vp_value_form form, const char *words,
			  struct vp_strbuf *out)
{
	add_zsh_text(name, out);
	vp_strbuf_addc(out, ':');
	if (form == VP_FORM_WORD)
		vp_strbuf_addf(out, "(%s)", words);
	else
		vp_strbuf_adds(out, offers(form) ? actions[form].zsh : " ");
}

static void add_zsh_options(unsigned int options, struct vp_strbuf *out)
{
	for (const struct vp_option *o = vp_options; o < vp_options + VP_OPTION_COUNT; o++) {
		if (!(options & VP_OPTION_BIT(o->id)))
			continue;
		vp_strbuf_adds(out, " \\\n\t\t\t");
		if (o->letter)
			vp_strbuf_addf(out, "\"(-%c --%s)\"{-%c,--%s%s}\"", o->letter, o->name,
				       o->letter, o->name, o->value ? "=" : "");
		else
			vp_strbuf_addf(out, "\"--%s%s", o->name, o->value ? "=" : "");
		vp_strbuf_addc(out, '[');
		add_zsh_text(o->summary, out);
		vp_strbuf_addc(out, ']');
		if (o->value) {
			vp_strbuf_addc(out, ':');
			add_zsh_value(o->value, o->form, o->words, out);
		}
		vp_strbuf_addc(out, '"');
	}
}

static void add_zsh_verb(const struct vp_command *command, struct vp_strbuf *out)
{
	vp_strbuf_addf(out, "\t%s)\n\t\t_arguments -s", command->verb);
	add_zsh_options(command->options | VP_OPTIONS_GLOBAL, out);
	for (size_t i = 0; i < VP_OPERANDS_MAX && command->operands[i].name; i++) {
		vp_strbuf_addf(out, " \\\n\t\t\t\"%s:", command->most == SIZE_MAX ? "*" : "");
		add_zsh_value(command->operands[i].name, command->operands[i].form,
			      command->operands[i].words, out);
		vp_strbuf_addc(out, '"');
	}
	vp_strbuf_adds(out, "\n\t\t;;\n");
}

void vp_completion_zsh(struct vp_strbuf *out)
{
	vp_strbuf_adds(out, "#compdef vpatchctl\n"
			    "# SPDX-License-Identifier: GPL-2.0-or-later\n"
			    "# zsh completion of vpatchctl; made from its command table.\n\n"
			    "_vpatchctl_ids()\n{\n\tlocal -a ids\n\tids=(${(f)\"$(" LIST_IDS
			    ")\"})\n\t_describe patch ids\n}\n\n"
			    "_vpatchctl()\n{\n\tlocal curcontext=$curcontext state line\n"
			    "\tlocal -a verbs\n\n\tverbs=(\n");
	for (const struct vp_command *command = vp_commands; command->verb; command++) {
		vp_strbuf_addf(out, "\t\t\"%s:", command->verb);
		add_zsh_text(command->summary, out);
		vp_strbuf_adds(out, "\"\n");
	}
	vp_strbuf_adds(out, "\t)\n\t_arguments -C -s");
	add_zsh_options(VP_OPTIONS_GLOBAL, out);
	vp_strbuf_adds(out, " \\\n\t\t\t\"1:command:->verb\" \"*::argument:->rest\"\n"
			    "\tcase $state in\n"
			    "\tverb) _describe command verbs; return ;;\n"
			    "\tesac\n"
			    "\tcase $line[1] in\n");
	for (const struct vp_command *command = vp_commands; command->verb; command++)
		add_zsh_verb(command, out);
	vp_strbuf_adds(out, "\tesac\n}\n\n_vpatchctl \"$@\"\n");
}
