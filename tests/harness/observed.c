/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A service that calls the kernel so and so often, and says so: observed COMMAND...
 *
 *   start THREADS        begin busy threads: getpid without end (a load)
 *   socket DOMAIN N      N sockets of that family, from as many processes and threads as below
 *   threads N            what follows is done by N threads at once, each doing all of it
 *   forks N              likewise by N processes, which end
 *   narrow NUMBER ARG N  calls by int 0x80
 *   wide NUMBER ARG N    calls by syscall, with the upper half of the first argument set
 *   x32 NUMBER N         calls by x32
 *   exec                 start this program again as a child, which makes one unshare(0)
 *   wait                 until a line comes on standard input
 *   rate NUMBER MS       calls a second of processor time, of that number, printed
 *
 * Prints "ready" before each wait.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define X32_BIT 0x40000000

struct work {
	char kind[16];
	long number, argument, count;
};

static long threads = 1, forks;

static void make_socket(const struct work *work)
{
	int fd = socket((int)work->number, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		close(fd);
}

/* By the gate of 32-bit code, from 64-bit code. */
static void call_narrow(const struct work *work)
{
#ifdef __x86_64__
	long result = work->number;

	__asm__ volatile("int $0x80"
			 : "+a"(result)
			 : "b"(work->argument), "c"(0L), "d"(0L)
			 : "memory", "r8", "r9", "r10", "r11");
#else
	(void)work;
#endif
}

static void do_once(const struct work *work)
{
	if (!strcmp(work->kind, "socket"))
		make_socket(work);
	else if (!strcmp(work->kind, "narrow"))
		call_narrow(work);
	else if (!strcmp(work->kind, "x32"))
		syscall(work->number | X32_BIT);
	else
		syscall(work->number, work->argument | (long)(1ull << 32));
}

static void *do_all(void *data)
{
	const struct work *work = data;

	for (long i = 0; i < work->count; i++)
		do_once(work);
	return NULL;
}

static void by_threads(struct work *work)
{
	pthread_t thread[64];
	long count = threads < 64 ? threads : 64;

	if (count == 1) {
		do_all(work);
		return;
	}
	for (long i = 0; i < count; i++)
		pthread_create(&thread[i], NULL, do_all, work);
	for (long i = 0; i < count; i++)
		pthread_join(thread[i], NULL);
}

static void run(struct work *work)
{
	if (!forks)
		by_threads(work);
	for (long i = 0; i < forks; i++) {
		if (fork())
			continue;
		by_threads(work);
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
}

static void *be_busy(void *data)
{
	(void)data;
	for (;;)
		syscall(SYS_getpid);
	return NULL;
}

static void start_busy(long count)
{
	pthread_t thread;

	for (long i = 0; i < count; i++)
		pthread_create(&thread, NULL, be_busy, NULL);
}

static void start_child(void)
{
	pid_t child = fork();

	if (!child) {
		execl("/proc/self/exe", "observed", "child", NULL);
		_exit(127);
	}
	waitpid(child, NULL, 0);
}

static void wait_for_line(void)
{
	char line[16];

	puts("ready");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		exit(0);
}

static double seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void print_rate(long number, long milliseconds)
{
	double begin = seconds(), end = begin + (double)milliseconds / 1000;
	long calls = 0;

	while (seconds() < end)
		for (int i = 0; i < 1000; i++, calls++)
			syscall(number, -1, 0, 0, 0, 0, 0);
	printf("rate %.0f\n", (double)calls / (seconds() - begin));
	fflush(stdout);
}

static long number_of(char *const *at)
{
	return *at ? strtol(*at, NULL, 0) : 0;
}

/* Returns how many words it took. */
static int take(char *const *words)
{
	struct work work = { .number = number_of(words + 1), .count = 1 };

	snprintf(work.kind, sizeof(work.kind), "%s", words[0]);
	if (!strcmp(words[0], "child")) {
		unshare(0);
		exit(0);
	}
	if (!strcmp(words[0], "wait"))
		return wait_for_line(), 1;
	if (!strcmp(words[0], "exec"))
		return start_child(), 1;
	if (!strcmp(words[0], "start"))
		return start_busy(work.number), 2;
	if (!strcmp(words[0], "threads"))
		return threads = work.number, 2;
	if (!strcmp(words[0], "forks"))
		return forks = work.number, 2;
	if (!strcmp(words[0], "rate"))
		return print_rate(work.number, number_of(words + 2)), 3;
	if (!strcmp(words[0], "socket") || !strcmp(words[0], "x32")) {
		work.count = number_of(words + 2);
		return run(&work), 3;
	}
	work.argument = number_of(words + 2);
	work.count = number_of(words + 3);
	return run(&work), 4;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc;)
		i += take(argv + i);
	return 0;
}
