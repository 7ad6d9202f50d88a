/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decoding of bodies over zlib and brotli: see decode.h. "deflate" is read with
 * and without zlib's wrapping, as senders never agreed; gzip members may follow
 * each other.
 */
#include "modules/inspection/decode.h"

#include <brotli/decode.h>
#include <errno.h>
#include <zlib.h>

#include "lib/memory.h"

/* Decoded bytes for each byte that came, once there are so many of them. */
#define MOST_RATIO  200u
#define RATIO_AFTER (1u << 20)
#define OUTPUT	    (16u << 10)

static struct vp_slice slice_of(const uint8_t *data, size_t len)
{
	return (struct vp_slice){ .data = data, .len = len };
}

enum decoder_state {
	DECODER_BEGIN, /* its first two bytes say what it is */
	DECODER_INSIDE,
	DECODER_MEMBER, /* behind a gzip member */
	DECODER_PLAIN,	/* it was never encoded */
	DECODER_OVER,	/* what still comes is not read */
};

struct vp_decoder {
	enum vp_coding coding;
	enum decoder_state state;
	uint8_t first[2];
	size_t first_len;
	size_t held, most_held;
	uint64_t in, out;
	z_stream zlib;
	bool zlib_open;
	BrotliDecoderState *brotli;
	uint8_t output[OUTPUT];
};

static void *decoder_alloc(void *context, size_t size)
{
	struct vp_decoder *decoder = context;
	size_t *block;

	if (size > decoder->most_held || decoder->held > decoder->most_held - size)
		return NULL;
	block = malloc(2 * sizeof(*block) + size); /* keeps what follows aligned */
	if (!block)
		return NULL;
	*block = size;
	decoder->held += size;
	return block + 2;
}

static void *zlib_alloc(void *context, unsigned int count, unsigned int size)
{
	return decoder_alloc(context, (size_t)count * size);
}

static void decoder_release(void *context, void *data)
{
	struct vp_decoder *decoder = context;
	size_t *block = data ? (size_t *)data - 2 : NULL;

	if (block)
		decoder->held -= *block;
	free(block);
}

struct vp_decoder *vp_decoder_new(enum vp_coding coding, size_t memory)
{
	struct vp_decoder *decoder = vp_new(struct vp_decoder);

	decoder->coding = coding;
	decoder->most_held = memory;
	return decoder;
}

void vp_decoder_free(struct vp_decoder *decoder)
{
	if (!decoder)
		return;
	if (decoder->zlib_open)
		inflateEnd(&decoder->zlib);
	if (decoder->brotli)
		BrotliDecoderDestroyInstance(decoder->brotli);
	free(decoder);
}

size_t vp_decoder_memory(const struct vp_decoder *decoder)
{
	return sizeof(*decoder) + decoder->held;
}

/* How many bytes may come out before the ratio is looked at again: at the same places of the
 * output however the input is cut. */
static size_t room(const struct vp_decoder *decoder)
{
	return OUTPUT - (size_t)(decoder->out % OUTPUT);
}

static int hand_on(struct vp_decoder *decoder, size_t len, vp_decoded *function, void *context)
{
	decoder->out += len;
	if (decoder->out > RATIO_AFTER && decoder->out % OUTPUT == 0 &&
	    decoder->out / MOST_RATIO > decoder->in)
		return -ENOBUFS;
	return len ? function(context, slice_of(decoder->output, len)) : 0;
}

static int zlib_open(struct vp_decoder *decoder)
{
	const uint8_t *first = decoder->first;
	int bits = 15;

	if (decoder->coding == VP_CODING_GZIP)
		bits += 16;
	else if ((first[0] & 0x0f) != 8 || (first[0] << 8 | first[1]) % 31)
		bits = -15; /* no zlib header (RFC 1950) */
	decoder->zlib.zalloc = zlib_alloc;
	decoder->zlib.zfree = decoder_release;
	decoder->zlib.opaque = decoder;
	if (inflateInit2(&decoder->zlib, bits) != Z_OK)
		return -ENOBUFS;
	decoder->zlib_open = true;
	return 0;
}

/* One step; *bytes goes on. 1: call again. */
static int zlib_step(struct vp_decoder *decoder, struct vp_slice *bytes, vp_decoded *function,
		     void *context)
{
	z_stream *zlib = &decoder->zlib;
	size_t space = room(decoder), took;
	int status, r;

	zlib->next_in = (z_const Bytef *)bytes->data;
	zlib->avail_in = (uInt)(bytes->len < 1u << 20 ? bytes->len : 1u << 20);
	took = zlib->avail_in;
	zlib->next_out = decoder->output;
	zlib->avail_out = (uInt)space;
	status = inflate(zlib, Z_NO_FLUSH);
	took -= zlib->avail_in;
	bytes->data += took;
	bytes->len -= took;
	decoder->in += took;
	r = hand_on(decoder, space - zlib->avail_out, function, context);
	if (r)
		return r;
	if (status == Z_MEM_ERROR)
		return -ENOBUFS;
	if (status == Z_STREAM_END) {
		decoder->state =
			decoder->coding == VP_CODING_GZIP ? DECODER_MEMBER : DECODER_OVER;
		return 1;
	}
	if (status != Z_OK && status != Z_BUF_ERROR)
		return -EBADMSG;
	return bytes->len || !zlib->avail_out;
}

/* Byte by byte: the library forgets what it has decoded when it meets an error in the same
 * call, and a reader that takes what comes may have got it. */
static int brotli_step(struct vp_decoder *decoder, struct vp_slice *bytes,
		       vp_decoded *function, void *context)
{
	size_t space = room(decoder), left = space, in = bytes->len ? 1 : 0;
	uint8_t *output = decoder->output;
	BrotliDecoderResult status;
	int r;

	bytes->len -= in;
	decoder->in += in;
	status = BrotliDecoderDecompressStream(decoder->brotli, &in, &bytes->data, &left,
					       &output, NULL);
	bytes->len += in;
	decoder->in -= in;
	r = hand_on(decoder, space - left, function, context);
	if (r)
		return r;
	switch (status) {
	case BROTLI_DECODER_RESULT_SUCCESS:
		decoder->state = DECODER_OVER;
		return 1;
	case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT:
		return bytes->len > 0;
	case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT:
		return 1;
	case BROTLI_DECODER_RESULT_ERROR:
		break;
	}
	r = BrotliDecoderGetErrorCode(decoder->brotli);
	return r <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
			       r >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES
		       ? -ENOBUFS
		       : -EBADMSG;
}

/* 1: more may be done; 0: all bytes are read. */
static int step(struct vp_decoder *decoder, struct vp_slice *bytes, vp_decoded *function,
		void *context)
{
	switch (decoder->state) {
	case DECODER_INSIDE:
		return decoder->brotli ? brotli_step(decoder, bytes, function, context)
				       : zlib_step(decoder, bytes, function, context);
	case DECODER_MEMBER:
		if (!bytes->len)
			return 0;
		if (*bytes->data != 0x1f) { /* padding, or what no reader takes for gzip */
			decoder->state = DECODER_OVER;
			return *bytes->data ? -EBADMSG : 1;
		}
		inflateReset(&decoder->zlib);
		decoder->state = DECODER_INSIDE;
		return 1;
	case DECODER_PLAIN:
		return bytes->len ? function(context, *bytes) : 0;
	case DECODER_BEGIN:
	case DECODER_OVER:
		break;
	}
	return 0;
}

static int run(struct vp_decoder *decoder, struct vp_slice bytes, vp_decoded *function,
	       void *context)
{
	int r;

	do
		r = step(decoder, &bytes, function, context);
	while (r > 0);
	if (r < 0)
		decoder->state = DECODER_OVER;
	return r;
}

/* The first bytes are known: decide what they begin. */
static int begin(struct vp_decoder *decoder, vp_decoded *function, void *context)
{
	struct vp_slice first = slice_of(decoder->first, decoder->first_len);
	int r = 0, s;

	decoder->state = DECODER_INSIDE;
	if (decoder->coding == VP_CODING_BROTLI) {
		decoder->brotli =
			BrotliDecoderCreateInstance(decoder_alloc, decoder_release, decoder);
		r = decoder->brotli ? 0 : -ENOBUFS;
	} else if (decoder->coding == VP_CODING_GZIP &&
		   (first.len < 2 || first.data[0] != 0x1f || first.data[1] != 0x8b)) {
		decoder->state = DECODER_PLAIN;
		r = -EBADMSG;
	} else {
		r = zlib_open(decoder);
	}
	if (r == -ENOBUFS) {
		decoder->state = DECODER_OVER;
		return r;
	}
	s = run(decoder, first, function, context);
	return s < 0 ? s : r;
}

int vp_decoder_feed(struct vp_decoder *decoder, struct vp_slice bytes, vp_decoded *function,
		    void *context)
{
	int r = 0, s;

	while (decoder->state == DECODER_BEGIN && bytes.len) {
		decoder->first[decoder->first_len++] = *bytes.data++;
		bytes.len--;
		if (decoder->first_len == sizeof(decoder->first))
			r = begin(decoder, function, context);
	}
	if (!bytes.len || r == -ENOBUFS)
		return r;
	s = run(decoder, bytes, function, context);
	return s < 0 ? s : r;
}

int vp_decoder_finish(struct vp_decoder *decoder, vp_decoded *function, void *context)
{
	int r = 0;

	if (decoder->state == DECODER_BEGIN && decoder->first_len)
		r = begin(decoder, function, context);
	if (!r && decoder->state == DECODER_INSIDE)
		r = -EBADMSG;
	decoder->state = DECODER_OVER;
	return r;
}
