/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Forked processes: see child.h. */
#include "agentd/hook/child.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agentd/hook/table.h"

int vp_hook_child_start(struct vp_hook_child *child, const char *name, int *socket,
			struct vp_error *err)
{
	const int room = VP_HOOK_BYTES * 2;
	int ends[2];
	pid_t id;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends))
		return vp_fail(err, -errno, "no socket for %s: %s", name, strerror(errno));
	for (int i = 0; i < 2; i++)
		(void)setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	id = fork();
	if (id < 0) {
		int error = errno;

		close(ends[0]);
		close(ends[1]);
		return vp_fail(err, -error, "%s cannot be started: %s", name, strerror(error));
	}
	close(ends[id ? 1 : 0]);
	if (!id) {
		(void)prctl(PR_SET_NAME, name);
		*socket = ends[1];
		return 0;
	}
	*child = (struct vp_hook_child){ .id = id, .socket = ends[0] };
	return 1;
}

bool vp_hook_child_ended(struct vp_hook_child *child, int *status)
{
	if (!child->id || waitpid(child->id, status, WNOHANG) != child->id)
		return false;
	child->id = 0;
	return true;
}

void vp_hook_child_close(struct vp_hook_child *child)
{
	if (child->socket >= 0)
		close(child->socket);
	child->socket = -1;
}
