/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A blocking client of the control socket: see client.h. It knows frames, not
 * what the documents in them mean.
 */
#include "agentd/client.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/bytes.h"
#include "lib/cleanup.h"
#include "lib/memory.h"
#include "lib/unix_socket.h"

struct vp_client {
	int fd;
	char *path;
};

static int64_t now_milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Absolute deadline of a relative one; negative stays "never". */
static int64_t deadline_of(int timeout)
{
	return timeout < 0 ? -1 : now_milliseconds() + timeout;
}

static int wait_for(const struct vp_client *client, short events, int64_t deadline,
		    struct vp_error *err)
{
	struct pollfd fd = { .fd = client->fd, .events = events };
	int64_t left = deadline < 0 ? -1 : deadline - now_milliseconds();
	int n;

	if (deadline >= 0 && left < 0)
		left = 0;
	n = poll(&fd, 1, (int)left);
	if (n < 0)
		return vp_fail(err, -errno, "%s: %s", client->path, strerror(errno));
	if (!n)
		return vp_fail(err, -ETIMEDOUT,
			       "%s: vpatchd did not answer in time; is it stopped?",
			       client->path);
	return 0;
}

int vp_client_open(struct vp_client **client, const char *path, struct vp_error *err)
{
	int fd = vp_unix_connect(path, SOCK_STREAM | SOCK_NONBLOCK, "vpatchd", err);

	if (fd < 0)
		return fd;
	*client = vp_new(struct vp_client);
	(*client)->fd = fd;
	(*client)->path = vp_strdup(path);
	return 0;
}

void vp_client_close(struct vp_client *client)
{
	if (!client)
		return;
	close(client->fd);
	free(client->path);
	free(client);
}

int vp_client_send(struct vp_client *client, const struct vp_message *message, int timeout,
		   struct vp_error *err)
{
	_cleanup_strbuf_ struct vp_strbuf out = { 0 };
	int64_t deadline = deadline_of(timeout);
	size_t sent = 0;

	vp_message_write(message, &out);
	while (sent < out.len) {
		ssize_t n = send(client->fd, out.data + sent, out.len - sent, MSG_NOSIGNAL);

		if (n >= 0) {
			sent += (size_t)n;
			continue;
		}
		/* a daemon that refuses at once has closed; its answer is still to be read */
		if (errno == EPIPE || errno == ECONNRESET)
			return 0;
		if (errno != EAGAIN && errno != EINTR)
			return vp_fail(err, -errno, "%s: cannot send: %s", client->path,
				       strerror(errno));
		int r = wait_for(client, POLLOUT, deadline, err);

		if (r)
			return r;
	}
	return 0;
}

/* `begun`: part of the frame has been read already, so a signal must not end the reading. */
static int read_exactly(struct vp_client *client, void *data, size_t len, bool begun,
			int64_t deadline, struct vp_error *err)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n = recv(client->fd, (char *)data + have, len - have, 0);

		if (n > 0) {
			have += (size_t)n;
			continue;
		}
		if (!n || errno == ECONNRESET)
			return vp_fail(err, -ECONNRESET,
				       "%s: vpatchd closed the connection without an answer",
				       client->path);
		if (errno != EAGAIN && errno != EINTR)
			return vp_fail(err, -errno, "%s: cannot read: %s", client->path,
				       strerror(errno));
		int r = wait_for(client, POLLIN, deadline, err);

		if (r == -EINTR && (begun || have))
			continue; /* in the middle of a frame: go on */
		if (r)
			return r;
	}
	return 0;
}

int vp_client_receive(struct vp_client *client, int timeout, struct vp_answer *answer,
		      struct vp_error *err)
{
	int64_t deadline = deadline_of(timeout);
	uint8_t header[VP_MESSAGE_HEADER];
	struct vp_bytes in = vp_bytes_of(header, sizeof(header));
	_cleanup_free_ char *json = NULL;
	uint16_t type, code;
	uint32_t magic, len;
	int r;

	r = read_exactly(client, header, sizeof(header), false, deadline, err);
	if (r)
		return r;
	magic = vp_bytes_be32(&in);
	type = vp_bytes_be16(&in);
	code = vp_bytes_be16(&in);
	len = vp_bytes_be32(&in);
	if (magic != VP_MESSAGE_MAGIC || (type != VP_ANSWER && type != VP_STREAM) ||
	    len > VP_ANSWER_LIMIT)
		return vp_fail(
			err, -EPROTO,
			"%s: expected an answer of the vpatch control protocol; is another"
			" program listening there?",
			client->path);
	json = vp_alloc(1, (size_t)len + 1);
	r = read_exactly(client, json, len, true, deadline, err);
	if (r)
		return r;
	answer->last = type == VP_ANSWER;
	answer->status = (enum vp_exit)code;
	answer->json = TAKE_PTR(json);
	answer->len = len;
	return 0;
}

int vp_client_ask(struct vp_client *client, const struct vp_message *message, int timeout,
		  enum vp_exit *status, char **json, struct vp_error *err)
{
	struct vp_answer answer = { 0 };
	int r;

	r = vp_client_send(client, message, timeout, err);
	if (!r)
		r = vp_client_receive(client, timeout, &answer, err);
	if (r)
		return r;
	if (!answer.last) {
		free(answer.json);
		return vp_fail(err, -EPROTO, "%s: expected one answer, found a stream",
			       client->path);
	}
	*status = answer.status;
	*json = answer.json;
	return 0;
}
