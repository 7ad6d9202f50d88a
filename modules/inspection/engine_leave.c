/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections whose packets need not come here: when, and for how many bytes. It
 * decides nothing of packets that do come. See struct vp_leave.
 *
 * Nothing that was read may be replaced while nobody looks, and nothing that is to
 * be read may go by. Both rest on connection tracking, which lets no segment pass that
 * begins beyond what the receiver has offered (RFC 9293, 3.4; the kernel's
 * nf_conntrack_proto_tcp.c):
 *
 * - A segment has passed that began a window behind the last byte that was read. So the
 *   receiver has all of those, and takes no other bytes in their place. That is only as
 *   true as connection tracking knows the connection from its beginning on: not after a
 *   RST, a FIN, another SYN or a long pause, behind which it may have picked up the
 *   connection anew, with whatever numbers the sender chose. It does not follow for
 *   forwarded connections, whose receivers have windows of their own making.
 *
 * - All that can go by still ends within the unread bytes. When a connection leaves, the
 *   receiver has at most what was passed here (`seen`); up to one window behind it may
 *   wait in the queue; then come the bytes that may go by; and what goes by last may begin
 *   a window behind all that. Bytes that were allowed before may still be under way, so
 *   they add up (`bound`).
 */
#include "modules/inspection/engine_layout.h"

#define TAIL	 (UINT64_C(64) << 10) /* of a segment that begins within a window */
#define UNKNOWN	 (UINT64_C(64) << 20) /* what most windows are well below */
#define MOST	 (UINT64_C(1) << 30)  /* sequence numbers are not ambiguous after so many */
#define PAUSE	 1000u		      /* milliseconds from one time for good to the next */
#define AWAY_FOR 3600000u	      /* milliseconds: the kernel forgets it then */
#define SPECIAL	 (VP_TCP_SYN | VP_TCP_FIN | VP_TCP_RST)

uint64_t vp_engine_reach(const struct vp_engine *engine)
{
	return (engine->options.window ? engine->options.window : UNKNOWN) + TAIL;
}

static void leave(struct vp_engine *engine, struct vp_flow *flow, uint64_t bytes)
{
	const struct vp_packet *packet = &engine->packet;
	const struct vp_leave leave = {
		.packet = engine->given->number,
		.source = packet->source,
		.destination = packet->destination,
		.source_port = packet->source_port,
		.destination_port = packet->destination_port,
		.bytes = bytes,
	};

	flow->away = engine->now + AWAY_FOR;
	engine->counts.leaves++;
	engine->user->leave(engine->context, &leave);
}

static void leave_for_good(struct vp_engine *engine, struct vp_flow *flow,
			   struct vp_flow_side *side)
{
	if (!side->stream && side->again > engine->now)
		return;
	side->again = engine->now + PAUSE;
	vp_stream_free(side->stream);
	side->stream = NULL;
	leave(engine, flow, UINT64_MAX);
}

static void leave_for_a_while(struct vp_engine *engine, struct vp_flow *flow,
			      struct vp_flow_side *side, const struct vp_stream_unread *unread)
{
	uint64_t reach = vp_engine_reach(engine), bytes = VP_LEAVE_LEAST;
	uint64_t base = (unread->seen > side->bound ? unread->seen : side->bound) + reach;

	if (unread->seen < side->again || base + reach + bytes > unread->end)
		return;
	while (bytes < MOST && base + reach + 2 * bytes <= unread->end)
		bytes *= 2;
	side->bound = base + bytes;
	side->again = unread->seen + bytes / 2;
	leave(engine, flow, bytes);
}

/* Has the receiver what was read before the skip? */
static bool is_proved(const struct vp_engine *engine, const struct vp_flow *flow,
		      struct vp_flow_side *side, const struct vp_stream_unread *unread)
{
	if (flow->midstream || flow->unproven)
		return false;
	if (side->proved == unread->begin)
		return true;
	if (unread->first - unread->begin < vp_engine_reach(engine))
		return false;
	side->proved = unread->begin;
	side->again = 0;
	return true;
}

void vp_engine_leave(struct vp_engine *engine, struct vp_flow *flow,
		     enum vp_direction direction)
{
	struct vp_flow_side *side = &flow->sides[direction];
	struct vp_stream_unread unread;

	if (!engine->user->leave || !engine->options.window || !flow->local || flow->blocked ||
	    flow->candidate || flow->waits || engine->packet.flags & SPECIAL ||
	    !engine->packet.payload.len)
		return;
	if (flow->given_up || (!side->stream && side->again))
		leave_for_good(engine, flow, side);
	else if (!side->stream || !vp_stream_unread(side->stream, &unread) ||
		 !is_proved(engine, flow, side, &unread))
		return;
	else if (unread.end == INT64_MAX)
		leave_for_good(engine, flow, side);
	else
		leave_for_a_while(engine, flow, side, &unread);
}
