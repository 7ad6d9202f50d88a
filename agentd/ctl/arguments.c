/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command line parsing by the tables of commands.c. Knows no verb by name and
 * runs none; getopt is not used because legality depends on the verb, and its
 * abbreviations would change meaning with every new option.
 */
#include "agentd/ctl/arguments.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/event.h"
#include "lib/cleanup.h"
#include "lib/memory.h"
#include "policy/suggest.h"
#include "policy/value.h"

#define TEXT_LIMIT 1000 /* bytes of a reason: an event line must hold it */
#define NAME_LIMIT 64	/* of a patch id, as the language has it */

/* An unfinished word ("hist") is as near as a mistyped one. */
static void consider(struct vp_suggestion *suggestion, const char *name)
{
	if (suggestion->length >= 3 && !strncmp(suggestion->text, name, suggestion->length)) {
		suggestion->best = name;
		suggestion->distance = 0;
	}
	vp_suggest(suggestion, name);
}

static int fail_verb(const char *text, struct vp_error *err)
{
	struct vp_suggestion near = { .text = text, .length = strlen(text) };

	for (const struct vp_command *command = vp_commands; command->verb; command++)
		consider(&near, command->verb);
	if (near.best)
		return vp_fail(err, -EINVAL, "no such command: '%s'; did you mean '%s'?", text,
			       near.best);
	return vp_fail(err, -EINVAL, "no such command: '%s'; 'vpatchctl --help' lists them",
		       text);
}

static unsigned int legal_options(const struct vp_command *command)
{
	return VP_OPTIONS_GLOBAL | (command ? command->options : 0);
}

static int fail_option(const struct vp_command *command, const char *text,
		       struct vp_error *err)
{
	size_t dashes = strspn(text, "-"), length = strcspn(text, "=");
	struct vp_suggestion near = { .text = text + dashes,
				      .length = length > dashes ? length - dashes : 0 };

	for (size_t id = 0; id < VP_OPTION_COUNT; id++)
		if (legal_options(command) & VP_OPTION_BIT(id))
			consider(&near, vp_options[id].name);
	if (near.best)
		return vp_fail(err, -EINVAL, "no such option: '%.*s'; did you mean '--%s'?",
			       (int)length, text, near.best);
	return vp_fail(err, -EINVAL,
		       "no such option: '%.*s'; 'vpatchctl %s%s--help' lists them",
		       (int)length, text, command ? command->verb : "", command ? " " : "");
}

static bool number_within(const char *text, unsigned long long least, unsigned long long most)
{
	unsigned long long number;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	number = strtoull(text, &end, 10);
	return !errno && !*end && number >= least && number <= most;
}

static bool is_name(const char *text)
{
	size_t len = strlen(text);

	if (!len || len > NAME_LIMIT || !isalnum((unsigned char)text[0]))
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr("._-", *text))
			return false;
	return true;
}

static bool is_text(const char *text)
{
	if (strlen(text) > TEXT_LIMIT)
		return false;
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			return false;
	return true;
}

static bool is_word(const char *text, const char *words)
{
	size_t len = strlen(text);

	while (len && *words) {
		size_t n = strcspn(words, " ");

		if (n == len && !strncmp(words, text, n))
			return true;
		words += n + strspn(words + n, " ");
	}
	return false;
}

static bool is_duration(const char *text)
{
	uint64_t milliseconds;

	return !vp_duration_parse(text, &milliseconds) && milliseconds >= 1000;
}

/* 0, or -EINVAL with "expected ..., found ..." in *err. */
static int check_form(enum vp_value_form form, const char *words, const char *value,
		      struct vp_error *err)
{
	struct vp_event_filter filter = { 0 };
	const char *expected = NULL;

	switch (form) {
	case VP_FORM_NONE:
		break;
	case VP_FORM_TEXT:
		if (!is_text(value))
			expected = "one line of at most 1,000 bytes";
		break;
	case VP_FORM_FILE:
	case VP_FORM_FOLDER:
	case VP_FORM_PATH:
	case VP_FORM_PATH_OR_ID:
		if (!*value)
			expected = "a path";
		break;
	case VP_FORM_ID:
		if (!is_name(value))
			expected = "the id of a patch, such as CVE-2013-5211";
		break;
	case VP_FORM_GENERATION:
		if (!number_within(value, 1, UINT64_MAX))
			expected =
				"the number of a generation ('vpatchctl history' lists them)";
		break;
	case VP_FORM_SECONDS:
		if (!number_within(value, 1, 86400))
			expected = "seconds from 1 to 86400";
		break;
	case VP_FORM_DURATION:
		if (!is_duration(value))
			expected = "a duration of a second or more, such as 90s, 10m, 24h, 7d";
		break;
	case VP_FORM_ADDRESS:
		return vp_event_filter_parse(&filter, value, NULL, NULL, err);
	case VP_FORM_PORT:
		return vp_event_filter_parse(&filter, NULL, value, NULL, err);
	case VP_FORM_TIME:
		return vp_event_filter_parse(&filter, NULL, NULL, value, err);
	case VP_FORM_WORD:
		if (!is_word(value, words))
			return vp_fail(err, -EINVAL, "expected one of '%s', found '%s'", words,
				       value);
		break;
	}
	return expected ? vp_fail(err, -EINVAL, "expected %s, found '%s'", expected, value)
			: 0;
}

static const struct vp_option *find_option(const char *text, const char **value)
{
	size_t len = strcspn(text, "=");

	*value = text[len] ? text + len + 1 : NULL;
	for (const struct vp_option *o = vp_options; o < vp_options + VP_OPTION_COUNT; o++) {
		if (!strncmp(text, "--", 2) && strlen(o->name) == len - 2 &&
		    !strncmp(text + 2, o->name, len - 2))
			return o;
		if (o->letter && len == 2 && text[1] == o->letter)
			return o;
	}
	return NULL;
}

/* The option at argv[*i], and its value there or in the next argument. */
static int take_option(int argc, char *const argv[], int *i, struct vp_ctl *ctl,
		       struct vp_error *err)
{
	const char *text = argv[*i], *value;
	const struct vp_option *option = find_option(text, &value);

	if (!option || !(legal_options(ctl->command) & VP_OPTION_BIT(option->id)))
		return fail_option(ctl->command, text, err);
	if (ctl->option[option->id])
		return vp_fail(err, -EINVAL, "--%s is given twice", option->name);
	if (!option->value && value)
		return vp_fail(err, -EINVAL, "--%s takes no value, found '%s'", option->name,
			       value);
	if (!option->value)
		value = "";
	else if (!value && *i + 1 < argc)
		value = argv[++*i];
	if (!value)
		return vp_fail(err, -EINVAL, "--%s needs a value: --%s %s (%s)", option->name,
			       option->name, option->value, option->summary);
	if (check_form(option->form, option->words, value, err))
		return vp_fail_context(err, "--%s", option->name);
	ctl->option[option->id] = value;
	return 0;
}

/* The verb is the first argument that is neither an option nor a value of one. */
static int find_verb(int argc, char *const argv[], struct vp_ctl *ctl, int *at,
		     struct vp_error *err)
{
	*at = 0;
	for (int i = 1; i < argc; i++) {
		const char *value;
		const struct vp_option *option;

		if (argv[i][0] != '-') {
			ctl->command = vp_command_find(argv[i]);
			*at = i;
			return ctl->command ? 0 : fail_verb(argv[i], err);
		}
		option = find_option(argv[i], &value);
		if (option && option->value && !value)
			i++;
	}
	return 0;
}

static int check_needs(const struct vp_ctl *ctl, struct vp_error *err)
{
	for (size_t id = 0; id < VP_OPTION_COUNT; id++)
		if (ctl->command->needs & VP_OPTION_BIT(id) && !ctl->option[id])
			return vp_fail(err, -EINVAL,
				       "%s needs --%s %s; 'vpatchctl %s --help' shows how",
				       ctl->command->verb, vp_options[id].name,
				       vp_options[id].value, ctl->command->verb);
	return 0;
}

static int check_operands(const struct vp_ctl *ctl, struct vp_error *err)
{
	const struct vp_command *command = ctl->command;
	const char *first = command->operands[0].name;

	for (size_t id = 0; id < VP_OPTION_COUNT; id++) {
		if (!(command->instead & VP_OPTION_BIT(id)) || !ctl->option[id])
			continue;
		if (ctl->operand_count)
			return vp_fail(err, -EINVAL, "expected %s or --%s, found both", first,
				       vp_options[id].name);
		return 0;
	}
	if (ctl->operand_count < command->least) {
		const char *missing = command->operands[ctl->operand_count < VP_OPERANDS_MAX
								? ctl->operand_count
								: VP_OPERANDS_MAX - 1]
					      .name;

		return vp_fail(err, -EINVAL, "%s needs %s; 'vpatchctl %s --help' shows how",
			       command->verb, missing, command->verb);
	}
	if (ctl->operand_count > command->most)
		return vp_fail(err, -EINVAL, "%s: one argument too many: '%s'", command->verb,
			       ctl->operands[command->most]);
	for (size_t i = 0; i < ctl->operand_count; i++) {
		const struct vp_operand *operand = &command->operands[0];

		if (i < VP_OPERANDS_MAX && command->operands[i].name)
			operand = &command->operands[i];
		if (check_form(operand->form, operand->words, ctl->operands[i], err))
			return vp_fail_context(err, "%s", command->verb);
	}
	return 0;
}

int vp_arguments_parse(int argc, char *const argv[], struct vp_ctl *ctl,
		       const char ***operands, struct vp_error *err)
{
	_cleanup_free_ const char **found = vp_alloc((size_t)argc + 1, sizeof(*found));
	bool options = true;
	int verb, r;

	r = find_verb(argc, argv, ctl, &verb, err);
	for (int i = 1; !r && i < argc; i++) {
		if (i == verb)
			continue;
		if (options && !strcmp(argv[i], "--"))
			options = false;
		else if (options && argv[i][0] == '-' && argv[i][1])
			r = take_option(argc, argv, &i, ctl, err);
		else
			found[ctl->operand_count++] = argv[i];
	}
	if (r)
		return r;
	ctl->operands = found;
	if (!vp_ctl_given(ctl, VP_OPTION_HELP) && !vp_ctl_given(ctl, VP_OPTION_VERSION)) {
		if (!ctl->command)
			return vp_fail(err, -EINVAL,
				       "expected a command; 'vpatchctl --help' lists them");
		r = check_needs(ctl, err);
		if (!r)
			r = check_operands(ctl, err);
		if (r)
			return r;
	}
	*operands = TAKE_PTR(found);
	return 0;
}
