/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the parts of the HTTP parser put values: a sink, with what is wanted of
 * it looked up once, and the ambiguities that were told already.
 */
#ifndef VP_INSPECTION_HTTP_OUT_H
#define VP_INSPECTION_HTTP_OUT_H

#include <string.h>

#include "modules/inspection/sink.h"

/* What servers are known to read differently. The words are http.ambiguity's values. */
enum vp_http_ambiguity {
	VP_HTTP_BOTH_LENGTHS,	   /* Content-Length and Transfer-Encoding */
	VP_HTTP_DIFFERING_LENGTHS, /* several Content-Length that differ */
	VP_HTTP_REPEATED_LENGTH,   /* the same Content-Length again */
	VP_HTTP_BAD_LENGTH,	   /* a Content-Length that is not only digits, or too large */
	VP_HTTP_BAD_TRANSFER_ENCODING, /* a Transfer-Encoding other than "chunked" */
	VP_HTTP_OLD_CHUNKED,	       /* Transfer-Encoding in HTTP/1.0 */
	VP_HTTP_FOLDED_HEADER,	       /* a header line that begins with white space */
	VP_HTTP_NUL,		       /* a NUL byte in the head */
	VP_HTTP_BARE_CR,	       /* CR without LF */
	VP_HTTP_BARE_LF,	       /* LF without CR where other lines have both */
	VP_HTTP_SPACE_BEFORE_COLON,    /* white space between a header's name and its colon */
	VP_HTTP_BAD_HEADER,	  /* a header line without colon, or a name that is no token */
	VP_HTTP_BAD_REQUEST_LINE, /* not method SP target SP version, or a target with
				   * bytes that none has */
	VP_HTTP_BAD_VERSION,	  /* neither HTTP/1.0 nor HTTP/1.1 */
	VP_HTTP_NO_VERSION,	  /* a request line without version */
	VP_HTTP_REPEATED_HOST,	  /* several Host headers */
	VP_HTTP_DIFFERING_HOSTS,  /* the target's host is another than the Host header's */
	VP_HTTP_BAD_HOST,	  /* a Host that is none */
	VP_HTTP_DIFFERING_TYPES,  /* several Content-Type headers that differ */
	VP_HTTP_FOREIGN_CHARSET,  /* a Content-Type whose encoding hides ASCII */
	VP_HTTP_BAD_CHUNK_SIZE,	  /* a chunk's size is not only hexadecimal digits */
	VP_HTTP_BAD_CHUNK_END,	  /* no line end behind a chunk */
	VP_HTTP_UNKNOWN_ENCODING, /* a Content-Encoding that is not decoded here */
	VP_HTTP_BAD_ENCODING,	  /* a body that is not what its Content-Encoding says */
	VP_HTTP_BAD_MULTIPART,	  /* a multipart body whose structure is wrong */
	VP_HTTP_BAD_XML,	  /* a body of an XML type that is not well-formed */
	VP_HTTP_TRUNCATED,	  /* the connection ends within a request */
	VP_HTTP_DIFFERING_READINGS, /* this parser and libhtp read the framing differently */
	VP_HTTP_AMBIGUITY_COUNT,
};

const char *vp_http_ambiguity_name(enum vp_http_ambiguity ambiguity);

struct vp_http_out {
	struct vp_sink *sink;
	uint64_t wanted; /* bit (field - VP_FIELD_HTTP_METHOD) */
	uint32_t told;	 /* ambiguities of this unit that were told */
	/* The word of the last one of the framing, by which requests are smuggled; NULL: none
	 * since it was taken. */
	const char *framing;
};

#define VP_HTTP_FIELD_BIT(field) (1ull << ((field)-VP_FIELD_HTTP_METHOD))

_Static_assert(VP_FIELD_HTTP_RESPONSE_BODY - VP_FIELD_HTTP_METHOD < 64,
	       "the http fields are neighbours, and few");
_Static_assert(VP_HTTP_AMBIGUITY_COUNT <= 32, "ambiguities are bits of 32");

static inline struct vp_slice vp_slice_of(const void *data, size_t len)
{
	return (struct vp_slice){ .data = data, .len = len };
}

#define VP_SLICE_NONE ((struct vp_slice){ .data = (const uint8_t *)"", .len = 0 })

/* Ask the sink what it wants. */
void vp_http_out_open(struct vp_http_out *out, struct vp_sink *sink);

static inline bool vp_http_wants(const struct vp_http_out *out, enum vp_field_id field)
{
	return out->wanted & VP_HTTP_FIELD_BIT(field);
}

/* A whole value, when it is wanted. */
void vp_http_put(struct vp_http_out *out, enum vp_field_id field, struct vp_slice name,
		 struct vp_slice value);

/* Tell an ambiguity of the open unit, once. */
void vp_http_ambiguous(struct vp_http_out *out, enum vp_http_ambiguity ambiguity);

/*
 * A value that is made piece by piece. Small pieces are gathered; nothing stays
 * behind when vp_http_value_flush() was called, as at the end of each feed.
 */
struct vp_http_value {
	struct vp_http_out *out;
	enum vp_field_id field;
	struct vp_slice name; /* as given to begin */
	bool inside;	      /* begun and not ended */
	bool open;	      /* the sink has its first part */
	uint16_t len;
	uint8_t gathered[256];
};

/* The name stays valid until the value ends. */
void vp_http_value_begin(struct vp_http_value *value, struct vp_slice name);
void vp_http_value_add(struct vp_http_value *value, const void *data, size_t len);
void vp_http_value_flush(struct vp_http_value *value);
/* Nothing happens when no value is begun. */
void vp_http_value_end(struct vp_http_value *value);

#endif
