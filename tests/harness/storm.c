/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A service that never stands still: lineages of processes, each of which makes a call that
 * works everywhere, lives for a while, forks its successor and ends.
 *
 *	storm LINEAGES MICROSECONDS
 *
 * For each line on standard input it prints how often the call worked and was denied since
 * the line before, how many processes began, and in how many lineages. It ends with its input.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define LINEAGES 256

struct counts {
	uint64_t works, denied, born;
	uint8_t lives[LINEAGES];
	int over;
};

static struct counts *counts;

static void add(uint64_t *count)
{
	__atomic_add_fetch(count, 1, __ATOMIC_SEQ_CST);
}

static uint64_t take(uint64_t *count)
{
	return __atomic_exchange_n(count, 0, __ATOMIC_SEQ_CST);
}

static int take_lives(void)
{
	int lives = 0;

	for (int i = 0; i < LINEAGES; i++)
		lives += __atomic_exchange_n(&counts->lives[i], 0, __ATOMIC_SEQ_CST);
	return lives;
}

/* One process after the other; never returns. */
static void live(int lineage, unsigned int microseconds)
{
	const struct timespec life = { microseconds / 1000000,
				       microseconds % 1000000 * 1000L };

	while (!__atomic_load_n(&counts->over, __ATOMIC_SEQ_CST)) {
		pid_t child;

		add(&counts->born);
		counts->lives[lineage] = 1;
		add(sched_get_priority_max(0) < 0 ? &counts->denied : &counts->works);
		if (microseconds)
			nanosleep(&life, NULL);
		while ((child = fork()) < 0 && errno == EAGAIN)
			sched_yield();
		if (child)
			break;
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	int lineages = argc > 2 ? atoi(argv[1]) : 0;
	char line[16];

	if (lineages <= 0 || lineages > LINEAGES)
		return 2;
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts == MAP_FAILED || prctl(PR_SET_CHILD_SUBREAPER, 1))
		return 1;
	signal(SIGCHLD, SIG_IGN);
	while (lineages--)
		if (!fork())
			live(lineages, (unsigned int)atoi(argv[2]));
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		uint64_t works = take(&counts->works), denied = take(&counts->denied);

		printf("works %ju denied %ju born %ju lineages %d\n", (uintmax_t)works,
		       (uintmax_t)denied, (uintmax_t)take(&counts->born), take_lives());
		fflush(stdout);
	}
	__atomic_store_n(&counts->over, 1, __ATOMIC_SEQ_CST);
	return 0;
}
