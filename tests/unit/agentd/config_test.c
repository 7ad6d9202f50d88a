/* SPDX-License-Identifier: GPL-2.0-or-later */
/* agentd/config.c: defaults, relative paths, and each error at its line. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/config.h"
#include "lib/cleanup.h"
#include "lib/memory.h"
#include "tests/unit/agentd/daemon_tests.h"

static int setup(void **state)
{
	*state = vp_test_folder_make();
	return 0;
}

static int teardown(void **state)
{
	vp_test_folder_remove(*state);
	return 0;
}

static void read_config(const char *folder, const char *text, struct vp_config *config,
			struct vp_findings *findings)
{
	_cleanup_free_ char *path = vp_format("%s/vpatchd.conf", folder);

	vp_test_file(folder, "vpatchd.conf", text);
	vp_config_read(config, path, findings);
}

static void everything(void **state)
{
	const char *folder = *state;
	_cleanup_free_ char *policy = vp_format("%s/p.d", folder);
	_cleanup_free_ char *socket = vp_format("%s/r/control.sock", folder);
	struct vp_findings findings = { 0 };
	struct vp_config config;

	read_config(folder,
		    "# comment\n[vpatchd]\npolicy = p.d ; relative\nrun = r\nstate=/var/x\n"
		    "management = tcp/22, udp/8000-8010\nlog-group = 7\ntable-ownership = no\n"
		    "syslog-format = cee\nsyslog-socket = none\nkeep-generations = 5\n",
		    &config, &findings);
	assert_int_equal(findings.errors, 0);
	assert_string_equal(config.policy, policy);
	assert_string_equal(config.socket, socket);
	assert_string_equal(config.state, "/var/x");
	assert_int_equal(config.management.len, 2);
	assert_int_equal(config.management.data[1].protocol, 17);
	assert_int_equal(config.management.data[1].last, 8010);
	assert_int_equal(config.log_group, 7);
	assert_false(config.table_ownership);
	assert_int_equal(config.syslog_form, VP_FORMAT_CEE);
	assert_string_equal(config.syslog_socket, "none");
	assert_int_equal(config.keep_generations, 5);
	vp_config_free(&config);
	vp_findings_free(&findings);
}

static void errors_name_their_line(void **state)
{
	static const struct {
		const char *text;
		uint32_t line;
		const char *says;
	} rows[] = {
		{ "policy = x\n", 1, "[vpatchd]" },
		{ "[other]\n", 1, "[vpatchd]" },
		{ "[vpatchd]\n\nno-such-key = 1\n", 3, "no-such-key" },
		{ "[vpatchd]\nlog-group = 70000\n", 2, "65535" },
		{ "[vpatchd]\nlog-group = 1\nlog-group = 2\n", 3, "twice" },
		{ "[vpatchd]\nmanagement = ssh\n", 2, "tcp/22" },
		{ "[vpatchd]\nmanagement = tcp/9-1\n", 2, "tcp/22" },
		{ "[vpatchd]\ntable-ownership = maybe\n", 2, "yes or no" },
		{ "[vpatchd]\nkeep-generations = 1\n", 2, "from 2" },
		{ "[vpatchd]\ndropins = maybe\n", 2, "yes or no" },
		{ "[vpatchd]\nsyslog-format = xml\n", 2, "keyvalue" },
		{ "[vpatchd]\n  policy = indented\n", 2, "" },
		{ "[vpatchd]\npolicy =\n", 2, "" },
	};

	for (size_t i = 0; i < VP_COUNT(rows); i++) {
		struct vp_findings findings = { 0 };
		struct vp_config config;

		read_config(*state, rows[i].text, &config, &findings);
		if (!findings.errors)
			fail_msg("row %zu was accepted", i);
		assert_int_equal(findings.list.data[0].line, rows[i].line);
		if (!strstr(findings.list.data[0].text, rows[i].says))
			fail_msg("row %zu: \"%s\" does not say \"%s\"", i,
				 findings.list.data[0].text, rows[i].says);
		vp_config_free(&config);
		vp_findings_free(&findings);
	}
}

/* Units of the host are the installed agent's to touch, not one's that is in a folder. */
static void drop_ins_are_of_the_installed_agent(void **state)
{
	const char *folder = *state;
	_cleanup_free_ char *units = vp_format("%s/units", folder);
	struct vp_findings findings = { 0 };
	struct vp_config config;

	read_config(folder, "[vpatchd]\n", &config, &findings);
	assert_true(config.dropins);
	assert_true(config.dropins_exact);
	assert_null(config.dropins_folder);
	vp_config_free(&config);
	read_config(folder,
		    "[vpatchd]\ndropins = no\ndropins-folder = units\ndropins-exact = no\n",
		    &config, &findings);
	assert_int_equal(findings.errors, 0);
	assert_false(config.dropins);
	assert_false(config.dropins_exact);
	assert_string_equal(config.dropins_folder, units);
	vp_config_free(&config);
	if (!access(VP_CONFIG_PATH, F_OK))
		return; /* it may say anything */
	vp_config_read(&config, NULL, &findings);
	assert_string_equal(config.dropins_folder, "/etc/systemd/system");
	vp_config_free(&config);
}

static void a_named_file_must_be_there(void **state)
{
	_cleanup_free_ char *path = vp_format("%s/none.conf", (const char *)*state);
	struct vp_findings findings = { 0 };
	struct vp_config config;

	vp_config_read(&config, path, &findings);
	assert_int_equal(findings.errors, 1);
	vp_config_free(&config);
	vp_findings_free(&findings);
}

static void nobody_else_may_write_it(void **state)
{
	_cleanup_free_ char *path = vp_format("%s/vpatchd.conf", (const char *)*state);
	struct vp_findings findings = { 0 };
	struct vp_config config;

	vp_test_file(*state, "vpatchd.conf", "[vpatchd]\n");
	assert_int_equal(chmod(path, 0664), 0);
	vp_config_read(&config, path, &findings);
	assert_int_equal(findings.errors, 1);
	assert_non_null(strstr(findings.list.data[0].text, "writable by others"));
	vp_config_free(&config);
	vp_findings_free(&findings);
}

int vp_test_config(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(everything, setup, teardown),
		cmocka_unit_test_setup_teardown(errors_name_their_line, setup, teardown),
		cmocka_unit_test_setup_teardown(drop_ins_are_of_the_installed_agent, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_named_file_must_be_there, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_else_may_write_it, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
