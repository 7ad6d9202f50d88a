/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A service under test: caller SOCKETS. A process in a cell with that many threads, each of
 * which serves one of the sockets (descriptors 3 and on) and makes the calls that it is
 * asked for; and one more that has its own work. What it runs under it does not know.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agentd/ctl/lab/cell.h"
#include "agentd/ctl/lab/stage.h"

#define FIRST_FD 3
#define MOST	 8

static void *serve(void *socket)
{
	(void)vp_stage_serve((int)(intptr_t)socket);
	_exit(0); /* whoever asks has gone */
}

static void *work(void *nothing)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	for (;;)
		nanosleep(&moment, NULL);
	return nothing;
}

static int be_service(void *context)
{
	int sockets = *(int *)context;
	pthread_t thread;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (pthread_create(&thread, NULL, work, NULL))
		return 1;
	for (int i = 1; i < sockets; i++)
		if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)(FIRST_FD + i)))
			return 1;
	serve((void *)(intptr_t)FIRST_FD);
	return 0;
}

int main(int argc, char **argv)
{
	int sockets = argc > 1 ? atoi(argv[1]) : 0, fds[MOST];
	struct vp_cell_order order = { .run = be_service, .context = &sockets, .fds = fds };
	struct vp_error err = { 0 };
	pid_t keeper;

	if (sockets < 1 || sockets > MOST)
		return fputs("usage: caller SOCKETS\n", stderr), 2;
	for (int i = 0; i < sockets; i++)
		fds[i] = FIRST_FD + i;
	order.count = (size_t)sockets;
	keeper = vp_cell_start(&order, &err);
	if (keeper < 0)
		return fprintf(stderr, "caller: %s\n", err.text), 3;
	for (int i = 0; i < sockets; i++)
		close(fds[i]);
	while (waitpid(keeper, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}
