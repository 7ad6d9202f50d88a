/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking vpatchd, for the verbs: connection, deadline, and what to say when it does not
 * answer. */
#ifndef VP_AGENTD_CTL_REMOTE_H
#define VP_AGENTD_CTL_REMOTE_H

#include <jansson.h>

#include "agentd/ctl/commands.h"
#include "agentd/ctl/output.h"

struct vp_client;

/*
 * Connect. 0, or -errno with the reason and the cure, and *status saying which
 * exit status that is. *client is owned by the caller, untouched on failure.
 */
int vp_remote_open(const struct vp_ctl *ctl, struct vp_client **client, enum vp_exit *status,
		   struct vp_error *err);

/*
 * Send the request and wait for the one answer. On 0 *status is the daemon's exit
 * status and *answer its document (owned by the caller). On failure -errno, the
 * reason and the cure in *err, and *status is VP_EXIT_UNREACHABLE or, when this
 * user may not connect, VP_EXIT_FORBIDDEN.
 */
int vp_remote_ask(const struct vp_ctl *ctl, const struct vp_message *request,
		  enum vp_exit *status, json_t **answer, struct vp_error *err);

/*
 * A verb that is one request: ask, print, return the exit status. A document of
 * another kind than asked for (vpatch.result: refused, failed) is printed as such.
 */
enum vp_exit vp_remote_run(const struct vp_ctl *ctl, const struct vp_message *request,
			   vp_render *render);

/* Print an answer that came: `render` is for the document that was asked for. */
enum vp_exit vp_remote_print(const struct vp_ctl *ctl, enum vp_exit status,
			     const json_t *answer, vp_render *render);

/* vpatch.result/1: what a changing request did. Findings first, like `check`. */
vp_render vp_render_result;

#endif
