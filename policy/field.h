/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The condition table: every field a rule can speak of.
 *
 * One row says how the field is written, what type it has, which operators and
 * transforms apply, on which traffic it exists, and which enforcement points can
 * evaluate it. The parser, the printer, validation, placement, the language
 * reference and the coverage test all read this table; a new protocol field is
 * one row here and one extractor at an enforcement point.
 */
#ifndef VP_POLICY_FIELD_H
#define VP_POLICY_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Enforcement points, in order of cost. */
enum vp_point { VP_POINT_NETFILTER, VP_POINT_INSPECTION, VP_POINT_SECCOMP, VP_POINT_COUNT };

const char *vp_point_name(enum vp_point point);

#define VP_POINT_BIT(point) (1u << (point))

enum vp_field_type {
	VP_TYPE_NUMBER,	 /* unsigned, `bits` wide */
	VP_TYPE_ADDRESS, /* IPv4 and IPv6 alike */
	VP_TYPE_SLICE,	 /* field[OFFSET:LENGTH]: bytes, or a number when LENGTH <= 8 */
	VP_TYPE_BYTES,	 /* a byte string of any length */
};

/* Where the traffic must come from for the field to exist. Bits. */
enum vp_traffic {
	VP_TRAFFIC_TCP = 1 << 0,
	VP_TRAFFIC_UDP = 1 << 1, /* and UDP-Lite */
	VP_TRAFFIC_ICMP = 1 << 2,
	VP_TRAFFIC_ICMPV6 = 1 << 3,
	VP_TRAFFIC_OTHER = 1 << 4,
	VP_TRAFFIC_ANY = (1 << 5) - 1,
};

enum vp_operator {
	VP_OP_EQUALS,
	VP_OP_LESS_THAN,
	VP_OP_AT_MOST,
	VP_OP_GREATER_THAN,
	VP_OP_AT_LEAST,
	VP_OP_CONTAINS,
	VP_OP_STARTS_WITH,
	VP_OP_ENDS_WITH,
	VP_OP_MATCHES,
	VP_OP_PRESENT, /* takes no value */
	VP_OP_ABSENT,  /* takes no value; the only operator that is true for a missing field */
	VP_OP_COUNT,
};

#define VP_OP_BIT(op) (1u << (op))

const char *vp_operator_name(enum vp_operator op);

enum vp_transform_kind {
	VP_TRANSFORM_MASK, /* mask(0x0f): bitwise and; numbers and slices up to 8 bytes */
	VP_TRANSFORM_LITTLE_ENDIAN, /* read the slice as a little-endian number */
	VP_TRANSFORM_PLUS,  /* plus(4), minus(4), times(4): of a number; the result stays */
	VP_TRANSFORM_MINUS, /* within 0 to 2^64 - 1 */
	VP_TRANSFORM_TIMES,
	VP_TRANSFORM_DECIMAL, /* read text as a number; missing when it is none, the largest */
	VP_TRANSFORM_HEXADECIMAL, /* when it is larger */
	VP_TRANSFORM_LOWERCASE,
	VP_TRANSFORM_URL_DECODE,
	VP_TRANSFORM_BASE64,
	VP_TRANSFORM_HEX,
	VP_TRANSFORM_NORMALISE_PATH,
	VP_TRANSFORM_REMOVE_NULLS,
	VP_TRANSFORM_TRIM,
	VP_TRANSFORM_LENGTH,
	VP_TRANSFORM_COUNT_OF,
	VP_TRANSFORM_HTML_ENTITY,
	VP_TRANSFORM_UTF_8,
	VP_TRANSFORM_COUNT,
};

/* A row of the transform table. */
struct vp_transform_type {
	const char *name;
	bool takes_number;   /* name(NUMBER) */
	unsigned int points; /* VP_POINT_BITs that can evaluate it */
	const char *summary; /* one line for the reference */
};

extern const struct vp_transform_type vp_transform_types[VP_TRANSFORM_COUNT];

/* Stable identity of a field, for the extractor tables of enforcement points. */
enum vp_field_id {
	VP_FIELD_IP_SRC,
	VP_FIELD_IP_DST,
	VP_FIELD_IP_VERSION,
	VP_FIELD_IP_PROTO,
	VP_FIELD_IP_TTL,
	VP_FIELD_IP_HDR_LEN,	   /* IPv4, bytes */
	VP_FIELD_IP_OPT_TYPE,	   /* IPv4 options present: 7, 131, 137, 148 */
	VP_FIELD_IPV6_EXTHDR_TYPE, /* IPv6 extension headers present: 0, 43, 60, 135 */
	VP_FIELD_IPV6_ROUTING_TYPE,
	VP_FIELD_LINK_LOOPBACK, /* this host sends it to itself: 1, else 0 */
	VP_FIELD_TCP_SRCPORT,
	VP_FIELD_TCP_DSTPORT,
	VP_FIELD_TCP_FLAGS, /* the 8 bits CWR ECE URG ACK PSH RST SYN FIN */
	VP_FIELD_TCP_FLAGS_FIN,
	VP_FIELD_TCP_FLAGS_SYN,
	VP_FIELD_TCP_FLAGS_RESET,
	VP_FIELD_TCP_FLAGS_PUSH,
	VP_FIELD_TCP_FLAGS_ACK,
	VP_FIELD_TCP_FLAGS_URG,
	VP_FIELD_TCP_WINDOW_SIZE,
	VP_FIELD_TCP_URGENT_POINTER,
	VP_FIELD_TCP_HDR_LEN,	  /* bytes */
	VP_FIELD_TCP_OPTION_KIND, /* options present */
	VP_FIELD_TCP_OPTION_MSS,
	VP_FIELD_TCP_OPTION_WSCALE,
	VP_FIELD_UDP_SRCPORT,
	VP_FIELD_UDP_DSTPORT,
	VP_FIELD_ICMP_TYPE,
	VP_FIELD_ICMP_CODE,
	VP_FIELD_ICMPV6_TYPE,
	VP_FIELD_ICMPV6_CODE,
	VP_FIELD_DATAGRAM,     /* slice of what follows the 8-byte UDP or ICMP header */
	VP_FIELD_DATAGRAM_LEN, /* its length in bytes */
	/* inspection */
	VP_FIELD_FLOW,	  /* a variable of the connection */
	VP_FIELD_STREAM,  /* slice from the connection's first byte */
	VP_FIELD_MESSAGE, /* slice of each frame */
	VP_FIELD_HTTP_METHOD,
	VP_FIELD_HTTP_URI,
	VP_FIELD_HTTP_URI_RAW,
	VP_FIELD_HTTP_PATH,
	VP_FIELD_HTTP_QUERY,
	VP_FIELD_HTTP_HEADER,
	VP_FIELD_HTTP_HEADER_NAMES,
	VP_FIELD_HTTP_COOKIE,
	VP_FIELD_HTTP_HOST,
	VP_FIELD_HTTP_USER_AGENT,
	VP_FIELD_HTTP_CONTENT_TYPE,
	VP_FIELD_HTTP_REQUEST_LINE,
	VP_FIELD_HTTP_PROTOCOL,
	VP_FIELD_HTTP_REQUEST_BODY,
	VP_FIELD_HTTP_REQUEST_BODY_JSON,
	VP_FIELD_HTTP_REQUEST_BODY_XML,
	VP_FIELD_HTTP_REQUEST_BODY_FORM,
	VP_FIELD_HTTP_REQUEST_BODY_PART,
	VP_FIELD_HTTP_REQUEST_BODY_FILENAME,
	VP_FIELD_HTTP_REQUEST_TRAILER,
	VP_FIELD_HTTP_RAW_HEADER,
	VP_FIELD_HTTP_AMBIGUITY,
	VP_FIELD_HTTP_STAT_CODE,
	VP_FIELD_HTTP_STAT_MSG,
	VP_FIELD_HTTP_RESPONSE_HEADER,
	VP_FIELD_HTTP_RESPONSE_BODY,
	VP_FIELD_TLS_SNI,
	VP_FIELD_TLS_VERSION,
	VP_FIELD_TLS_CIPHER,
	VP_FIELD_TLS_ALPN,
	VP_FIELD_TLS_RECORD_CONTENT_TYPE,
	VP_FIELD_TLS_RECORD_VERSION,
	VP_FIELD_TLS_RECORD_LENGTH,
	VP_FIELD_TLS_HANDSHAKE_TYPE,
	VP_FIELD_TLS_HEARTBEAT_PAYLOAD_LENGTH,
	VP_FIELD_TLS_HEARTBEAT_EXCESS,
	VP_FIELD_TLS_ALERT,
	VP_FIELD_DNS_QUERY,
	VP_FIELD_DNS_QRY_TYPE,
	VP_FIELD_DNS_QRY_CLASS,
	VP_FIELD_DNS_FLAGS_RESPONSE,
	VP_FIELD_DNS_FLAGS_OPCODE,
	VP_FIELD_DNS_COUNT_QUERIES,
	VP_FIELD_DNS_RR_TYPE,
	VP_FIELD_DNS_RR_LENGTH,
	VP_FIELD_DNS_OPT_CODE,
	VP_FIELD_SSH_PROTO,
	VP_FIELD_SSH_SOFTWARE,
	VP_FIELD_SSH_MESSAGE_CODE,
	VP_FIELD_SSH_KEX_ALGORITHMS,
	VP_FIELD_SSH_HOST_KEY_ALGORITHMS,
	VP_FIELD_SSH_ENCRYPTION_ALGORITHMS,
	VP_FIELD_SSH_MAC_ALGORITHMS,
	VP_FIELD_SMTP_LINE,
	VP_FIELD_SMTP_COMMAND,
	VP_FIELD_SMTP_COMMAND_DATA,
	VP_FIELD_FTP_LINE,
	VP_FIELD_FTP_COMMAND,
	VP_FIELD_FTP_COMMAND_DATA,
	VP_FIELD_POP3_LINE,
	VP_FIELD_POP3_COMMAND,
	VP_FIELD_POP3_COMMAND_DATA,
	VP_FIELD_IMAP_TAG,
	VP_FIELD_IMAP_COMMAND,
	VP_FIELD_IMAP_ARGUMENTS,
	VP_FIELD_TELNET_LINE,
	VP_FIELD_TELNET_OPTION,
	VP_FIELD_TELNET_SUBOPTION,
	VP_FIELD_REDIS_COMMAND,
	VP_FIELD_REDIS_ARGUMENT,
	VP_FIELD_SMB_VERSION,
	VP_FIELD_SMB_CMD,
	VP_FIELD_SMB_DIALECT,
	VP_FIELD_SMB_FILE,
	VP_FIELD_SMB_TRANS2_CMD,
	VP_FIELD_SMB_NT_FUNCTION,
	VP_FIELD_SMB_TDC,
	VP_FIELD_SMB2_CMD,
	VP_FIELD_SMB2_DIALECT,
	VP_FIELD_SMB2_FILENAME,
	VP_FIELD_SMB2_COMPRESSION_SIZE,
	VP_FIELD_SMB2_COMPRESSION_OFFSET,
	VP_FIELD_COUNT,
};

enum vp_field_argument {
	VP_ARGUMENT_NONE,
	VP_ARGUMENT_SLICE,    /* [OFFSET:LENGTH] or [OFFSET:] */
	VP_ARGUMENT_REQUIRED, /* (text): a name or a path, e.g. http.header(Host) */
	VP_ARGUMENT_OPTIONAL,
};

struct vp_field {
	enum vp_field_id id;
	const char *name;
	enum vp_field_type type;
	enum vp_field_argument argument;
	uint8_t bits;		/* width of a number */
	uint8_t known_count;	/* how many of `known`; 0: any number */
	uint8_t known[4];	/* the only numbers that can be looked for */
	unsigned int traffic;	/* enum vp_traffic bits */
	unsigned int points;	/* VP_POINT_BITs that can evaluate the field at all */
	unsigned int operators; /* VP_OP_BITs that make sense for it */
	unsigned int netfilter_operators; /* those of them netfilter can evaluate truly */
	const char *application; /* the `application` a service must declare, or NULL */
	const char *summary;	 /* one line for the reference */
};

/* All rows, indexed by id. */
extern const struct vp_field vp_fields[VP_FIELD_COUNT];

/* Can the number be looked for in the field? */
bool vp_field_knows(const struct vp_field *field, uint64_t number);

/* How traffic has to be read for a field: each way makes units of its own. */
enum vp_read {
	VP_READ_ANYHOW, /* packet headers, variables of the connection */
	VP_READ_RAW,	/* the connection's bytes, a datagram */
	VP_READ_FRAMED, /* messages of `frame` */
	VP_READ_PARSED, /* units of the application */
};

enum vp_read vp_field_reading(const struct vp_field *field);

/* The row with that name, or NULL. */
const struct vp_field *vp_field_find(const char *name, size_t length);

/* The operator (enum vp_operator) or transform (enum vp_transform_kind) with that name, or -1.
 */
int vp_operator_find(const char *name, size_t length);
int vp_transform_find(const char *name, size_t length);

/* The known name nearest to a misspelt one, or NULL when none is near. */
const char *vp_field_suggest(const char *name, size_t length);

/* The language reference of all fields, operators and transforms, as Markdown. */
struct vp_strbuf;
void vp_field_reference(struct vp_strbuf *out);

#endif
