/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpatchd-answer: holds the listeners of filters whose denials can be taken back, and answers
 * the calls that come there: with the errno of the rule as long as vpatchd's table has it,
 * else they go on. It is a process of its own, which outlives vpatchd: where it ends, all of
 * these calls fail with ENOSYS, and nobody can take that back. It can do nothing but this: no
 * user, no capability, no file, and of no process more than the numbers of its call.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <seccomp.h>

#include "agentd/answer/listeners.h"
#include "agentd/answer/sums.h"
#include "agentd/sandbox.h"
#include "lib/cleanup.h"
#include "lib/listen_option.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/unix_socket.h"

enum { LISTENER_FD = 3, POLL_FD = 4, KEEP_BELOW = 5 };

#define CONNECTIONS 16
#define FILES	    (KEEP_BELOW + CONNECTIONS + VP_ANSWER_LISTENERS + 8)
#define INTERVAL    200 /* milliseconds in which equal denials are counted together */
#define SEALS	    (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)

/* What an event is about: in the upper half of its data, an index in the lower. */
enum source { SOURCE_SOCKET, SOURCE_CONNECTION, SOURCE_LISTENER };

static const struct vp_sandbox_call allowed_calls[] = {
	{ SCMP_SYS(ioctl), 1, (uint32_t)SECCOMP_IOCTL_NOTIF_RECV },
	{ SCMP_SYS(ioctl), 1, (uint32_t)SECCOMP_IOCTL_NOTIF_SEND },
	{ SCMP_SYS(ioctl), 1, (uint32_t)SECCOMP_IOCTL_NOTIF_ID_VALID },
	{ SCMP_SYS(ioctl), 1, (uint32_t)SECCOMP_IOCTL_NOTIF_SET_FLAGS },
	{ SCMP_SYS(accept4), 0, LISTENER_FD },
	{ SCMP_SYS(getsockopt), -1, 0 },
	{ SCMP_SYS(recvmsg), -1, 0 },
	{ SCMP_SYS(sendto), -1, 0 },
	{ SCMP_SYS(pread64), -1, 0 },
	{ SCMP_SYS(fcntl), 1, F_GET_SEALS },
	{ SCMP_SYS(close), -1, 0 },
	{ SCMP_SYS(epoll_ctl), 0, POLL_FD },
	{ SCMP_SYS(epoll_wait), 0, POLL_FD },
	{ SCMP_SYS(epoll_pwait), 0, POLL_FD },
	{ SCMP_SYS(clock_gettime), -1, 0 }, /* where the vDSO cannot read the clock */
	{ SCMP_SYS(restart_syscall), -1, 0 },
	{ SCMP_SYS(rt_sigreturn), -1, 0 },
	{ SCMP_SYS(exit_group), -1, 0 },
};

struct process {
	uid_t owner; /* who may connect besides root */
	uint64_t instance;
	unsigned int confinement;
	int connections[CONNECTIONS]; /* 0: free */
	int asker;	 /* index of the connection that the table came by; -1: it is gone */
	uint32_t number; /* of that table */
	size_t buffer;	 /* the one that it is in */
	uint64_t flush;	 /* milliseconds */
	struct vp_answer_table table;
	struct vp_answer_sums sums;
	struct vp_answer_listeners listeners;
};

static uint8_t buffers[2][VP_ANSWER_BYTES] __attribute__((aligned(8)));

static uint64_t nanoseconds(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static uint64_t now(void)
{
	return nanoseconds(CLOCK_MONOTONIC) / 1000000;
}

static bool watch(int fd, enum source source, uint32_t index)
{
	struct epoll_event event = { .events = EPOLLIN,
				     .data.u64 = (uint64_t)source << 32 | index };

	return !epoll_ctl(POLL_FD, EPOLL_CTL_ADD, fd, &event);
}

static void drop_connection(struct process *process, uint32_t index)
{
	close(process->connections[index]);
	process->connections[index] = 0;
	if (process->asker == (int)index)
		process->asker = -1;
}

/* What is counted */

static bool send_denial(void *context, const struct vp_answer_note *note)
{
	const struct process *process = context;

	return process->asker >= 0 &&
	       send(process->connections[process->asker], note, sizeof(*note),
		    MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof(*note);
}

static void flush(struct process *process)
{
	vp_answer_sums_flush(&process->sums, send_denial, process);
	process->flush = now() + INTERVAL;
}

static void serve(struct process *process, uint32_t index)
{
	struct vp_answer_note denial;

	if (!vp_answer_listeners_serve(&process->listeners, index, &process->table, &denial))
		return;
	denial.first = nanoseconds(CLOCK_REALTIME) / 1000;
	vp_answer_sums_add(&process->sums, &denial);
}

/* Orders */

static int take_listener(struct process *process, const struct vp_answer_order *order, int *fd)
{
	int index;

	if (*fd < 0)
		return -EPROTO;
	index = vp_answer_listeners_add(&process->listeners, *fd, order->key);
	if (index < 0)
		return index;
	(void)TAKE_FD(*fd);
	if (watch(process->listeners.rows[index].fd, SOURCE_LISTENER, (uint32_t)index))
		return 0;
	vp_answer_listeners_drop(&process->listeners, (uint32_t)index);
	return -ENOMEM;
}

/* Into the buffer that is not in use; what was denied by the last table is told before. */
static int take_table(struct process *process, const struct vp_answer_order *order, int fd,
		      uint32_t connection)
{
	size_t next = !process->buffer;
	struct vp_error err;
	ssize_t len;

	if (fd < 0 || (fcntl(fd, F_GET_SEALS) & SEALS) != SEALS)
		return -EPERM;
	len = pread(fd, buffers[next], VP_ANSWER_BYTES, 0);
	if (len < 0)
		return -errno;
	flush(process);
	if (vp_answer_table_parse(buffers[next], (size_t)len, &process->table, &err))
		return -EPROTO;
	process->buffer = next;
	process->number = order->number;
	process->asker = (int)connection;
	return 0;
}

static int obey(struct process *process, const struct vp_answer_order *order, int *fd,
		uint32_t connection)
{
	switch (order->kind) {
	case VP_ANSWER_LISTENER:
		return take_listener(process, order, fd);
	case VP_ANSWER_TABLE:
		return take_table(process, order, *fd, connection);
	default:
		return 0;
	}
}

static bool send_state(const struct process *process, uint32_t connection, int result)
{
	const struct vp_answer_note state = {
		.magic = VP_ANSWER_MAGIC,
		.kind = VP_ANSWER_STATE,
		.instance = process->instance,
		.lost = process->sums.lost,
		.result = result,
		.number = process->number,
		.listeners = process->listeners.count,
		.confinement = process->confinement,
	};

	return send(process->connections[connection], &state, sizeof(state),
		    MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof(state);
}

/* False when the connection is over, or what came is no order. */
static bool take_order(struct process *process, uint32_t connection)
{
	char bytes[sizeof(struct vp_answer_order) + 1];
	_cleanup_close_ int fd = -1;
	struct vp_answer_order order;
	struct vp_error err;
	ssize_t len = vp_unix_receive(process->connections[connection], bytes, sizeof(bytes),
				      MSG_DONTWAIT, &fd);

	if (len == -EAGAIN)
		return true;
	if (len <= 0 || vp_answer_order_parse(bytes, (size_t)len, &order, &err))
		return false;
	return send_state(process, connection, obey(process, &order, &fd, connection));
}

static bool may_connect(const struct process *process, int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) &&
	       (!peer.uid || peer.uid == process->owner);
}

static void take_connection(struct process *process)
{
	_cleanup_close_ int fd =
		accept4(LISTENER_FD, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	uint32_t index = 0;

	if (fd < 0 || !may_connect(process, fd))
		return;
	while (index < CONNECTIONS && process->connections[index])
		index++;
	if (index < CONNECTIONS && watch(fd, SOURCE_CONNECTION, index))
		process->connections[index] = TAKE_FD(fd);
}

/* Life */

static void take_event(struct process *process, const struct epoll_event *event)
{
	uint32_t index = (uint32_t)event->data.u64;

	switch ((enum source)(event->data.u64 >> 32)) {
	case SOURCE_SOCKET:
		take_connection(process);
		break;
	case SOURCE_CONNECTION:
		if (process->connections[index] && !take_order(process, index))
			drop_connection(process, index);
		break;
	case SOURCE_LISTENER:
		if (event->events & EPOLLIN)
			serve(process, index);
		else
			vp_answer_listeners_drop(&process->listeners, index);
		break;
	}
}

/* Milliseconds; -1: nothing is to be told. */
static int patience(const struct process *process)
{
	uint64_t at = now();

	if (!process->sums.count || process->asker < 0)
		return -1;
	return process->flush > at ? (int)(process->flush - at) : 0;
}

/* No end but by a signal. */
static void run(struct process *process)
{
	struct epoll_event events[64];

	for (;;) {
		int count = epoll_wait(POLL_FD, events, VP_COUNT(events), patience(process));

		for (int i = 0; i < count; i++)
			take_event(process, &events[i]);
		if (!patience(process))
			flush(process);
	}
}

static void interrupt(int number)
{
	(void)number;
}

/*
 * A process that was forked in the very moment its parent got the listener has it too, and may
 * take a call that we were told of: nobody else is to wait for that.
 */
static void never_wait_long(void)
{
	const struct sigaction action = { .sa_handler = interrupt };
	const struct itimerval second = { { .tv_sec = 1 }, { .tv_sec = 1 } };

	(void)sigaction(SIGALRM, &action, NULL);
	(void)setitimer(ITIMER_REAL, &second, NULL);
}

static int move(int fd, int to, struct vp_error *err)
{
	if (fd < 0)
		return fd;
	if (fd != to && dup3(fd, to, O_CLOEXEC) < 0)
		return vp_fail(err, -errno, "cannot keep a descriptor: %s", strerror(errno));
	return 0;
}

static int start(struct process *process, const char *path, struct vp_error *err)
{
	const struct vp_sandbox sandbox = {
		.user = "vpatch",
		.keep_below = KEEP_BELOW,
		.files = FILES,
		.orphan = true,
		.calls = allowed_calls,
		.call_count = VP_COUNT(allowed_calls),
	};
	int r = vp_answer_listeners_check(err);

	r = r ? r
	      : move(path ? vp_unix_listen(path, SOCK_SEQPACKET, 0600, SOMAXCONN, err)
			  : vp_unix_passed(err),
		     LISTENER_FD, err);
	r = r ? r : move(epoll_create1(EPOLL_CLOEXEC), POLL_FD, err);
	if (r)
		return r;
	(void)fcntl(LISTENER_FD, F_SETFL, O_NONBLOCK);
	process->owner = geteuid();
	process->asker = -1;
	process->instance = nanoseconds(CLOCK_BOOTTIME);
	never_wait_long();
	(void)watch(LISTENER_FD, SOURCE_SOCKET, 0);
	return vp_sandbox_enter(&sandbox, &process->confinement, err);
}

int main(int argc, char **argv)
{
	static struct process process;
	struct vp_error err = { 0 };
	const char *path;
	int r = vp_listen_option(argc, argv, "vpatchd-answer", &path);

	if (r >= 0)
		return r;
	if (start(&process, path, &err)) {
		vp_log_error("vpatchd-answer: %s", err.text);
		return EXIT_FAILURE;
	}
	run(&process);
}
