/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command lines: every row of the table, and what wrong ones are told. */
#include <errno.h>
#include <stdlib.h>

#include "agentd/ctl/arguments.h"
#include "lib/cleanup.h"
#include "lib/memory.h"
#include "tests/unit/agentd/ctl_test.h"

#define WORDS_MAX 40

struct parsed {
	struct vp_ctl ctl;
	const char **operands;
	struct vp_error err;
	int result;
	char *argv[WORDS_MAX];
	char *copy;
};

static void free_parsed(struct parsed *parsed)
{
	free(parsed->operands);
	free(parsed->copy);
}

/* Words of `line` behind the program's name; blanks separate. */
static struct parsed parse(const char *line)
{
	struct parsed parsed = { .copy = vp_strdup(line) };
	int argc = 0;
	char *rest = NULL;

	parsed.argv[argc++] = (char *)(uintptr_t) "vpatchctl";
	for (char *word = strtok_r(parsed.copy, " ", &rest); word;
	     word = strtok_r(NULL, " ", &rest))
		parsed.argv[argc++] = word;
	parsed.result = vp_arguments_parse(argc, parsed.argv, &parsed.ctl, &parsed.operands,
					   &parsed.err);
	return parsed;
}

static void assert_refused(const char *line, const char *text)
{
	vp_cleanup(free_parsed) struct parsed parsed = parse(line);

	assert_int_equal(parsed.result, -EINVAL);
	assert_string_equal(parsed.err.text, text);
}

static const char *good_value(enum vp_value_form form, const char *words)
{
	switch (form) {
	case VP_FORM_NONE:
		return "";
	case VP_FORM_TEXT:
		return "why";
	case VP_FORM_FILE:
	case VP_FORM_FOLDER:
	case VP_FORM_PATH:
	case VP_FORM_PATH_OR_ID:
		return "/some/where";
	case VP_FORM_ID:
		return "CVE-2013-5211";
	case VP_FORM_GENERATION:
	case VP_FORM_SECONDS:
		return "42";
	case VP_FORM_DURATION:
		return "10m";
	case VP_FORM_ADDRESS:
		return "2001:db8::/32";
	case VP_FORM_PORT:
		return "123";
	case VP_FORM_TIME:
		return "2026-11-05T14:00:00Z";
	case VP_FORM_WORD:
		return strstr(words, "nft") ? "nft" : "enforce";
	}
	return NULL;
}

static void add_operands(const struct vp_command *command, struct vp_strbuf *line)
{
	for (size_t i = 0; i < command->least; i++) {
		const struct vp_operand *operand = &command->operands[i];

		vp_strbuf_addf(line, " %s", good_value(operand->form, operand->words));
	}
}

/* Every option that a row allows is taken, in both spellings; every other one is refused. */
/* The options without which the verb does nothing, but for one that is given anyway. */
static void add_needs(const struct vp_command *command, unsigned int but,
		      struct vp_strbuf *line)
{
	for (unsigned int id = 0; id < VP_OPTION_COUNT; id++)
		if (command->needs & VP_OPTION_BIT(id) && id != but)
			vp_strbuf_addf(line, " --%s %s", vp_options[id].name,
				       good_value(vp_options[id].form, vp_options[id].words));
}

static void needed_options_are_asked_for(void **state)
{
	(void)state;
	for (const struct vp_command *command = vp_commands; command->verb; command++) {
		assert_int_equal(command->needs & ~command->options, 0);
		for (unsigned int id = 0; id < VP_OPTION_COUNT; id++) {
			_cleanup_strbuf_ struct vp_strbuf line = { 0 };
			vp_cleanup(free_parsed) struct parsed parsed = { 0 };

			if (!(command->needs & VP_OPTION_BIT(id)))
				continue;
			vp_strbuf_addf(&line, "%s", command->verb);
			add_needs(command, id, &line);
			parsed = parse(line.data);
			assert_int_equal(parsed.result, -EINVAL);
			assert_non_null(strstr(parsed.err.text, vp_options[id].name));
		}
	}
}

static void options_of_every_row(void **state)
{
	(void)state;
	for (const struct vp_command *command = vp_commands; command->verb; command++) {
		for (unsigned int id = 0; id < VP_OPTION_COUNT; id++) {
			const struct vp_option *option = &vp_options[id];
			bool legal =
				(command->options | VP_OPTIONS_GLOBAL) & VP_OPTION_BIT(id);
			const char *value = good_value(option->form, option->words);

			for (int joined = 0; joined < 2; joined++) {
				_cleanup_strbuf_ struct vp_strbuf line = { 0 };
				vp_cleanup(free_parsed) struct parsed parsed = { 0 };

				vp_strbuf_addf(&line, "%s", command->verb);
				if (!(command->instead & VP_OPTION_BIT(id)))
					add_operands(command, &line);
				add_needs(command, id, &line);
				vp_strbuf_addf(&line, " --%s%s%s", option->name,
					       option->value ? (joined ? "=" : " ") : "",
					       value);
				parsed = parse(line.data);
				assert_int_equal(parsed.result, legal ? 0 : -EINVAL);
				if (!legal)
					continue;
				assert_string_equal(parsed.ctl.option[id], value);
				assert_ptr_equal(parsed.ctl.command, command);
			}
		}
	}
}

static void option_rows_are_whole(void **state)
{
	(void)state;
	for (unsigned int id = 0; id < VP_OPTION_COUNT; id++) {
		assert_int_equal(vp_options[id].id, id);
		assert_non_null(vp_options[id].name);
		assert_non_null(vp_options[id].summary);
		assert_int_equal(!vp_options[id].value, vp_options[id].form == VP_FORM_NONE);
		assert_int_equal(!vp_options[id].words, vp_options[id].form != VP_FORM_WORD);
	}
	for (const struct vp_command *command = vp_commands; command->verb; command++) {
		assert_non_null(command->run);
		assert_true(strlen(command->summary) <= 68);
		assert_true(command->help[strlen(command->help) - 1] == '.');
		assert_memory_equal(command->examples, "vpatchctl ", 10);
		assert_true(command->least <= command->most);
		assert_int_equal(command->instead & ~command->options, 0);
	}
}

static void operands_are_counted(void **state)
{
	(void)state;
	for (const struct vp_command *command = vp_commands; command->verb; command++) {
		_cleanup_strbuf_ struct vp_strbuf line = { 0 };

		vp_strbuf_adds(&line, command->verb);
		if (command->least) {
			vp_cleanup(free_parsed) struct parsed few = parse(line.data);

			assert_int_equal(few.result, -EINVAL);
		}
		for (size_t i = 0; command->most != SIZE_MAX && i <= command->most; i++)
			vp_strbuf_addf(&line, " %s",
				       i < VP_OPERANDS_MAX && command->operands[i].name
					       ? good_value(command->operands[i].form,
							    command->operands[i].words)
					       : "more");
		if (command->most != SIZE_MAX) {
			vp_cleanup(free_parsed) struct parsed many = parse(line.data);

			assert_int_equal(many.result, -EINVAL);
		}
	}
}

static void options_may_stand_anywhere(void **state)
{
	static const char *const lines[] = {
		"--config /c --json mode --for 10m X-1 monitor",
		"mode X-1 monitor --json --for=10m -c /c",
		"-c /c mode X-1 --for 10m monitor -j",
	};

	(void)state;
	for (size_t i = 0; i < VP_COUNT(lines); i++) {
		vp_cleanup(free_parsed) struct parsed parsed = parse(lines[i]);

		assert_int_equal(parsed.result, 0);
		assert_string_equal(parsed.ctl.command->verb, "mode");
		assert_int_equal(parsed.ctl.operand_count, 2);
		assert_string_equal(parsed.ctl.operands[0], "X-1");
		assert_string_equal(parsed.ctl.operands[1], "monitor");
		assert_string_equal(parsed.ctl.option[VP_OPTION_CONFIG], "/c");
		assert_string_equal(parsed.ctl.option[VP_OPTION_FOR], "10m");
		assert_non_null(parsed.ctl.option[VP_OPTION_JSON]);
	}
}

static void two_dashes_end_the_options(void **state)
{
	vp_cleanup(free_parsed) struct parsed parsed = parse("check -- --json -x");

	(void)state;
	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.ctl.operand_count, 2);
	assert_string_equal(parsed.ctl.operands[0], "--json");
	assert_null(parsed.ctl.option[VP_OPTION_JSON]);
}

static void wrong_lines_are_told_what_to_do(void **state)
{
	(void)state;
	assert_refused("", "expected a command; 'vpatchctl --help' lists them");
	assert_refused("stauts", "no such command: 'stauts'; did you mean 'status'?");
	assert_refused("hist", "no such command: 'hist'; did you mean 'history'?");
	assert_refused("frobnicate",
		       "no such command: 'frobnicate'; 'vpatchctl --help' lists them");
	assert_refused("status --jsn", "no such option: '--jsn'; did you mean '--json'?");
	assert_refused("status --force",
		       "no such option: '--force'; 'vpatchctl status --help' lists them");
	assert_refused("events --source=1",
		       "no such option: '--source'; 'vpatchctl events --help' lists them");
	assert_refused("apply --reason",
		       "--reason needs a value: --reason TEXT (why, for history and audit)");
	assert_refused("apply --wait=yes", "--wait takes no value, found 'yes'");
	assert_refused("apply --wait --wait", "--wait is given twice");
	assert_refused("apply --confirm 0",
		       "--confirm: expected seconds from 1 to 86400, found '0'");
	assert_refused("apply --confirm 10x",
		       "--confirm: expected seconds from 1 to 86400, found '10x'");
	assert_refused("plan --format yaml",
		       "--format: expected one of 'text json nft bpf', found 'yaml'");
	assert_refused("mode X-1 off", "mode: expected one of 'enforce monitor', found 'off'");
	assert_refused("mode X-1",
		       "mode needs enforce|monitor; 'vpatchctl mode --help' shows how");
	assert_refused("explain", "explain needs ID; 'vpatchctl explain --help' shows how");
	assert_refused("explain a b", "explain: one argument too many: 'b'");
	assert_refused("explain ../etc", "explain: expected the id of a patch, such as "
					 "CVE-2013-5211, found '../etc'");
	assert_refused("disable X-1 --all", "expected ID or --all, found both");
	assert_refused("rollback first",
		       "rollback: expected the number of a generation ('vpatchctl history' "
		       "lists them), found 'first'");
	assert_refused("disable X --for 10", "--for: expected a duration of a second or more, "
					     "such as 90s, 10m, 24h, 7d, found '10'");
}

static void values_of_events_are_checked_here(void **state)
{
	static const char *const wrong[] = {
		"events --src 192.0.2.300", "events --src 192.0.2.1/24",
		"events --dport 65536",	    "events --dport http",
		"events --since yesterday",
	};

	(void)state;
	for (size_t i = 0; i < VP_COUNT(wrong); i++) {
		vp_cleanup(free_parsed) struct parsed parsed = parse(wrong[i]);

		assert_int_equal(parsed.result, -EINVAL);
		assert_memory_equal(parsed.err.text, "--", 2);
	}
}

static void help_needs_nothing_else(void **state)
{
	vp_cleanup(free_parsed) struct parsed program = parse("--help");
	vp_cleanup(free_parsed) struct parsed verb = parse("mode --help");

	(void)state;
	assert_int_equal(program.result, 0);
	assert_null(program.ctl.command);
	assert_int_equal(verb.result, 0);
	assert_string_equal(verb.ctl.command->verb, "mode");
}

int test_arguments(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_of_every_row),
		cmocka_unit_test(needed_options_are_asked_for),
		cmocka_unit_test(option_rows_are_whole),
		cmocka_unit_test(operands_are_counted),
		cmocka_unit_test(options_may_stand_anywhere),
		cmocka_unit_test(two_dashes_end_the_options),
		cmocka_unit_test(wrong_lines_are_told_what_to_do),
		cmocka_unit_test(values_of_events_are_checked_here),
		cmocka_unit_test(help_needs_nothing_else),
	};

	return cmocka_run_group_tests_name("arguments", tests, NULL, NULL);
}
