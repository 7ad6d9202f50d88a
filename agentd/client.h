/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The other end of the control socket: a blocking client with deadlines, for
 * vpatchctl and tests. One request per connection.
 *
 *	struct vp_client *client;
 *	r = vp_client_open(&client, "/run/vpatch/control.sock", &err);
 *	if (!r)
 *		r = vp_client_ask(client, &message, 60000, &status, &json, &err);
 *	vp_client_close(client);
 */
#ifndef VP_AGENTD_CLIENT_H
#define VP_AGENTD_CLIENT_H

#include <stdbool.h>

#include "agentd/message.h"

struct vp_client;

/*
 * Connect. Returns 0 or -errno: -ENOENT and -ECONNREFUSED (no daemon there),
 * -EACCES (may not connect). *client is owned by the caller, untouched on failure.
 */
int vp_client_open(struct vp_client **client, const char *path, struct vp_error *err);
void vp_client_close(struct vp_client *client); /* NULL-safe */

/* Send a request. Returns 0 or -errno (-ETIMEDOUT). */
int vp_client_send(struct vp_client *client, const struct vp_message *message,
		   int timeout_milliseconds, struct vp_error *err);

struct vp_answer {
	bool last;	     /* VP_ANSWER; else one document of a stream, more follow */
	enum vp_exit status; /* of the last */
	char *json;	     /* owned by the caller, NUL-terminated */
	size_t len;
};

/*
 * Wait for one frame; a negative timeout waits for ever. Returns 0, -ETIMEDOUT,
 * -EINTR (a signal came; call again or stop), -ECONNRESET (the daemon closed the
 * connection without an answer), -EPROTO (not our protocol).
 */
int vp_client_receive(struct vp_client *client, int timeout_milliseconds,
		      struct vp_answer *answer, struct vp_error *err);

/* Send and wait for the answer, without streams. *json is owned by the caller. */
int vp_client_ask(struct vp_client *client, const struct vp_message *message,
		  int timeout_milliseconds, enum vp_exit *status, char **json,
		  struct vp_error *err);

#endif
