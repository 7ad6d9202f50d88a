/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Orders sent, notes received, listeners handed over: see client.h. */
#include "agentd/answer/client.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/unix_socket.h"

#define PATIENCE 500000 /* microseconds, for its answer */

int vp_answer_send(int socket, const struct vp_answer_order *order, int descriptor,
		   struct vp_error *err)
{
	int r = vp_unix_send(socket, order, sizeof(*order), 0, descriptor);

	return r ? vp_fail(err, r, "vpatchd-answer cannot be told: %s", strerror(-r)) : 0;
}

int vp_answer_receive(int socket, struct vp_answer_note *note, struct vp_error *err)
{
	char bytes[sizeof(*note) + 1];
	ssize_t len = recv(socket, bytes, sizeof(bytes), 0);
	int r;

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (len <= 0)
		return vp_fail(err, -EPIPE, "vpatchd-answer has ended");
	r = vp_answer_note_parse(bytes, (size_t)len, note, err);
	return r ? r : 1;
}

/* An order, and the state that it is answered with. */
static int ask(int socket, const struct vp_answer_order *order, int descriptor,
	       struct vp_error *err)
{
	struct vp_answer_note note;
	int r = vp_answer_send(socket, order, descriptor, err);

	r = r ? r : vp_answer_receive(socket, &note, err);
	if (!r)
		return vp_fail(err, -ETIMEDOUT, "vpatchd-answer does not answer");
	if (r < 0)
		return r;
	if (note.kind != VP_ANSWER_STATE)
		return vp_fail(err, -EPROTO, "vpatchd-answer answered something else");
	return note.result ? vp_fail(err, note.result, "vpatchd-answer takes no more: %s",
				     strerror(-note.result))
			   : 0;
}

void *vp_answer_giver_open(struct vp_answer_giver *giver, const char *path, uint64_t key,
			   struct vp_error *err)
{
	const struct vp_answer_order ping = { .magic = VP_ANSWER_MAGIC,
					      .kind = VP_ANSWER_PING };
	const struct timeval patience = { .tv_usec = PATIENCE };
	_cleanup_close_ int fd = -1;

	*giver = (struct vp_answer_giver){ .socket = -1, .key = key };
	fd = vp_unix_connect(path, SOCK_SEQPACKET, VP_ANSWER_UNIT, err);
	if (fd < 0)
		return NULL;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (ask(fd, &ping, -1, err))
		return NULL;
	giver->socket = TAKE_FD(fd);
	return giver;
}

void vp_answer_giver_close(struct vp_answer_giver *giver)
{
	if (giver->socket >= 0)
		close(giver->socket);
	giver->socket = -1;
}

bool vp_answer_give(void *giver, int listener, pid_t process)
{
	const struct vp_answer_giver *to = giver;
	const struct vp_answer_order order = { .magic = VP_ANSWER_MAGIC,
					       .kind = VP_ANSWER_LISTENER,
					       .key = to->key,
					       .process = process };
	struct vp_error err;

	return !ask(to->socket, &order, listener, &err);
}
