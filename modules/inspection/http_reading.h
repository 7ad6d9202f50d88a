/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A second reading of a request's head, by libhtp: it takes the target apart and
 * normalises the path, and its view of the framing must be ours.
 */
#ifndef VP_INSPECTION_HTTP_READING_H
#define VP_INSPECTION_HTTP_READING_H

#include <htp/htp.h>

#include "modules/inspection/http_head.h"

struct vp_http_reading {
	htp_connp_t *connp;    /* NULL: libhtp was not asked */
	struct vp_slice path;  /* decoded once, normalised; no data: the target has none */
	struct vp_slice query; /* as sent, without question mark; no data: none */
	struct vp_slice host;  /* of the target, in lower case; no data: none */
	uint32_t ambiguity;    /* bits of enum vp_http_ambiguity */
};

/* Slices are valid until it is closed. Libhtp is asked where there is anything to ask. */
void vp_http_reading_open(struct vp_http_reading *reading, const struct vp_http_head *head);
/* It is asked in any case. */
void vp_http_reading_ask(struct vp_http_reading *reading, const struct vp_http_head *head);
void vp_http_reading_close(struct vp_http_reading *reading);

#endif
