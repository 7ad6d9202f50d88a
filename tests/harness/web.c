/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small threaded service and its clients, for tests of services under a service manager.
 *   web serve PORT [KIND...]  answers one word of each connection to 127.0.0.1; KINDs:
 *	forks FILE	    goes into the background, its pid into the file
 *	drops		    the work is done by a process of user 65534, and by another one if
 *			    that ends
 *	rings		    it has a ring of io_uring
 *   web ask PORT WORD	       prints the answer
 *   web load PORT...	       asks all of them until it is told to end, then says how it went
 *   web seccomp		       asks seccomp(2) a question
 *   web knock COUNT PATH      connects so often to a SOCK_SEQPACKET socket
 * Words: `one`, `two`: make a call that always works and nobody needs, in each thread;
 *`first`: what call `one` returned when it was the first that the service made; `pid`.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/seccomp.h>

#define WORKERS	  4
#define ACCEPTORS 3
#define WORD	  32
#define NOBODY	  65534
#define PATIENCE  5 /* seconds */

/* The service */

static pthread_barrier_t begin, end;
static pthread_mutex_t asking = PTHREAD_MUTEX_INITIALIZER;
static long asked;		/* number of the call */
static int first;		/* what it returned before all else */
static int errors[WORKERS + 1]; /* what it returned; the last is who was asked */

static int try(long number)
{
	return syscall(number, SCHED_OTHER) < 0 ? errno : 0;
}

static void *work(void *context)
{
	int *error = context;

	for (;;) {
		pthread_barrier_wait(&begin);
		*error = try(asked);
		pthread_barrier_wait(&end);
	}
	return NULL;
}

static void answer_call(long number, char *answer, size_t len)
{
	int denied = 0, error = 0;

	pthread_mutex_lock(&asking);
	asked = number;
	pthread_barrier_wait(&begin);
	errors[WORKERS] = try(number);
	pthread_barrier_wait(&end);
	for (size_t i = 0; i <= WORKERS; i++) {
		denied += errors[i] != 0;
		error = errors[i] ? errors[i] : error;
	}
	pthread_mutex_unlock(&asking);
	if (denied)
		snprintf(answer, len, "denied in %d of %d, errno %d", denied, WORKERS + 1,
			 error);
	else
		snprintf(answer, len, "works");
}

static void answer_word(const char *word, char *answer, size_t len)
{
	if (!strcmp(word, "one"))
		answer_call(SYS_sched_get_priority_max, answer, len);
	else if (!strcmp(word, "two"))
		answer_call(SYS_sched_get_priority_min, answer, len);
	else if (!strcmp(word, "first"))
		snprintf(answer, len, first ? "denied, errno %d" : "works", first);
	else
		snprintf(answer, len, "%d", (int)getpid());
}

static void *accept_all(void *context)
{
	int listener = *(int *)context;

	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		char word[WORD] = "", answer[64];

		if (fd < 0)
			continue;
		if (recv(fd, word, sizeof(word) - 1, 0) > 0) {
			answer_word(word, answer, sizeof(answer));
			(void)!send(fd, answer, strlen(answer), MSG_NOSIGNAL);
		}
		close(fd);
	}
	return NULL;
}

static void serve(int listener)
{
	pthread_t thread;

	pthread_barrier_init(&begin, NULL, WORKERS + 1);
	pthread_barrier_init(&end, NULL, WORKERS + 1);
	for (size_t i = 0; i < WORKERS; i++)
		pthread_create(&thread, NULL, work, &errors[i]);
	for (size_t i = 1; i < ACCEPTORS; i++)
		pthread_create(&thread, NULL, accept_all, &listener);
	accept_all(&listener);
}

static void die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static struct sockaddr_in address_of(const char *port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static int listen_at(const char *port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	struct sockaddr_in address = address_of(port);

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 128))
		die("listen");
	return fd;
}

/* The parent ends when its child can answer. */
static void go_into_background(const char *file)
{
	pid_t child = fork();
	FILE *out;

	if (child < 0)
		die("fork");
	if (!child)
		return;
	out = fopen(file, "w");
	if (!out || fprintf(out, "%d\n", (int)child) < 0 || fclose(out))
		die(file);
	_exit(EXIT_SUCCESS);
}

/* Returns in a child without privileges, in a new one whenever that has ended. */
static void drop_privileges(void)
{
	for (;;) {
		pid_t child = fork();

		if (child < 0)
			die("fork");
		if (!child) {
			if (setgid(NOBODY) || setuid(NOBODY))
				die("setuid");
			return;
		}
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
	}
}

/* The parameters of io_uring_setup(2) are 120 bytes, of which 0 are the defaults. */
static void make_ring(void)
{
	unsigned long parameters[15] = { 0 };

	if (syscall(SYS_io_uring_setup, 4, parameters) < 0)
		die("io_uring_setup");
}

static int run_service(int argc, char **argv)
{
	int listener;

	first = try(SYS_sched_get_priority_max);
	listener = listen_at(argv[0]);
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "forks") && i + 1 < argc)
			go_into_background(argv[++i]);
		else if (!strcmp(argv[i], "drops"))
			drop_privileges();
		else if (!strcmp(argv[i], "rings"))
			make_ring();
	}
	serve(listener);
	return EXIT_FAILURE;
}

/* Its clients */

static bool ask(const char *port, const char *word, char *answer, size_t room)
{
	const struct timeval patience = { .tv_sec = PATIENCE };
	struct sockaddr_in address = address_of(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t len = 0;
	ssize_t got;
	int error;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    send(fd, word, strlen(word), MSG_NOSIGNAL) < 0)
		len = room; /* it is no answer */
	while (len < room && (got = recv(fd, answer + len, room - 1 - len, 0)) > 0)
		len += (size_t)got;
	error = errno;
	close(fd);
	errno = error;
	if (!len || len == room)
		return false;
	answer[len] = '\0';
	return true;
}

static volatile sig_atomic_t told;

static void tell(int signal)
{
	(void)signal;
	told = 1;
}

static int run_load(int ports, char **port)
{
	unsigned long answered = 0, failed = 0;
	char answer[64];

	signal(SIGTERM, tell);
	while (!told) {
		for (int i = 0; i < ports; i++) {
			if (ask(port[i], "pid", answer, sizeof(answer))) {
				answered++;
				continue;
			}
			if (told)
				break; /* that is why */
			failed++;
			printf("no answer from %s: %s\n", port[i], strerror(errno));
		}
		usleep(1000);
	}
	printf("answered %lu failed %lu\n", answered, failed);
	return answered && !failed ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run_knocks(int count, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int reached = 0;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	for (int i = 0; i < count; i++) {
		int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

		reached += !connect(fd, (struct sockaddr *)&address, sizeof(address));
		close(fd);
	}
	printf("%d of %d\n", reached, count);
	return reached == count ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	const uint32_t allow = SECCOMP_RET_ALLOW;
	char answer[64];

	if (argc >= 3 && !strcmp(argv[1], "serve"))
		return run_service(argc - 2, argv + 2);
	if (argc >= 3 && !strcmp(argv[1], "load"))
		return run_load(argc - 2, argv + 2);
	if (argc == 2 && !strcmp(argv[1], "seccomp"))
		return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &allow) != 0;
	if (argc == 4 && !strcmp(argv[1], "knock"))
		return run_knocks(atoi(argv[2]), argv[3]);
	if (argc != 4 || strcmp(argv[1], "ask") != 0)
		return 2;
	if (!ask(argv[2], argv[3], answer, sizeof(answer)))
		return EXIT_FAILURE;
	puts(answer);
	return EXIT_SUCCESS;
}
