/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The condition table: see field.h. Names are Wireshark's for headers and
 * Suricata's for buffers of application protocols, so that advisories and
 * existing signatures read the same here.
 */
#include "policy/field.h"

#include <string.h>

#include "lib/memory.h"
#include "lib/strbuf.h"
#include "policy/suggest.h"

static const char *const point_names[] = {
	[VP_POINT_NETFILTER] = "netfilter",
	[VP_POINT_INSPECTION] = "inspection",
	[VP_POINT_SECCOMP] = "seccomp",
};
_Static_assert(VP_COUNT(point_names) == VP_POINT_COUNT, "every enforcement point has a name");

static const char *const operator_names[] = {
	[VP_OP_EQUALS] = "equals",	     [VP_OP_LESS_THAN] = "less-than",
	[VP_OP_AT_MOST] = "at-most",	     [VP_OP_GREATER_THAN] = "greater-than",
	[VP_OP_AT_LEAST] = "at-least",	     [VP_OP_CONTAINS] = "contains",
	[VP_OP_STARTS_WITH] = "starts-with", [VP_OP_ENDS_WITH] = "ends-with",
	[VP_OP_MATCHES] = "matches",	     [VP_OP_PRESENT] = "present",
	[VP_OP_ABSENT] = "absent",
};
_Static_assert(VP_COUNT(operator_names) == VP_OP_COUNT, "every operator has a name");

#define NETFILTER  VP_POINT_BIT(VP_POINT_NETFILTER)
#define INSPECTION VP_POINT_BIT(VP_POINT_INSPECTION)
#define BOTH	   (NETFILTER | INSPECTION)

const struct vp_transform_type vp_transform_types[VP_TRANSFORM_COUNT] = {
	[VP_TRANSFORM_MASK] = { "mask", true, BOTH },
	[VP_TRANSFORM_LITTLE_ENDIAN] = { "little-endian", false, BOTH },
	[VP_TRANSFORM_LOWERCASE] = { "lowercase", false, INSPECTION },
	[VP_TRANSFORM_URL_DECODE] = { "url-decode", false, INSPECTION },
	[VP_TRANSFORM_BASE64] = { "base64", false, INSPECTION },
	[VP_TRANSFORM_HEX] = { "hex", false, INSPECTION },
	[VP_TRANSFORM_NORMALISE_PATH] = { "normalise-path", false, INSPECTION },
	[VP_TRANSFORM_REMOVE_NULLS] = { "remove-nulls", false, INSPECTION },
	[VP_TRANSFORM_TRIM] = { "trim", false, INSPECTION },
	[VP_TRANSFORM_LENGTH] = { "length", false, INSPECTION },
	[VP_TRANSFORM_COUNT_OF] = { "count", false, INSPECTION },
	[VP_TRANSFORM_HTML_ENTITY] = { "html-entity", false, INSPECTION },
	[VP_TRANSFORM_UTF_8] = { "utf-8", false, INSPECTION },
};

#define EQUALS VP_OP_BIT(VP_OP_EQUALS)
#define COMPARE                                                                               \
	(EQUALS | VP_OP_BIT(VP_OP_LESS_THAN) | VP_OP_BIT(VP_OP_AT_MOST) |                     \
	 VP_OP_BIT(VP_OP_GREATER_THAN) | VP_OP_BIT(VP_OP_AT_LEAST))
#define EXISTS (VP_OP_BIT(VP_OP_PRESENT) | VP_OP_BIT(VP_OP_ABSENT))
#define TEXT                                                                                  \
	(EQUALS | VP_OP_BIT(VP_OP_CONTAINS) | VP_OP_BIT(VP_OP_STARTS_WITH) |                  \
	 VP_OP_BIT(VP_OP_ENDS_WITH) | VP_OP_BIT(VP_OP_MATCHES) | EXISTS)

#define IP	 VP_TRAFFIC_ANY
#define DATAGRAM (VP_TRAFFIC_UDP | VP_TRAFFIC_ICMP | VP_TRAFFIC_ICMPV6)

/* A number in a header that every packet of the protocol has. */
#define HEADER(ID, NAME, BITS, TRAFFIC, POINTS, SUMMARY)                                      \
	[VP_FIELD_##ID] = {                                                                   \
		.id = VP_FIELD_##ID,                                                          \
		.name = NAME,                                                                 \
		.type = VP_TYPE_NUMBER,                                                       \
		.bits = BITS,                                                                 \
		.traffic = TRAFFIC,                                                           \
		.points = POINTS,                                                             \
		.operators = COMPARE,                                                         \
		.netfilter_operators = COMPARE,                                               \
		.summary = SUMMARY,                                                           \
	}

/* A number in an option or extension header, which may be missing. */
#define OPTION(ID, NAME, BITS, TRAFFIC, OPERATORS, SUMMARY)                                   \
	[VP_FIELD_##ID] = {                                                                   \
		.id = VP_FIELD_##ID,                                                          \
		.name = NAME,                                                                 \
		.type = VP_TYPE_NUMBER,                                                       \
		.bits = BITS,                                                                 \
		.traffic = TRAFFIC,                                                           \
		.points = NETFILTER,                                                          \
		.operators = OPERATORS,                                                       \
		.netfilter_operators = OPERATORS,                                             \
		.summary = SUMMARY,                                                           \
	}

#define ADDRESS(ID, NAME, SUMMARY)                                                            \
	[VP_FIELD_##ID] = {                                                                   \
		.id = VP_FIELD_##ID,                                                          \
		.name = NAME,                                                                 \
		.type = VP_TYPE_ADDRESS,                                                      \
		.traffic = IP,                                                                \
		.points = BOTH,                                                               \
		.operators = EQUALS,                                                          \
		.netfilter_operators = EQUALS,                                                \
		.summary = SUMMARY,                                                           \
	}

#define SLICE(ID, NAME, TRAFFIC, POINTS, NETFILTER_OPERATORS, SUMMARY)                        \
	[VP_FIELD_##ID] = {                                                                   \
		.id = VP_FIELD_##ID,                                                          \
		.name = NAME,                                                                 \
		.type = VP_TYPE_SLICE,                                                        \
		.argument = VP_ARGUMENT_SLICE,                                                \
		.traffic = TRAFFIC,                                                           \
		.points = POINTS,                                                             \
		.operators = COMPARE | TEXT,                                                  \
		.netfilter_operators = NETFILTER_OPERATORS,                                   \
		.summary = SUMMARY,                                                           \
	}

/* A buffer of an application protocol. */
#define BUFFER(ID, NAME, TRAFFIC, APPLICATION, ARGUMENT, SUMMARY)                             \
	[VP_FIELD_##ID] = {                                                                   \
		.id = VP_FIELD_##ID,                                                          \
		.name = NAME,                                                                 \
		.type = VP_TYPE_BYTES,                                                        \
		.argument = VP_ARGUMENT_##ARGUMENT,                                           \
		.traffic = TRAFFIC,                                                           \
		.points = INSPECTION,                                                         \
		.operators = TEXT,                                                            \
		.application = APPLICATION,                                                   \
		.summary = SUMMARY,                                                           \
	}

#define HTTP(ID, NAME, ARGUMENT, SUMMARY)                                                     \
	BUFFER(HTTP_##ID, "http." NAME, VP_TRAFFIC_TCP, "http", ARGUMENT, SUMMARY)
#define FLAG(ID, NAME)                                                                        \
	HEADER(TCP_FLAGS_##ID, "tcp.flags." NAME, 1, VP_TRAFFIC_TCP, NETFILTER,               \
	       "1 when the flag is set, else 0")

const struct vp_field vp_fields[VP_FIELD_COUNT] = {
	ADDRESS(IP_SRC, "ip.src", "source address, IPv4 or IPv6"),
	ADDRESS(IP_DST, "ip.dst", "destination address, IPv4 or IPv6"),
	HEADER(IP_VERSION, "ip.version", 4, IP, BOTH, "4 or 6"),
	HEADER(IP_PROTO, "ip.proto", 8, IP, BOTH,
	       "transport protocol number, behind IPv6 extension headers"),
	HEADER(IP_TTL, "ip.ttl", 8, IP, NETFILTER, "time to live, or IPv6 hop limit"),
	OPTION(IP_HDR_LEN, "ip.hdr_len", 8, IP, COMPARE,
	       "IPv4 header length in bytes, 20 (no options) to 60"),
	OPTION(IP_OPT_TYPE, "ip.opt.type", 8, IP, EQUALS,
	       "an IPv4 option that is present: 7, 131, 137 or 148; source routes only while their "
	       "pointer is at its start, and none behind a malformed one: see ip.hdr_len"),
	OPTION(IPV6_EXTHDR_TYPE, "ipv6.exthdr.type", 8, IP, EQUALS,
	       "an IPv6 extension header that is present: 0, 43, 60 or 135"),
	OPTION(IPV6_ROUTING_TYPE, "ipv6.routing.type", 8, IP, COMPARE | EXISTS,
	       "type of the IPv6 routing header"),
	OPTION(LINK_LOOPBACK, "link.loopback", 1, IP, EQUALS,
	       "1 when this host sends the packet to itself, else 0; missing in what else it sends"),
	HEADER(TCP_SRCPORT, "tcp.srcport", 16, VP_TRAFFIC_TCP, BOTH, "source port"),
	HEADER(TCP_DSTPORT, "tcp.dstport", 16, VP_TRAFFIC_TCP, BOTH, "destination port"),
	HEADER(TCP_FLAGS, "tcp.flags", 8, VP_TRAFFIC_TCP, NETFILTER,
	       "the flags byte: CWR ECE URG ACK PSH RST SYN FIN"),
	FLAG(FIN, "fin"),
	FLAG(SYN, "syn"),
	FLAG(RESET, "reset"),
	FLAG(PUSH, "push"),
	FLAG(ACK, "ack"),
	FLAG(URG, "urg"),
	HEADER(TCP_WINDOW_SIZE, "tcp.window_size", 16, VP_TRAFFIC_TCP, NETFILTER,
	       "window as sent, not scaled"),
	HEADER(TCP_URGENT_POINTER, "tcp.urgent_pointer", 16, VP_TRAFFIC_TCP, NETFILTER,
	       "urgent pointer"),
	HEADER(TCP_HDR_LEN, "tcp.hdr_len", 8, VP_TRAFFIC_TCP, NETFILTER,
	       "header length in bytes, 20 to 60"),
	OPTION(TCP_OPTION_KIND, "tcp.option_kind", 8, VP_TRAFFIC_TCP, EQUALS,
	       "a TCP option that is present"),
	OPTION(TCP_OPTION_MSS, "tcp.options.mss_val", 16, VP_TRAFFIC_TCP, COMPARE | EXISTS,
	       "maximum segment size option"),
	OPTION(TCP_OPTION_WSCALE, "tcp.options.wscale.shift", 8, VP_TRAFFIC_TCP,
	       COMPARE | EXISTS, "window scale option"),
	HEADER(UDP_SRCPORT, "udp.srcport", 16, VP_TRAFFIC_UDP, BOTH, "source port"),
	HEADER(UDP_DSTPORT, "udp.dstport", 16, VP_TRAFFIC_UDP, BOTH, "destination port"),
	HEADER(ICMP_TYPE, "icmp.type", 8, VP_TRAFFIC_ICMP, NETFILTER, "ICMP type"),
	HEADER(ICMP_CODE, "icmp.code", 8, VP_TRAFFIC_ICMP, NETFILTER, "ICMP code"),
	HEADER(ICMPV6_TYPE, "icmpv6.type", 8, VP_TRAFFIC_ICMPV6, NETFILTER, "ICMPv6 type"),
	HEADER(ICMPV6_CODE, "icmpv6.code", 8, VP_TRAFFIC_ICMPV6, NETFILTER, "ICMPv6 code"),
	SLICE(DATAGRAM, "datagram", DATAGRAM, BOTH,
	      COMPARE | EXISTS | VP_OP_BIT(VP_OP_STARTS_WITH),
	      "bytes behind the 8-byte UDP, ICMP or ICMPv6 header"),
	HEADER(DATAGRAM_LEN, "datagram.len", 16, DATAGRAM, BOTH,
	       "number of bytes behind the 8-byte header"),
	SLICE(STREAM, "stream", VP_TRAFFIC_TCP, INSPECTION, 0,
	      "bytes of the connection, from its first one"),
	SLICE(MESSAGE, "message", VP_TRAFFIC_TCP | VP_TRAFFIC_UDP, INSPECTION, 0,
	      "bytes of each message of a service with `frame`"),
	HTTP(METHOD, "method", NONE, "request method"),
	HTTP(URI, "uri", NONE, "path and query, decoded once, path normalised"),
	HTTP(URI_RAW, "uri.raw", NONE, "path and query as sent"),
	HTTP(PATH, "path", NONE, "path alone, decoded once and normalised"),
	HTTP(QUERY, "query", OPTIONAL, "query, or one of its parameters, decoded once"),
	HTTP(HEADER, "header", REQUIRED, "value of a request header"),
	HTTP(HEADER_NAMES, "header_names", NONE, "names of the headers, one a line"),
	HTTP(COOKIE, "cookie", OPTIONAL, "all cookies, or the value of one"),
	HTTP(HOST, "host", NONE, "host name, in lower case"),
	HTTP(USER_AGENT, "user_agent", NONE, "User-Agent header"),
	HTTP(CONTENT_TYPE, "content_type", NONE, "Content-Type header"),
	HTTP(REQUEST_LINE, "request_line", NONE, "the request line as sent"),
	HTTP(PROTOCOL, "protocol", NONE, "protocol version of the request line"),
	HTTP(REQUEST_BODY, "request_body", NONE, "body, without transfer encoding"),
	HTTP(REQUEST_BODY_JSON, "request_body.json", REQUIRED,
	     "a value of a JSON body, by its path"),
	HTTP(REQUEST_BODY_XML, "request_body.xml", REQUIRED,
	     "text of an XML body, by its path"),
	HTTP(REQUEST_BODY_FORM, "request_body.form", REQUIRED, "a form field of the body"),
	BUFFER(TLS_SNI, "tls.sni", VP_TRAFFIC_TCP, "tls", NONE, "server name the client asks for"),
	[VP_FIELD_TLS_VERSION] = {
		.id = VP_FIELD_TLS_VERSION, .name = "tls.version", .type = VP_TYPE_NUMBER,
		.bits = 16, .traffic = VP_TRAFFIC_TCP, .points = INSPECTION,
		.operators = COMPARE | EXISTS, .application = "tls",
		.summary = "highest version the client offers, e.g. 0x0303",
	},
	BUFFER(DNS_QUERY, "dns.query", VP_TRAFFIC_TCP | VP_TRAFFIC_UDP, "dns", NONE,
	       "name that is asked for, in lower case"),
	BUFFER(SSH_SOFTWARE, "ssh.software", VP_TRAFFIC_TCP, "ssh", NONE,
	       "software version in the SSH banner"),
};

const char *vp_point_name(enum vp_point point)
{
	return point_names[point];
}

const char *vp_operator_name(enum vp_operator op)
{
	return operator_names[op];
}

static bool same(const char *name, const char *text, size_t length)
{
	return *name == *text && !strncmp(name, text, length) && !name[length];
}

const struct vp_field *vp_field_find(const char *name, size_t length)
{
	if (!length)
		return NULL;
	for (size_t i = 0; i < VP_FIELD_COUNT; i++)
		if (same(vp_fields[i].name, name, length))
			return &vp_fields[i];
	return NULL;
}

int vp_operator_find(const char *name, size_t length)
{
	for (int i = 0; length && i < VP_OP_COUNT; i++)
		if (same(operator_names[i], name, length))
			return i;
	return -1;
}

int vp_transform_find(const char *name, size_t length)
{
	for (int i = 0; length && i < VP_TRANSFORM_COUNT; i++)
		if (same(vp_transform_types[i].name, name, length))
			return i;
	return -1;
}

const char *vp_field_suggest(const char *name, size_t length)
{
	struct vp_suggestion suggestion = { .text = name, .length = length };

	for (size_t i = 0; i < VP_FIELD_COUNT; i++)
		vp_suggest(&suggestion, vp_fields[i].name);
	return suggestion.best;
}

static const char *type_name(const struct vp_field *field)
{
	switch (field->type) {
	case VP_TYPE_NUMBER:
		return "number";
	case VP_TYPE_ADDRESS:
		return "address";
	case VP_TYPE_SLICE:
		return "slice";
	case VP_TYPE_BYTES:
		return "string";
	}
	return "";
}

static void reference_traffic(const struct vp_field *field, struct vp_strbuf *out)
{
	static const char *const names[] = { "tcp", "udp", "icmp", "icmpv6" };
	const char *separator = "";

	if (field->traffic == VP_TRAFFIC_ANY) {
		vp_strbuf_adds(out, "any");
		return;
	}
	for (size_t i = 0; i < VP_COUNT(names); i++) {
		if (!(field->traffic & 1u << i))
			continue;
		vp_strbuf_addf(out, "%s%s", separator, names[i]);
		separator = " ";
	}
}

static void reference_field(const struct vp_field *field, struct vp_strbuf *out)
{
	static const char *const arguments[] = {
		[VP_ARGUMENT_NONE] = "",
		[VP_ARGUMENT_SLICE] = "[OFFSET:LENGTH]",
		[VP_ARGUMENT_REQUIRED] = "(NAME)",
		[VP_ARGUMENT_OPTIONAL] = "[(NAME)]",
	};

	vp_strbuf_addf(out, "| `%s%s` | %s", field->name, arguments[field->argument],
		       type_name(field));
	if (field->bits)
		vp_strbuf_addf(out, ", %u bit%s", field->bits, field->bits == 1 ? "" : "s");
	vp_strbuf_adds(out, " | ");
	reference_traffic(field, out);
	if (field->application)
		vp_strbuf_addf(out, ", `application = %s`", field->application);
	vp_strbuf_adds(out, " |");
	for (unsigned int op = 0; op < VP_OP_COUNT; op++) {
		if (!(field->operators & VP_OP_BIT(op)))
			continue;
		/* a star: only by inspection */
		vp_strbuf_addf(out, " %s%s", operator_names[op],
			       field->points & NETFILTER &&
					       !(field->netfilter_operators & VP_OP_BIT(op))
				       ? "\\*"
				       : "");
	}
	vp_strbuf_adds(out, " |");
	for (unsigned int point = 0; point < VP_POINT_COUNT; point++)
		if (field->points & VP_POINT_BIT(point))
			vp_strbuf_addf(out, " %s", point_names[point]);
	vp_strbuf_addf(out, " | %s |\n", field->summary);
}

void vp_field_reference(struct vp_strbuf *out)
{
	vp_strbuf_adds(out, "## Fields\n\n"
			    "| field | type | on | operators | enforced by | what it is |\n"
			    "|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < VP_FIELD_COUNT; i++)
		reference_field(&vp_fields[i], out);
	vp_strbuf_adds(out, "\nAn operator with \\* is evaluated by inspection only.\n\n"
			    "## Transforms\n\n"
			    "| transform | enforced by |\n|---|---|\n");
	for (size_t i = 0; i < VP_TRANSFORM_COUNT; i++)
		vp_strbuf_addf(out, "| `%s%s` | %s |\n", vp_transform_types[i].name,
			       vp_transform_types[i].takes_number ? "(NUMBER)" : "",
			       vp_transform_types[i].points & NETFILTER
				       ? "netfilter, inspection"
				       : "inspection");
}
