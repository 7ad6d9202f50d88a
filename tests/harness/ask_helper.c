/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One request to a helper of its own: see ask_helper.h. */
#include "tests/harness/ask_helper.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cleanup.h"

static pid_t start_helper(const char *executable, int *socket)
{
	int sockets[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		return -1;
	pid = fork();
	if (!pid) {
		dup2(sockets[1], STDIN_FILENO);
		execl(executable, "vpatchd-inject", NULL);
		_exit(127);
	}
	close(sockets[1]);
	*socket = sockets[0];
	return pid;
}

int ask_helper(const struct asked *asked, struct vp_record *record)
{
	static struct vp_request request;
	_cleanup_close_ int program = -1, socket = -1;
	struct vp_error err = { 0 };
	uint8_t bytes[256];
	int status = 0, r;
	ssize_t got;
	pid_t pid;

	request = (struct vp_request){ .magic = VP_REQUEST_MAGIC,
				       .flags = asked->flags,
				       .count = 1,
				       .processes = { { .id = asked->process,
							.start = asked->start } } };
	program = vp_request_seal(asked->code, asked->len, &err);
	pid = start_helper(asked->executable, &socket);
	r = vp_request_send(socket, &request, program, &err);
	got = r ? -1 : recv(socket, bytes, sizeof(bytes), 0);
	r = got < 0 ? -1 : vp_record_parse(bytes, (size_t)got, record, &err);
	waitpid(pid, &status, 0);
	if (!r && !status)
		return 0;
	fprintf(stderr, "helper: status 0x%x: %s\n", (unsigned int)status, err.text);
	return -1;
}
