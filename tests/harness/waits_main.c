/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program that notices everything: threads that wait in many ways and check how each wait
 * ended, a thread under a storm of signals that counts them and computes, and a thread that
 * wakes and sends. Commands on standard input, one per line:
 *   probe    the call that filters of the test deny, made by every thread
 *   end      what was noticed; exit status 1 when anything was lost, late or interrupted
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/harness/waits.h"

static atomic_bool ending;
static unsigned long tolerance = 150000; /* microseconds */

static unsigned long long microseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned long long)now.tv_sec * 1000000 +
	       (unsigned long long)now.tv_nsec / 1000;
}

static int denied(void)
{
	return syscall(SYS_getpgid, 0) < 0 ? errno : 0;
}

/* When it ended against when it should have: never earlier, and not much later. */
static void judge_time(struct way *way, unsigned long long took)
{
	unsigned long long meant = way->timeout * 1000ULL;
	unsigned long long most = meant + tolerance + (way->from_anew ? meant : 0);

	if (took + 4000 < meant)
		way->early++;
	if (took < meant && meant - took > way->earliest)
		way->earliest = meant - took;
	if (took > most)
		way->late++;
	if (took > meant && took - meant > way->latest)
		way->latest = took - meant;
}

static void *run_way(void *argument)
{
	struct way *way = argument;

	way->thread = (pid_t)syscall(SYS_gettid);
	while (!ending) {
		unsigned long long begin = microseconds();
		int r = way->wait(way);

		if (r == 1)
			way->interrupted++;
		else if (r)
			way->wrong++;
		else if (way->timeout)
			judge_time(way, microseconds() - begin);
		atomic_store(&way->denied, denied());
		way->rounds++;
	}
	return NULL;
}

/* The storm */

static atomic_ullong sent, received, reordered, alarms, miscomputed;
static _Atomic pid_t stormed;

static void receive(int signal, siginfo_t *info, void *context)
{
	static unsigned int last;
	unsigned int number = (unsigned int)info->si_value.sival_int;

	(void)signal;
	(void)context;
	if (number != last + 1)
		reordered++;
	last = number;
	received++;
}

static void ring(int signal)
{
	(void)signal;
	alarms++;
}

static double compute(void)
{
	double sum = 0;

	for (int i = 1; i < 2000; i++)
		sum += 1.0 / ((double)i * i);
	return sum;
}

static void *run_storm(void *argument)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };
	const struct itimerspec often = { { 0, 500000 }, { 0, 500000 } };
	const double right = compute();
	sigset_t none;
	timer_t timer;

	(void)argument;
	stormed = (pid_t)syscall(SYS_gettid);
	timer_create(CLOCK_MONOTONIC, &event, &timer);
	timer_settime(timer, 0, &often, NULL);
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	while (!ending)
		if (compute() != right)
			miscomputed++;
	return NULL;
}

static void send_one(void)
{
	union sigval value = { .sival_int = (int)(sent + 1) };

	if (!sigqueue(getpid(), SIGRTMIN, value)) /* to whichever thread: only one takes it */
		sent++;
}

/* Wakes each of those that are woken, every so often. */
static void *run_waker(void *argument)
{
	const struct timespec between = { 0, 2000000 };

	(void)argument;
	for (unsigned int i = 0; !ending; i++) {
		struct way *way = &ways[i % way_count];

		if (way->wake)
			way->wake(way);
		send_one();
		nanosleep(&between, NULL);
	}
	return NULL;
}

static int start(void)
{
	const struct sigaction queued = { .sa_sigaction = receive,
					  .sa_flags = SA_SIGINFO | SA_RESTART };
	const struct sigaction rung = { .sa_handler = ring, .sa_flags = SA_RESTART };
	pthread_t thread;
	sigset_t all;

	sigaction(SIGRTMIN, &queued, NULL);
	sigaction(SIGALRM, &rung, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	if (ways_open())
		return -1;
	for (unsigned int i = 0; i < way_count; i++)
		if (pthread_create(&thread, NULL, run_way, &ways[i]))
			return -1;
	return pthread_create(&thread, NULL, run_storm, NULL) ||
			       pthread_create(&thread, NULL, run_waker, NULL)
		       ? -1
		       : 0;
}

/* Every thread has made a round since now. */
static void settle(void)
{
	const struct timespec between = { 0, 10000000 };
	unsigned long long before[64];

	for (unsigned int i = 0; i < way_count; i++)
		before[i] = ways[i].rounds;
	for (unsigned int i = 0; i < way_count; i++)
		for (int k = 0; ways[i].rounds < before[i] + 2 && k < 500; k++)
			nanosleep(&between, NULL);
}

static void probe(void)
{
	unsigned int threads = denied() ? 1 : 0;

	settle();
	for (unsigned int i = 0; i < way_count; i++)
		threads += ways[i].denied != 0;
	printf("denied in %u of %u threads, errno %d\n", threads, way_count + 1, denied());
}

static int report(void)
{
	unsigned long long interrupted = 0, wrong = 0, early = 0, late = 0, still = 0;

	settle();
	ending = true;
	for (unsigned int i = 0; i < way_count; i++) {
		struct way *way = &ways[i];

		printf("%-16s rounds %llu eintr %llu wrong %llu (%d) early %llu (%lld us) "
		       "late %llu (%lld us)\n",
		       way->name, way->rounds, way->interrupted, way->wrong, way->last_error,
		       way->early, (long long)way->earliest, way->late,
		       (long long)way->latest);
		interrupted += way->interrupted;
		wrong += way->wrong;
		early += way->early;
		late += way->late;
		still += way->rounds < 2;
		if (!strncmp(way->name, "sem", 3))
			semctl(way->object, 0, IPC_RMID);
		if (!strcmp(way->name, "msgrcv"))
			msgctl(way->object, IPC_RMID, NULL);
	}
	for (int k = 0; received < sent && k < 100; k++)
		nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
	printf("sum: eintr %llu wrong %llu early %llu late %llu stuck %llu; signals sent %llu "
	       "lost %lld reordered %llu alarms %llu; miscomputed %llu\n",
	       interrupted, wrong, early, late, still, sent, (long long)(sent - received),
	       reordered, alarms, miscomputed);
	return interrupted || wrong || early || late || still || sent != received ||
	       reordered || !alarms || miscomputed;
}

int main(int argc, char **argv)
{
	char line[64];

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1)
		tolerance = strtoul(argv[1], NULL, 10) * 1000;
	if (start()) {
		perror("waits");
		return 2;
	}
	while (!stormed)
		sched_yield();
	printf("storm %d\nready\n", stormed);
	while (fgets(line, sizeof(line), stdin)) {
		if (!strcmp(line, "probe\n"))
			probe();
		else if (!strcmp(line, "end\n"))
			break;
	}
	_exit((fflush(stdout), report()));
}
