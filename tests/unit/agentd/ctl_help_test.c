/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Usage and completion, both made from the command table. */
#include "agentd/ctl/help.h"
#include "tests/unit/agentd/ctl_test.h"

static void program_help(void **state)
{
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };

	(void)state;
	vp_help_program(&text);
	assert_golden("tests/golden/ctl/help", text.data);
}

static void help_of_every_verb(void **state)
{
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };

	(void)state;
	for (const struct vp_command *command = vp_commands; command->verb; command++) {
		vp_strbuf_addf(&text, "=== %s\n", command->verb);
		vp_help_command(command, &text);
	}
	assert_golden("tests/golden/ctl/help-verbs", text.data);
}

static void lines_fit_a_terminal(void **state)
{
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };
	size_t column = 0;

	(void)state;
	vp_help_program(&text);
	for (const struct vp_command *command = vp_commands; command->verb; command++)
		vp_help_command(command, &text);
	for (const char *p = text.data; *p; p++) {
		column = *p == '\n' ? 0 : column + 1;
		assert_true(column <= 100);
	}
}

static void bash_completion_is_in_step(void **state)
{
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };

	(void)state;
	vp_completion_bash(&text);
	assert_golden("packaging/completion/vpatchctl.bash", text.data);
}

static void zsh_completion_is_in_step(void **state)
{
	_cleanup_strbuf_ struct vp_strbuf text = { 0 };

	(void)state;
	vp_completion_zsh(&text);
	assert_golden("packaging/completion/_vpatchctl", text.data);
}

int test_help(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(program_help),
		cmocka_unit_test(help_of_every_verb),
		cmocka_unit_test(lines_fit_a_terminal),
		cmocka_unit_test(bash_completion_is_in_step),
		cmocka_unit_test(zsh_completion_is_in_step),
	};

	return cmocka_run_group_tests_name("help", tests, NULL, NULL);
}
