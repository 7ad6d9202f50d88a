/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The head of an HTTP/1.x message, taken apart strictly (RFC 9112): its lines,
 * where its body ends, and what a lenient server might read in another way.
 * Slices point into the head's bytes; nothing is copied.
 */
#ifndef VP_INSPECTION_HTTP_HEAD_H
#define VP_INSPECTION_HTTP_HEAD_H

#include "modules/inspection/http_out.h"

/*
 * Where a head that is being collected ends. All zero at its beginning; `data`
 * is the head so far, the same bytes as in the last call and more.
 */
struct vp_http_search {
	size_t line; /* the line that is looked at begins here */
	size_t seen; /* no line ends before */
};

/* Length of the head with its empty line, 0 when it does not end within `data`. */
size_t vp_http_head_end(struct vp_http_search *search, struct vp_slice data);

/* Length of the first line with its end, 0 when it does not end within `data`. */
size_t vp_http_line_end(struct vp_slice data);

/* A head that comes in pieces. All zero but `bound` at its beginning. */
struct vp_http_collect {
	uint8_t *data;
	size_t len, cap;
	size_t bound; /* most bytes of it */
	struct vp_http_search search;
};

enum vp_http_collected {
	VP_HTTP_COLLECT_MORE,  /* all bytes were taken; the line goes on */
	VP_HTTP_COLLECT_LINE,  /* a line ended */
	VP_HTTP_COLLECT_EMPTY, /* an empty one: the head is complete, without it */
	VP_HTTP_COLLECT_BOUND, /* it is too large */
};

/* Take bytes up to the end of a line. */
enum vp_http_collected vp_http_collect(struct vp_http_collect *collect,
				       struct vp_slice *bytes);
/* Forget everything but the bound. */
void vp_http_collect_free(struct vp_http_collect *collect);

struct vp_http_header {
	struct vp_slice name;  /* without white space behind */
	struct vp_slice value; /* without white space around; folds still in it */
	struct vp_slice whole; /* all its lines, without the last line end */
	bool folded;
	uint32_t ambiguity; /* bits of enum vp_http_ambiguity */
};

/* The next header of `lines`, from *position on; false behind the last. */
bool vp_http_header_next(struct vp_slice lines, size_t *position,
			 struct vp_http_header *header);

/* Is it the header of that name (in lower case)? */
bool vp_http_header_is(const struct vp_http_header *header, const char *name);

/* Put the value, folds read as one space each. */
void vp_http_header_put(struct vp_http_out *out, enum vp_field_id field, struct vp_slice name,
			const struct vp_http_header *header);

enum vp_http_framing {
	VP_HTTP_NO_BODY,
	VP_HTTP_LENGTH,	 /* `length` bytes */
	VP_HTTP_CHUNKED, /* chunks and a trailer */
	VP_HTTP_CLOSE,	 /* up to the end of the connection; only responses */
};

struct vp_http_head {
	struct vp_slice line;  /* first line, without its end */
	struct vp_slice lines; /* header lines as sent, without the empty one */
	enum vp_http_framing framing;
	bool encoded;		/* has a Transfer-Encoding */
	bool sized;		/* has a Content-Length */
	uint64_t length;	/* of VP_HTTP_LENGTH */
	uint32_t ambiguity;	/* bits of enum vp_http_ambiguity */
	unsigned int version;	/* 10, 11; else what the line's version is nearest to */
	bool tokens;		/* the method, or the version of a response, is well-formed */
	struct vp_slice method; /* of a request */
	struct vp_slice target; /* of a request */
	struct vp_slice protocol;
	bool upgrade; /* has an Upgrade header */
};

/* Take a request's head apart; `bytes` ends with its empty line, or with its first line when
 * that has no version, or anywhere when the connection ended. */
void vp_http_head_request(struct vp_http_head *head, struct vp_slice bytes);

/* The same for a response; framing as for a GET. `status`: its code, 0 when it has none. */
void vp_http_head_response(struct vp_http_head *head, struct vp_slice bytes,
			   unsigned int *status, struct vp_slice *reason);

/* Is the line (without its end) one of an HTTP/1.x request, with a version? */
bool vp_http_line_has_version(struct vp_slice line);

static inline bool vp_http_is_space(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* RFC 9110, 5.6.2 */
bool vp_http_is_token(uint8_t c);

struct vp_slice vp_http_trim(struct vp_slice slice);

/* Equal without regard to the case of ASCII letters; `text` is in lower case. */
bool vp_http_same(struct vp_slice slice, const char *text);

#endif
