/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections of the control socket, their bounds and deadlines: see control.h. */
#include "agentd/control.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agentd/document.h"
#include "agentd/peer.h"
#include "lib/cleanup.h"
#include "lib/log.h"
#include "lib/unix_socket.h"

#define CLIENTS_MAX	 64
#define CLIENTS_PER_USER 16 /* not for root */
#define CLIENTS_NO_ROLE	 4
#define REQUEST_TIME	 5000  /* milliseconds to send the request */
#define ANSWER_TIME	 60000 /* and to take the answer */
#define STREAM_BACKLOG	 (1u << 20)
#define SENT_KEPT	 (1u << 16) /* bytes that were sent may stay in front of the rest */

struct vp_connection {
	struct vp_control *control;
	int fd;
	struct vp_watch_fd *watch;
	struct vp_timer *deadline;
	struct vp_peer peer;
	struct vp_strbuf in, out;
	size_t sent;   /* of `out` */
	size_t stored; /* of `out`: with what the stream began, however slow the client is */
	bool asked;    /* the request was handed over */
	bool answered; /* close when everything is sent */
	bool streaming;
	void *data; /* the handler's */
	struct vp_connection *next;
};

struct vp_control {
	struct vp_control_options options;
	int fd;
	struct vp_watch_fd *watch;
	struct vp_connection *connections;
};

const struct vp_peer *vp_connection_peer(const struct vp_connection *connection)
{
	return &connection->peer;
}

void vp_connection_set_data(struct vp_connection *connection, void *data)
{
	connection->data = data;
}

void *vp_connection_data(const struct vp_connection *connection)
{
	return connection->data;
}

static void close_connection(struct vp_connection *connection)
{
	struct vp_control *control = connection->control;

	for (struct vp_connection **at = &control->connections; *at; at = &(*at)->next)
		if (*at == connection) {
			*at = connection->next;
			break;
		}
	if (connection->streaming && control->options.gone)
		control->options.gone(control->options.context, connection);
	vp_watch_fd_free(connection->watch);
	vp_timer_free(connection->deadline);
	close(connection->fd);
	vp_strbuf_free(&connection->in);
	vp_strbuf_free(&connection->out);
	free(connection);
}

static void give_up(void *context)
{
	close_connection(context);
}

/* A client that is never quite up to date must not keep all that it ever got. */
static void drop_sent(struct vp_connection *connection)
{
	struct vp_strbuf *out = &connection->out;

	if (connection->sent <= SENT_KEPT || connection->sent < out->len / 2)
		return;
	out->len -= connection->sent;
	memmove(out->data, out->data + connection->sent, out->len + 1);
	connection->sent = 0;
}

/* Send what the socket takes. False: the connection was closed. */
static bool flush(struct vp_connection *connection)
{
	struct vp_strbuf *out = &connection->out;

	while (connection->sent < out->len) {
		ssize_t n = send(connection->fd, out->data + connection->sent,
				 out->len - connection->sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			vp_watch_fd_events(connection->watch, EPOLLIN | EPOLLOUT);
			drop_sent(connection);
			return true;
		}
		if (n < 0) {
			close_connection(connection);
			return false;
		}
		connection->sent += (size_t)n;
	}
	if (connection->answered) {
		close_connection(connection);
		return false;
	}
	vp_strbuf_free(out);
	connection->sent = connection->stored = 0;
	vp_watch_fd_events(connection->watch, EPOLLIN);
	return true;
}

static void add_frame(struct vp_connection *connection, uint16_t type, enum vp_exit status,
		      json_t *document)
{
	_cleanup_free_ char *text = json_dumps(document, JSON_COMPACT);

	json_decref(document);
	vp_answer_write(type, status, text ? text : "{}", text ? strlen(text) : 2,
			&connection->out);
}

void vp_connection_answer(struct vp_connection *connection, enum vp_exit status,
			  json_t *document)
{
	add_frame(connection, VP_ANSWER, status, document);
	connection->answered = true;
	vp_timer_start(connection->deadline, ANSWER_TIME);
	flush(connection);
}

void vp_connection_store(struct vp_connection *connection, json_t *document)
{
	add_frame(connection, VP_STREAM, VP_EXIT_GOOD, document);
	connection->stored = connection->out.len;
}

bool vp_connection_stream(struct vp_connection *connection)
{
	connection->streaming = true;
	vp_timer_stop(connection->deadline);
	return flush(connection);
}

bool vp_connection_send(struct vp_connection *connection, json_t *document)
{
	if (connection->out.len - connection->sent > STREAM_BACKLOG + connection->stored) {
		json_decref(document);
		close_connection(connection);
		return false;
	}
	add_frame(connection, VP_STREAM, VP_EXIT_GOOD, document);
	return flush(connection);
}

json_t *vp_refusal_document(const char *request, const char *result, const char *text)
{
	json_t *document = vp_json_document("vpatch.result/1");

	vp_json_set_text(document, "request", request);
	vp_json_set_text(document, "result", result);
	vp_json_set_text(document, "error", text);
	return document;
}

static void refuse(struct vp_connection *connection, const struct vp_message *message)
{
	const struct vp_control_options *options = &connection->control->options;
	bool changes = vp_request_changes(message->type);
	_cleanup_free_ char *text = vp_format(
		"%s may not ask for %s: that is for root and group %s", connection->peer.who,
		vp_request_name(message->type),
		changes ? options->config->admin_group : options->config->view_group);

	if (options->refused)
		options->refused(options->context, &connection->peer, message);
	vp_connection_answer(
		connection, VP_EXIT_FORBIDDEN,
		vp_refusal_document(vp_request_name(message->type), "refused", text));
}

static void handle(struct vp_connection *connection, const struct vp_message *message)
{
	const struct vp_control_options *options = &connection->control->options;
	enum vp_role needed = vp_request_changes(message->type) ? VP_ROLE_ADMIN : VP_ROLE_VIEW;

	connection->asked = true;
	vp_timer_stop(connection->deadline);
	if (connection->peer.role < needed)
		refuse(connection, message);
	else
		options->request(options->context, connection, message);
}

/* A whole request, the beginning of one, or nonsense. */
static void take_request(struct vp_connection *connection)
{
	struct vp_message message;
	struct vp_error err;
	size_t need;
	int r = vp_message_parse((const uint8_t *)vp_strbuf_text(&connection->in),
				 connection->in.len, &message, &need, &err);

	if (r == -EAGAIN)
		return;
	if (!r && connection->in.len > need) {
		r = vp_fail(&err, -EINVAL, "expected one request, found more behind it");
		vp_message_free(&message);
	}
	if (r) {
		connection->asked = true;
		vp_connection_answer(connection, VP_EXIT_USAGE,
				     vp_refusal_document("", "invalid", err.text));
		return;
	}
	handle(connection, &message);
	vp_message_free(&message);
}

/* False: closed. */
static bool receive(struct vp_connection *connection)
{
	char data[16384];
	ssize_t n = recv(connection->fd, data, sizeof(data), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0) {
		close_connection(connection);
		return false;
	}
	if (connection->asked) /* nothing more is expected; read it away */
		return true;
	vp_strbuf_add(&connection->in, data, (size_t)n);
	take_request(connection);
	return false; /* may be closed by now */
}

static void connection_ready(void *context, uint32_t events)
{
	struct vp_connection *connection = context;

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR) && !receive(connection))
		return;
	if (events & EPOLLOUT)
		flush(connection);
}

static bool is_welcome(const struct vp_control *control, const struct vp_peer *peer)
{
	size_t all = 0, same_user = 0, no_role = 0;

	for (const struct vp_connection *other = control->connections; other;
	     other = other->next) {
		all++;
		same_user += other->peer.uid == peer->uid;
		no_role += other->peer.role == VP_ROLE_NONE;
	}
	if (peer->role == VP_ROLE_NONE && no_role >= CLIENTS_NO_ROLE)
		return false;
	if (!peer->uid) /* the last places are root's */
		return all < CLIENTS_MAX;
	return same_user < CLIENTS_PER_USER && all < CLIENTS_MAX - CLIENTS_PER_USER;
}

static void accept_one(void *context, uint32_t events)
{
	struct vp_control *control = context;
	_cleanup_close_ int fd =
		accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct vp_connection *connection;
	struct vp_peer peer;

	(void)events;
	if (fd < 0 || vp_peer_read(&peer, fd, control->options.config) ||
	    !is_welcome(control, &peer))
		return;
	connection = vp_new(struct vp_connection);
	connection->control = control;
	connection->peer = peer;
	connection->fd = TAKE_FD(fd);
	connection->watch = vp_loop_watch(control->options.loop, connection->fd, EPOLLIN,
					  connection_ready, connection);
	connection->deadline = vp_loop_timer(control->options.loop, give_up, connection);
	vp_timer_start(connection->deadline, REQUEST_TIME);
	connection->next = control->connections;
	control->connections = connection;
}

int vp_control_open(struct vp_control **control, const struct vp_control_options *options,
		    struct vp_error *err)
{
	/* the run folder's lock (lock.h) is ours, so a socket that is there is a dead one's */
	int fd = vp_unix_listen(options->config->socket, SOCK_STREAM | SOCK_NONBLOCK, 0666,
				CLIENTS_MAX, err);

	if (fd < 0)
		return fd;
	*control = vp_new(struct vp_control);
	(*control)->options = *options;
	(*control)->fd = fd;
	(*control)->watch = vp_loop_watch(options->loop, fd, EPOLLIN, accept_one, *control);
	return 0;
}

void vp_control_close(struct vp_control *control)
{
	if (!control)
		return;
	while (control->connections)
		close_connection(control->connections);
	vp_watch_fd_free(control->watch);
	close(control->fd);
	unlink(control->options.config->socket);
	free(control);
}
