/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Senders and receivers around a stream: see stream_world.h. No test in itself. */
#include "tests/unit/inspection/stream_world.h"

#include <stdlib.h>
#include <string.h>

#include "lib/memory.h"

unsigned int world_any(struct world *w, unsigned int below)
{
	if (!w->random) {
		if (!w->decisions.len)
			return 0;
		w->decisions.len--;
		return below ? *w->decisions.data++ % below : 0;
	}
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return below ? (unsigned int)(w->random >> 32) % below : 0;
}

void world_skip(struct world *w)
{
	unsigned int from = w->position;

	w->skip_at = WORLD_ROOM;
	if (w->skip_to <= from)
		return;
	w->position = w->skip_to;
	memset(w->skipped + from, true, w->skip_to - from);
	vp_stream_skip(w->stream, w->skip_to - from);
	if (w->position == w->skip_most || world_any(w, 2))
		return;
	w->skip_at = w->position + world_any(w, w->skip_most - w->position);
	w->skip_to = w->skip_at + world_any(w, w->skip_most + 1 - w->skip_at);
}

static bool on_read(void *context, struct vp_slice bytes)
{
	struct world *w = context;
	unsigned int end = w->position + (unsigned int)bytes.len;

	w->wrong |= !bytes.len || end > WORLD_ROOM || w->finished || w->stopped;
	w->stopped |= w->refuse < end;
	if (w->wrong || w->stopped)
		return false;
	memcpy(w->read + w->position, bytes.data, bytes.len);
	memset(w->was_read + w->position, true, bytes.len);
	w->position = w->read_end = end;
	if (w->skip_at <= end)
		world_skip(w);
	return true;
}

static void on_finished(void *context)
{
	struct world *w = context;

	w->wrong |= w->finished;
	w->finished = true;
}

/* The stream ends where a FIN was read, or among bytes that were skipped. */
static bool may_end(const struct world *w, unsigned int position)
{
	if (w->finished && (position == w->position || position == w->read_end))
		return true;
	return position < WORLD_ROOM && w->skipped[position];
}

/* What the receiver delivers now must have been read here, or skipped. */
static void deliver(struct world *w, struct world_receiver *r)
{
	while (!r->ended) {
		if (r->fins[r->next / 64] >> r->next % 64 & 1) {
			r->ended = true;
			w->wrong |= !may_end(w, r->next);
		} else if (r->next < WORLD_ROOM && r->there[r->next]) {
			if (!w->skipped[r->next] &&
			    (!w->was_read[r->next] || w->read[r->next] != r->bytes[r->next]))
				w->wrong = true;
			r->next++;
		} else {
			return;
		}
	}
}

static void receive(struct world *w, struct world_receiver *r, const struct world_packet *p)
{
	if (world_any(w, 100) < r->loses)
		return;
	for (unsigned int i = 0; i < p->len; i++) {
		unsigned int at = p->at + i;

		if (at < r->next || (r->there[at] && !r->last_wins))
			continue;
		r->there[at] = true;
		r->bytes[at] = p->bytes[i];
	}
	if (p->fin && p->at + p->len >= r->next)
		r->fins[(p->at + p->len) / 64] |= UINT64_C(1) << (p->at + p->len) % 64;
	deliver(w, r);
}

static void on_settle(void *context, uint64_t number, enum vp_fate fate)
{
	struct world *w = context;
	struct world_packet *p = &w->packets[number];

	w->wrong |= number >= w->count || p->settled++;
	p->fate = fate;
	if (w->options.monitor) { /* passes before it is read */
		w->wrong |= fate != VP_FATE_PASS;
		return;
	}
	w->wrong |= p->urgent && fate == VP_FATE_PASS;
	if (fate != VP_FATE_PASS && fate != VP_FATE_NO_URGENT && !(w->careless >> fate & 1))
		return;
	for (size_t i = 0; i < VP_COUNT(w->receivers); i++)
		receive(w, &w->receivers[i], p);
}

static const struct vp_stream_user user = { .read = on_read,
					    .settle = on_settle,
					    .finished = on_finished };

void world_begin(struct world *w, uint64_t seed, struct vp_slice decisions)
{
	*w = (struct world){ .decisions = decisions, .skip_most = WORLD_ROOM };
	w->random = seed * UINT64_C(0x9e3779b97f4a7c15);
	for (unsigned int i = 0; i < 4; i++)
		w->receivers[i] =
			(struct world_receiver){ .last_wins = i % 2, .loses = i / 2 * 30 };
	w->refuse = w->skip_at = WORLD_ROOM;
	w->first = world_any(w, 3) ? (uint32_t)-world_any(w, WORLD_ROOM)
				   : world_any(w, UINT32_MAX);
	w->options = (struct vp_stream_options){ .kept = WORLD_ROOM,
						 .held = 16 * WORLD_ROOM,
						 .packets = WORLD_PACKETS };
	w->stream = vp_stream_new(&w->options, &user, w);
	vp_stream_begin(w->stream, w->first);
}

struct world_packet *world_packet(struct world *w, unsigned int at, unsigned int len,
				  const uint8_t *stream)
{
	struct world_packet *p = &w->packets[w->count++];

	if (w->count > WORLD_PACKETS || at + len > WORLD_ROOM)
		abort();
	p->at = at;
	p->len = len;
	memcpy(p->bytes, stream + at, len);
	return p;
}

void world_send(struct world *w, struct world_packet *p)
{
	uint32_t offset = p->at;

	vp_stream_segment(w->stream, (uint64_t)(p - w->packets), w->first + offset,
			  (struct vp_slice){ p->bytes, p->len }, p->fin, p->urgent);
}

void world_end(struct world *w)
{
	vp_stream_free(w->stream);
	for (unsigned int i = 0; i < w->count; i++)
		w->wrong |= w->packets[i].settled != 1;
}

/* Bounds, a refusal and a skip; any of them may be absent. */
static void choose_course(struct world *w)
{
	w->options.kept = world_any(w, 2) ? world_any(w, WORLD_ROOM) : WORLD_ROOM;
	w->options.held = world_any(w, 4 * WORLD_ROOM);
	w->options.packets = world_any(w, 12);
	w->options.monitor = world_any(w, 8) == 1;
	if (!world_any(w, 4))
		w->refuse = world_any(w, WORLD_ROOM);
	if (!world_any(w, 3)) {
		w->skip_at = world_any(w, WORLD_ROOM);
		w->skip_to = w->skip_at + world_any(w, WORLD_ROOM + 1 - w->skip_at);
	}
}

/* Near where the stream is, or anywhere; `differ` of 100 bytes are not those of the stream. */
static void send_any(struct world *w, const uint8_t *stream, unsigned int differ)
{
	unsigned int base = world_any(w, 2) ? w->position : world_any(w, WORLD_ROOM + 1);
	unsigned int back = world_any(w, 12), len = world_any(w, 24);
	unsigned int at = base > back ? base - back : 0;
	struct world_packet *p;

	p = world_packet(w, at, at + len < WORLD_ROOM ? len : WORLD_ROOM - at, stream);
	for (unsigned int i = 0; i < p->len; i++)
		if (world_any(w, 100) < differ)
			p->bytes[i] ^= 'a' ^ 'b';
	p->fin = !world_any(w, 20);
	p->urgent = !world_any(w, 10);
	world_send(w, p);
	w->wrong |= w->options.monitor && !p->settled;
}

void world_play_hostile(struct world *w, uint64_t seed, struct vp_slice decisions,
			unsigned int careless)
{
	unsigned int differ, count;
	uint8_t stream[WORLD_ROOM];

	world_begin(w, seed, decisions);
	w->careless = careless;
	choose_course(w);
	differ = world_any(w, 2) ? world_any(w, 30) : 1;
	for (unsigned int i = 0; i < WORLD_ROOM; i++) /* two letters: many agree by chance */
		stream[i] = (uint8_t)('a' + world_any(w, 2));
	count = 5 + world_any(w, 60);
	for (unsigned int i = 0; i < count && !w->wrong; i++) {
		send_any(w, stream, differ);
		if (!world_any(w, 40))
			vp_stream_sleep(w->stream);
		if (!world_any(w, 200)) {
			vp_stream_block(w->stream);
			w->stopped = true;
		}
	}
	world_end(w);
}
