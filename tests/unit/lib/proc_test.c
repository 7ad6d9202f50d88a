/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts of /proc, real ones and hostile ones. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/cleanup.h"
#include "lib/memory.h"
#include "lib/process.h"

#define STATUS_HEAD "Name:\tTgid: 7\\n\\tUid\nState:\tS (sleeping)\nTgid:\t4711\nPid:\t4713\n"
#define STATUS_OLD  "TracerPid:\t0\nUid:\t33\t34\t33\t33\nCapEff:\t0000000000200000\n"
#define STATUS_NEW                                                                            \
	"SigCgt:\t0000000180004a02\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t12\n"      \
	"voluntary_ctxt_switches:\t190\nnonvoluntary_ctxt_switches:\t2\n"

static void status_is_read(void **state)
{
	struct vp_proc_status status;

	(void)state;
	assert_int_equal(vp_proc_status_parse(STATUS_HEAD STATUS_OLD STATUS_NEW, &status), 0);
	assert_int_equal(status.process, 4711);
	assert_int_equal(status.tracer, 0);
	assert_int_equal(status.uid, 34); /* the effective one */
	assert_int_equal(status.capabilities, 1 << 21);
	assert_true(status.no_new_privs);
	assert_int_equal(status.seccomp, 2);
	assert_int_equal(status.filters, 12);
	assert_int_equal(status.waits, 190); /* not the involuntary ones */
	assert_int_equal(status.handled, 0x180004a02);
}

static void status_of_an_old_kernel(void **state)
{
	struct vp_proc_status status;

	(void)state;
	assert_int_equal(vp_proc_status_parse(STATUS_HEAD STATUS_OLD, &status), 0);
	assert_false(status.no_new_privs);
	assert_int_equal(status.handled, UINT64_MAX); /* for all that is known */
	assert_int_equal(status.seccomp, 0);
	assert_int_equal(status.filters, 0);
}

static void status_that_is_none(void **state)
{
	static const char *const texts[] = {
		"",
		"\n\n",
		"Tgid:",
		STATUS_HEAD,
		STATUS_OLD,
		STATUS_HEAD "TracerPid:\t-1\nUid:\t0\t0\t0\t0\nCapEff:\t0\n",
		STATUS_HEAD "TracerPid:\t99999999999\nUid:\t0\t0\t0\t0\nCapEff:\t0\n",
		STATUS_HEAD "TracerPid:\t0\nUid:\t0\nCapEff:\t0\n",
		STATUS_HEAD STATUS_OLD "Seccomp:\t3\n",
		STATUS_HEAD STATUS_OLD "Seccomp:\tx\n",
		STATUS_HEAD STATUS_OLD "Seccomp_filters:\t99999999999999999999\n",
	};
	struct vp_proc_status status;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(vp_proc_status_parse(texts[i], &status), -EINVAL);
}

static void stat_is_read(void **state)
{
	struct vp_proc_stat stat;

	(void)state;
	assert_int_equal(vp_proc_stat_parse(
				 "32120 (a) R 7 (b) S 32111 32111 21334 0 -1 4194320 99 0 0 "
				 "0 1 2 3 4 20 0 1 0 4088988 3133440 414 "
				 "18446744073709551615 94000493711360 94000493731241 1 0 0 0 "
				 "0 0 0 0 0 0 17 3 44 5 0 0 0\n",
				 &stat),
			 0);
	assert_int_equal(stat.state, 'S');
	assert_int_equal(stat.flags, 4194320);
	assert_true(stat.flags & VP_PF_IO_WORKER);
	assert_int_equal(stat.start, 4088988);
	assert_int_equal(stat.processor, 3);
	assert_int_equal(vp_proc_stat_parse("1 (x", &stat), -EINVAL);
	assert_int_equal(vp_proc_stat_parse("1 (x) S 1 2", &stat), -EINVAL);
	assert_int_equal(vp_proc_stat_parse("", &stat), -EINVAL);
}

/* This kernel's own text, against what is known of this process. */
static void stat_of_this_process(void **state)
{
	int fd = open("/proc/thread-self/stat", O_RDONLY);
	struct vp_proc_stat stat;
	cpu_set_t here;
	char text[4096];
	ssize_t len;

	(void)state;
	CPU_ZERO(&here);
	CPU_SET((size_t)sched_getcpu(), &here);
	assert_int_equal(sched_setaffinity(0, sizeof(here), &here), 0);
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	assert_true(len > 0);
	text[len] = '\0';
	assert_int_equal(vp_proc_stat_parse(text, &stat), 0);
	assert_int_equal(stat.state, 'R');
	assert_true(CPU_ISSET((size_t)stat.processor, &here));
	assert_true(stat.start > 0);
}

#define BEHIND_PARENT                                                                         \
	" 7 7 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 987654321 9 9 9 "                         \
	"1 2 3 4 5 6 7 8 9 10 11 12 17 3 0 0"

static pid_t parent_in(const char *text)
{
	struct vp_proc_stat stat = { 0 };

	if (!vp_proc_stat_parse(text, &stat))
		assert_int_equal(stat.start, 987654321);
	return stat.parent;
}

/* The name of a process is its own choice. */
static void stats_are_parsed(void **state)
{
	(void)state;
	assert_int_equal(parent_in("7 (sh) S 5" BEHIND_PARENT), 5);
	assert_int_equal(parent_in("7 (a) S 1 \n) S 5" BEHIND_PARENT), 5);
	assert_int_equal(parent_in("7 ()) R 5" BEHIND_PARENT), 5);
	assert_int_equal(parent_in("7 (sh) S 5 7 7 0"), 0);
	assert_int_equal(parent_in("7 (sh"), 0);
	assert_int_equal(parent_in(""), 0);
}

/* This very process, under a name that names another parent. */
static void a_liar_has_its_parent(void **state)
{
	struct vp_proc_stat before, after;

	(void)state;
	assert_true(vp_process_stat(getpid(), &before));
	assert_int_equal(prctl(PR_SET_NAME, "x) S 1\n"), 0);
	assert_true(vp_process_stat(getpid(), &after));
	assert_int_equal(prctl(PR_SET_NAME, "proc_test"), 0);
	assert_int_equal(before.parent, getppid());
	assert_int_equal(after.parent, getppid());
	assert_true(before.start > 0);
	assert_true(before.start == after.start);
	assert_int_equal(vp_process_parent(1), 0);
	assert_false(vp_process_stat(1 << 30, &after));
	assert_true(after.start == 0);
}

/* In both ways, with a signal that has a handler and one that has none. */
static void status_of_this_process_is_read(void **state)
{
	_cleanup_close_ int folder = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct vp_proc_status status, same = { 0 };

	(void)state;
	assert_true(vp_process_status(getpid(), &status));
	assert_int_equal(status.process, getpid());
	assert_int_equal(status.uid, geteuid());
	assert_true(status.handled >> (SIGSEGV - 1) & 1); /* cmocka's */
	assert_false(status.handled >> (SIGUSR1 - 1) & 1);
	assert_int_equal(vp_process_status_at(folder, "status", &same), 0);
	assert_int_equal(same.handled, status.handled);
	assert_int_equal(vp_process_status_at(folder, "stat", &same), -EINVAL);
	assert_int_equal(same.process, getpid()); /* as it was */
	assert_int_equal(vp_process_status_at(folder, "nothing", &same), -ESRCH);
	assert_false(vp_process_status(INT_MAX, &status));
	assert_int_equal(status.process, 0);
}

static void texts_are_cut_off(void **state)
{
	char text[8];

	(void)state;
	assert_int_equal(vp_process_text(AT_FDCWD, "/proc/self/status", text, sizeof(text)),
			 0);
	assert_string_equal(text, "Name:\tp");
	assert_int_equal(vp_process_text(AT_FDCWD, "/proc/self", text, sizeof(text)), -EISDIR);
}

static void make_file(const char *folder, const char *name)
{
	_cleanup_free_ char *path = vp_format("%s/%s", folder, name);
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
}

static void end_file(const char *folder, const char *name)
{
	_cleanup_free_ char *path = vp_format("%s/%s", folder, name);

	assert_int_equal(unlink(path), 0);
}

/* As /proc has them, and as it might have. */
static void numbers_of_processes_are_listed(void **state)
{
	static const char *const names[] = { "12", "2147483647",  "self", "7x",	 "x7", "0",
					     "-5", "99999999999", "5-10", "net", "" };
	char folder[] = "/tmp/vp-proc-XXXXXX";
	uint64_t sum = 0;
	pid_t id;
	DIR *open;

	(void)state;
	assert_non_null(mkdtemp(folder));
	for (size_t i = 0; *names[i]; i++)
		make_file(folder, names[i]);
	open = opendir(folder);
	while ((id = vp_process_next(open)))
		sum += (uint64_t)id;
	closedir(open);
	assert_true(sum == UINT64_C(12) + INT_MAX);
	for (size_t i = 0; *names[i]; i++)
		end_file(folder, names[i]);
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(vp_process_next(NULL), 0);
}

static void mappings_are_read(void **state)
{
	struct vp_proc_mapping mapping;

	(void)state;
	assert_int_equal(vp_proc_mapping_parse("7ffd1-7ffd3 r-xp 00000000 00:00 0"
					       "                          [vdso]\n",
					       &mapping),
			 0);
	assert_int_equal(mapping.first, 0x7ffd1);
	assert_int_equal(mapping.end, 0x7ffd3);
	assert_true(mapping.readable && mapping.executable && !mapping.writable);
	assert_string_equal(mapping.name, "[vdso]\n");
	assert_int_equal(
		vp_proc_mapping_parse("ffffffffff600000-ffffffffff601000 --xp 0 00:00 0 "
				      " [vsyscall]\n",
				      &mapping),
		0);
	assert_false(mapping.readable);
	assert_int_equal(vp_proc_mapping_parse("1000-2000 rw-p 00000000 fe:00 247498 /a (b)\n",
					       &mapping),
			 0);
	assert_false(mapping.executable);
	assert_true(mapping.writable);
	assert_string_equal(mapping.name, "/a (b)\n");
	assert_int_equal(vp_proc_mapping_parse("2000-1000 rw-p 0 00:00 0\n", &mapping),
			 -EINVAL);
	assert_int_equal(vp_proc_mapping_parse("1000 rw-p", &mapping), -EINVAL);
	assert_int_equal(vp_proc_mapping_parse("", &mapping), -EINVAL);
}

static void calls_are_read(void **state)
{
	struct vp_proc_call call;

	(void)state;
	assert_int_equal(vp_proc_call_parse("running\n", &call), 0);
	assert_true(call.running);
	assert_int_equal(vp_proc_call_parse("-1 0x7ffe 0x401000\n", &call), 0);
	assert_false(call.running);
	assert_int_equal(call.number, -1);
	assert_int_equal(call.arguments[0], 0);
	assert_int_equal(call.stack, 0x7ffe);
	assert_int_equal(
		vp_proc_call_parse("232 0x5 0x7f 0x1 0xffffffff 0x0 0x6 0x1 0x2\n", &call), 0);
	assert_int_equal(call.number, 232);
	assert_int_equal(call.arguments[3], 0xffffffff);
	assert_int_equal(call.arguments[5], 6);
	assert_int_equal(call.stack, 1);
	assert_int_equal(vp_proc_call_parse("232 0x5\n", &call), -EINVAL);
	assert_int_equal(vp_proc_call_parse("", &call), -EINVAL);
}

static void the_scheduler_is_read(void **state)
{
	(void)state;
	assert_int_equal(
		vp_proc_sched_parse("a (1, #threads: 1)\n---\nse.exec_start       :"
				    "      40742595.028542\nse.vruntime : 1.000000\n"),
		40742595028542);
	assert_int_equal(vp_proc_sched_parse("\nse.exec_start (1, #threads: 1)\n"), -EINVAL);
	assert_int_equal(vp_proc_sched_parse(""), -EINVAL);
	assert_int_equal(vp_proc_sched_parse("\nse.exec_start : 18446744073709551615.1\n"),
			 -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_is_read),
		cmocka_unit_test(status_of_an_old_kernel),
		cmocka_unit_test(status_that_is_none),
		cmocka_unit_test(stat_is_read),
		cmocka_unit_test(stat_of_this_process),
		cmocka_unit_test(stats_are_parsed),
		cmocka_unit_test(a_liar_has_its_parent),
		cmocka_unit_test(status_of_this_process_is_read),
		cmocka_unit_test(texts_are_cut_off),
		cmocka_unit_test(numbers_of_processes_are_listed),
		cmocka_unit_test(mappings_are_read),
		cmocka_unit_test(calls_are_read),
		cmocka_unit_test(the_scheduler_is_read),
	};

	return cmocka_run_group_tests_name("proc", tests, NULL, NULL);
}
