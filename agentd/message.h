/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control protocol between vpatchctl and vpatchd, over a Unix stream socket.
 *
 * Every frame is a 12-byte header in network order and a body:
 *
 *   u32 magic "VPC1"   u16 type   u16 code   u32 body length
 *
 * A request (type: enum vp_request, code 0) has a body of arguments, each
 * u16 key, u16 0, u32 length, bytes; a key appears at most once. An answer (type
 * VP_ANSWER) has an exit status of the command-line contract as its code and one
 * JSON document as its body. A stream (events --follow) is frames of type
 * VP_STREAM, a JSON document each, until VP_ANSWER or the end of the connection.
 *
 * Requests are bounded and checked as a whole before anything is acted upon; a
 * malformed one gets an answer that says why, and the connection is closed.
 */
#ifndef VP_AGENTD_MESSAGE_H
#define VP_AGENTD_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "lib/strbuf.h"

#define VP_MESSAGE_MAGIC  0x56504331u
#define VP_MESSAGE_HEADER 12
#define VP_REQUEST_LIMIT  65536u      /* body of a request */
#define VP_ANSWER_LIMIT	  (64u << 20) /* body of an answer */

/* Exit statuses of the command-line contract. */
enum vp_exit {
	VP_EXIT_GOOD = 0,
	VP_EXIT_FINDINGS = 1,
	VP_EXIT_USAGE = 2,
	VP_EXIT_UNREACHABLE = 3, /* daemon unreachable, or the kernel refuses */
	VP_EXIT_FORBIDDEN = 4,
};

enum vp_request {
	VP_REQUEST_STATUS = 1, /* [ID] */
	VP_REQUEST_EXPLAIN,    /* ID */
	VP_REQUEST_HISTORY,
	VP_REQUEST_EVENTS, /* [FOLLOW] [SOURCE] [PORT] [SINCE] */
	VP_REQUEST_PLAN,   /* the active generation's placements, for a diff */
	VP_REQUEST_APPLY,  /* [CONFIRM] [REASON] [TICKET] [AFTER_PANIC] [FORCE] */
	VP_REQUEST_CONFIRM,
	VP_REQUEST_ROLLBACK, /* [GENERATION] [REASON] [TICKET] */
	VP_REQUEST_ENABLE,   /* ID [DURATION] [REASON] */
	VP_REQUEST_DISABLE,  /* ID or ALL [DURATION] [REASON] */
	VP_REQUEST_MODE,     /* ID MODE [DURATION] [REASON] */
	VP_REQUEST_COUNT,

	VP_ANSWER = 0x8000,
	VP_STREAM = 0x8001,
};

enum vp_argument_key {
	VP_ARG_ID = 1,
	VP_ARG_ALL,	    /* flag: empty value */
	VP_ARG_REASON,	    /* text */
	VP_ARG_TICKET,	    /* text */
	VP_ARG_GENERATION,  /* decimal */
	VP_ARG_DURATION,    /* milliseconds, decimal */
	VP_ARG_MODE,	    /* "enforce" or "monitor" */
	VP_ARG_CONFIRM,	    /* seconds, decimal */
	VP_ARG_AFTER_PANIC, /* flag */
	VP_ARG_FORCE,	    /* flag */
	VP_ARG_FOLLOW,	    /* flag */
	VP_ARG_SOURCE,	    /* address or prefix */
	VP_ARG_PORT,	    /* decimal */
	VP_ARG_SINCE,	    /* RFC 3339 time, or a duration back from now */
	VP_ARG_COUNT,
};

struct vp_message {
	enum vp_request type;
	const char *arguments[VP_ARG_COUNT]; /* NULL: not given; into `storage` */
	char *storage;			     /* owned */
};

/* What a request is called, for audit events; NULL for an unknown type. */
const char *vp_request_name(enum vp_request type);

/* Does the request change anything (root and the admin group only)? */
bool vp_request_changes(enum vp_request type);

/*
 * Parse a request of `len` bytes, header included. Pure, for fuzzing too.
 * Returns 0, -EAGAIN (more bytes needed; *need says how many in all), or -EINVAL
 * with the reason. On 0 *message is owned by the caller.
 */
int vp_message_parse(const uint8_t *data, size_t len, struct vp_message *message, size_t *need,
		     struct vp_error *err);
void vp_message_free(struct vp_message *message);

/* Append a whole request frame to *out. */
void vp_message_write(const struct vp_message *message, struct vp_strbuf *out);

/* Append an answer or stream frame. */
void vp_answer_write(uint16_t type, enum vp_exit status, const char *json, size_t len,
		     struct vp_strbuf *out);

#endif
