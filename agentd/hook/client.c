/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The side of the exec hook's socket that gives tables and reads notes: see client.h. */
#include "agentd/hook/client.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/unix_socket.h"

struct vp_hook_client {
	int socket;
};

int vp_hook_client_connect(struct vp_hook_client **client, const char *path,
			   struct vp_error *err)
{
	const int room = VP_HOOK_BYTES * 2;
	int fd = vp_unix_connect(path, SOCK_SEQPACKET | SOCK_NONBLOCK, "vpatchd-hook.socket",
				 err);

	if (fd < 0)
		return fd;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	*client = vp_new(struct vp_hook_client);
	(*client)->socket = fd;
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
