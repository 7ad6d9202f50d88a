/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The side of the exec hook's socket that gives tables and reads notes: see client.h. */
#include "agentd/hook/client.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "lib/cleanup.h"

struct vp_hook_client {
	int socket;
};

int vp_hook_client_connect(struct vp_hook_client **client, const char *path,
			   struct vp_error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int room = VP_HOOK_BYTES * 2;
	_cleanup_close_ int fd = -1;

	if (strlen(path) >= sizeof(address.sun_path))
		return vp_fail(err, -ENAMETOOLONG, "%s: too long for a socket", path);
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)))
		return vp_fail(err, -errno, "cannot reach the exec hook at %s: %s", path,
			       strerror(errno));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	*client = vp_new(struct vp_hook_client);
	(*client)->socket = TAKE_FD(fd);
	return 0;
}

void vp_hook_client_close(struct vp_hook_client *client)
{
	if (!client)
		return;
	close(client->socket);
	free(client);
}

int vp_hook_client_fd(const struct vp_hook_client *client)
{
	return client->socket;
}

int vp_hook_client_set(struct vp_hook_client *client, const struct vp_hook_table *table,
		       struct vp_error *err)
{
	return vp_hook_table_send(client->socket, table, err);
}

int vp_hook_client_read(struct vp_hook_client *client, struct vp_hook_note *note,
			struct vp_error *err)
{
	return vp_hook_note_receive(client->socket, note, err);
}
