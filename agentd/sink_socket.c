/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages to a Unix socket without ever waiting for it. Every message goes
 * through the backlog, so that order is kept and a half-sent one is finished
 * first. See sink_socket.h.
 */
#include "agentd/sink_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "lib/cleanup.h"
#include "lib/memory.h"

#define RETRY 500000 /* microseconds between two tries to connect */

void vp_sink_socket_open(struct vp_sink **sink, const struct vp_sink_ops *ops,
			 const struct vp_sink_options *options, const char *path,
			 void (*render)(const struct vp_sink_options *options,
					const struct vp_event *event, struct vp_strbuf *out))
{
	struct vp_sink_socket *made = vp_new(struct vp_sink_socket);

	made->sink.ops = ops;
	made->options = *options;
	made->options.path = vp_strdup(options->path ? options->path : path);
	made->render = render;
	made->fd = -1;
	*sink = &made->sink;
}

static void disconnect(struct vp_sink_socket *own)
{
	if (own->fd >= 0)
		close(own->fd);
	own->fd = -1;
	own->sent = 0;
}

static int connect_as(const struct sockaddr_un *address, int type)
{
	_cleanup_close_ int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int size = 1 << 20;

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)))
		return -errno;
	return TAKE_FD(fd);
}

/* Datagrams where the receiver takes them, else a stream. */
static bool reconnect(struct vp_sink_socket *own)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	uint64_t now = vp_event_now();

	if (own->fd >= 0)
		return true;
	if (now < own->retry && own->retry - now <= RETRY)
		return false;
	own->retry = now + RETRY;
	if (strlen(own->options.path) >= sizeof(address.sun_path))
		return false;
	strcpy(address.sun_path, own->options.path);
	own->fd = connect_as(&address, SOCK_DGRAM);
	own->stream = own->fd == -EPROTOTYPE;
	if (own->stream)
		own->fd = connect_as(&address, SOCK_STREAM);
	if (own->fd < 0)
		own->fd = -1;
	else
		own->retry = 0;
	return own->fd >= 0;
}

enum outcome { SENT, LATER, BROKEN, IMPOSSIBLE };

/* On a stream each message ends with its NUL, as syslog(3) does it. */
static enum outcome send_front(struct vp_sink_socket *own,
			       const struct vp_backlog_message *message)
{
	size_t len = message->len - (own->stream ? 0 : 1);
	ssize_t sent = send(own->fd, message->data + own->sent, len - own->sent,
			    MSG_NOSIGNAL | MSG_DONTWAIT);

	if (sent < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOBUFS))
		return LATER;
	if (sent < 0)
		return errno == EMSGSIZE ? IMPOSSIBLE : BROKEN;
	own->sent += (size_t)sent;
	if (own->sent < len)
		return LATER;
	own->sent = 0;
	return SENT;
}

/* Send what can be sent now; true when nothing is left. A broken connection is tried anew
 * once. */
static bool drain(struct vp_sink_socket *own)
{
	const struct vp_backlog_message *message;
	bool again = true;

	while ((message = vp_backlog_front(&own->backlog))) {
		if (!reconnect(own))
			return false;
		switch (send_front(own, message)) {
		case SENT:
			own->sink.written++;
			vp_backlog_pop(&own->backlog);
			break;
		case IMPOSSIBLE:
			own->sink.dropped++;
			own->unsaid++;
			own->sent = 0;
			vp_backlog_pop(&own->backlog);
			break;
		case BROKEN:
			disconnect(own);
			if (!again)
				return false;
			again = false;
			break;
		case LATER:
			return false;
		}
	}
	return true;
}

static bool queue(struct vp_sink_socket *own, const struct vp_event *event)
{
	_cleanup_strbuf_ struct vp_strbuf message = { 0 };

	own->render(&own->options, event, &message);
	return vp_backlog_push(&own->backlog, vp_strbuf_text(&message), message.len + 1);
}

/* Lines get through again: say how many did not. */
static void say_dropped(struct vp_sink_socket *own)
{
	struct vp_event event;

	if (!own->unsaid)
		return;
	event = vp_event_make(VP_EVENT_LOST,
			      "%llu event lines did not reach %s; the totals of later lines "
			      "include them",
			      (unsigned long long)own->unsaid, own->options.path);
	event.count = own->unsaid;
	own->unsaid = 0;
	queue(own, &event);
	drain(own);
}

void vp_sink_socket_flush(struct vp_sink *sink)
{
	struct vp_sink_socket *own = (struct vp_sink_socket *)(void *)sink;

	if (drain(own))
		say_dropped(own);
}

void vp_sink_socket_write(struct vp_sink *sink, const struct vp_event *event)
{
	struct vp_sink_socket *own = (struct vp_sink_socket *)(void *)sink;

	if (own->backlog.count)
		drain(own);
	if (!queue(own, event)) {
		sink->dropped++;
		own->unsaid++;
	}
	vp_sink_socket_flush(sink);
}

void vp_sink_socket_close(struct vp_sink *sink)
{
	struct vp_sink_socket *own = (struct vp_sink_socket *)(void *)sink;

	own->retry = 0;
	vp_sink_socket_flush(sink);
	disconnect(own);
	vp_backlog_free(&own->backlog);
	free((char *)(uintptr_t)own->options.path);
	free(own);
}
