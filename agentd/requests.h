/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each request of the control protocol does: one handler a request. */
#ifndef VP_AGENTD_REQUESTS_H
#define VP_AGENTD_REQUESTS_H

#include "agentd/agent.h"
#include "agentd/control.h"

/* The callbacks of the control socket; `context` is the agent. */
void vp_requests_handle(void *context, struct vp_connection *connection,
			const struct vp_message *message);
void vp_requests_refused(void *context, const struct vp_peer *peer,
			 const struct vp_message *message);
void vp_requests_gone(void *context, struct vp_connection *connection);

#endif
