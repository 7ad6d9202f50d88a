/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of a process that executes another program. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agentd/inject/target.h"
#include "lib/cleanup.h"
#include "lib/process.h"
#include "tests/unit/inject/inject_tests.h"

#define TRIES 1000 /* of ten milliseconds */

/* A process that executes another program when it is told. */
static pid_t start(int *tell)
{
	int ends[2];
	pid_t child;
	char byte;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		if (read(ends[0], &byte, 1) == 1)
			execl("/bin/sleep", "sleep", "60", NULL);
		_exit(1);
	}
	close(ends[0]);
	*tell = ends[1];
	return child;
}

static bool runs_sleep(pid_t process)
{
	_cleanup_free_ char *path = vp_process_executable(process);

	return path && strstr(path, "_test") == NULL;
}

static void a_program_that_was_replaced_is_noticed(void **state)
{
	const struct timespec slice = { .tv_nsec = 10000000 };
	struct vp_target target;
	int tell;
	pid_t child = start(&tell);

	(void)state;
	assert_int_equal(vp_target_open(&target, child, 0), 0);
	assert_true(target.instruction != 0);
	assert_false(vp_target_is_replaced(&target));
	assert_int_equal(write(tell, "x", 1), 1);
	for (int i = 0; i < TRIES && !runs_sleep(child); i++)
		nanosleep(&slice, NULL);
	assert_true(runs_sleep(child));
	assert_true(vp_target_is_replaced(&target));
	vp_target_close(&target);
	assert_int_equal(vp_target_open(&target, child, 0), 0);
	assert_false(vp_target_is_replaced(&target));
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_true(vp_target_is_replaced(&target));
	vp_target_close(&target);
	close(tell);
}

int vp_test_target(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_that_was_replaced_is_noticed),
	};

	return cmocka_run_group_tests_name("target", tests, NULL, NULL);
}
