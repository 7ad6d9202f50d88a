/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starts programs, in all the ways that there are.
 *
 *	starter forks COUNT AT-ONCE PROGRAM ...	how they ended, and how long they took
 *	starter thread PROGRAM ...		a thread executes it, while others work
 *	starter vfork PROGRAM ...		as a child that shares its memory
 *	starter fails PROGRAM			execve(2) fails late; it goes on undisturbed
 *	starter traced PROGRAM ...		as a child that it traces
 *	starter stopped COUNT PID PROGRAM ...	PID and its children are stopped meanwhile
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

struct sums {
	unsigned long allowed, denied, other, count;
	double *took;
};

static void count_end(struct sums *sums, int status, double took)
{
	sums->allowed += status == 0;
	sums->denied += WIFEXITED(status) && WEXITSTATUS(status) == EPERM;
	sums->other += status && !(WIFEXITED(status) && WEXITSTATUS(status) == EPERM);
	sums->took[sums->count++] = took;
}

/* When it did. */
static double start(char **argv, pid_t *id)
{
	double began = now();

	*id = fork();
	if (!*id) {
		execv(argv[0], argv);
		_exit(127);
	}
	return began;
}

static int forks(unsigned long count, unsigned long at_once, char **argv)
{
	struct sums sums = { .took = calloc(count + 1, sizeof(double)) };
	struct {
		pid_t id;
		double began;
	} *children = calloc(at_once, sizeof(*children));
	unsigned long begun = 0, running = 0;

	while (sums.took && children && sums.count < count) {
		unsigned long i = 0;
		int status;
		pid_t id;

		while (i < at_once && begun < count && running < at_once && children[i].id)
			i++;
		if (begun < count && running < at_once) {
			children[i].began = start(argv, &children[i].id);
			begun++;
			running++;
			continue;
		}
		id = wait(&status);
		for (i = 0; i < at_once && children[i].id != id; i++)
			;
		count_end(&sums, status, now() - children[i].began);
		children[i].id = 0;
		running--;
	}
	qsort(sums.took, sums.count, sizeof(double), compare);
	printf("denied %lu allowed %lu other %lu median %.0f us slowest %.0f us fastest "
	       "%.0f\n",
	       sums.denied, sums.allowed, sums.other, sums.took[count / 2],
	       sums.took[count - 1], sums.took[count / 20]);
	free(sums.took);
	free(children);
	return 0;
}

static void *execute(void *data)
{
	char **argv = data;

	execv(argv[0], argv);
	return NULL;
}

static void *work(void *data)
{
	for (;;)
		(void)getppid();
	return data;
}

static int by_thread(char **argv)
{
	pthread_t thread;

	pthread_create(&thread, NULL, work, NULL);
	usleep(10000);
	pthread_create(&thread, NULL, execute, argv);
	pthread_join(thread, NULL);
	return 127;
}

static int wait_for(pid_t id)
{
	int status = 0;

	while (waitpid(id, &status, 0) < 0)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static int by_vfork(char **argv)
{
	pid_t id = vfork();

	if (!id) {
		execv(argv[0], argv);
		_exit(127);
	}
	return wait_for(id);
}

static int tracer(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	int id = -1;

	while (file && fgets(line, sizeof(line), file))
		(void)sscanf(line, "TracerPid: %d", &id);
	if (file)
		fclose(file);
	return id;
}

/* Too long an argument: the program was opened, and is not executed. */
static int fails(const char *program)
{
	size_t len = 1u << 20;
	char *text = malloc(len);
	char *argv[] = { (char *)program, text, NULL };
	struct epoll_event event;
	int fd = epoll_create1(EPOLL_CLOEXEC), interrupted = 0, traced;

	if (!text)
		return 1;
	memset(text, 'x', len - 1);
	text[len - 1] = '\0';
	for (int i = 0; i < 3; i++) {
		int r = execv(program, argv);

		if (r != -1 || errno != E2BIG)
			return 2;
	}
	traced = tracer() > 0;
	for (int i = 0; i < 5; i++)
		interrupted += epoll_wait(fd, &event, 1, 100) != 0;
	printf("traced %d, then %d; interrupted %d\n", traced, tracer() > 0, interrupted);
	fflush(stdout);
	free(text);
	argv[1] = NULL;
	execv(program, argv);
	return 127;
}

static int traced(char **argv)
{
	pid_t id = fork();
	int status;

	if (!id) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execv(argv[0], argv);
		_exit(127);
	}
	while (waitpid(id, &status, 0) == id && WIFSTOPPED(status))
		ptrace(PTRACE_CONT, id, NULL, NULL);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* Starts are denied their first act again. */
static bool recovers(char **argv)
{
	for (double until = now() + 1e7; now() < until;) {
		pid_t id;

		(void)start(argv, &id);
		if (wait_for(id) == EPERM)
			return true;
		usleep(20000);
	}
	return false;
}

/* Its children, each of which has a process group of its own, and itself. */
static void send(pid_t id, int signal)
{
	char path[64], text[256], *at = text;
	FILE *file;
	long child;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", id, id);
	file = fopen(path, "re");
	if (!file || !fgets(text, sizeof(text), file))
		*text = '\0';
	if (file)
		fclose(file);
	while ((child = strtol(at, &at, 10)))
		if (kill((pid_t)-child, signal))
			kill((pid_t)child, signal);
	kill(id, signal);
}

static int stopped(unsigned long count, pid_t all, char **argv)
{
	struct sums sums = { .took = calloc(count, sizeof(double)) };
	double usual = 0, slowest = 0;

	for (int i = 0; i < 20; i++) { /* how long a start takes here */
		pid_t id;
		double began = start(argv, &id);

		(void)wait_for(id);
		usual = now() - began > usual ? now() - began : usual;
	}
	while (sums.took && sums.count < count && recovers(argv)) {
		double wait = usual * (rand() % 1000) / 1000, began, took;
		int status = 0;
		pid_t id;

		began = start(argv, &id);
		while (now() < began + wait)
			;
		send(all, SIGSTOP);
		while (waitpid(id, &status, 0) < 0)
			;
		took = now() - began;
		send(all, SIGCONT);
		slowest = took > slowest ? took : slowest;
		count_end(&sums, status, took);
	}
	printf("stopped %lu denied %lu allowed %lu other %lu slowest %.0f ms\n", sums.count,
	       sums.denied, sums.allowed, sums.other, slowest / 1000);
	free(sums.took);
	return sums.count != count;
}

int main(int argc, char **argv)
{
	const char *how = argc > 2 ? argv[1] : "";

	if (!strcmp(how, "forks") && argc > 4)
		return forks(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10), argv + 4);
	if (!strcmp(how, "stopped") && argc > 4)
		return stopped(strtoul(argv[2], NULL, 10), atoi(argv[3]), argv + 4);
	if (!strcmp(how, "thread"))
		return by_thread(argv + 2);
	if (!strcmp(how, "vfork"))
		return by_vfork(argv + 2);
	if (!strcmp(how, "fails"))
		return fails(argv[2]);
	if (!strcmp(how, "traced"))
		return traced(argv + 2);
	return 64;
}
