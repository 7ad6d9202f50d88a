/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plays scripts side by side, because waiting for traffic to come to rest is what
 * costs time. All clients are wire.c's; the server is a listener on the
 * service's port, which reads everything at once. What it means is judged elsewhere.
 */
#include "agentd/ctl/lab/volley.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/cleanup.h"

#define BACKLOG 256

static int open_listener(struct vp_volley *volley, struct vp_error *err)
{
	const struct vp_path *path = volley->path;
	struct sockaddr_storage name;
	_cleanup_close_ int fd = -1;
	unsigned int size;
	int on = 1, backlog = BACKLOG, r = vp_lab_enter(volley->lab, path->side, err);

	if (r < 0)
		return r;
	fd = socket(path->server.family == 4 ? AF_INET : AF_INET6,
		    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return vp_fail(err, -errno, "lab: TCP socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &backlog, sizeof(backlog));
	size = vp_socket_name(&path->server, path->port, volley->lab->index[path->side],
			      &name);
	if (bind(fd, (struct sockaddr *)&name, size) < 0 || listen(fd, BACKLOG) < 0)
		return vp_fail(err, -errno, "lab: TCP listener on port %u: %s", path->port,
			       strerror(errno));
	volley->listener = TAKE_FD(fd);
	return 0;
}

/* Which shot a connection is, by the client's port; NULL: none. */
static struct vp_shot *shot_of(struct vp_volley *volley, int fd)
{
	struct sockaddr_storage name;
	socklen_t size = sizeof(name);
	size_t index;

	if (getpeername(fd, (struct sockaddr *)&name, &size) < 0)
		return NULL;
	/* the port lies at the same place in both families' names */
	index = ntohs(((struct sockaddr_in *)&name)->sin_port) -
		(size_t)volley->shots[0].end.port;
	return index < volley->count ? &volley->shots[index] : NULL;
}

static void accept_all(struct vp_volley *volley)
{
	struct linger abort_it = { .l_onoff = 1, .l_linger = 0 };
	int fd, on = 1;

	while ((fd = accept4(volley->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >=
	       0) {
		struct vp_shot *shot = shot_of(volley, fd);

		setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort_it, sizeof(abort_it));
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		if (shot && shot->server < 0)
			shot->server = fd;
		else
			close(fd);
	}
}

/* Read everything that is there at either end. */
static int drain(struct vp_volley *volley, struct vp_error *err)
{
	struct vp_wire_end ends[VP_VOLLEY_MAX];
	char buffer[16384];
	ssize_t got;
	int r;

	for (size_t i = 0; i < volley->count; i++)
		ends[i] = volley->shots[i].end;
	r = vp_wire_take(volley->wire, ends, volley->count, err);
	for (size_t i = 0; i < volley->count; i++) {
		struct vp_shot *shot = &volley->shots[i];

		shot->end = ends[i];
		while (shot->server >= 0 &&
		       (got = recv(shot->server, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0)
			vp_strbuf_add(&shot->read, buffer, (size_t)got);
	}
	return r;
}

static int settle(struct vp_volley *volley, struct vp_error *err)
{
	int r = vp_lab_settle(volley->lab, 2, err);

	accept_all(volley);
	return r < 0 ? r : drain(volley, err);
}

static int send_syns(struct vp_volley *volley, struct vp_error *err)
{
	int r = 0;

	for (size_t i = 0; i < volley->count && !r; i++) {
		struct vp_shot *shot = &volley->shots[i];
		const struct vp_segment syn = { .flags = VP_TCP_SYN,
						.data = shot->script->message,
						.len = shot->script->in_syn };

		r = vp_wire_send(volley->wire, &shot->end, &syn, err);
	}
	return r < 0 ? r : settle(volley, err);
}

static int connect_all(struct vp_volley *volley, struct vp_error *err)
{
	const struct vp_segment answer = { .flags = VP_TCP_ACK };
	int r = send_syns(volley, err);

	for (size_t i = 0; i < volley->count && !r; i++)
		if (volley->shots[i].end.answered)
			r = vp_wire_send(volley->wire, &volley->shots[i].end, &answer, err);
	return r < 0 ? r : settle(volley, err);
}

/* The client's bytes of a step that opens the connection. */
static int open_with(struct vp_volley *volley, struct vp_shot *shot,
		     const struct vp_step *step, struct vp_error *err)
{
	int r = 0;

	for (size_t at = 0; at < step->len && !r; at += VP_SEGMENT_MAX) {
		size_t left = step->len - at;
		const struct vp_segment segment = {
			.at = (int64_t)at,
			.data = step->data + at,
			.len = left < VP_SEGMENT_MAX ? left : VP_SEGMENT_MAX,
			.flags = VP_TCP_ACK | VP_TCP_PSH,
		};

		r = vp_wire_send(volley->wire, &shot->end, &segment, err);
	}
	shot->end.first += (uint32_t)step->len;
	shot->opening += step->len;
	return r;
}

static void pause_for(uint64_t milliseconds)
{
	struct timespec t = { .tv_sec = (time_t)(milliseconds / 1000),
			      .tv_nsec = (long)(milliseconds % 1000) * 1000000 };

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

/* Send, receive or wait, on all connections; what arrived of it. */
static int play_step(struct vp_volley *volley, const struct vp_step *step,
		     struct vp_error *err)
{
	size_t heard[VP_VOLLEY_MAX];
	int r = 0;

	if (step->kind == VP_STEP_WAIT)
		pause_for(step->milliseconds);
	for (size_t i = 0; i < volley->count && !r; i++) {
		struct vp_shot *shot = &volley->shots[i];

		heard[i] = shot->end.got.len;
		if (shot->server < 0)
			continue;
		if (step->kind == VP_STEP_SEND)
			r = open_with(volley, shot, step, err);
		else if (step->kind == VP_STEP_RECEIVE &&
			 send(shot->server, step->data, step->len, MSG_NOSIGNAL) < 0)
			shot->opened = false;
	}
	if (!r)
		r = settle(volley, err);
	for (size_t i = 0; i < volley->count; i++) {
		struct vp_shot *shot = &volley->shots[i];

		if (step->kind == VP_STEP_SEND)
			shot->opened &= shot->read.len == shot->opening;
		else if (step->kind == VP_STEP_RECEIVE)
			shot->opened &= shot->end.got.len == heard[i] + step->len;
	}
	return r;
}

/* What the server's TCP sends at once, without waiting for acknowledgements. */
#define WRITES 8

/* The server writes; what it cannot, because the connection is gone, does not arrive. */
static void write_some(struct vp_shot *shot, unsigned int *pause)
{
	for (int i = 0; i < WRITES && shot->operation < shot->script->operations.len; i++) {
		const struct vp_operation *next =
			&shot->script->operations.data[shot->operation++];

		if (next->kind == VP_OPERATION_SEGMENT)
			(void)send(shot->server, next->segment.data, next->segment.len,
				   MSG_NOSIGNAL | MSG_DONTWAIT);
		else if (next->milliseconds > *pause)
			*pause = next->milliseconds;
		if (next->kind != VP_OPERATION_SEGMENT)
			break;
	}
}

/* The script's operations up to where it waits. True: there is more. */
static bool play_some(struct vp_volley *volley, struct vp_shot *shot, unsigned int *pause,
		      int *result, struct vp_error *err)
{
	if (volley->direction == VP_TO_CLIENT)
		write_some(shot, pause);
	while (volley->direction == VP_TO_SERVER &&
	       shot->operation < shot->script->operations.len && !*result) {
		const struct vp_operation *next =
			&shot->script->operations.data[shot->operation++];

		if (next->kind == VP_OPERATION_SEGMENT) {
			*result = vp_wire_send(volley->wire, &shot->end, &next->segment, err);
			continue;
		}
		if (next->kind == VP_OPERATION_PAUSE && next->milliseconds > *pause)
			*pause = next->milliseconds;
		break;
	}
	return shot->operation < shot->script->operations.len;
}

static int play(struct vp_volley *volley, struct vp_error *err)
{
	bool more = true;
	int r = 0;

	while (more && !r) {
		unsigned int pause = 0;

		more = false;
		for (size_t i = 0; i < volley->count && !r; i++)
			if (volley->shots[i].server >= 0)
				more |= play_some(volley, &volley->shots[i], &pause, &r, err);
		if (!r)
			r = settle(volley, err);
		if (pause)
			pause_for(pause);
	}
	return r;
}

static void note_landing(const struct vp_volley *volley, const struct vp_shot *shot,
			 struct vp_landing *landing)
{
	const struct vp_script *script = shot->script;
	bool up = volley->direction == VP_TO_SERVER;
	const struct vp_strbuf *read = up ? &shot->read : &shot->end.got;
	size_t before = up ? shot->opening : shot->heard;

	*landing =
		(struct vp_landing){ .connected = shot->server >= 0, .opened = shot->opened };
	if (read->len < before)
		return;
	landing->len = read->len - before;
	landing->bytes = vp_memdup(vp_strbuf_text(read) + before, landing->len);
	landing->whole = landing->len == script->len &&
			 !memcmp(landing->bytes, script->message, script->len);
}

int vp_volley_fire(struct vp_volley *volley, const struct vp_script *const *scripts,
		   size_t count, struct vp_landing *landings, struct vp_error *err)
{
	int r;

	volley->listener = -1;
	volley->count = count;
	vp_wire_reserve(volley->wire, count);
	for (size_t i = 0; i < count; i++) {
		volley->shots[i] =
			(struct vp_shot){ .script = scripts[i], .server = -1, .opened = true };
		vp_wire_begin(volley->wire, volley->path, scripts[i]->timestamps,
			      &volley->shots[i].end);
	}
	r = open_listener(volley, err);
	if (!r)
		r = connect_all(volley, err);
	for (size_t i = 0; i < volley->first && !r; i++)
		r = play_step(volley, &volley->sample->steps.data[i], err);
	for (size_t i = 0; i < count; i++)
		volley->shots[i].heard = volley->shots[i].end.got.len;
	if (!r)
		r = play(volley, err);
	for (size_t i = 0; i < count; i++)
		note_landing(volley, &volley->shots[i], &landings[i]);
	return r;
}

int vp_volley_end(struct vp_volley *volley, struct vp_error *err)
{
	for (size_t i = 0; i < volley->count; i++) {
		struct vp_shot *shot = &volley->shots[i];

		if (shot->server >= 0)
			close(shot->server);
		vp_strbuf_free(&shot->read);
		vp_wire_end_free(&shot->end);
	}
	if (volley->listener >= 0)
		close(volley->listener);
	volley->count = 0;
	return vp_lab_settle(volley->lab, 1, err);
}
