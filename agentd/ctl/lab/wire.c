/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Segments as bytes, and a tap on the client's link: see wire.h. No policy: what
 * is sent, and in which order, is the caller's business.
 */
#include "agentd/ctl/lab/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "lib/cleanup.h"

#define FIRST_PORT   20000
#define LAST_PORT    60000
#define FRAGMENTS    256
#define TAP_ROOM     (4 << 20)
#define WINDOW	     65535
#define OLD_STAMP    1
#define FIRST_STAMP  1000000
#define TCP_HEADER   20
#define OPTIONS_ROOM 16

static void store16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static void store32(uint8_t *p, uint32_t value)
{
	store16(p, value >> 16);
	store16(p + 2, value);
}

static uint32_t load32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

int vp_wire_open(struct vp_wire *wire, struct vp_lab *lab, struct vp_error *err)
{
	struct sockaddr_ll name = { .sll_family = AF_PACKET,
				    .sll_protocol = htons(ETH_P_ALL),
				    .sll_ifindex = (int)lab->index[VP_LAB_CLIENT] };
	int on = 1, room = TAP_ROOM, r = vp_lab_enter(lab, VP_LAB_CLIENT, err);

	if (r < 0)
		return r;
	*wire = (struct vp_wire){ .lab = lab, .port = FIRST_PORT };
	wire->tap = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (wire->tap < 0 || bind(wire->tap, (struct sockaddr *)&name, sizeof(name)) < 0)
		return vp_fail(err, -errno, "lab: a tap on the client's link: %s",
			       strerror(errno));
	(void)setsockopt(wire->tap, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
	if (setsockopt(wire->tap, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
		(void)setsockopt(wire->tap, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	return 0;
}

void vp_wire_close(struct vp_wire *wire)
{
	if (wire->tap >= 0)
		close(wire->tap);
	wire->tap = -1;
}

void vp_wire_reserve(struct vp_wire *wire, size_t count)
{
	if (wire->port + count > LAST_PORT)
		wire->port = FIRST_PORT;
}

void vp_wire_begin(struct vp_wire *wire, const struct vp_path *path, bool timestamps,
		   struct vp_wire_end *end)
{
	*end = (struct vp_wire_end){ .path = path,
				     .port = ++wire->port,
				     .timestamps = timestamps,
				     .first = 0x10000000u + ((uint32_t)wire->port << 8),
				     .stamp = FIRST_STAMP };
}

void vp_wire_end_free(struct vp_wire_end *end)
{
	vp_strbuf_free(&end->got);
}

/* MSS, timestamps; 0 to 16 bytes. */
static size_t put_options(const struct vp_wire_end *end, const struct vp_segment *segment,
			  uint8_t *at)
{
	uint32_t stamp = segment->faults & VP_FAULT_OLD_STAMP ? OLD_STAMP : end->stamp;
	size_t len = 0;

	if (segment->flags & VP_TCP_SYN) {
		at[0] = 2;
		at[1] = 4;
		store16(at + 2, VP_SEGMENT_MAX + 40);
		len = 4;
	}
	if (end->timestamps && !(segment->faults & VP_FAULT_NO_STAMP)) {
		at[len] = at[len + 1] = 1;
		at[len + 2] = 8;
		at[len + 3] = 10;
		store32(at + len + 4, stamp);
		store32(at + len + 8, end->echo);
		len += 12;
	}
	return len;
}

/* Header and data of a segment; the checksum is zero. Owned by the caller. */
static uint8_t *segment_bytes(struct vp_wire_end *end, const struct vp_segment *segment,
			      size_t *len)
{
	uint8_t options[OPTIONS_ROOM];
	size_t more = put_options(end, segment, options), header = TCP_HEADER + more;
	uint8_t *p = vp_alloc(header + segment->len, 1);
	uint32_t at = end->first + (uint32_t)segment->at;

	store16(p, end->port);
	store16(p + 2, end->path->port);
	store32(p + 4, segment->flags & VP_TCP_SYN ? at - 1 : at);
	store32(p + 8, segment->flags & VP_TCP_ACK ? end->next : 0);
	p[12] = (uint8_t)(header / 4 << 4);
	p[13] = segment->flags;
	store16(p + 14, WINDOW);
	store16(p + 18, segment->urgent);
	memcpy(p + TCP_HEADER, options, more);
	if (segment->len)
		memcpy(p + header, segment->data, segment->len);
	*len = header + segment->len;
	return p;
}

/* The last fragment but one, once more: *pieces has room for it. */
static void repeat_fragment(struct vp_packet_bytes *pieces, size_t *count, bool conflict)
{
	size_t which = *count > 2 ? *count - 2 : *count - 1;
	struct vp_packet_bytes *again = &pieces[*count];
	struct vp_packet_bytes *one = &pieces[which];

	again->data = vp_memdup(one->data, one->len);
	again->len = one->len;
	if (conflict)
		one->data[one->len - 1] ^= 0x20;
	++*count;
	/* behind the first copy, before the last fragment */
	for (size_t i = *count - 1; i > which + 1; i--) {
		struct vp_packet_bytes other = pieces[i];

		pieces[i] = pieces[i - 1];
		pieces[i - 1] = other;
	}
}

int vp_wire_send(struct vp_wire *wire, struct vp_wire_end *end,
		 const struct vp_segment *segment, struct vp_error *err)
{
	struct vp_packet_bytes pieces[FRAGMENTS + 1];
	_cleanup_free_ uint8_t *packet = NULL;
	size_t len, bytes_len, count = 0;
	uint8_t *bytes = segment_bytes(end, segment, &bytes_len);
	int r;

	vp_packet_build(&end->path->client, &end->path->server, IPPROTO_TCP, bytes, bytes_len,
			&packet, &len);
	free(bytes);
	if (segment->faults & VP_FAULT_CHECKSUM)
		packet[len - bytes_len + 16] ^= 0x55;
	end->stamp++;
	r = vp_packet_shape(packet, len, segment->shape, ++wire->fragment, pieces, FRAGMENTS,
			    &count, err);
	if (r < 0)
		return r;
	if (count > 1 && segment->faults & (VP_FAULT_DUPLICATE | VP_FAULT_CONFLICT))
		repeat_fragment(pieces, &count, segment->faults & VP_FAULT_CONFLICT);
	for (size_t i = 0; i < count; i++) {
		if (!r)
			r = vp_lab_send(wire->lab, pieces[i].data, pieces[i].len, err);
		free(pieces[i].data);
	}
	return r;
}

/* The server's timestamp, 0: none. */
static uint32_t stamp_of(const uint8_t *options, size_t len)
{
	size_t at = 0;

	while (at < len && options[at]) {
		size_t size = options[at] == 1 || at + 1 >= len ? 1 : options[at + 1];

		if (options[at] == 8 && size == 10 && at + 10 <= len)
			return load32(options + at + 2);
		at += size ? size : 1;
	}
	return 0;
}

/* A segment of the server's. */
static int take_segment(struct vp_wire *wire, struct vp_wire_end *end, const uint8_t *tcp,
			size_t len, struct vp_error *err)
{
	const struct vp_segment answer = { .flags = VP_TCP_ACK };
	size_t header = (size_t)(tcp[12] >> 4) * 4;
	uint32_t sequence = load32(tcp + 4), stamp;

	if (header < TCP_HEADER || header > len)
		return 0;
	stamp = stamp_of(tcp + TCP_HEADER, header - TCP_HEADER);
	end->echo = stamp ? stamp : end->echo;
	if (tcp[13] & VP_TCP_RST) {
		end->reset = true;
		return 0;
	}
	if (tcp[13] & VP_TCP_SYN) {
		end->answered = true;
		end->next = sequence + 1;
		return 0;
	}
	if (!end->answered || sequence != end->next || header == len)
		return 0;
	vp_strbuf_add(&end->got, (const char *)tcp + header, len - header);
	end->next += (uint32_t)(len - header);
	return vp_wire_send(wire, end, &answer, err);
}

int vp_wire_take(struct vp_wire *wire, struct vp_wire_end *ends, size_t count,
		 struct vp_error *err)
{
	uint8_t buffer[VP_PACKET_MAX];
	struct vp_lab_packet packet;
	struct sockaddr_ll from;
	socklen_t size = sizeof(from);
	ssize_t got;
	int r = 0;

	while (!r && (got = recvfrom(wire->tap, buffer, sizeof(buffer), 0,
				     (struct sockaddr *)&from, &size)) >= 0) {
		const uint8_t *tcp;
		size_t to;

		size = sizeof(from);
		if (from.sll_pkttype == PACKET_OUTGOING ||
		    vp_lab_packet_parse(buffer, (size_t)got, &packet, NULL) ||
		    packet.protocol != IPPROTO_TCP ||
		    (size_t)got < packet.payload + TCP_HEADER)
			continue;
		tcp = buffer + packet.payload;
		to = (size_t)(tcp[2] << 8 | tcp[3]) - ends[0].port;
		if (to < count)
			r = take_segment(wire, &ends[to], tcp, (size_t)got - packet.payload,
					 err);
	}
	return r;
}
