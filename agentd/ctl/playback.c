/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A capture through the engine: see playback.h. */
#include "agentd/ctl/playback.h"

#include <assert.h>
#include <netinet/in.h>

#include "agentd/ctl/headers.h"
#include "lib/digest.h"
#include "lib/memory.h"
#include "modules/inspection/checksum.h"
#include "modules/inspection/defragment.h"

#define TICK_MILLISECONDS 100u
#define PROGRESS_PACKETS  65536u

/* What is noted of a pair of endpoints, or of a source, by its digest; 0: none. */
struct note {
	uint64_t digest;
	uint64_t banned_until; /* milliseconds */
	uint8_t seen;	       /* of a pair: a bit for each direction */
	bool aside; /* a packet of it was cut: what follows cannot be put in order */
};

struct playback {
	const struct vp_playback_user *user;
	void *context;
	struct vp_playback_counts *counts;
	const struct vp_playback_rules *rules;
	struct vp_headers *headers;
	struct vp_engine *engine;
	struct vp_defragment *defragment;
	struct note *notes; /* hash table of a power of two */
	size_t notes_len, notes_used;
	uint8_t seen;	      /* directions of the pair of the packet at hand */
	bool bans;	      /* there are any */
	struct timespec time; /* of the packet at hand */
	uint64_t now, ticked; /* milliseconds */
	uint64_t given, decided;
};

/* Pairs of endpoints, and sources */

static uint64_t digest_end(const struct vp_packet *packet, const struct vp_address *address,
			   uint16_t port)
{
	uint64_t digest = vp_digest(VP_DIGEST_SEED, address, sizeof(*address));

	digest = vp_digest(digest, &port, sizeof(port));
	return vp_digest(digest, &packet->protocol, sizeof(packet->protocol));
}

/* The same in both directions, never 0; in *direction a bit for which it is. */
static uint64_t digest_pair(const struct vp_packet *packet, uint8_t *direction)
{
	uint64_t one = digest_end(packet, &packet->source, packet->source_port);
	uint64_t other = digest_end(packet, &packet->destination, packet->destination_port);
	uint64_t ends[] = { one < other ? one : other, one < other ? other : one };

	*direction = one < other ? 1 : 2;
	return vp_digest(VP_DIGEST_SEED, ends, sizeof(ends)) | 1;
}

/* Of an IPv6 source its /64, as live. */
static uint64_t digest_source(const struct vp_address *source)
{
	return vp_digest(VP_DIGEST_SEED, source, 1 + (source->family == 4 ? 4 : 8)) | 1;
}

static struct note *slot_of(struct note *notes, size_t len, uint64_t digest)
{
	size_t slot = (digest >> 1) & (len - 1);

	while (notes[slot].digest && notes[slot].digest != digest)
		slot = (slot + 1) & (len - 1);
	return &notes[slot];
}

static void grow_notes(struct playback *playback)
{
	size_t len = playback->notes_len ? 2 * playback->notes_len : 1024;
	struct note *notes = vp_alloc(len, sizeof(*notes));

	for (size_t i = 0; i < playback->notes_len; i++)
		if (playback->notes[i].digest)
			*slot_of(notes, len, playback->notes[i].digest) = playback->notes[i];
	free(playback->notes);
	playback->notes = notes;
	playback->notes_len = len;
}

/* Valid until the next one. */
static struct note *note_of(struct playback *playback, uint64_t digest)
{
	struct note *note;

	if (2 * playback->notes_used >= playback->notes_len)
		grow_notes(playback);
	note = slot_of(playback->notes, playback->notes_len, digest);
	playback->notes_used += !note->digest;
	note->digest = digest;
	return note;
}

static struct note *pair_of(struct playback *playback, const struct vp_packet *packet)
{
	uint8_t direction;
	struct note *pair = note_of(playback, digest_pair(packet, &direction));

	playback->counts->flows += !pair->seen;
	pair->seen |= direction;
	return pair;
}

/* Of a connection that only one side speaks in, the source may be forged. */
static void ban(struct playback *playback, const struct vp_hit *hit)
{
	uint64_t until = playback->now + playback->user->ban(playback->context, hit->tag);
	struct note *note;

	if (playback->seen != 3)
		return;
	playback->bans = true;
	note = note_of(playback, digest_source(&hit->source));
	if (until > note->banned_until)
		note->banned_until = until;
}

static bool is_banned(struct playback *playback, const struct vp_packet *packet)
{
	const struct note *note;

	if (!playback->bans)
		return false;
	note = slot_of(playback->notes, playback->notes_len, digest_source(&packet->source));
	return note->banned_until > playback->now;
}

/* What the engine says */

static void decide(void *context, const struct vp_decision *decision)
{
	struct playback *playback = context;

	playback->decided++;
	playback->counts->blocked += decision->kind == VP_DECISION_BLOCK;
	playback->counts->altered += decision->kind == VP_DECISION_REPLACE;
}

static void hit(void *context, const struct vp_hit *hit)
{
	struct playback *playback = context;
	struct timespec time = playback->time;

	if (!hit->packet)
		time = (struct timespec){ .tv_sec = (time_t)(hit->milliseconds / 1000),
					  .tv_nsec =
						  (long)(hit->milliseconds % 1000 * 1000000) };
	playback->user->hit(playback->context, hit, &time);
	if (hit->verdict == VP_VERDICT_BAN && !hit->monitor)
		ban(playback, hit);
}

static const struct vp_engine_user engine_user = { .decide = decide, .hit = hit };

/* Checksums */

/*
 * Packets that leave the capturing machine are seen before the hardware fills in
 * their checksum: its field has the pseudo-header's sum (as Linux computes it, of
 * a length or of none), or nothing.
 */
static bool is_unfilled(const struct vp_packet *packet, struct vp_slice transport)
{
	static const uint8_t zeros[UINT16_MAX + 1];
	size_t at = packet->protocol == IPPROTO_TCP   ? 16
		    : packet->protocol == IPPROTO_UDP ? 6
						      : 2;
	uint16_t field = (uint16_t)(transport.data[at] << 8 | transport.data[at + 1]);
	size_t lengths[] = { transport.len, 0 };

	if (!field)
		return true;
	for (size_t i = 0; i < VP_COUNT(lengths); i++) {
		uint16_t complement = vp_checksum_transport(
			&packet->source, &packet->destination, packet->protocol,
			(struct vp_slice){ zeros, lengths[i] });

		if ((field ^ complement) == UINT16_MAX)
			return true;
	}
	return false;
}

static bool is_right(const struct vp_packet *packet, struct vp_slice transport)
{
	if (packet->protocol == IPPROTO_ICMP)
		return !vp_checksum(transport);
	return !vp_checksum_transport(&packet->source, &packet->destination, packet->protocol,
				      transport);
}

/* Take a packet apart; *verify: its checksums are filled in, and are to be right. */
static enum vp_packet_fault parse(struct vp_slice bytes, struct vp_packet *packet,
				  bool *verify)
{
	enum vp_packet_fault fault = vp_packet_parse(bytes, true, packet);
	struct vp_slice transport;

	*verify = true;
	if (fault != VP_PACKET_CHECKSUM ||
	    vp_packet_parse(bytes, false, packet) != VP_PACKET_FINE)
		return fault;
	transport.data = bytes.data + packet->transport;
	transport.len = (size_t)(packet->payload.data + packet->payload.len - transport.data);
	if (packet->version == 4 && (bytes.data[10] || bytes.data[11]) &&
	    vp_checksum((struct vp_slice){ bytes.data, packet->transport }))
		return VP_PACKET_CHECKSUM;
	if (!is_right(packet, transport) && !is_unfilled(packet, transport))
		return VP_PACKET_CHECKSUM;
	*verify = false;
	return VP_PACKET_FINE;
}

/* Packets */

/* Count what no application gets. True: it is one that an application gets. */
static bool count_fault(struct playback *playback, enum vp_packet_fault fault)
{
	struct vp_playback_counts *counts = playback->counts;

	counts->malformed += fault == VP_PACKET_SHORT || fault == VP_PACKET_FRAGMENT;
	counts->not_inspected += fault == VP_PACKET_FOREIGN;
	counts->checksum += fault == VP_PACKET_CHECKSUM;
	return fault == VP_PACKET_FINE;
}

/*
 * Behind a packet that was cut, the bytes of its connection cannot be put in order
 * any more, which is the capture's fault and nobody else's.
 */
static bool is_aside(struct playback *playback, const struct vp_packet *packet)
{
	struct note *pair = pair_of(playback, packet);

	if (packet->protocol == IPPROTO_TCP && packet->flags & VP_TCP_SYN)
		pair->aside = false;
	playback->counts->behind_cut += pair->aside;
	playback->seen = pair->seen;
	return pair->aside;
}

/* What no service names by its address is taken for this host's. */
static bool is_local(const struct playback *playback, const struct vp_packet *packet)
{
	const struct vp_scopes *scopes[] = { playback->rules->headers,
					     playback->rules->inspection };

	for (size_t i = 0; i < VP_COUNT(scopes); i++)
		if (vp_scopes_has_address(scopes[i], &packet->destination) ||
		    vp_scopes_has_address(scopes[i], &packet->source))
			return false;
	return true;
}

static void judge(struct playback *playback, uint64_t number, struct vp_slice bytes)
{
	struct vp_engine_packet given = {
		.number = number,
		.milliseconds = playback->now,
		.bytes = bytes,
	};
	struct vp_packet packet;
	bool aside;

	if (!count_fault(playback, parse(bytes, &packet, &given.verify)))
		return;
	aside = is_aside(playback, &packet);
	given.local = is_local(playback, &packet);
	if (is_banned(playback, &packet)) {
		playback->counts->blocked++;
		playback->counts->banned++;
	} else if (packet.protocol == IPPROTO_TCP &&
		   vp_headers_judge(playback->headers, &packet, number, playback->now,
				    given.local)) {
		playback->counts->blocked++;
	} else if (!aside) {
		playback->given++;
		vp_engine_packet(playback->engine, &given);
	}
}

/* Of a packet that was cut, the headers may be there. */
static void note_cut(struct playback *playback, struct vp_slice bytes)
{
	_cleanup_free_ uint8_t *copy = vp_memdup(bytes.data, bytes.len);
	struct vp_packet packet;

	playback->counts->cut++;
	if (bytes.len >= 20 && copy[0] >> 4 == 4) {
		copy[2] = (uint8_t)(bytes.len >> 8);
		copy[3] = (uint8_t)bytes.len;
	} else if (bytes.len >= 40 && copy[0] >> 4 == 6) {
		copy[4] = (uint8_t)((bytes.len - 40) >> 8);
		copy[5] = (uint8_t)(bytes.len - 40);
	}
	if (vp_packet_parse((struct vp_slice){ copy, bytes.len }, false, &packet) ==
		    VP_PACKET_FINE &&
	    packet.protocol == IPPROTO_TCP)
		pair_of(playback, &packet)->aside = true;
}

static void pass_time(struct playback *playback, const struct timespec *time)
{
	uint64_t milliseconds =
		(uint64_t)time->tv_sec * 1000 + (uint64_t)time->tv_nsec / 1000000;

	playback->time = *time;
	if (milliseconds > playback->now)
		playback->now = milliseconds;
	if (playback->now < playback->ticked + TICK_MILLISECONDS)
		return;
	playback->ticked = playback->now;
	vp_engine_tick(playback->engine, playback->now);
}

static void play(struct playback *playback, const struct vp_frame *frame)
{
	struct vp_slice bytes = frame->bytes;

	playback->counts->packets++;
	pass_time(playback, &frame->time);
	if (frame->kind == VP_FRAME_OTHER) {
		playback->counts->not_ip++;
		return;
	}
	if (frame->kind == VP_FRAME_CUT) {
		note_cut(playback, frame->bytes);
		return;
	}
	switch (vp_defragment_packet(playback->defragment, frame->bytes,
				     bytes.len >= 20 && (bytes.data[10] || bytes.data[11]),
				     playback->now, &bytes)) {
	case VP_FRAGMENT_NONE:
	case VP_FRAGMENT_WHOLE:
		judge(playback, frame->number, bytes);
		break;
	case VP_FRAGMENT_KEPT:
	case VP_FRAGMENT_REFUSED:
		break;
	}
}

static void finish(struct playback *playback)
{
	struct vp_defragment_counts pieces = vp_defragment_counts(playback->defragment);

	playback->counts->fragments = pieces.fragments;
	playback->counts->datagrams = pieces.whole;
	playback->counts->refused = pieces.refused;
	playback->counts->incomplete = pieces.incomplete + pieces.now;
	vp_defragment_free(playback->defragment);
	vp_headers_free(playback->headers);
	vp_engine_free(playback->engine); /* what waits is decided */
	free(playback->notes);
	assert(playback->given == playback->decided);
}

int vp_playback(struct vp_capture *capture, const struct vp_playback_rules *rules,
		const struct vp_playback_user *user, void *context,
		struct vp_playback_counts *counts, struct vp_error *err)
{
	struct playback playback = {
		.user = user, .context = context, .counts = counts, .rules = rules
	};
	struct vp_frame frame;
	int r;

	*counts = (struct vp_playback_counts){ 0 };
	playback.engine = vp_engine_new(&vp_engine_options_default, &engine_user, &playback);
	vp_engine_scopes(playback.engine, rules->inspection);
	playback.headers = vp_headers_new(rules->headers, hit, &playback);
	playback.defragment = vp_defragment_new(VP_DEFRAGMENT_MEMORY);
	while ((r = vp_capture_next(capture, &frame, err)) > 0) {
		play(&playback, &frame);
		if (user->progress && !(frame.number % PROGRESS_PACKETS))
			user->progress(context, frame.number);
	}
	finish(&playback);
	return r;
}
