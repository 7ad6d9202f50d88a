/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the framing of chunked bodies: see http_chunk.h. Where two servers could
 * see different chunks it says so; where nothing can be told, it stops.
 */
#include "modules/inspection/http_chunk.h"

#include "lib/bytes.h"

#define MOST_LINE   4096u
#define MOST_DIGITS 15u

static void broken(struct vp_http_chunk *chunk, struct vp_http_out *out,
		   enum vp_http_ambiguity ambiguity)
{
	vp_http_ambiguous(out, ambiguity);
	chunk->state = VP_HTTP_CHUNK_BROKEN;
}

static void end_size(struct vp_http_chunk *chunk, struct vp_http_out *out)
{
	if (!chunk->digits) {
		broken(chunk, out, VP_HTTP_BAD_CHUNK_SIZE);
		return;
	}
	chunk->state = chunk->left ? VP_HTTP_CHUNK_DATA : VP_HTTP_CHUNK_TRAILER;
}

/* The end of a size's line, or what may come before it. */
static void behind_size(struct vp_http_chunk *chunk, struct vp_http_out *out, uint8_t c)
{
	if (c == '\r') {
		chunk->state = VP_HTTP_CHUNK_SIZE_CR;
	} else if (c == '\n') {
		vp_http_ambiguous(out, VP_HTTP_BARE_LF);
		end_size(chunk, out);
	} else if (chunk->state == VP_HTTP_CHUNK_EXTENSION) {
		if (!c)
			vp_http_ambiguous(out, VP_HTTP_NUL);
	} else if (c == ';') {
		chunk->state = VP_HTTP_CHUNK_EXTENSION;
	} else if (c == ' ' || c == '\t') {
		vp_http_ambiguous(out, VP_HTTP_BAD_CHUNK_SIZE);
		if (chunk->digits)
			chunk->state = VP_HTTP_CHUNK_BLANK;
	} else {
		broken(chunk, out, VP_HTTP_BAD_CHUNK_SIZE);
	}
}

static void size(struct vp_http_chunk *chunk, struct vp_http_out *out, uint8_t c)
{
	int digit = vp_byte_hex(c);

	if (digit < 0 || chunk->state != VP_HTTP_CHUNK_SIZE) {
		behind_size(chunk, out, c);
		return;
	}
	if (chunk->digits++ == MOST_DIGITS) {
		broken(chunk, out, VP_HTTP_BAD_CHUNK_SIZE);
		return;
	}
	chunk->left = chunk->left << 4 | (uint64_t)digit;
}

static void next_size(struct vp_http_chunk *chunk)
{
	*chunk = (struct vp_http_chunk){ .state = VP_HTTP_CHUNK_SIZE };
}

static void frame(struct vp_http_chunk *chunk, struct vp_http_out *out, uint8_t c)
{
	switch (chunk->state) {
	case VP_HTTP_CHUNK_SIZE:
	case VP_HTTP_CHUNK_BLANK:
	case VP_HTTP_CHUNK_EXTENSION:
		size(chunk, out, c);
		if (++chunk->line > MOST_LINE)
			chunk->state = VP_HTTP_CHUNK_BOUND;
		break;
	case VP_HTTP_CHUNK_SIZE_CR:
		if (c == '\n')
			end_size(chunk, out);
		else
			broken(chunk, out, VP_HTTP_BARE_CR);
		break;
	case VP_HTTP_CHUNK_END:
		if (c == '\r') {
			chunk->state = VP_HTTP_CHUNK_END_CR;
		} else if (c == '\n') {
			vp_http_ambiguous(out, VP_HTTP_BARE_LF);
			next_size(chunk);
		} else {
			broken(chunk, out, VP_HTTP_BAD_CHUNK_END);
		}
		break;
	case VP_HTTP_CHUNK_END_CR:
		if (c == '\n')
			next_size(chunk);
		else
			broken(chunk, out, VP_HTTP_BAD_CHUNK_END);
		break;
	case VP_HTTP_CHUNK_DATA:
	case VP_HTTP_CHUNK_TRAILER:
	case VP_HTTP_CHUNK_BROKEN:
	case VP_HTTP_CHUNK_BOUND:
		break;
	}
}

struct vp_slice vp_http_chunk_next(struct vp_http_chunk *chunk, struct vp_http_out *out,
				   struct vp_slice *bytes)
{
	struct vp_slice data = VP_SLICE_NONE;

	while (bytes->len && chunk->state < VP_HTTP_CHUNK_TRAILER &&
	       chunk->state != VP_HTTP_CHUNK_DATA) {
		frame(chunk, out, *bytes->data++);
		bytes->len--;
	}
	if (chunk->state == VP_HTTP_CHUNK_DATA && bytes->len) {
		data = vp_slice_of(bytes->data, bytes->len < chunk->left
							? bytes->len
							: (size_t)chunk->left);
		bytes->data += data.len;
		bytes->len -= data.len;
		chunk->left -= data.len;
		if (!chunk->left)
			chunk->state = VP_HTTP_CHUNK_END;
	}
	return data;
}
