/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpatchd-inject: one request, and gone. Reads which filter goes on which processes from a
 * socket (descriptor 0, or as a service manager passes one), puts it there, and answers for
 * each; where these come and go too fast, first looks for all of their unit or executable.
 * Where there is no such manager, --listen makes the socket, and a process for each request.
 * It knows nothing of definitions and decides nothing: what it is told to inject is the
 * concern of who may connect. It must not be under a filter itself, and needs CAP_SYS_PTRACE
 * and CAP_SYS_ADMIN (to read the filters that a process has).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "agentd/answer/client.h"
#include "agentd/inject/chase.h"
#include "agentd/inject/ready.h"
#include "agentd/inject/request.h"
#include "lib/cleanup.h"
#include "lib/listen_option.h"
#include "lib/log.h"
#include "lib/unix_socket.h"
#include "modules/seccomp/interpreter.h"

#define ACTIVATED 3    /* the first descriptor of sd_listen_fds(3) */
#define PATIENCE  1    /* seconds, for who does not read our answers */
#define LINGER	  1000 /* milliseconds, for threads that did not stop in time */

static int option(int fd, int which)
{
	socklen_t len = sizeof(int);
	int value;

	return getsockopt(fd, SOL_SOCKET, which, &value, &len) ? -1 : value;
}

/* The connection: descriptor 0, the one passed, or the first of a passed listener. */
static int find_socket(struct vp_error *err)
{
	const char *process = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	int fd = STDIN_FILENO;

	if (process && count && atoi(process) == getpid() && !strcmp(count, "1"))
		fd = ACTIVATED;
	if (option(fd, SO_TYPE) != SOCK_SEQPACKET)
		return vp_fail(err, -EINVAL, "started through a socket, not by hand");
	if (option(fd, SO_ACCEPTCONN) != 1)
		return fd;
	fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	return fd >= 0 ? fd : vp_fail(err, -errno, "no connection: %s", strerror(errno));
}

static int answer(int socket, const struct vp_request_process *process,
		  const struct vp_injected *injected, struct vp_error *err)
{
	struct vp_record record;

	vp_record_fill(&record, process, injected);
	if (send(socket, &record, sizeof(record), MSG_NOSIGNAL) != sizeof(record))
		return vp_fail(err, -errno, "cannot answer: %s", strerror(errno));
	return 0;
}

/* Those first who would be gone by the time they are asked for. VP_INJECTED_ flags. */
static unsigned int look_for_others(struct vp_injector *injector,
				    const struct vp_request *request)
{
	struct vp_chase chase = { .kind = (enum vp_request_chase)request->chase,
				  .name = request->name,
				  .milliseconds = VP_REQUEST_CHASE };

	if (chase.kind == VP_CHASE_NONE)
		return 0;
	vp_chase(injector, &chase);
	return chase.settled ? VP_INJECTED_CHASED : VP_INJECTED_CHASED | VP_INJECTED_UNSURE;
}

/* They go to the vpatchd-answer whose socket is beside ours. */
static void take_listeners(struct vp_injection *injection, struct vp_answer_giver *giver,
			   int socket, uint64_t key)
{
	_cleanup_free_ char *path = vp_unix_beside(socket, VP_ANSWER_NAME);
	struct vp_error err = { 0 };

	injection->take = vp_answer_give;
	if (path)
		injection->taker = vp_answer_giver_open(giver, path, key, &err);
	if (path && !injection->taker)
		vp_log_warning("%s", err.text);
}

static int serve(int socket, struct vp_error *err)
{
	static struct sock_filter program[BPF_MAXINSNS];
	static struct vp_injector injector;
	static struct vp_request request;
	_cleanup_close_ int fd = -1;
	struct vp_answer_giver giver = { .socket = -1 };
	struct vp_injected injected;
	unsigned int others;
	size_t len;
	int r;

	r = vp_request_receive(socket, &request, &fd, err);
	r = r ? r : vp_request_program(fd, program, &len, err);
	if (r)
		return r;
	injector.injection =
		vp_injection_of(program, len, request.flags,
				request.deadline ?: VP_INJECT_DEADLINE, vp_bpf_allows);
	if (request.key)
		take_listeners(&injector.injection, &giver, socket, request.key);
	others = look_for_others(&injector, &request);
	for (uint32_t i = 0; !r && i < request.count; i++) {
		vp_inject(&injector, request.processes[i].id, request.processes[i].start,
			  &injected);
		injected.flags |= others;
		r = answer(socket, &request.processes[i], &injected, err);
	}
	(void)vp_inject_settle(&injector, LINGER);
	vp_answer_giver_close(&giver);
	return r;
}

static int answer_one(int socket, struct vp_error *err)
{
	const struct timeval patience = { .tv_sec = PATIENCE };
	int r = vp_unix_check_peer(socket, err);

	if (r)
		return r;
	(void)setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	(void)setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	(void)vp_ready();
	r = serve(socket, err);
	/* vpatchd, started anew, asks again, and what is on is found */
	return r == -EPIPE || r == -ECONNRESET ? 0 : r;
}

/* Each request in a process of its own. No end but by an error, or a signal. */
static int serve_all(const char *path, struct vp_error *err)
{
	/* only we may connect */
	_cleanup_close_ int listener =
		vp_unix_listen(path, SOCK_SEQPACKET, 0600, SOMAXCONN, err);

	if (listener < 0)
		return listener;
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		_cleanup_close_ int socket = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		pid_t child;

		if (socket < 0 && errno != EINTR && errno != ECONNABORTED)
			return vp_fail(err, -errno, "no connection: %s", strerror(errno));
		child = socket < 0 ? -1 : fork();
		if (child)
			continue;
		close(listener);
		listener = -1;
		return answer_one(socket, err);
	}
}

int main(int argc, char **argv)
{
	struct vp_error err = { 0 };
	const char *path;
	int r = vp_listen_option(argc, argv, "vpatchd-inject", &path);

	if (r >= 0)
		return r;
	if (path) {
		r = serve_all(path, &err);
	} else {
		r = find_socket(&err);
		r = r < 0 ? r : answer_one(r, &err);
	}
	if (r)
		vp_log_error("%s", err.text);
	return r ? EXIT_FAILURE : EXIT_SUCCESS;
}
