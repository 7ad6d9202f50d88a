/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which programs a unit starts, from its files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agentd/syscalls/executables.h"
#include "lib/cleanup.h"
#include "lib/file.h"

static void paths_are(struct vp_paths *paths, const char *const *expected)
{
	size_t i = 0;

	for (; expected[i]; i++) {
		assert_true(i < paths->len);
		assert_string_equal(paths->data[i], expected[i]);
	}
	assert_int_equal(paths->len, i);
	vp_paths_free(paths);
}

static void programs_of_a_file(void **state)
{
	static const char text[] = "# ExecStart=/comment\n"
				   "[Service]\n"
				   "ExecStartPre=-/usr/sbin/nginx -t -q \\\n"
				   "ExecStart=/not/a/line\n"
				   "ExecStart=/usr/sbin/nginx -g 'daemon on;'\n"
				   "ExecReload = @/bin/kill kill -s HUP $MAINPID\n"
				   "ExecStop=+!\"/opt/a b/stop\" now\n"
				   "ExecStartPost=relative\n"
				   "ExecStopPost=/opt/%i/stop\n"
				   "ExecStart=\n"
				   "Executable=/other\n"
				   "ExecStart=:/usr/bin/last";
	static const char *const expected[] = { "/usr/sbin/nginx", "/bin/kill",
						"/opt/a b/stop", "/usr/bin/last", NULL };
	struct vp_paths paths = { 0 };

	(void)state;
	vp_unit_file_parse(text, &paths);
	paths_are(&paths, expected);
	vp_unit_file_parse("", &paths);
	vp_unit_file_parse("Exec\nExecStart\n=\n\\\n\\", &paths);
	paths_are(&paths, (const char *const[]){ NULL });
}

static void write_text(const char *folder, const char *name, const char *text)
{
	_cleanup_free_ char *path = vp_format("%s/%s", folder, name);
	struct vp_error err;

	assert_int_equal(vp_file_write(path, text, strlen(text), 0755, &err), 0);
}

static void make_folder(const char *folder, const char *name)
{
	_cleanup_free_ char *path = vp_format("%s/%s", folder, name);

	assert_int_equal(mkdir(path, 0755), 0);
}

/* The strongest file counts, every drop-in does, links and scripts are followed. */
static void executables_of_a_unit(void **state)
{
	char folder[] = "/tmp/vpatch-units-XXXXXX", program[4200], shell[4096] = { 0 };
	_cleanup_free_ char *etc = NULL, *usr = NULL, *text = NULL, *link = NULL,
			    *clean = NULL;
	struct vp_paths paths = { 0 };

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_non_null(realpath("/bin/sh", shell));
	make_folder(folder, "etc");
	make_folder(folder, "usr");
	make_folder(folder, "etc/web@.service.d");
	etc = vp_format("%s/etc", folder);
	usr = vp_format("%s/usr", folder);
	write_text(folder, "program", "ELF");
	write_text(folder, "script", "#! /bin/sh -e\n");
	snprintf(program, sizeof(program), "%s/program", folder);
	link = vp_format("%s/link", folder);
	assert_int_equal(symlink(program, link), 0);
	text = vp_format("ExecStart=%s\nExecStart=/no/such/program\n", link);
	write_text(etc, "web@.service", text);
	write_text(usr, "web@.service", "ExecStart=/bin/true\n");
	free(text);
	text = vp_format("ExecStartPre=%s/script\n", folder);
	write_text(etc, "web@.service.d/a.conf", text);
	write_text(etc, "web@.service.d/a.txt", "ExecStart=/bin/false\n");
	vp_unit_executables("web@one.service", (const char *const[]){ etc, usr, NULL },
			    &paths);
	paths_are(&paths, (const char *const[]){ program, shell, NULL });
	vp_unit_executables("other.service", (const char *const[]){ etc, usr, NULL }, &paths);
	paths_are(&paths, (const char *const[]){ NULL });
	clean = vp_format("rm -r %s", folder);
	assert_int_equal(system(clean), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_of_a_file),
		cmocka_unit_test(executables_of_a_unit),
	};

	return cmocka_run_group_tests_name("executables", tests, NULL, NULL);
}
