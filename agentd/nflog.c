/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parsing of NFLOG messages and of the packets inside. Runs only in
 * vpatchd-events; reads through lib/bytes.h and keeps nothing. See nflog.h.
 */
#include "agentd/nflog.h"

#include <netinet/in.h>
#include <string.h>

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>

#include "modules/netfilter/queue.h"

#define PREFIX "vpatch:"

static bool has_ports(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return true;
	default:
		return false;
	}
}

/* `rest`: bytes of the packet from the transport header on, as its IP header says. */
static void parse_tcp(struct vp_bytes *packet, size_t rest, struct vp_report *report)
{
	uint32_t sequence = vp_bytes_be32(packet), acknowledgement = vp_bytes_be32(packet);
	size_t header = (size_t)(vp_bytes_u8(packet) >> 4) * 4;
	uint8_t flags = vp_bytes_u8(packet);

	if (packet->failed || header < 20) {
		report->flags |= VP_REPORT_CUT;
		return;
	}
	report->flags |= VP_REPORT_TCP;
	report->sequence = sequence;
	report->acknowledgement = acknowledgement;
	report->payload = rest > header ? (uint32_t)(rest - header) : 0;
	report->tcp_flags = flags;
}

static void parse_transport(struct vp_bytes *packet, size_t rest, struct vp_report *report)
{
	uint16_t source, destination;

	if ((report->flags & VP_REPORT_FRAGMENT) || !has_ports(report->protocol))
		return;
	source = vp_bytes_be16(packet);
	destination = vp_bytes_be16(packet);
	if (packet->failed) {
		report->flags |= VP_REPORT_CUT;
		return;
	}
	report->flags |= VP_REPORT_PORTS;
	report->source_port = source;
	report->destination_port = destination;
	if (report->protocol == IPPROTO_TCP)
		parse_tcp(packet, rest, report);
}

static void parse_ipv4(struct vp_bytes *packet, struct vp_report *report)
{
	size_t header = (size_t)(vp_bytes_u8(packet) & 15) * 4, total;
	const uint8_t *source, *destination;
	uint16_t fragment;
	uint8_t protocol;

	vp_bytes_u8(packet);
	total = vp_bytes_be16(packet);
	vp_bytes_be16(packet);
	fragment = vp_bytes_be16(packet);
	vp_bytes_u8(packet);
	protocol = vp_bytes_u8(packet);
	vp_bytes_be16(packet);
	source = vp_bytes_take(packet, 4);
	destination = vp_bytes_take(packet, 4);
	if (!source || !destination || header < 20) {
		report->flags |= VP_REPORT_CUT;
		return;
	}
	report->family = 4;
	report->protocol = protocol;
	memcpy(report->source, source, 4);
	memcpy(report->destination, destination, 4);
	if (fragment & 0x1fff)
		report->flags |= VP_REPORT_FRAGMENT;
	vp_bytes_take(packet, header - 20);
	parse_transport(packet, total > header ? total - header : 0, report);
}

/* RFC 8200 and the registry of IPv6 extension header types. */
static bool is_extension(uint8_t next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING ||
	       next == IPPROTO_FRAGMENT || next == IPPROTO_AH || next == IPPROTO_DSTOPTS ||
	       next == IPPROTO_MH || next == 139 || next == 140;
}

/* Step over one extension header; returns its size in bytes, 0 when it is cut off. */
static size_t skip_extension(struct vp_bytes *packet, uint8_t *next, struct vp_report *report)
{
	uint8_t kind = *next, length;
	size_t size;

	*next = vp_bytes_u8(packet);
	length = vp_bytes_u8(packet);
	size = kind == IPPROTO_FRAGMENT ? 8
	       : kind == IPPROTO_AH	? ((size_t)length + 2) * 4
					: ((size_t)length + 1) * 8;
	if (kind == IPPROTO_FRAGMENT) {
		if (vp_bytes_be16(packet) & 0xfff8)
			report->flags |= VP_REPORT_FRAGMENT;
		vp_bytes_take(packet, 4);
	} else {
		vp_bytes_take(packet, size - 2);
	}
	return packet->failed ? 0 : size;
}

static void parse_ipv6(struct vp_bytes *packet, struct vp_report *report)
{
	const uint8_t *source, *destination;
	size_t rest;
	uint8_t next;

	vp_bytes_be32(packet);
	rest = vp_bytes_be16(packet);
	next = vp_bytes_u8(packet);
	vp_bytes_u8(packet);
	source = vp_bytes_take(packet, 16);
	destination = vp_bytes_take(packet, 16);
	if (!source || !destination) {
		report->flags |= VP_REPORT_CUT;
		return;
	}
	report->family = 6;
	memcpy(report->source, source, 16);
	memcpy(report->destination, destination, 16);
	while (is_extension(next) && !(report->flags & VP_REPORT_FRAGMENT)) {
		size_t size = skip_extension(packet, &next, report);

		if (!size) {
			report->flags |= VP_REPORT_CUT;
			break;
		}
		rest = rest > size ? rest - size : 0;
	}
	report->protocol = next;
	if (!(report->flags & VP_REPORT_CUT))
		parse_transport(packet, rest, report);
}

void vp_nflog_packet(const uint8_t *data, size_t len, struct vp_report *report)
{
	struct vp_bytes packet = vp_bytes_of(data, len);

	if (len && data[0] >> 4 == 4)
		parse_ipv4(&packet, report);
	else if (len && data[0] >> 4 == 6)
		parse_ipv6(&packet, report);
	else
		report->flags |= VP_REPORT_CUT;
}

/* Exactly eight hexadecimal digits, not zero. */
static bool parse_tag(const char *text, size_t len, uint32_t *tag)
{
	uint32_t value = 0;

	if (len != 8)
		return false;
	for (size_t i = 0; i < len; i++) {
		const char *digits = "0123456789abcdef", *digit;

		digit = text[i] ? strchr(digits, text[i]) : NULL;
		if (!digit)
			return false;
		value = value << 4 | (uint32_t)(digit - digits);
	}
	*tag = value;
	return value != 0;
}

bool vp_nflog_prefix(const char *prefix, size_t len, struct vp_report *report)
{
	static const struct {
		const char *word;
		enum vp_report_kind kind;
	} words[] = {
		{ "drop", VP_REPORT_DROP },
		{ "reject", VP_REPORT_REJECT },
		{ "reset", VP_REPORT_RESET },
		{ "limit", VP_REPORT_LIMIT },
		{ "ban", VP_REPORT_BAN },
		{ VP_UNREAD_WORD, VP_REPORT_UNREAD },
		{ VP_INVALID_WORD, VP_REPORT_INVALID },
	};
	static const char monitor[] = "monitor:";

	len = strnlen(prefix, len);
	if (len < strlen(PREFIX) || memcmp(prefix, PREFIX, strlen(PREFIX)) != 0)
		return false;
	prefix += strlen(PREFIX);
	len -= strlen(PREFIX);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (len == strlen(words[i].word) && !memcmp(prefix, words[i].word, len)) {
			report->kind = (uint8_t)words[i].kind;
			return true;
		}
	if (len < strlen(monitor) || memcmp(prefix, monitor, strlen(monitor)) != 0)
		return false;
	report->kind = VP_REPORT_MONITOR;
	return parse_tag(prefix + strlen(monitor), len - strlen(monitor), &report->tag);
}

/* What one message's attributes say, in place. */
struct attributes {
	const uint8_t *payload, *prefix;
	size_t payload_len, prefix_len;
	uint32_t mark;
};

static void read_attribute(uint16_t type, struct vp_bytes value, struct attributes *found,
			   struct vp_nflog *out)
{
	struct vp_report *report = &out->report;

	switch (type) {
	case NFULA_PACKET_HDR:
		vp_bytes_be16(&value);
		report->hook = vp_bytes_u8(&value);
		break;
	case NFULA_MARK:
		found->mark = vp_bytes_be32(&value);
		break;
	case NFULA_IFINDEX_INDEV:
		report->in_interface = vp_bytes_be32(&value);
		break;
	case NFULA_IFINDEX_OUTDEV:
		report->out_interface = vp_bytes_be32(&value);
		break;
	case NFULA_SEQ:
		out->sequence = vp_bytes_be32(&value);
		out->has_sequence = !value.failed;
		break;
	case NFULA_PAYLOAD:
		found->payload = value.data;
		found->payload_len = value.len;
		break;
	case NFULA_PREFIX:
		found->prefix = value.data;
		found->prefix_len = value.len;
		break;
	default:
		break;
	}
}

/* Netlink's own fields are in host order. */
static uint16_t host16(struct vp_bytes *bytes)
{
	const uint8_t *at = vp_bytes_take(bytes, 2);
	uint16_t value = 0;

	if (at)
		memcpy(&value, at, sizeof(value));
	return value;
}

static uint32_t host32(struct vp_bytes *bytes)
{
	const uint8_t *at = vp_bytes_take(bytes, 4);
	uint32_t value = 0;

	if (at)
		memcpy(&value, at, sizeof(value));
	return value;
}

static bool read_attributes(struct vp_bytes *body, struct attributes *found,
			    struct vp_nflog *out)
{
	while (vp_bytes_left(body) >= NLA_HDRLEN) {
		size_t length = host16(body);
		uint16_t type = host16(body) & NLA_TYPE_MASK;
		const uint8_t *value;

		if (length < NLA_HDRLEN)
			return false;
		length -= NLA_HDRLEN;
		value = vp_bytes_take(body, length);
		if (!value)
			return false;
		read_attribute(type, vp_bytes_of(value, length), found, out);
		length = NLA_ALIGN(length) - length;
		if (length <= vp_bytes_left(body))
			vp_bytes_take(body, length);
	}
	return true;
}

static enum vp_nflog_result read_packet(struct vp_bytes *body, struct vp_nflog *out)
{
	struct attributes found = { 0 };

	vp_bytes_take(body, sizeof(struct nfgenmsg));
	if (body->failed || !read_attributes(body, &found, out))
		return VP_NFLOG_BROKEN;
	out->report.tag = found.mark;
	if (!found.prefix || out->report.hook > 5 ||
	    !vp_nflog_prefix((const char *)found.prefix, found.prefix_len, &out->report) ||
	    !out->report.tag)
		return VP_NFLOG_FOREIGN;
	vp_nflog_packet(found.payload, found.payload_len, &out->report);
	return VP_NFLOG_PACKET;
}

enum vp_nflog_result vp_nflog_next(struct vp_bytes *datagram, struct vp_nflog *out)
{
	struct vp_bytes body;
	const uint8_t *at;
	uint32_t length;
	uint16_t type;

	*out = (struct vp_nflog){ 0 };
	if (!vp_bytes_left(datagram))
		return VP_NFLOG_END;
	length = host32(datagram);
	type = host16(datagram);
	vp_bytes_take(datagram, NLMSG_HDRLEN - 6);
	at = length >= NLMSG_HDRLEN ? vp_bytes_take(datagram, length - NLMSG_HDRLEN) : NULL;
	if (!at) {
		datagram->failed = true;
		return VP_NFLOG_BROKEN;
	}
	body = vp_bytes_of(at, length - NLMSG_HDRLEN);
	length = NLMSG_ALIGN(length) - length;
	if (length <= vp_bytes_left(datagram))
		vp_bytes_take(datagram, length);
	if (type == NLMSG_DONE)
		return VP_NFLOG_END;
	if (type != (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET))
		return VP_NFLOG_FOREIGN;
	return read_packet(&body, out);
}
