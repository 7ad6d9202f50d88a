/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a message's head says, put into the sink. */
#ifndef VP_INSPECTION_HTTP_REQUEST_H
#define VP_INSPECTION_HTTP_REQUEST_H

#include "modules/inspection/http_body.h"

/* All head fields of a request; *content is what its body will be. */
void vp_http_request_put(struct vp_http_out *out, const struct vp_http_head *head,
			 struct vp_http_content *content);

/* The same for a response; the framing is the caller's to correct. */
void vp_http_response_put(struct vp_http_out *out, const struct vp_http_head *head,
			  unsigned int status, struct vp_slice reason,
			  struct vp_http_content *content);

#endif
