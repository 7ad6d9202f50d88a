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
	[VP_TRANSFORM_MASK] = { "mask", true, BOTH, "the named bits of a number" },
	[VP_TRANSFORM_LITTLE_ENDIAN] = { "little-endian", false, BOTH,
					 "a slice of 1 to 8 bytes as a number, lowest first" },
	[VP_TRANSFORM_PLUS] = { "plus", true, INSPECTION,
				"a number and this one, at most "
				"2^64 - 1" },
	[VP_TRANSFORM_MINUS] = { "minus", true, INSPECTION,
				 "a number less this one, at "
				 "least 0" },
	[VP_TRANSFORM_TIMES] = { "times", true, INSPECTION,
				 "a number times this one, at most "
				 "2^64 - 1" },
	[VP_TRANSFORM_DECIMAL] = { "decimal", false, INSPECTION,
				   "the number that the digits say, at most 2^64 - 1; missing "
				   "where there is anything but digits" },
	[VP_TRANSFORM_HEXADECIMAL] = { "hexadecimal", false, INSPECTION,
				       "the same of hexadecimal digits, with or without "
				       "`0x`" },
	[VP_TRANSFORM_LOWERCASE] = { "lowercase", false, INSPECTION, "`A-Z` to `a-z`" },
	[VP_TRANSFORM_URL_DECODE] = { "url-decode", false, INSPECTION,
				      "`%XX` to its byte, `+` to a blank" },
	[VP_TRANSFORM_BASE64] = { "base64", false, INSPECTION,
				  "decoded, both alphabets; other bytes are skipped" },
	[VP_TRANSFORM_HEX] = { "hex", false, INSPECTION,
			       "pairs of hexadecimal digits to bytes; other bytes are "
			       "skipped" },
	[VP_TRANSFORM_NORMALISE_PATH] = { "normalise-path", false, INSPECTION,
					  "`//`, `/./` and `/x/../` to `/`" },
	[VP_TRANSFORM_REMOVE_NULLS] = { "remove-nulls", false, INSPECTION,
					"without its bytes 0" },
	[VP_TRANSFORM_TRIM] = { "trim", false, INSPECTION,
				"without white space at both ends" },
	[VP_TRANSFORM_LENGTH] = { "length", false, INSPECTION, "number of bytes" },
	[VP_TRANSFORM_COUNT_OF] = { "count", false, INSPECTION,
				    "number of values that the field has in the unit" },
	[VP_TRANSFORM_HTML_ENTITY] = { "html-entity", false, INSPECTION,
				       "`&#65;`, `&#x41;` and names to their characters" },
	[VP_TRANSFORM_UTF_8] = { "utf-8", false, INSPECTION,
				 "characters in their shortest form: overlong sequences, "
				 "`%uXXXX`, fullwidth forms to ASCII" },
};

#define EQUALS VP_OP_BIT(VP_OP_EQUALS)
#define COMPARE                                                                               \
	(EQUALS | VP_OP_BIT(VP_OP_LESS_THAN) | VP_OP_BIT(VP_OP_AT_MOST) |                     \
	 VP_OP_BIT(VP_OP_GREATER_THAN) | VP_OP_BIT(VP_OP_AT_LEAST))
#define EXISTS (VP_OP_BIT(VP_OP_PRESENT) | VP_OP_BIT(VP_OP_ABSENT))
#define TEXT                                                                                  \
	(EQUALS | VP_OP_BIT(VP_OP_CONTAINS) | VP_OP_BIT(VP_OP_STARTS_WITH) |                  \
	 VP_OP_BIT(VP_OP_ENDS_WITH) | VP_OP_BIT(VP_OP_MATCHES) | EXISTS)

#define KNOWN(...)                                                                            \
	.known = { __VA_ARGS__ }, .known_count = VP_COUNT(((const uint8_t[]){ __VA_ARGS__ }))

#define IP	 VP_TRAFFIC_ANY
#define DATAGRAM (VP_TRAFFIC_UDP | VP_TRAFFIC_ICMP | VP_TRAFFIC_ICMPV6)

/* What every row has; `...` are its other members. */
#define ROW(ID, NAME, TYPE, TRAFFIC, POINTS, OPERATORS, SUMMARY, ...)                         \
	[ID] = { .id = ID,                                                                    \
		 .name = NAME,                                                                \
		 .type = TYPE,                                                                \
		 .traffic = TRAFFIC,                                                          \
		 .points = POINTS,                                                            \
		 .operators = OPERATORS,                                                      \
		 .summary = SUMMARY,                                                          \
		 __VA_ARGS__ }

/* A number in a header that every packet of the protocol has. */
#define HEADER(ID, NAME, BITS, TRAFFIC, POINTS, SUMMARY, ...)                                 \
	ROW(VP_FIELD_##ID, NAME, VP_TYPE_NUMBER, TRAFFIC, POINTS, COMPARE, SUMMARY,           \
	    .bits = BITS, .netfilter_operators = COMPARE, ##__VA_ARGS__)

/* A number in an option or extension header, which may be missing. */
#define OPTION(ID, NAME, BITS, TRAFFIC, OPERATORS, SUMMARY, ...)                              \
	ROW(VP_FIELD_##ID, NAME, VP_TYPE_NUMBER, TRAFFIC, NETFILTER, OPERATORS, SUMMARY,      \
	    .bits = BITS, .netfilter_operators = OPERATORS, ##__VA_ARGS__)

#define ADDRESS(ID, NAME, SUMMARY)                                                            \
	ROW(VP_FIELD_##ID, NAME, VP_TYPE_ADDRESS, IP, BOTH, EQUALS, SUMMARY,                  \
	    .netfilter_operators = EQUALS)

#define SLICE(ID, NAME, TRAFFIC, POINTS, NETFILTER_OPERATORS, SUMMARY)                        \
	ROW(VP_FIELD_##ID, NAME, VP_TYPE_SLICE, TRAFFIC, POINTS, COMPARE | TEXT, SUMMARY,     \
	    .argument = VP_ARGUMENT_SLICE, .netfilter_operators = NETFILTER_OPERATORS)

/* A buffer of an application protocol. */
#define BUFFER(ID, NAME, TRAFFIC, APPLICATION, ARGUMENT, SUMMARY)                             \
	ROW(VP_FIELD_##ID, NAME, VP_TYPE_BYTES, TRAFFIC, INSPECTION, TEXT, SUMMARY,           \
	    .application = APPLICATION, .argument = VP_ARGUMENT_##ARGUMENT)

#define HTTP(ID, NAME, ARGUMENT, SUMMARY)                                                     \
	BUFFER(HTTP_##ID, "http." NAME, VP_TRAFFIC_TCP, "http", ARGUMENT, SUMMARY)

/* A number of an application protocol over TCP; a unit may lack it. */
#define CODE(ID, NAME, BITS, APPLICATION, SUMMARY)                                            \
	ROW(VP_FIELD_##ID, NAME, VP_TYPE_NUMBER, VP_TRAFFIC_TCP, INSPECTION,                  \
	    COMPARE | EXISTS, SUMMARY, .bits = BITS, .application = APPLICATION)

#define DNS_TRAFFIC (VP_TRAFFIC_TCP | VP_TRAFFIC_UDP)
#define DNS(ID, NAME, BITS, SUMMARY)                                                          \
	ROW(VP_FIELD_DNS_##ID, "dns." NAME, VP_TYPE_NUMBER, DNS_TRAFFIC, INSPECTION,          \
	    COMPARE | EXISTS, SUMMARY, .bits = BITS, .application = "dns")
#define SSH(ID, NAME, SUMMARY)                                                                \
	BUFFER(SSH_##ID, "ssh." NAME, VP_TRAFFIC_TCP, "ssh", NONE, SUMMARY)

/* The fields of a protocol of command lines. */
#define LINES(ID, NAME, SUMMARY)                                                              \
	BUFFER(ID##_LINE, NAME ".line", VP_TRAFFIC_TCP, NAME, NONE, SUMMARY),                 \
		BUFFER(ID##_COMMAND, NAME ".command", VP_TRAFFIC_TCP, NAME, NONE,             \
		       "command, in upper case"),                                             \
		BUFFER(ID##_COMMAND_DATA, NAME ".command_data", VP_TRAFFIC_TCP, NAME, NONE,   \
		       "what follows the command")

#define FLAG(ID, NAME)                                                                        \
	HEADER(TCP_FLAGS_##ID, "tcp.flags." NAME, 1, VP_TRAFFIC_TCP, NETFILTER,               \
	       "1 when the flag is set, else 0")

const struct vp_field vp_fields[VP_FIELD_COUNT] = {
	ADDRESS(IP_SRC, "ip.src", "source address, IPv4 or IPv6"),
	ADDRESS(IP_DST, "ip.dst", "destination address, IPv4 or IPv6"),
	HEADER(IP_VERSION, "ip.version", 4, IP, BOTH, "4 or 6", KNOWN(4, 6)),
	HEADER(IP_PROTO, "ip.proto", 8, IP, BOTH,
	       "transport protocol number, behind IPv6 extension headers"),
	HEADER(IP_TTL, "ip.ttl", 8, IP, NETFILTER, "time to live, or IPv6 hop limit"),
	OPTION(IP_HDR_LEN, "ip.hdr_len", 8, IP, COMPARE,
	       "IPv4 header length in bytes, 20 (no options) to 60"),
	OPTION(IP_OPT_TYPE, "ip.opt.type", 8, IP, EQUALS,
	       "an IPv4 option that is present: 7, 131, 137 or 148; source routes only while "
	       "their "
	       "pointer is at its start, and none behind a malformed one: see ip.hdr_len",
	       KNOWN(7, 131, 137, 148)),
	OPTION(IPV6_EXTHDR_TYPE, "ipv6.exthdr.type", 8, IP, EQUALS,
	       "an IPv6 extension header that is present: 0, 43, 60 or 135",
	       KNOWN(0, 43, 60, 135)),
	OPTION(IPV6_ROUTING_TYPE, "ipv6.routing.type", 8, IP, COMPARE | EXISTS,
	       "type of the IPv6 routing header"),
	OPTION(LINK_LOOPBACK, "link.loopback", 1, IP, EQUALS,
	       "1 when this host sends the packet to itself, else 0; missing in what else it "
	       "sends"),
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
	ROW(VP_FIELD_FLOW, "flow", VP_TYPE_NUMBER, VP_TRAFFIC_TCP, INSPECTION,
	    COMPARE | EXISTS,
	    "how often rules with `set = NAME` held in the connection before this unit; "
	    "missing "
	    "when none did",
	    .bits = 32, .argument = VP_ARGUMENT_REQUIRED),
	SLICE(STREAM, "stream", VP_TRAFFIC_TCP, INSPECTION, 0,
	      "bytes of the connection, from its first one"),
	SLICE(MESSAGE, "message", VP_TRAFFIC_TCP | VP_TRAFFIC_UDP, INSPECTION, 0,
	      "bytes of each message of a service with `frame`"),
	HTTP(METHOD, "method", NONE, "request method"),
	HTTP(URI, "uri", NONE, "path and query, decoded once, path normalised"),
	HTTP(URI_RAW, "uri.raw", NONE, "path and query as sent"),
	HTTP(PATH, "path", NONE, "path alone, decoded once and normalised"),
	HTTP(QUERY, "query", OPTIONAL,
	     "query, or one of its parameters, decoded once, plus signs as spaces"),
	HTTP(HEADER, "header", REQUIRED, "value of a request header, each one of the name"),
	HTTP(HEADER_NAMES, "header_names", NONE, "names of the headers, one a line"),
	HTTP(COOKIE, "cookie", OPTIONAL, "all cookies, or the value of one"),
	HTTP(HOST, "host", NONE, "host name without port, in lower case"),
	HTTP(USER_AGENT, "user_agent", NONE, "User-Agent header"),
	HTTP(CONTENT_TYPE, "content_type", NONE, "Content-Type header"),
	HTTP(REQUEST_LINE, "request_line", NONE, "the request line as sent"),
	HTTP(PROTOCOL, "protocol", NONE, "protocol version of the request line"),
	HTTP(REQUEST_BODY, "request_body", NONE,
	     "body, without transfer encoding and compression"),
	HTTP(REQUEST_BODY_JSON, "request_body.json", REQUIRED,
	     "a value of a JSON body, by its path: `a.b`, `a[].b` for any element of an "
	     "array; "
	     "an object is `{`, an array `[`"),
	HTTP(REQUEST_BODY_XML, "request_body.xml", REQUIRED,
	     "text of an XML body, by its path of local names: `a/b`, `a/b/@attribute`; "
	     "`!DOCTYPE` and `!ENTITY` for what is declared"),
	HTTP(REQUEST_BODY_FORM, "request_body.form", REQUIRED,
	     "a form field of the body, urlencoded or multipart"),
	HTTP(REQUEST_BODY_PART, "request_body.part", REQUIRED,
	     "content of a part of a multipart body, files too, by its form name"),
	HTTP(REQUEST_BODY_FILENAME, "request_body.filename", NONE,
	     "file name of a part of a multipart body"),
	HTTP(REQUEST_TRAILER, "request_trailer", REQUIRED,
	     "value of a header sent behind a chunked body"),
	HTTP(RAW_HEADER, "raw_header", NONE, "header lines as sent, without the request line"),
	HTTP(AMBIGUITY, "ambiguity", NONE,
	     "what servers may read differently, a word each: `both-lengths`, "
	     "`folded-header`, ..."),
	CODE(HTTP_STAT_CODE, "http.stat_code", 16, "http", "status code of a response"),
	HTTP(STAT_MSG, "stat_msg", NONE, "reason phrase of a response"),
	HTTP(RESPONSE_HEADER, "response_header", REQUIRED, "value of a response header"),
	HTTP(RESPONSE_BODY, "response_body", NONE,
	     "body of a response, without transfer encoding and compression"),
	BUFFER(TLS_SNI, "tls.sni", VP_TRAFFIC_TCP, "tls", NONE,
	       "server name the client asks for, in lower case"),
	CODE(TLS_VERSION, "tls.version", 16, "tls",
	     "highest version the client offers, e.g. 0x0303"),
	CODE(TLS_CIPHER, "tls.cipher", 24, "tls",
	     "a cipher suite the client offers, each; those of SSL 2 have 24 bits"),
	BUFFER(TLS_ALPN, "tls.alpn", VP_TRAFFIC_TCP, "tls", NONE,
	       "an application protocol the client offers, each"),
	CODE(TLS_RECORD_CONTENT_TYPE, "tls.record.content_type", 8, "tls",
	     "type of the record: 21 alert, 22 handshake, 24 heartbeat"),
	CODE(TLS_RECORD_VERSION, "tls.record.version", 16, "tls",
	     "version in the record's header"),
	CODE(TLS_RECORD_LENGTH, "tls.record.length", 16, "tls",
	     "length of a heartbeat or alert record, encrypted or not"),
	CODE(TLS_HANDSHAKE_TYPE, "tls.handshake.type", 8, "tls",
	     "type of a handshake message that is not encrypted: 1 for ClientHello"),
	CODE(TLS_HEARTBEAT_PAYLOAD_LENGTH, "tls.heartbeat.payload_length", 16, "tls",
	     "payload length that a heartbeat claims; missing when it is encrypted"),
	CODE(TLS_HEARTBEAT_EXCESS, "tls.heartbeat.excess", 16, "tls",
	     "bytes that a heartbeat claims beyond its record, else 0; missing when it is "
	     "encrypted"),
	CODE(TLS_ALERT, "tls.alert", 8, "tls",
	     "description of an alert that is not encrypted"),
	BUFFER(DNS_QUERY, "dns.query", DNS_TRAFFIC, "dns", NONE,
	       "name that is asked for, in lower case, each"),
	DNS(QRY_TYPE, "qry.type", 16, "type that is asked for, e.g. 249 for TKEY, each"),
	DNS(QRY_CLASS, "qry.class", 16, "class that is asked for: 1 IN, 3 CHAOS, each"),
	DNS(FLAGS_RESPONSE, "flags.response", 1, "0 in a query, 1 in a response"),
	DNS(FLAGS_OPCODE, "flags.opcode", 4, "0 query, 4 notify, 5 update"),
	DNS(COUNT_QUERIES, "count.queries", 16, "number of questions that the header claims"),
	DNS(RR_TYPE, "rr.type", 16, "type of a record behind the questions, each"),
	DNS(RR_LENGTH, "rr.length", 16, "data length of a record behind the questions, each"),
	DNS(OPT_CODE, "opt.code", 16, "an EDNS option, e.g. 3 for NSID, each"),
	SSH(PROTO, "proto", "protocol version in the SSH banner, e.g. \"2.0\""),
	SSH(SOFTWARE, "software", "software version in the SSH banner"),
	CODE(SSH_MESSAGE_CODE, "ssh.message_code", 8, "ssh",
	     "number of a message that is not encrypted: 20 for KEXINIT"),
	SSH(KEX_ALGORITHMS, "kex_algorithms", "the client's list of key exchange algorithms"),
	SSH(HOST_KEY_ALGORITHMS, "host_key_algorithms",
	    "the client's list of host key algorithms"),
	SSH(ENCRYPTION_ALGORITHMS, "encryption_algorithms",
	    "the client's list of ciphers towards the server"),
	SSH(MAC_ALGORITHMS, "mac_algorithms", "the client's list of MACs towards the server"),
	LINES(SMTP, "smtp", "a line of a command or of a mail, as sent"),
	LINES(FTP, "ftp", "a line as sent"),
	LINES(POP3, "pop3", "a line as sent"),
	BUFFER(IMAP_TAG, "imap.tag", VP_TRAFFIC_TCP, "imap", NONE, "tag of a command"),
	BUFFER(IMAP_COMMAND, "imap.command", VP_TRAFFIC_TCP, "imap", NONE,
	       "command, in upper case"),
	BUFFER(IMAP_ARGUMENTS, "imap.arguments", VP_TRAFFIC_TCP, "imap", NONE,
	       "what follows the command, with its literals"),
	BUFFER(TELNET_LINE, "telnet.line", VP_TRAFFIC_TCP, "telnet", NONE,
	       "a line that is typed, without negotiation"),
	CODE(TELNET_OPTION, "telnet.option", 8, "telnet",
	     "an option that is negotiated, each"),
	BUFFER(TELNET_SUBOPTION, "telnet.suboption", VP_TRAFFIC_TCP, "telnet", NONE,
	       "a subnegotiation: its option's byte and what follows, each"),
	BUFFER(REDIS_COMMAND, "redis.command", VP_TRAFFIC_TCP, "redis", NONE,
	       "command, in lower case"),
	BUFFER(REDIS_ARGUMENT, "redis.argument", VP_TRAFFIC_TCP, "redis", NONE,
	       "an argument of the command, each"),
	CODE(SMB_VERSION, "smb.version", 8, "smb", "1, or 2 for SMB 2 and 3"),
	CODE(SMB_CMD, "smb.cmd", 8, "smb",
	     "command of an SMB 1 message, and each chained to it"),
	BUFFER(SMB_DIALECT, "smb.dialect", VP_TRAFFIC_TCP, "smb", NONE,
	       "a dialect the client offers by SMB 1, each"),
	BUFFER(SMB_FILE, "smb.file", VP_TRAFFIC_TCP, "smb", NONE,
	       "name of the file or pipe that SMB 1 opens, or of the transaction"),
	CODE(SMB_TRANS2_CMD, "smb.trans2.cmd", 16, "smb",
	     "subcommand of an SMB 1 TRANS2 request"),
	CODE(SMB_NT_FUNCTION, "smb.nt.function", 16, "smb",
	     "function of an SMB 1 NT_TRANSACT request"),
	CODE(SMB_TDC, "smb.tdc", 32, "smb", "total data count of an SMB 1 transaction"),
	CODE(SMB2_CMD, "smb2.cmd", 16, "smb", "command of an SMB 2 message"),
	CODE(SMB2_DIALECT, "smb2.dialect", 16, "smb",
	     "a dialect the client offers by SMB 2, each"),
	BUFFER(SMB2_FILENAME, "smb2.filename", VP_TRAFFIC_TCP, "smb", NONE,
	       "name of the file or pipe that SMB 2 opens"),
	CODE(SMB2_COMPRESSION_SIZE, "smb2.compression.size", 32, "smb",
	     "original size that a compressed message claims"),
	CODE(SMB2_COMPRESSION_OFFSET, "smb2.compression.offset", 32, "smb",
	     "offset in the header of a compressed message"),
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

enum vp_read vp_field_reading(const struct vp_field *field)
{
	if (field->application)
		return VP_READ_PARSED;
	if (field->id == VP_FIELD_MESSAGE)
		return VP_READ_FRAMED;
	return field->id == VP_FIELD_STREAM || field->id == VP_FIELD_DATAGRAM ||
			       field->id == VP_FIELD_DATAGRAM_LEN
		       ? VP_READ_RAW
		       : VP_READ_ANYHOW;
}

bool vp_field_knows(const struct vp_field *field, uint64_t number)
{
	for (size_t i = 0; i < field->known_count; i++)
		if (field->known[i] == number)
			return true;
	return !field->known_count;
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
			    "| transform | enforced by | |\n|---|---|---|\n");
	for (size_t i = 0; i < VP_TRANSFORM_COUNT; i++)
		vp_strbuf_addf(out, "| `%s%s` | %s | %s |\n", vp_transform_types[i].name,
			       vp_transform_types[i].takes_number ? "(NUMBER)" : "",
			       vp_transform_types[i].points & NETFILTER
				       ? "netfilter, inspection"
				       : "inspection",
			       vp_transform_types[i].summary);
}
