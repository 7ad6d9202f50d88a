/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options of an invocation as arguments of a request. */
#ifndef VP_AGENTD_CTL_REQUEST_H
#define VP_AGENTD_CTL_REQUEST_H

#include "agentd/ctl/commands.h"
#include "agentd/message.h"

/* Room for values that the wire has in another form than the command line. */
struct vp_request_text {
	char milliseconds[24]; /* of --for */
};

/* Add every option that travels; the request points into `ctl` and `text`. */
void vp_request_add_options(struct vp_message *request, const struct vp_ctl *ctl,
			    struct vp_request_text *text);

#endif
