/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Content codings of HTTP (RFC 9110, 8.4.1): a body decoded as it comes. What is
 * decoded is handed on at once, so a body that blows up costs time, not memory;
 * one that blows up beyond measure is stopped.
 */
#ifndef VP_INSPECTION_DECODE_H
#define VP_INSPECTION_DECODE_H

#include "modules/inspection/sink.h"

enum vp_coding { VP_CODING_IDENTITY, VP_CODING_GZIP, VP_CODING_DEFLATE, VP_CODING_BROTLI };

struct vp_decoder;

typedef int vp_decoded(void *context, struct vp_slice bytes);

/* `memory`: bytes the library may hold. Owned by the caller. */
struct vp_decoder *vp_decoder_new(enum vp_coding coding, size_t memory);
void vp_decoder_free(struct vp_decoder *decoder);
size_t vp_decoder_memory(const struct vp_decoder *decoder);

/*
 * -EBADMSG: not of that coding; a body that does not even begin like it is handed
 * on as it is from then on, of others nothing more comes. -ENOBUFS: a bound is
 * reached. What `function` returns other than 0 stops it and is returned.
 */
int vp_decoder_feed(struct vp_decoder *decoder, struct vp_slice bytes, vp_decoded *function,
		    void *context);

/* The end: -EBADMSG when the body is not complete. */
int vp_decoder_finish(struct vp_decoder *decoder, vp_decoded *function, void *context);

#endif
