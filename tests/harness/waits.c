/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ways to wait: see waits.h. */
#include "tests/harness/waits.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/futex.h>

static struct timespec of(unsigned int milliseconds)
{
	return (struct timespec){ milliseconds / 1000, (long)(milliseconds % 1000) * 1000000 };
}

/* What a call returned, against what it should. */
static int judge(struct way *way, long r, long wanted, int wanted_errno)
{
	int error = errno;

	if (r == wanted && (r >= 0 || error == wanted_errno))
		return 0;
	if (r < 0 && error == EINTR)
		return 1;
	way->last_error = r < 0 ? error : -1;
	return -1;
}

static void write_byte(struct way *way)
{
	(void)!write(way->fds[1], "x", 1);
}

static int take_byte(struct way *way)
{
	char byte;

	return judge(way, read(way->fds[0], &byte, 1), 1, 0);
}

/* The wait was seen to end well: then take what ended it. */
static int then_take(struct way *way, int r)
{
	return r ? r : take_byte(way);
}

static int wait_readv(struct way *way)
{
	char byte;

	return judge(way, recv(way->fds[0], &byte, 1, 0), 1, 0);
}

static int wait_recv_timed(struct way *way)
{
	char byte;

	return judge(way, recv(way->fds[0], &byte, 1, 0), -1, EAGAIN);
}

static int wait_read_timed(struct way *way)
{
	char byte;

	return judge(way, read(way->fds[0], &byte, 1), -1, EAGAIN);
}

static int wait_accept(struct way *way)
{
	int fd = accept(way->object, NULL, NULL);
	int r = fd >= 0 ? 0 : judge(way, fd, 0, 0);

	if (fd >= 0)
		close(fd);
	return r;
}

static void wake_accept(struct way *way)
{
	struct sockaddr_un name;
	socklen_t len = sizeof(name);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (!getsockname(way->object, (struct sockaddr *)&name, &len))
		(void)!connect(fd, (struct sockaddr *)&name, len);
	close(fd);
}

static int wait_accept_timed(struct way *way)
{
	return judge(way, accept(way->object, NULL, NULL), -1, EAGAIN);
}

static int wait_futex(struct way *way)
{
	long r = syscall(SYS_futex, &way->word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	int result = r < 0 && errno == EAGAIN ? 0 : judge(way, r, 0, 0);

	if (!result)
		atomic_store(&way->word, 0);
	return result;
}

static void wake_futex(struct way *way)
{
	atomic_store(&way->word, 1);
	syscall(SYS_futex, &way->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static int wait_futex_timed(struct way *way)
{
	struct timespec timeout = of(way->timeout);

	return judge(way,
		     syscall(SYS_futex, &way->word, FUTEX_WAIT_PRIVATE, 0, &timeout, NULL, 0),
		     -1, ETIMEDOUT);
}

static int wait_poll(struct way *way)
{
	struct pollfd fd = { way->fds[0], POLLIN, 0 };
	int r = poll(&fd, 1, way->timeout ? (int)way->timeout : -1);

	return way->timeout ? judge(way, r, 0, 0) : then_take(way, judge(way, r, 1, 0));
}

static int wait_ppoll(struct way *way)
{
	struct pollfd fd = { way->fds[0], POLLIN, 0 };
	struct timespec timeout = of(way->timeout);
	sigset_t all;

	sigfillset(&all);
	return judge(way, ppoll(&fd, 1, &timeout, &all), 0, 0);
}

static int wait_select(struct way *way)
{
	struct timeval timeout = { 0, way->timeout * 1000 };
	fd_set set;
	int r;

	FD_ZERO(&set);
	FD_SET(way->fds[0], &set);
	r = select(way->fds[0] + 1, &set, NULL, NULL, way->timeout ? &timeout : NULL);
	return way->timeout ? judge(way, r, 0, 0) : then_take(way, judge(way, r, 1, 0));
}

static int wait_epoll(struct way *way)
{
	struct epoll_event event;
	int r = epoll_wait(way->object, &event, 1, way->timeout ? (int)way->timeout : -1);

	return way->timeout ? judge(way, r, 0, 0) : then_take(way, judge(way, r, 1, 0));
}

static int wait_epoll_pwait2(struct way *way)
{
	const struct timespec timeout = of(way->timeout);
	struct epoll_event event;
	sigset_t all;

	sigfillset(&all);
	return judge(way, syscall(SYS_epoll_pwait2, way->object, &event, 1, &timeout, &all, 8),
		     0, 0);
}

static int wait_nanosleep(struct way *way)
{
	struct timespec timeout = of(way->timeout);

	return judge(way, nanosleep(&timeout, NULL), 0, 0);
}

static int wait_clock(struct way *way)
{
	struct timespec until, add = of(way->timeout);
	int r;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += add.tv_nsec;
	until.tv_sec += add.tv_sec + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	r = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
	errno = r;
	return judge(way, r ? -1 : 0, 0, 0);
}

static int wait_child(struct way *way)
{
	struct timespec timeout = of(way->timeout);
	pid_t child = fork();
	int status = 0, r;

	if (!child) {
		nanosleep(&timeout, NULL);
		_exit(7);
	}
	r = judge(way, waitpid(child, &status, 0), child, 0);
	if (r == 1)
		waitpid(child, &status, 0);
	return r ? r : WIFEXITED(status) && WEXITSTATUS(status) == 7 ? 0 : -1;
}

static int wait_semaphore(struct way *way)
{
	struct sembuf take = { 0, -1, 0 };
	struct timespec timeout = of(way->timeout);

	if (way->timeout)
		return judge(way, semtimedop(way->object, &take, 1, &timeout), -1, EAGAIN);
	return judge(way, semop(way->object, &take, 1), 0, 0);
}

static void wake_semaphore(struct way *way)
{
	struct sembuf give = { 0, 1, 0 };

	semop(way->object, &give, 1);
}

static int wait_message(struct way *way)
{
	struct {
		long type;
		char byte;
	} message;

	return judge(way, msgrcv(way->object, &message, 1, 0, 0), 1, 0);
}

static void wake_message(struct way *way)
{
	struct {
		long type;
		char byte;
	} message = { 1, 'x' };

	msgsnd(way->object, &message, 1, IPC_NOWAIT);
}

/* SIGUSR1 is blocked in all threads. */
static int wait_signal(struct way *way)
{
	struct timespec timeout = of(way->timeout);
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	if (way->timeout)
		return judge(way, sigtimedwait(&set, NULL, &timeout), -1, EAGAIN);
	return judge(way, sigwaitinfo(&set, NULL), SIGUSR1, 0);
}

static void wake_signal(struct way *way)
{
	syscall(SYS_tgkill, getpid(), way->thread, SIGUSR1);
}

static __thread volatile sig_atomic_t handled;

static void handle(int signal)
{
	(void)signal;
	handled++;
}

/* EINTR is how it ends: but only after the handler has run. */
static int wait_suspended(struct way *way)
{
	sig_atomic_t before = handled;
	sigset_t set;

	sigfillset(&set);
	sigdelset(&set, SIGUSR2);
	if (sigsuspend(&set) == -1 && errno == EINTR)
		return handled == before ? 1 : 0;
	return judge(way, 0, -1, 0);
}

static void wake_suspended(struct way *way)
{
	syscall(SYS_tgkill, getpid(), way->thread, SIGUSR2);
}

static int wait_timer(struct way *way)
{
	struct itimerspec when = { .it_value = of(way->timeout) };
	uint64_t expired;

	timerfd_settime(way->object, 0, &when, NULL);
	return judge(way, read(way->object, &expired, 8), 8, 0);
}

static int wait_inotify(struct way *way)
{
	char events[sizeof(struct inotify_event) + NAME_MAX + 1];
	long r = read(way->object, events, sizeof(events));

	return r > 0 ? 0 : judge(way, r, 1, 0);
}

static void wake_inotify(struct way *way)
{
	(void)!lseek(way->fds[1], 0, SEEK_SET);
	write_byte(way);
}

#define TIMED(n, function, ms)                                                                \
	{                                                                                     \
		.name = n, .wait = function, .timeout = ms                                    \
	}
#define ANEW(n, function, ms)                                                                 \
	{                                                                                     \
		.name = n, .wait = function, .timeout = ms, .from_anew = true                 \
	}
#define WOKEN(n, function, waker)                                                             \
	{                                                                                     \
		.name = n, .wait = function, .wake = waker                                    \
	}

struct way ways[] = {
	WOKEN("read", take_byte, write_byte),
	WOKEN("recv", wait_readv, write_byte),
	ANEW("recv-timed", wait_recv_timed, 100),
	ANEW("read-timed", wait_read_timed, 100),
	WOKEN("accept", wait_accept, wake_accept),
	ANEW("accept-timed", wait_accept_timed, 100),
	WOKEN("futex", wait_futex, wake_futex),
	TIMED("futex-timed", wait_futex_timed, 300),
	WOKEN("poll", wait_poll, write_byte),
	TIMED("poll-timed", wait_poll, 300),
	TIMED("ppoll-timed", wait_ppoll, 300),
	WOKEN("select", wait_select, write_byte),
	TIMED("select-timed", wait_select, 300),
	WOKEN("epoll", wait_epoll, write_byte),
	TIMED("epoll-timed", wait_epoll, 300),
	TIMED("epoll-pwait2", wait_epoll_pwait2, 300),
	TIMED("nanosleep", wait_nanosleep, 300),
	TIMED("clock-nanosleep", wait_clock, 300),
	TIMED("waitpid", wait_child, 300),
	WOKEN("semop", wait_semaphore, wake_semaphore),
	TIMED("semtimedop", wait_semaphore, 300),
	WOKEN("msgrcv", wait_message, wake_message),
	WOKEN("sigwaitinfo", wait_signal, wake_signal),
	TIMED("sigtimedwait", wait_signal, 300),
	WOKEN("sigsuspend", wait_suspended, wake_suspended),
	TIMED("timerfd", wait_timer, 300),
	WOKEN("inotify", wait_inotify, wake_inotify),
};
const unsigned int way_count = sizeof(ways) / sizeof(ways[0]);

static int open_listener(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	/* an abstract name of the kernel's choice */
	if (bind(fd, (struct sockaddr *)&name, sizeof(sa_family_t)) || listen(fd, 64))
		return -1;
	return fd;
}

static int open_inotify(struct way *way)
{
	char name[] = "/tmp/vpatch-waits.XXXXXX";

	way->object = inotify_init();
	close(way->fds[1]);
	way->fds[1] = mkstemp(name);
	return inotify_add_watch(way->object, name, IN_MODIFY) < 0 ? -1 : unlink(name);
}

static int open_way(struct way *way)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct timeval timeout = { 0, way->timeout * 1000 };

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, way->fds))
		return -1;
	if (way->from_anew)
		setsockopt(way->fds[0], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	if (!strncmp(way->name, "accept", 6)) {
		way->object = open_listener();
		if (way->from_anew)
			setsockopt(way->object, SOL_SOCKET, SO_RCVTIMEO, &timeout,
				   sizeof(timeout));
	} else if (!strncmp(way->name, "epoll", 5)) {
		way->object = epoll_create1(0);
		return epoll_ctl(way->object, EPOLL_CTL_ADD, way->fds[0], &event);
	} else if (!strncmp(way->name, "sem", 3)) {
		way->object = semget(IPC_PRIVATE, 1, 0600);
	} else if (!strcmp(way->name, "msgrcv")) {
		way->object = msgget(IPC_PRIVATE, 0600);
	} else if (!strcmp(way->name, "timerfd")) {
		way->object = timerfd_create(CLOCK_MONOTONIC, 0);
	} else if (!strcmp(way->name, "inotify")) {
		return open_inotify(way);
	}
	return way->object < 0 ? -1 : 0;
}

int ways_open(void)
{
	const struct sigaction action = { .sa_handler = handle };

	sigaction(SIGUSR2, &action, NULL);
	for (unsigned int i = 0; i < way_count; i++)
		if (open_way(&ways[i]))
			return -1;
	return 0;
}
