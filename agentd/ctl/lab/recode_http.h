/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A request taken apart and put together otherwise: the parts of recode.c. Pure. */
#ifndef VP_LAB_RECODE_HTTP_H
#define VP_LAB_RECODE_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/strbuf.h"

struct vp_span {
	const char *data;
	size_t len;
};

#define VP_REQUEST_LINES_MAX 64

/* Slices point into the message. */
struct vp_http_message {
	struct vp_span method, path, query, version; /* query.data NULL: there is none */
	struct vp_http_message_line {
		struct vp_span name, value;
	} lines[VP_REQUEST_LINES_MAX];
	size_t count;
	struct vp_span body;
	bool sized; /* by a Content-Length: the body may be said otherwise */
};

/* Exactly one request with a version, whose body is as long as it says? */
bool vp_http_message_parse(const uint8_t *message, size_t len,
			   struct vp_http_message *request);

/* The first line of that name, or NULL; any case. */
const struct vp_http_message_line *vp_http_message_line(const struct vp_http_message *request,
							const char *name);

/* How its lines are written. */
enum vp_http_message_names { VP_NAMES_AS_IS, VP_NAMES_LOWER, VP_NAMES_UPPER, VP_NAMES_MIXED };

struct vp_http_message_style {
	const char *target;  /* in place of path and query; NULL: as they are */
	const char *version; /* NULL: as it is */
	const char *before;  /* the first line; NULL: nothing */
	const char *end;     /* of lines; NULL: CR LF */
	const char *colon;   /* between name and value; NULL: ": " */
	const char *after;   /* each value; NULL: nothing */
	enum vp_http_message_names names;
	bool folded;   /* a line is continued on another */
	bool reversed; /* the order of lines */
	/* in place of the body; data NULL: as it is */
	struct vp_span body;
	const char *framing;  /* lines that say its length; NULL: Content-Length */
	const char *type;     /* value of Content-Type; NULL: as it is */
	const char *value_of; /* a header whose value is another; NULL: none */
	struct vp_span value; /* that one */
};

void vp_http_message_put(const struct vp_http_message *request,
			 const struct vp_http_message_style *style, struct vp_strbuf *out);

/* Text encodings; all append to `out`. `every`: each n-th byte only. */

/* Letters and digits as %XX, what is encoded already as it is. `twice`: %25XX. */
void vp_percent_put(struct vp_span text, bool lower, unsigned int every, bool twice,
		    struct vp_strbuf *out);
/* The other case of letters; of NAME=VALUE&... only in values with `values`. */
void vp_case_put(struct vp_span text, bool values, struct vp_strbuf *out);
/* Letters and digits as &#xXX; */
void vp_entity_put(struct vp_span text, struct vp_strbuf *out);
/* Strings with all their characters as \uXXXX. */
void vp_json_put(struct vp_span text, struct vp_strbuf *out);
/* Texts between tags with character references. */
void vp_xml_put(struct vp_span text, struct vp_strbuf *out);
/* Chunks of at most `size` bytes; `extension` behind each size, or "". */
void vp_chunks_put(struct vp_span text, size_t size, const char *extension,
		   struct vp_strbuf *out);

enum vp_content_coding { VP_CONTENT_GZIP, VP_CONTENT_ZLIB, VP_CONTENT_DEFLATE, VP_CONTENT_BR };

void vp_content_put(struct vp_span text, enum vp_content_coding coding, struct vp_strbuf *out);

#endif
