/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The body of an HTTP message: out of its framing, decoded, and through the
 * readers of what it holds.
 */
#ifndef VP_INSPECTION_HTTP_BODY_H
#define VP_INSPECTION_HTTP_BODY_H

#include "modules/inspection/decode.h"
#include "modules/inspection/http_head.h"
#include "modules/inspection/protocol.h"

/* What a body holds, as far as its head says. */
struct vp_http_content {
	enum vp_http_framing framing;
	uint64_t length; /* of VP_HTTP_LENGTH */
	enum vp_coding coding;
	bool response;	      /* the rest does not matter then */
	bool typed;	      /* there is a Content-Type */
	bool json, xml, form; /* it is of that type */
	struct vp_slice type; /* the value of a multipart type; empty: it is none */
};

/* Take note of a header that says something of the body. */
void vp_http_content_header(struct vp_http_content *content, struct vp_http_out *out,
			    const struct vp_http_header *header);

/*
 * Does any rule read the body that may still hold in this unit, whose head is final? When
 * not, and its length is known, it needs no reading.
 */
bool vp_http_body_wanted(const struct vp_http_content *content, const struct vp_http_out *out);

struct vp_http_body;

/* `out` and `limits` outlive it. */
struct vp_http_body *vp_http_body_new(const struct vp_http_content *content,
				      struct vp_http_out *out,
				      const struct vp_parser_limits *limits);
void vp_http_body_free(struct vp_http_body *body);
size_t vp_http_body_memory(const struct vp_http_body *body);

enum vp_http_body_state {
	VP_HTTP_BODY_MORE,
	VP_HTTP_BODY_END, /* `bytes` are what comes behind it */
	VP_HTTP_BODY_BROKEN,
	VP_HTTP_BODY_BOUND,
};

/* Read what of *bytes is the body's. `*reason` with BROKEN and BOUND, static. */
enum vp_http_body_state vp_http_body_feed(struct vp_http_body *body, struct vp_slice *bytes,
					  const char **reason);

/* Bytes that come next and that nobody reads; how many of them were left out. */
uint64_t vp_http_body_skippable(const struct vp_http_body *body);
void vp_http_body_skip(struct vp_http_body *body, uint64_t count);

/* Close what is open, at the end of the body or before. False: it was not complete. */
bool vp_http_body_finish(struct vp_http_body *body);

#endif
