/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes calls that a filter of its own denies: deny log|quiet|none COUNT PROCESSES [NAME]
 * Each of PROCESSES, one after another, calls itself NAME, puts the filter on (with
 * records, without, or not at all) and makes COUNT calls. Prints how many failed in
 * the filter's way, and the process id of the last.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#define CALL  SYS_sched_get_priority_max /* nothing here needs it */
#define ERROR EXDEV			 /* and never fails so */

static int put_filter_on(unsigned long flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CALL, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ERROR),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 4, code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

/* Exit status 0: all calls were denied; 1: none was. */
static int be_denied(const char *how, unsigned long count, const char *name)
{
	unsigned long denied = 0;

	if (name)
		prctl(PR_SET_NAME, name, 0, 0, 0);
	if (strcmp(how, "none") != 0 &&
	    put_filter_on(strcmp(how, "log") ? 0 : SECCOMP_FILTER_FLAG_LOG))
		return 2;
	for (unsigned long i = 0; i < count; i++)
		denied += syscall(CALL, 0) == -1 && errno == ERROR;
	return denied == count ? 0 : denied ? 2 : 1;
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 3 ? strtoul(argv[2], NULL, 10) : 0, denied = 0;
	unsigned long processes = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
	pid_t pid = 0;
	int status;

	if (!count || !processes)
		return fputs("usage: deny log|quiet|none COUNT PROCESSES [NAME]\n", stderr), 2;
	for (unsigned long i = 0; i < processes; i++) {
		pid = fork();
		if (!pid)
			_exit(be_denied(argv[1], count, argv[4]));
		if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
		    WEXITSTATUS(status) > 1)
			return fputs("a process did not do as it was told\n", stderr), 1;
		denied += WEXITSTATUS(status) ? 0 : count;
	}
	printf("%lu %d\n", denied, pid);
	return 0;
}
