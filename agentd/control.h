/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket: who may ask what, and bytes to and from them. Everybody may
 * connect; the kernel says who it is (credentials and all groups of the peer), and
 * the role decides. Clients are few, bounded and slow ones are dropped; nothing
 * here waits.
 */
#ifndef VP_AGENTD_CONTROL_H
#define VP_AGENTD_CONTROL_H

#include <jansson.h>

#include "agentd/config.h"
#include "agentd/loop.h"
#include "agentd/message.h"
#include "agentd/peer.h"

struct vp_control;
struct vp_connection; /* one client */

struct vp_control_options {
	struct vp_loop *loop;
	const struct vp_config *config;
	/* A checked request that the peer has the role for. Must answer, now or later. */
	void (*request)(void *context, struct vp_connection *connection,
			const struct vp_message *message);
	/* A request refused for want of a role (already answered). */
	void (*refused)(void *context, const struct vp_peer *peer,
			const struct vp_message *message);
	/* A connection that streams is about to go. */
	void (*gone)(void *context, struct vp_connection *connection);
	void *context;
};

/* Listen on config->socket (mode 0666; the folder is made if missing). *control owned by the
 * caller. */
int vp_control_open(struct vp_control **control, const struct vp_control_options *options,
		    struct vp_error *err);
void vp_control_close(struct vp_control *control); /* NULL-safe */

const struct vp_peer *vp_connection_peer(const struct vp_connection *connection);

/* A pointer of the handler's own, NULL at first. `gone` is the place to free it. */
void vp_connection_set_data(struct vp_connection *connection, void *data);
void *vp_connection_data(const struct vp_connection *connection);

/* The answer; the connection closes once it is sent. Takes the document over. */
void vp_connection_answer(struct vp_connection *connection, enum vp_exit status,
			  json_t *document);

/* What a stream begins with, before it is one; takes the document over. */
void vp_connection_store(struct vp_connection *connection, json_t *document);
/*
 * From now on a stream, until the client goes away or falls too far behind. False: it
 * is gone already.
 */
bool vp_connection_stream(struct vp_connection *connection);
/* One document of it; takes it over. False: the client is too slow and was dropped. */
bool vp_connection_send(struct vp_connection *connection, json_t *document);

/* A vpatch.result/1 that says no. */
json_t *vp_refusal_document(const char *request, const char *result, const char *text);

#endif
