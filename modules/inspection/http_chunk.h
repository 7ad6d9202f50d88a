/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The chunked transfer coding (RFC 9112, 7.1), strictly, without its trailer. */
#ifndef VP_INSPECTION_HTTP_CHUNK_H
#define VP_INSPECTION_HTTP_CHUNK_H

#include "modules/inspection/http_out.h"

enum vp_http_chunk_state {
	VP_HTTP_CHUNK_SIZE,
	VP_HTTP_CHUNK_BLANK,	 /* white space behind the size */
	VP_HTTP_CHUNK_EXTENSION, /* up to the line's end */
	VP_HTTP_CHUNK_SIZE_CR,	 /* behind the CR of that line */
	VP_HTTP_CHUNK_DATA,
	VP_HTTP_CHUNK_END, /* behind the data */
	VP_HTTP_CHUNK_END_CR,
	VP_HTTP_CHUNK_TRAILER, /* the last chunk came; the trailer is not read here */
	VP_HTTP_CHUNK_BROKEN,
	VP_HTTP_CHUNK_BOUND, /* a line is too long */
};

/* All zero at the beginning. */
struct vp_http_chunk {
	enum vp_http_chunk_state state;
	uint64_t left; /* of the size, then of the data */
	unsigned int digits;
	size_t line;
};

/* Read framing from *bytes up to data, or to the end; the data that comes next, maybe none.
 * What is ambiguous goes to `out`. */
struct vp_slice vp_http_chunk_next(struct vp_http_chunk *chunk, struct vp_http_out *out,
				   struct vp_slice *bytes);

#endif
