/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes that are not easily covered. odd KIND, then on standard input:
 *   probe    what getpgid(2), denied by filters of the test, and getpriority(2), denied by
 *            filters of its own, return to each of its two threads (0: they work)
 *   setuid   whether a set-user-id program would still get its rights: no_new_privs
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/seccomp.h>

static const char *kind;
static int ask[2], tell[2];

struct answer {
	int denied, private;
};

static struct answer probe(void)
{
	struct answer answer = { 0 };

	answer.denied = syscall(SYS_getpgid, 0) < 0 ? errno : 0;
	errno = 0;
	(void)!getpriority(PRIO_PROCESS, 0);
	answer.private = errno;
	return answer;
}

static void filter(struct sock_filter *code, size_t len)
{
	struct sock_fprog program = { (unsigned short)len, code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program)) {
		perror("filter");
		_exit(2);
	}
}

/* `also`: prctl(PR_SET_SECCOMP) too; every other call is allowed. */
static void kill_seccomp(int also)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, also ? SYS_prctl : 1000000, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_SECCOMP, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	filter(code, sizeof(code) / sizeof(code[0]));
}

static void deny_priority(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpriority, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EXDEV),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	filter(code, sizeof(code) / sizeof(code[0]));
}

static int is(const char *name)
{
	return !strcmp(kind, name);
}

static void answer_probe(void)
{
	struct answer main_answer = { -1, -1 }, own = probe();

	if (!is("leaderless") && !is("vfork")) {
		(void)!write(ask[1], "x", 1);
		(void)!read(tell[0], &main_answer, sizeof(main_answer));
	}
	printf("denied %d %d private %d %d\n", main_answer.denied, own.denied,
	       main_answer.private, own.private);
}

static void *read_commands(void *unused)
{
	char line[64];

	(void)unused;
	if (is("diverged"))
		deny_priority();
	printf("ready\n");
	while (fgets(line, sizeof(line), stdin)) {
		if (!strcmp(line, "probe\n"))
			answer_probe();
		if (!strcmp(line, "setuid\n"))
			printf("no_new_privs %d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	}
	fflush(stdout);
	_exit(0);
}

static void *sleep_on(void *unused)
{
	(void)unused;
	pause();
	return NULL;
}

static void start(void)
{
	pthread_t thread;

	if (is("killed"))
		kill_seccomp(1);
	if (is("kills-seccomp"))
		kill_seccomp(0);
	if (is("ring")) {
		struct io_uring_params parameters = { 0 };

		if (syscall(SYS_io_uring_setup, 4, &parameters) < 0) {
			perror("io_uring_setup");
			_exit(77);
		}
	}
	for (int i = 0; is("many") && i < 300; i++)
		pthread_create(&thread, NULL, sleep_on, NULL);
	pthread_create(&thread, NULL, read_commands, NULL);
}

int main(int argc, char **argv)
{
	struct answer answer;
	char byte;

	kind = argc > 1 ? argv[1] : "plain";
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (pipe(ask) || pipe(tell))
		return 2;
	start();
	if (is("leaderless"))
		pthread_exit(NULL);
	if (is("vfork") && !vfork()) {
		pause(); /* until it is killed: its parent sleeps as long */
		_exit(0);
	}
	while (read(ask[0], &byte, 1) == 1) {
		answer = probe();
		(void)!write(tell[1], &answer, sizeof(answer));
	}
	return 0;
}
