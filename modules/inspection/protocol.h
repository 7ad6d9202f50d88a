/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a protocol parser is: bytes of a connection in order in, field values
 * out. Each parser is one file and one line of vp_protocols; the fields it
 * fills are rows of the condition table (policy/field.h).
 *
 * A parser never sees packets, never looks at a clock, never blocks, and keeps
 * its memory within `limits`. It accepts any cut of the bytes: the same bytes in
 * other pieces give the same units with the same values.
 */
#ifndef VP_INSPECTION_PROTOCOL_H
#define VP_INSPECTION_PROTOCOL_H

#include "modules/inspection/sink.h"
#include "policy/patch.h"

/* What the parser says about the bytes it was just given. */
enum vp_parse {
	VP_PARSE_INSIDE,   /* in the middle of a unit */
	VP_PARSE_BOUNDARY, /* between units: the parser holds nothing that it could not
			    * forget, so the flow may sleep without it */
	VP_PARSE_DONE, /* nothing that still comes can have a field (TLS after its handshake,
			* HTTP after an upgrade): the flow may leave */
	VP_PARSE_FOREIGN, /* not this protocol, e.g. TLS on a port declared http */
	VP_PARSE_BROKEN,  /* cannot be understood: the failure verdict decides */
	VP_PARSE_BOUND,	  /* a memory bound is reached: the failure verdict decides */
};

struct vp_parsed {
	enum vp_parse state;
	/* So many bytes that follow those given have no field that a rule reads (the rest of a
	 * body of known length); they need not be given to the parser. When they are not,
	 * vp_protocol.skipped says so. */
	uint64_t skippable;
	/* A stable word, static: with FOREIGN, BROKEN, BOUND; with DONE, unless the connection
	 * has ended. With INSIDE or BOUNDARY: why what goes by is probably not readable
	 * ("tls", "starttls"), though reading goes on. */
	const char *reason;
	/* The word of something in the bytes that two readers may read differently (http:
	 * a value of http.ambiguity); NULL: nothing of that kind. */
	const char *ambiguous;
};

struct vp_parser_limits {
	size_t memory;	    /* bytes a parser may hold for one connection */
	size_t header;	    /* bytes of one head (request line and headers, banner, record) */
	unsigned int depth; /* nesting of JSON, XML, encodings */
};

/* What suits a service that nobody tuned. */
extern const struct vp_parser_limits vp_parser_limits_default;

struct vp_parser; /* a connection's state; opaque, each protocol has its own */

struct vp_protocol {
	const char *application; /* as a service declares it: "http"; "" is raw bytes */
	unsigned int traffic;	 /* VP_TRAFFIC_TCP: streams, VP_TRAFFIC_UDP: datagrams */

	/* A parser for a new connection. `frame` is the service's canonical `frame =` text or
	 * NULL. The sink outlives it. NULL when `frame` is not of the form (frame.h). */
	struct vp_parser *(*open)(const struct vp_parser_limits *limits, const char *frame,
				  struct vp_sink *sink);
	void (*close)(struct vp_parser *parser);

	/* The next bytes of one direction, in order; all are consumed. A datagram is one call.
	 * Most parsers have fields of the client's bytes only and learn from the server's,
	 * when they are given them; a raw stream reads one direction, that of its first bytes.
	 */
	struct vp_parsed (*feed)(struct vp_parser *parser, enum vp_direction direction,
				 struct vp_slice bytes);

	/* `count` skippable bytes went by unread. NULL: the parser never offers a skip. */
	void (*skipped)(struct vp_parser *parser, enum vp_direction direction, uint64_t count);

	/* No more bytes come in that direction (FIN). NULL: makes no difference. */
	struct vp_parsed (*finish)(struct vp_parser *parser, enum vp_direction direction);

	/* Bytes the parser holds now, beyond its own struct. */
	size_t (*memory)(const struct vp_parser *parser);
};

/* The parsers, each in the file of its name (stream and datagram: raw.c; smtp, ftp, pop3 and
 * imap: command.c). */
extern const struct vp_protocol vp_protocol_stream, vp_protocol_datagram;
extern const struct vp_protocol vp_protocol_smtp, vp_protocol_ftp, vp_protocol_pop3,
	vp_protocol_imap;
extern const struct vp_protocol vp_protocol_telnet;
extern const struct vp_protocol vp_protocol_redis;
extern const struct vp_protocol vp_protocol_tls;
extern const struct vp_protocol vp_protocol_dns_stream;
extern const struct vp_protocol vp_protocol_dns;
extern const struct vp_protocol vp_protocol_ssh;
extern const struct vp_protocol vp_protocol_smb;

/* All parsers of this build, NULL-terminated. */
extern const struct vp_protocol *const vp_protocols[];

/* By a service's `application` (NULL: raw) and its kind of traffic; NULL when there is none.
 */
const struct vp_protocol *vp_protocol_for(const char *application, unsigned int traffic);

#endif
